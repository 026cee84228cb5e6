"""What may be given: checks that refuse in one line, which names the field, what was expected, and what was given."""

from numbers import Integral
from typing import Literal, get_args, get_origin, get_type_hints

from .errors import UserError, unknown


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
