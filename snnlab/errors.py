"""Errors that a user sees as one line, each with the exit status of the command line."""

from difflib import get_close_matches
from numbers import Integral
from typing import Literal, get_args, get_origin, get_type_hints


class SnnlabError(Exception):
    """Base of the errors that the command line prints without a traceback."""

    exit_code = 1


class MachineError(SnnlabError):
    """The machine is at fault: disk, compiler, a file that cannot be read (exit status 1)."""


class UserError(SnnlabError):
    """What the user gave cannot be used; the message names the field and what was expected (exit status 2)."""

    exit_code = 2


class Diverged(SnnlabError):
    """The simulated state left the finite numbers, or neurons fired at every second step or more (exit status 4)."""

    exit_code = 4


def require_positive(config: object, *names: str) -> None:
    """Raise UserError for the first of these fields that is neither None nor a finite number > 0."""
    for name in names:
        value = getattr(config, name)
        if value is not None and not 0 < value < float("inf"):
            raise UserError(f"{name}: expected a finite number > 0, got {value}")


def require_whole(name: str, value: object, low: int, high: int) -> None:
    """Raise UserError unless a value is a whole number from ``low`` to ``high``."""
    if isinstance(value, bool) or not isinstance(value, Integral) or not low <= value <= high:
        raise UserError(f"{name}: expected a whole number from {low} to {high:,}, got {value}")


def require_between(config: object, name: str, low: float, high: float = float("inf")) -> None:
    """Raise UserError unless a field is a finite number from ``low`` to ``high``."""
    value = getattr(config, name)
    if not low <= value <= high or abs(value) == float("inf"):
        bound = f">= {low}" if high == float("inf") else f"from {low} to {high}"
        raise UserError(f"{name}: expected a number {bound}, got {value}")


def require_choices(config: object) -> None:
    """Raise UserError for the first field of a dataclass that is none of the values that its Literal lists."""
    for name, hint in get_type_hints(type(config)).items():
        if get_origin(hint) is Literal and getattr(config, name) not in get_args(hint):
            raise unknown(name, str(getattr(config, name)), list(get_args(hint)))


def unknown(kind: str, name: str, known: list[str]) -> UserError:
    """Return the error for a name that does not exist, with the nearest names that do."""
    near = get_close_matches(name, known, n=3, cutoff=0.5)
    hint = f"; did you mean {' or '.join(near)}?" if near else ""
    # Names of variants hold commas.
    between = "; " if any("," in each for each in known) else ", "
    return UserError(f"{kind}: {name!r} is unknown{hint} (known: {between.join(sorted(known))})")
