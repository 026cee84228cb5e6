"""Checks of the arguments of a dynamic Boltzmann machine. Each error is one line that names the argument."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...checking import checked_array
from ...errors import UserError
from .rule import LONGEST_HISTORY, DybmRule


def checked_delays(delays: Any, n: int | None = None) -> np.ndarray:
    """Return delays as integers, shape (n, n); raises UserError unless all are from 1 to 29."""
    values = checked_array("delays", delays, "integers")
    square = values.ndim == 2 and values.shape[0] == values.shape[1] and values.size > 0
    if not square or n not in (None, len(values)):
        shape = "(n, n)" if n is None else (n, n)
        raise UserError(f"delays: expected integers of shape {shape}, one for each pair, got shape {values.shape}")
    wrong = values[~((values >= 1) & (values < LONGEST_HISTORY) & (values == np.round(values)))]
    if len(wrong):
        raise UserError(f"delays: expected integers from 1 to {LONGEST_HISTORY - 1}, got {wrong[0]:g}")
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
    """Return the states of the neurons in one step, shape (n,); raises UserError unless they are zeros and ones."""
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
