"""One line for a mistake in the options of a command: the option, what is expected, and what was given."""

from __future__ import annotations

import contextlib
import io
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import NoneType
from typing import Annotated, Any, Literal, get_args, get_origin

from ..errors import UserError, did_you_mean

_WORDS: dict[Any, tuple[str, str]] = {
    int: ("an integer", "integers"),
    float: ("a number", "numbers"),
    str: ("a value", "values"),
    Path: ("a path", "paths"),
}


@contextlib.contextmanager
def one_line(arguments: list[str], kinds: Mapping[str, Any], listing: str) -> Iterator[None]:
    """Let a parser of options refuse ``arguments`` in one line, in place of its own message and exit.

    Parameters
    ----------
    arguments : list of str
        The arguments that are parsed in the ``with`` block.
    kinds : mapping
        The type of every option, by the option's name without dashes in front.
    listing : str
        The command that shows all options.

    Raises
    ------
    UserError
        If the parser ends the program with an error.
    """
    printed = io.StringIO()
    try:
        with contextlib.redirect_stderr(printed):
            yield
    except SystemExit as end:
        if not end.code:
            raise
        raise _mistake(arguments, kinds, listing) or UserError(f"options: {_plain(printed.getvalue())}") from None
    sys.stderr.write(printed.getvalue())


def _mistake(arguments: list[str], kinds: Mapping[str, Any], listing: str) -> UserError | None:
    """Return the first mistake in the arguments; None if all of them agree with ``kinds``."""
    for option, values in _options(arguments):
        if option is None:
            return UserError(f"options: expected an option such as --{next(iter(kinds))}, got {values[0]!r}")
        name = option.lstrip("-").replace("_", "-")
        switched = name.removeprefix("no-")
        if not option.startswith("--") or (name not in kinds and _plain_type(kinds.get(switched)) is not bool):
            hint = did_you_mean(f"--{name}", [f"--{each}" for each in kinds], cutoff=0.7)
            return UserError(f"option: expected one of `{listing}`, got {option}{hint}")
        field, kind = (name if name in kinds else switched).replace("-", "_"), kinds.get(name, bool)
        if found := _refused(field, _plain_type(kind), values):
            return found
        # An option that is repeated for more values needs one each time.
        if get_origin(kind) is Annotated and len(values) != 1:
            again = f"; repeat {option} for each" if values else ""
            return UserError(f"{field}: expected a value, got {' '.join(values) or 'nothing'}{again}")
    return None


def _options(arguments: list[str]) -> Iterator[tuple[str | None, list[str]]]:
    """Yield each option with its values. The option is None for values without one."""
    option: str | None = None
    values: list[str] = []
    for word in arguments:
        if not re.match(r"--?(?!(inf|nan|infinity)$)[A-Za-z]", word):
            values.append(word)
            continue
        if option or values:
            yield option, values
        option, equals, value = word.partition("=")
        values = [value] if equals else []
    if option or values:
        yield option, values


def _refused(field: str, kind: Any, values: list[str]) -> UserError | None:
    """Return the error for the values of an option if its type does not allow them."""
    if kind is bool:
        option = field.replace("_", "-")
        expected = f"--{option} or --no-{option} without a value"
        return UserError(f"{field}: expected {expected}, got {values[0]!r}") if values else None
    none = " or None" if _may_be_none(kind) else ""
    if none:
        others = [each for each in get_args(kind) if each is not NoneType]
        kind = others[0] if len(others) == 1 else object
        if values == ["None"]:
            return None
    inner = get_args(kind) if get_origin(kind) in (tuple, list) else ()
    if inner and ... not in inner and get_origin(kind) is tuple:
        if len(values) != len(inner):
            return UserError(f"{field}: expected {len(inner)} values{none}, got {' '.join(values) or 'nothing'}")
        # Each value has a type of its own.
        found = [_refused(field, each, [value]) for each, value in zip(inner, values, strict=True)]
        return next(filter(None, found), None)
    readable, expected = _allowed(inner[0] if inner else kind, bool(inner))
    wrong = [value for value in values if not readable(value)]
    given = repr(wrong[0]) if wrong else " ".join(values) or "nothing"
    if not wrong and (inner or len(values) == 1):
        return None
    hint = did_you_mean(wrong[0], [*map(str, get_args(kind))]) if wrong and get_origin(kind) is Literal else ""
    return UserError(f"{field}: expected {expected}{none}, got {given}{hint}")


def _allowed(kind: Any, several: bool) -> tuple[Callable[[str], bool], str]:
    """Return the function that tells whether a text is a value of a type, and the type in words."""
    if kind is bool or get_origin(kind) is Literal:
        choices = ["True", "False"] if kind is bool else [*map(str, get_args(kind))]
        return lambda text: text in choices, ", ".join(choices) if kind is bool else f"one of {', '.join(choices)}"
    return lambda text: _readable(kind, text), _WORDS.get(kind, ("a value", "values"))[several]


def _readable(kind: Any, value: str) -> bool:
    with contextlib.suppress(ValueError):
        kind(value) if kind in (int, float) else None
        return True
    return False


def _plain_type(kind: Any) -> Any:
    return get_args(kind)[0] if get_origin(kind) is Annotated else kind


def _may_be_none(kind: Any) -> bool:
    return NoneType in get_args(kind)


def _plain(text: str) -> str:
    """Return the reason in the parser's framed message, in one line and without the title and the hints below it."""
    # Where output is not Unicode, the title is not in the frame but in the first block between two lines.
    blocks = re.split(r"^(?:[╭╰].*|│? *[─-]{3,} *│?)$", text, flags=re.MULTILINE)
    return " ".join(re.sub(r"^│|│$", "", blocks[1] if blocks[1:] else text, flags=re.MULTILINE).split())[:400]
