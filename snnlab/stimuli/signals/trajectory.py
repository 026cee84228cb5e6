"""Teacher signals from samples: solutions of differential equations, and frames that repeat."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np


def solve(
    slope: Callable, start: Sequence[float], seconds: float, settle: float = 0.0, step: float = 1e-3
) -> tuple[np.ndarray, np.ndarray]:
    """Solve d state/dt = slope(t, state) from ``start``, by LSODA at a relative tolerance of 1e-8.

    Returns
    -------
    times : array of shape (T,)
        0, step, ... up to ``seconds`` and at most a step more, in s, counted from ``settle`` s after the start.
    states : array of shape (len(start), T)
    """
    from scipy.integrate import solve_ivp

    times = np.arange(0, seconds + step, step)
    solution = solve_ivp(
        slope, (0, settle + times[-1]), start, method="LSODA", t_eval=settle + times, rtol=1e-8, atol=1e-10
    )
    if not solution.success:
        raise ValueError(f"the equations cannot be solved: {solution.message}")
    return times, solution.y


def interpolate(t: np.ndarray, times: np.ndarray, states: np.ndarray, name: str) -> np.ndarray:
    """Return the states at times t, linear between samples, of shape (len(t), components).

    Raises
    ------
    ValueError
        For times beyond the last; the message names the signal.
    """
    t = np.asarray(t, float)
    if t.size and t.max() > times[-1]:
        raise ValueError(f"{name}: t up to {times[-1]:g} s, got {t.max():g}")
    return np.stack([np.interp(t, times, component) for component in states], axis=1)


def repeated(t: np.ndarray, frames: np.ndarray, rate: float) -> np.ndarray:
    """Return frames, shape (F, components), at times t (s), linear between; frame f is at f/rate, and frames repeat."""
    place = np.mod(np.asarray(t, float) * rate + 1e-9, len(frames))
    before = np.floor(place).astype(int) % len(frames)
    part = (place - np.floor(place))[:, None]
    return (1 - part) * frames[before] + part * frames[(before + 1) % len(frames)]
