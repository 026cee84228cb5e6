"""Quantities from text and as plain JSON, and checks of model parameters."""

from __future__ import annotations

import ast
import math
import re
from dataclasses import replace
from numbers import Real
from typing import Any

import brian2
import numpy as np

from ..errors import UserError, unknown

_ARITHMETIC = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.Pow, ast.USub, ast.UAdd)
# The syntax that is allowed in a text that is evaluated. The text may come from another person's run file.
ALLOWED = (ast.Expression, ast.BinOp, ast.UnaryOp, ast.Constant, ast.Name, ast.Load, *_ARITHMETIC)


def quantity(text: str, field_name: str = "value") -> brian2.Quantity:
    """Return the quantity that a text such as ``"20*ms"`` or ``"-65 mV"`` states.

    Raises
    ------
    UserError
        If the text holds more than numbers, unit names and arithmetic.
    """
    expected = f"{field_name}: expected a number with a unit such as 20*ms, got {text!r}"
    spaced = re.sub(r"(?<=[\d.])\s+(?=[A-Za-z])", "*", text.strip())
    try:
        tree = ast.parse(spaced, mode="eval")
        nodes = list(ast.walk(tree))
        numbers = [node.value for node in nodes if isinstance(node, ast.Constant)]
        if not all(isinstance(n, ALLOWED) for n in nodes) or not all(type(x) in (int, float) for x in numbers):
            raise UserError(expected)
        value = eval(compile(tree, "<quantity>", "eval"), {"__builtins__": {}}, dict(brian2.DEFAULT_UNITS))
        return brian2.Quantity(value, dtype=float)
    except (
        ArithmeticError,
        brian2.DimensionMismatchError,
        NameError,
        RecursionError,
        SyntaxError,
        TypeError,
        ValueError,
    ):
        raise UserError(expected) from None


def one_quantity(value: object) -> brian2.Quantity | None:
    """Return a value as one finite quantity, or None if it is anything else, such as a text, a bool or an array."""
    if isinstance(value, str | bool) or value is None:
        return None
    try:
        size = brian2.Quantity(value)
        return size if size.ndim == 0 and math.isfinite(float(size)) else None
    except (brian2.DimensionMismatchError, TypeError, ValueError):
        return None


def unit(text: str, field_name: str = "unit") -> brian2.Quantity:
    """Return the unit of a text such as ``"amp"``, ``"mV*second"`` or ``"1"``; an error starts with ``field_name``."""
    return brian2.Quantity(1.0) if text == "1" else quantity(text, field_name)


def in_unit(name: str, value: Any, one: str) -> Any:
    """Return a value as plain numbers in the unit ``one``, if it is a Brian2 quantity; other values are returned as is.

    Raises
    ------
    UserError
        For a quantity of another dimension.

    Example
    -------
    >>> from brian2 import ms
    >>> in_unit("seconds", 200 * ms, "second"), in_unit("seconds", 0.2, "second")
    (0.2, 0.2)
    """
    if not isinstance(value, brian2.Quantity):
        return value
    if not value.is_dimensionless and not value.has_same_dimensions(unit(one)):
        kind = "a plain number" if one == "1" else f"a value in {one}"
        raise UserError(f"{name}: expected {kind}, got {shown(value)}")
    scale = 1.0 if value.is_dimensionless else float(unit(one))
    # A number is rounded, so that 0.05*ms is 0.05 ms.
    return float(f"{float(value) / scale:.12g}") if value.ndim == 0 else np.asarray(value) / scale


def number_in_unit(name: str, value: Any, one: str, low: float = -float("inf"), above: bool = False) -> float:
    """Return a finite number in the unit ``one`` that is >= ``low``, or > ``low`` with ``above``.

    Raises
    ------
    UserError
        For anything else.
    """
    given = in_unit(name, value, one)
    number = float(given) if isinstance(given, Real) and not isinstance(given, bool) else float("nan")
    if not low <= number < float("inf") or number == -float("inf") or (above and number == low):
        bound = "" if low == -float("inf") else f" {'>' if above else '>='} {low:g}"
        kind = f"number{bound}" if bound else "finite number"
        raise UserError(f"{name}: expected a {kind}{'' if one == '1' else f' in {one}'}, got {shown(value)}")
    return number


def si(dim: brian2.Dimension) -> str:
    """Return the SI unit of a dimension as text."""
    return str(brian2.units.fundamentalunits.get_unit_for_display(dim))


def text_of(value: brian2.Quantity) -> str:
    """Return an expression in SI units that has exactly this value."""
    if value.dim is brian2.units.fundamentalunits.DIMENSIONLESS:
        return repr(float(value))
    units = [name for name, unit in brian2.DEFAULT_UNITS.items() if unit.dim is value.dim and float(unit) == 1.0]
    base = ("metre", "kilogram", "second", "amp", "kelvin", "mole", "candle")
    powers = [f"{name}**({power:g})" for name, power in zip(base, value.dim._dims, strict=True) if power]
    return f"{float(value)!r}*{min(units, key=lambda name: (len(name), name)) if units else '*'.join(powers)}"


def shown(value: object) -> str:
    """Return a value for a message: one short line, the kind instead of an object's address."""
    text = str(value) if isinstance(value, brian2.Quantity) else repr(value)
    return type(value).__name__ if text.startswith("<") else " ".join(text.split())[:80]


def dump(parameters: dict) -> dict:
    """Return quantities as [SI value, exponents of the seven base dimensions], which is exact and plain JSON."""
    rows = {}
    for key, value in parameters.items():
        value = brian2.Quantity(value)
        rows[key] = [float(value), [float(d) for d in value.dim._dims]]
    return rows


def load(rows: dict) -> dict:
    """Return the quantities from the output of :func:`dump`."""
    return {k: brian2.Quantity(v, dim=brian2.get_or_create_dimension(dims)) for k, (v, dims) in rows.items()}


def with_parameters(model, kind: str, overrides: dict):
    """Return a model with some parameters changed; unknown names and other units raise UserError."""
    merged = dict(model.parameters)
    for key, value in overrides.items():
        if key not in merged:
            raise unknown(f"{kind} {model.name!r}: parameter", key, list(merged))
        size = one_quantity(value)
        if size is None:
            raise UserError(f"{kind} {model.name!r}: parameter {key}: expected one finite number, got {shown(value)}")
        if not size.has_same_dimensions(merged[key]):
            expected = brian2.units.fundamentalunits.get_unit_for_display(brian2.Quantity(merged[key]).dim)
            like = brian2.Quantity(merged[key]).in_best_unit(python_code=True).replace(". *", "*").replace(" ", "")
            raise UserError(
                f"{kind} {model.name!r}: parameter {key}: expected a value in {expected} such as {like}, got {size}"
            )
        merged[key] = size
    return replace(model, parameters=merged)
