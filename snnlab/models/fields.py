"""Checks of the kinds of a model's fields: texts, dicts, single quantities."""

from __future__ import annotations

import ast
import math
from numbers import Real
from textwrap import dedent
from typing import Any, Literal

import brian2

from ..errors import UserError
from .quantities import one_quantity, shown, si, text_of


def require_texts(kind: str, model: Any, *names: str) -> None:
    """Raise UserError unless ``name``, ``source`` and these fields of a model are texts, and the name is not empty."""
    if not isinstance(model.name, str) or not model.name.strip():
        raise UserError(f"{kind}: name: expected a text such as 'mine', got {shown(model.name)}")
    for field in (*names, "source"):
        if not isinstance(value := getattr(model, field), str):
            raise UserError(f"{kind} {model.name!r}: {field}: expected a text, got {shown(value)}")


def require_dict(kind: str, name: str, field: str, values: object) -> None:
    """Raise UserError unless a field is a dict whose keys are names."""
    where = f"{kind} {name!r}: {field}: expected"
    if not isinstance(values, dict):
        raise UserError(f"{where} a dict of names and values, got {shown(values)}")
    for key in values:
        if not isinstance(key, str) or not key.isidentifier():
            raise UserError(f"{where} names of letters, digits and _, got {shown(key)}")


def require_parameters(kind: str, name: str, parameters: object) -> None:
    """Raise UserError unless the parameters are one finite number each, and each time constant (tau...) a time > 0."""
    require_dict(kind, name, "parameters", parameters)
    assert isinstance(parameters, dict)
    for key, value in parameters.items():
        size = one_quantity(value)
        if size is None:
            raise UserError(f"{kind} {name!r}: parameter {key}: expected one finite number, got {shown(value)}")
        if key.startswith("tau") and (size.dim is not brian2.second.dim or float(size) <= 0):
            raise UserError(f"{kind} {name!r}: parameter {key}: expected a time > 0, got {shown(value)}")


def require_syntax(where: str, text: str, mode: Literal["eval", "exec"], like: str) -> None:
    """Raise UserError unless a text can be read as an expression ("eval") or as statements ("exec")."""
    try:
        ast.parse(dedent(text).strip(), mode=mode)
    except SyntaxError:
        kind = "an expression" if mode == "eval" else "statements"
        raise UserError(f"{where}: expected {kind} such as {like}, got {text!r}") from None


def require_percentiles(rule: Any) -> None:
    """Raise UserError unless the percentiles of a rule are numbers from 0 to 100 for some of its parameters."""
    where = f"plasticity {rule.name!r}: percentiles: expected parameters and numbers from 0 to 100, got"
    if not isinstance(rule.percentiles, dict):
        raise UserError(f"{where} {shown(rule.percentiles)}")
    for name, value in rule.percentiles.items():
        is_number = isinstance(value, Real) and not isinstance(value, bool)
        if name not in rule.parameters or not is_number or not 0 <= float(value) <= 100:
            raise UserError(f"{where} {name}={shown(value)}")


def require_quantity(
    where: str, value: object, dim: brian2.Dimension, least: float = -math.inf, like: str = ""
) -> None:
    """Raise UserError unless a value is one finite quantity of a dimension and not below ``least`` (SI)."""
    size = one_quantity(value)
    if size is None or size.dim is not dim or float(size) < least:
        bound = "" if least == -math.inf else f" >= {least:g}"
        example = f" such as {like}" if like else ""
        raise UserError(f"{where}: expected one value{bound} in {si(dim)}{example}, got {shown(value)}")


def as_text(where: str, value: object) -> str:
    """Return an expression for an initial value, given as a text or as one quantity.

    Raises
    ------
    UserError
        For anything else.
    """
    if isinstance(value, str):
        require_syntax(where, value, "eval", "-65*mV")
        return value
    size = one_quantity(value)
    if size is None:
        raise UserError(f"{where}: expected an expression or one value such as -65*mV, got {shown(value)}")
    return text_of(size)
