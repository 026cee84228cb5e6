"""Values of the fields of a Config: whether they fit the type of their field, and how they are read from text."""

from __future__ import annotations

import math
from numbers import Integral, Real
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

from ..errors import UserError, unknown


def expected_kind(value: Any, hint: Any) -> str:
    """Return what a field with this type holds, if the value is of another kind; "" if it fits or cannot be told.

    None always fits, because ``settle`` may fill it in.
    """
    if value is None:
        return ""
    parts = [part for part in _parts(hint) if part is not NoneType]
    if parts != [hint]:
        wanted = [expected_kind(value, part) for part in parts]
        return " or ".join(wanted) if all(wanted) else ""
    if choices := choices_of(hint):
        return "" if value in choices else f"one of {', '.join(map(str, choices))}"
    # NumPy is not imported for this, because help and refusals need none of it.
    flag = type(value).__name__ in ("bool", "bool_")
    fits = {
        bool: ("True or False", flag),
        int: ("an integer", isinstance(value, Integral) and not flag),
        float: ("a number", isinstance(value, Real) and not flag),
        str: ("text", isinstance(value, str)),
        tuple: ("a tuple", isinstance(value, tuple | list)),
    }
    words, good = (
        fits.get(get_origin(hint) or hint, ("", True)) if isinstance(hint, type) or get_origin(hint) else ("", True)
    )
    return "" if good else words


def kinds_of(hint: Any, default: Any = None) -> set[type]:
    """Return those of bool, int, float and str that a field with this type holds, or else the type of its default."""
    known = {bool, int, float, str}
    found = known & {part for part in _parts(hint) if isinstance(part, type)}
    return found if found or choices_of(hint) else known & {type(default)}


def choices_of(hint: Any) -> list:
    """Return the values that a field may have, if its type names them."""
    return [each for part in _parts(hint) if get_origin(part) is Literal for each in get_args(part)]


def _parts(hint: Any) -> tuple:
    return get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)


def read_text(field: str, text: str, hint: Any, default: Any = None) -> Any:
    """Return the value of a field that a text states; raises UserError if it states none that the field can hold.

    Nothing is rounded: 3.0 is an integer, 2.5 is none.

    Example
    -------
    >>> read_text("n", "3.0", int), read_text("g", "0.5", float | None), read_text("fast", "true", bool)
    (3, 0.5, True)
    """
    kinds, choices, word = kinds_of(hint, default), choices_of(hint), text.strip()
    if not kinds and not choices:
        raise UserError(f"{field}: expected a field of one number, text, or true or false, got one of another kind")
    for choice in choices:
        if word == str(choice):
            return choice
    if bool in kinds and word.lower() in ("true", "false"):
        return word.lower() == "true"
    number = _number(word, int in kinds) if kinds & {int, float} else None
    # A number that is not whole does not fit an integer.
    if number is not None and (isinstance(number, int) or float in kinds):
        return number
    if str in kinds:
        return text
    if choices:
        raise unknown(field, word, [*map(str, choices)])
    words = {bool: "true or false", int: "an integer", float: "a number"}
    raise UserError(f"{field}: expected {' or '.join(words[k] for k in words if k in kinds)}, got {word!r}")


def _number(text: str, whole: bool) -> float | int | None:
    """Return the number that a text states, as an int if ``whole`` and possible; None if it states none."""
    try:
        if whole:
            return int(text)
    except ValueError:
        pass
    try:
        number = float(text)
    except ValueError:
        return None
    if math.isnan(number) or (math.isinf(number) and "inf" not in text.lower()):
        return None
    return int(number) if whole and number.is_integer() and abs(number) < 2**53 else number
