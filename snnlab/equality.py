"""Equality of dataclasses that hold arrays."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np


class EqualArrays:
    """Base of dataclasses with arrays: ``==`` compares all values and returns True or False.

    The dataclass must have ``eq=False``, because its own comparison returns an array. Its objects cannot be hashed.

    Example
    -------
    >>> from dataclasses import dataclass
    >>> @dataclass(frozen=True, eq=False)
    ... class Weights(EqualArrays):
    ...     values: np.ndarray
    >>> Weights(np.ones(3)) == Weights(np.ones(3)), Weights(np.ones(3)) == Weights(np.ones(4))
    (True, False)
    """

    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return all(equal(getattr(self, f.name), getattr(other, f.name)) for f in fields(self))  # type: ignore[arg-type]


def equal(one: Any, other: Any) -> bool:
    """Tell whether two values are equal. NaN is equal to NaN."""
    if hasattr(one, "__array__") or hasattr(other, "__array__"):
        one, other = np.asarray(one), np.asarray(other)
        return np.array_equal(one, other, equal_nan=one.dtype.kind in "fc" and other.dtype.kind in "fc")
    if hasattr(one, "nnz") or hasattr(other, "nnz"):
        both = hasattr(one, "nnz") and hasattr(other, "nnz")
        return both and one.shape == other.shape and (one != other).nnz == 0
    if isinstance(one, dict) and isinstance(other, dict):
        return set(one) == set(other) and all(equal(value, other[key]) for key, value in one.items())
    if isinstance(one, tuple | list) and isinstance(other, tuple | list):
        return len(one) == len(other) and all(map(equal, one, other))
    return bool(one == other or (one != one and other != other))
