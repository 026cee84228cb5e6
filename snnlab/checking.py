"""Checks of input. Each error is one line that names the field, what is expected, and what was given.

``require_*`` check the fields of a Config. ``checked_*`` check an argument and return it in the form that is used.
"""

from __future__ import annotations

from functools import lru_cache
from numbers import Integral, Real
from types import UnionType
from typing import Any, ClassVar, Literal, Union, get_args, get_origin, get_type_hints

import numpy as np

from .errors import UserError, unknown

_KINDS: dict[Any, tuple[str, type]] = {
    bool: ("True or False", bool),
    int: ("an integer", Integral),
    float: ("a number", Real),
    str: ("a text", str),
}


def require_positive(config: object, *names: str) -> None:
    """Raise UserError for the first field that is neither None nor a finite number > 0."""
    for name in names:
        value = getattr(config, name)
        if value is not None and not (_real(value) and 0 < value < float("inf")):
            raise UserError(f"{name}: expected a number > 0, got {value}")


def require_finite(config: object, *names: str) -> None:
    """Raise UserError for the first field that is not a finite number."""
    for name in names:
        value = getattr(config, name)
        if not (_real(value) and abs(value) < float("inf")):
            raise UserError(f"{name}: expected a finite number, got {value}")


def require_whole(name: str, value: object, low: int, high: int) -> None:
    """Raise UserError unless a value is an integer from ``low`` to ``high``."""
    if isinstance(value, bool) or not isinstance(value, Integral) or not low <= int(value) <= high:
        raise UserError(f"{name}: expected an integer from {low} to {high:,}, got {value}")


def require_integer(config: object, least: int, *names: str) -> None:
    """Raise UserError for the first field that is not an integer >= ``least``."""
    for name in names:
        if not isinstance(getattr(config, name), Integral) or getattr(config, name) < least:
            raise UserError(f"{name}: expected an integer >= {least}, got {getattr(config, name)}")


def require_probability(config: object, *names: str) -> None:
    """Raise UserError for the first field that is not a probability > 0."""
    for name in names:
        if not (_real(getattr(config, name)) and 0 < getattr(config, name) <= 1):
            raise UserError(f"{name}: expected a number > 0 and <= 1, got {getattr(config, name)}")


def require_between(config: object, name: str, low: float, high: float = float("inf")) -> None:
    """Raise UserError unless a field is None or a finite number from ``low`` to ``high``."""
    value = getattr(config, name)
    if value is None:
        return
    if not (_real(value) and low <= value <= high) or abs(value) == float("inf"):
        bound = f">= {low}" if high == float("inf") else f"from {low} to {high}"
        raise UserError(f"{name}: expected a number {bound}, got {value}")


def require_types(config: object) -> None:
    """Raise UserError for the first field of a dataclass whose value has another type than the field.

    An integer or a number of numpy may stand in a field of floats. Fields with a choice are left to
    :func:`require_choices`.
    """
    for name, hint in get_type_hints(type(config)).items():
        if get_origin(hint) is not ClassVar and not _admits(hint, value := getattr(config, name)):
            raise UserError(f"{name}: expected {_words(hint)}, got {value!r}")


def _admits(hint: Any, value: Any) -> bool:
    """Tell whether a value has the type of a field. Types that are not known here admit every value."""
    if hint in _KINDS:
        return isinstance(value, _KINDS[hint][1]) and (hint is bool or not isinstance(value, bool))
    if hint is type(None):
        return value is None
    if get_origin(hint) is tuple:
        return isinstance(value, tuple | list) and all(_admits(get_args(hint)[0], each) for each in value)
    if get_origin(hint) in (Union, UnionType):
        return any(_admits(each, value) for each in get_args(hint))
    return True


def _words(hint: Any) -> str:
    """Return what a field expects, in words."""
    if get_origin(hint) is tuple:
        return f"several values, each {_words(get_args(hint)[0])}"
    kinds = [each for each in get_args(hint) or (hint,) if each is not type(None)]
    return " or ".join(_KINDS[each][0] if each in _KINDS else _words(each) for each in kinds)


def require_choices(config: object) -> None:
    """Raise UserError for the first field of a dataclass whose value is not in its Literal."""
    kind: Any = type(config)
    for name, choices in _choices(kind).items():
        if getattr(config, name) not in choices:
            raise unknown(name, str(getattr(config, name)), list(choices))


@lru_cache
def _choices(config: type[Any]) -> dict[str, tuple]:
    """Return the fields of a dataclass whose type is a Literal, with their choices."""
    hints = get_type_hints(config)
    return {name: get_args(hint) for name, hint in hints.items() if get_origin(hint) is Literal}


def checked_array(name: str, values: Any, expected: str, kinds: str = "iuf") -> np.ndarray:
    """Return values as an array; raises UserError for rows of different lengths and for values that are not numbers."""
    try:
        found = np.asarray(values)
    except ValueError:
        raise UserError(f"{name}: expected {expected} in rows of one length, got {_lengths(values)}") from None
    if found.dtype == object and all(isinstance(x, Real) and not isinstance(x, bool) for x in found.ravel().tolist()):
        found = found.astype(float)
    if found.size and found.dtype.kind not in kinds:
        refused = bool if "b" not in kinds else ()
        wrong = (x for x in found.ravel().tolist() if isinstance(x, refused) or not isinstance(x, Real))
        raise UserError(f"{name}: expected {expected}, got {next(wrong, None)!r}")
    return found


def _lengths(values: Any) -> str:
    """Return the lengths of the parts of a nested list, at the first depth at which they differ."""
    parts = list(values)
    while parts:
        lengths = [len(part) if hasattr(part, "__len__") else 0 for part in parts]
        if len(set(lengths)) > 1:
            return "lengths " + ", ".join(map(str, lengths[:8])) + (", ..." if lengths[8:] else "")
        parts = [inner for part in parts if hasattr(part, "__iter__") for inner in part]
    return "rows of different lengths"


def checked_numbers(name: str, values: Any, shape: tuple[int, ...]) -> np.ndarray:
    """Return finite numbers of a shape; raises UserError for anything else."""
    found = checked_array(name, values, "finite numbers").astype(float, copy=False)
    if found.shape != shape:
        raise UserError(f"{name}: expected finite numbers of shape {shape}, got shape {found.shape}")
    if not np.isfinite(found).all():
        raise UserError(f"{name}: expected finite numbers, got {found[~np.isfinite(found)][0]}")
    return found


def checked_rng(rng: Any) -> np.random.Generator:
    """Return a random generator, given one or a seed; raises UserError for anything else."""
    if isinstance(rng, np.random.Generator):
        return rng
    if isinstance(rng, bool) or not isinstance(rng, Integral) or rng < 0:
        raise UserError(f"rng: expected a random generator of numpy or a seed >= 0, got {rng!r}")
    return np.random.default_rng(int(rng))


def checked_size(name: str, value: Any) -> float:
    """Return a finite number >= 0; raises UserError for anything else."""
    if isinstance(value, bool) or not isinstance(value, Real) or not 0 <= float(value) < float("inf"):
        raise UserError(f"{name}: expected a number >= 0, got {value if isinstance(value, Real) else repr(value)}")
    return float(value)


def _real(value: object) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)
