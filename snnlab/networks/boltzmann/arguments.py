"""What may be given to a dynamic Boltzmann machine; what may not is refused in one line that names the argument."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any

import numpy as np

from ...errors import UserError
from .rule import LONGEST, DybmRule


def checked_array(name: str, values: Any, expected: str, kinds: str = "iuf") -> np.ndarray:
    """Return values as an array; raises UserError for ragged ones, and for text, None and what else is no number."""
    try:
        found = np.asarray(values)
    except ValueError:
        raise UserError(f"{name}: ragged, expected {expected} in rows of one length, got {_lengths(values)}") from None
    if found.dtype == object and all(isinstance(x, Real) and not isinstance(x, bool) for x in found.ravel().tolist()):
        found = found.astype(float)
    if found.size and found.dtype.kind not in kinds:
        refused = bool if "b" not in kinds else ()
        wrong = (x for x in found.ravel().tolist() if isinstance(x, refused) or not isinstance(x, Real))
        raise UserError(f"{name}: expected {expected}, got {next(wrong, None)!r}")
    return found


def _lengths(values: Any) -> str:
    """Lengths of the parts of a nested list, at the first depth at which they differ."""
    parts = list(values)
    while parts:
        lengths = [len(part) if hasattr(part, "__len__") else 0 for part in parts]
        if len(set(lengths)) > 1:
            return ", ".join(map(str, lengths[:8])) + (", ..." if lengths[8:] else "")
        parts = [inner for part in parts if hasattr(part, "__iter__") for inner in part]
    return "rows that differ"


def checked_numbers(name: str, values: Any, shape: tuple[int, ...]) -> np.ndarray:
    """Return finite numbers of a shape; raises UserError for anything else."""
    found = checked_array(name, values, "finite numbers").astype(float, copy=False)
    if found.shape != shape:
        raise UserError(f"{name}: expected finite numbers of shape {shape}, got shape {found.shape}")
    if not np.isfinite(found).all():
        raise UserError(f"{name}: expected finite numbers, got {found[~np.isfinite(found)][0]}")
    return found


def checked_delays(delays: Any, n: int | None = None) -> np.ndarray:
    """Return delays as whole numbers, shape (n, n); raises UserError unless all are from 1 to 29."""
    values = checked_array("delays", delays, "whole numbers of steps")
    square = values.ndim == 2 and values.shape[0] == values.shape[1] and values.size > 0
    if not square or n not in (None, len(values)):
        shape = "(n, n)" if n is None else (n, n)
        raise UserError(f"delays: expected a whole number of steps for each pair, shape {shape}, got {values.shape}")
    wrong = values[~((values >= 1) & (values < LONGEST) & (values == np.round(values)))]
    if len(wrong):
        raise UserError(f"delays: expected whole numbers of steps from 1 to {LONGEST - 1}, got {wrong[0]:g}")
    return values.astype(np.int64)


def checked_sequence(sequence: Any, n: int | None = None) -> np.ndarray:
    """Return a binary sequence, shape (steps, neurons); raises UserError for anything else."""
    values = checked_array("sequence", sequence, "zeros and ones", "biuf")
    if values.ndim != 2 or not values.size:
        raise UserError(f"sequence: expected zeros and ones of shape (steps, neurons), got shape {values.shape}")
    wrong = np.argwhere(~np.isin(values, (0, 1)))
    if len(wrong):
        step, neuron = wrong[0].tolist()
        raise UserError(
            f"sequence: expected zeros and ones, got {values[step, neuron]:g} at step {step}, neuron {neuron}"
        )
    if n is not None and values.shape[1] != n:
        raise UserError(f"sequence: expected {n} neurons, got {values.shape[1]}")
    return values.astype(np.uint8)


def checked_step(x: Any, n: int) -> np.ndarray:
    """Return which neurons are on in one step, shape (n,); raises UserError for anything but zeros and ones."""
    values = checked_array("x", x, "zeros and ones", "biuf")
    if values.shape != (n,):
        raise UserError(f"x: expected zeros and ones of shape {(n,)}, got shape {values.shape}")
    wrong = values[~np.isin(values, (0, 1))]
    if len(wrong):
        raise UserError(f"x: expected zeros and ones, got {wrong[0]:g}")
    return values.astype(np.int64)


def checked_rule(rule: Any) -> DybmRule:
    """Return a learning rule; raises UserError for anything else."""
    if not isinstance(rule, DybmRule):
        raise UserError(f"rule: expected a DybmRule, got {rule!r}")
    return rule


def checked_rng(rng: Any) -> np.random.Generator:
    """Return a random generator, given one or a seed; raises UserError for anything else."""
    if isinstance(rng, np.random.Generator):
        return rng
    if isinstance(rng, bool) or not isinstance(rng, Integral) or rng < 0:
        raise UserError(f"rng: expected a random generator of numpy or a seed >= 0, got {rng!r}")
    return np.random.default_rng(int(rng))


def checked_size(name: str, value: Any) -> float:
    """Return a finite number >= 0; raises UserError for anything else."""
    if isinstance(value, bool) or not isinstance(value, Real) or not 0 <= value < float("inf"):
        raise UserError(f"{name}: expected a number >= 0, got {value if isinstance(value, Real) else repr(value)}")
    return float(value)
