"""One vocabulary of refusals: the field, what was expected, what was given."""

import re
from dataclasses import dataclass
from types import SimpleNamespace as Config
from typing import Literal

import numpy as np
import pytest

from snnlab.checking import (
    checked_numbers,
    checked_rng,
    checked_size,
    require_between,
    require_choices,
    require_finite,
    require_integer,
    require_positive,
    require_probability,
    require_types,
    require_whole,
)
from snnlab.errors import UserError

NAN = float("nan")


class Colored:
    color: Literal["red", "blue"] = "green"


@pytest.mark.parametrize(
    ("check", "message"),
    [
        (lambda: require_positive(Config(a=1.0, b=0.0), "a", "b"), "b: expected a number > 0, got 0.0"),
        (lambda: require_positive(Config(a=NAN), "a"), "a: expected a number > 0, got nan"),
        (lambda: require_finite(Config(a=-1.0, b=-NAN), "a", "b"), "b: expected a finite number, got nan"),
        (lambda: require_finite(Config(a=float("-inf")), "a"), "a: expected a finite number, got -inf"),
        (lambda: require_integer(Config(n=0), 1, "n"), "n: expected an integer >= 1, got 0"),
        (lambda: require_integer(Config(n=1.5), 1, "n"), "n: expected an integer >= 1, got 1.5"),
        (lambda: require_positive(Config(a="x"), "a"), "a: expected a number > 0, got x"),
        (lambda: require_probability(Config(p="x"), "p"), "p: expected a number > 0 and <= 1, got x"),
        (lambda: require_whole("n", 2.0, 1, 5000), "n: expected an integer from 1 to 5,000, got 2.0"),
        (lambda: require_whole("n", True, 0, 5), "n: expected an integer from 0 to 5, got True"),
        (lambda: require_between(Config(x=2), "x", 0, 1), "x: expected a number from 0 to 1, got 2"),
        (lambda: require_between(Config(x=float("inf")), "x", 0), "x: expected a number >= 0, got inf"),
        (lambda: require_between(Config(x=NAN), "x", 0), "x: expected a number >= 0, got nan"),
        (lambda: require_probability(Config(p=0.0), "p"), "p: expected a number > 0 and <= 1, got 0.0"),
        (lambda: require_choices(Colored()), "color: expected one of blue, red, got 'green'"),
        (lambda: checked_numbers("w", [1, NAN], (2,)), "w: expected finite numbers, got nan"),
        (lambda: checked_numbers("w", [1, 2], (3,)), "w: expected finite numbers of shape (3,), got shape (2,)"),
        (
            lambda: checked_numbers("w", [[1], [1, 2]], (2, 1)),
            "w: expected finite numbers in rows of one length, got lengths 1, 2",
        ),
        (lambda: checked_rng(-1), "rng: expected a random generator of numpy or a seed >= 0, got -1"),
        (lambda: checked_size("size", "big"), "size: expected a number >= 0, got 'big'"),
    ],
)
def test_what_cannot_be_is_refused_by_name(check, message):
    with pytest.raises(UserError) as refused:
        check()
    assert str(refused.value).startswith(message)


def test_what_can_be_passes_and_comes_in_the_form_that_is_used():
    require_positive(Config(a=None, b=1e-300), "a", "b")
    require_between(Config(x=None, y=0), "x", 0)
    require_between(Config(y=0), "y", 0)
    require_probability(Config(p=1.0), "p")
    require_whole("n", np.int64(3), 1, 3)
    np.testing.assert_array_equal(checked_numbers("w", [[1, 2]], (1, 2)), [[1.0, 2.0]])
    assert checked_rng(5).random() == np.random.default_rng(5).random() and checked_size("size", 2) == 2.0


@dataclass
class Typed:
    count: int = 1
    size: float | None = None
    speeds: tuple[float, ...] | None = (1.0, 2)
    flag: bool = False
    name: str = "a"
    kind: Literal["a", "b"] = "a"
    other: dict | None = None


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"count": 1.5}, "count: expected an integer, got 1.5"),
        ({"count": True}, "count: expected an integer, got True"),
        ({"size": "3"}, "size: expected a number, got '3'"),
        ({"speeds": 3.0}, "speeds: expected several values, each a number, got 3.0"),
        ({"speeds": (1.0, None)}, "speeds: expected several values, each a number, got (1.0, None)"),
        ({"flag": 1}, "flag: expected True or False, got 1"),
        ({"name": 3}, "name: expected a text, got 3"),
    ],
    ids=str,
)
def test_types_of_fields(changes, message):
    for allowed in (
        {},
        {"size": np.float32(2)},
        {"count": np.int64(2)},
        {"speeds": None},
        {"speeds": [1]},
        {"other": 3},
    ):
        require_types(Typed(**allowed))
    with pytest.raises(UserError, match=f"^{re.escape(message)}$"):
        require_types(Typed(**changes))
