"""Equality of dataclasses with arrays is one truth value, whatever they hold."""

from dataclasses import dataclass
from typing import Any

import dask.array
import numpy as np
import pytest
from scipy.sparse import csr_array

from snnlab.equality import EqualArrays


@dataclass(frozen=True, eq=False)
class Held(EqualArrays):
    value: Any


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (np.array([1.0, np.nan]), np.array([1.0, 2.0])),
        (float("nan"), 1.0),
        (csr_array(np.eye(2)), csr_array(np.ones((2, 2)))),
        (csr_array(np.eye(2)), None),
        (dask.array.ones(5), dask.array.zeros(5)),
        (dask.array.ones(5), np.zeros(5)),
        ({"a": np.ones(2)}, {"b": np.ones(2)}),
        ((1, np.ones(2)), (1, np.ones(3))),
        ("text", np.ones(2)),
    ],
    ids=str,
)
def test_equal_values_are_equal_and_others_are_not(one, other):
    assert Held(one) == Held(one) and (Held(one) == Held(other)) is False
    assert Held(other) != Held(one)
