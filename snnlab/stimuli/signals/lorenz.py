"""The Lorenz attractor as a teacher.

Reference: Nicola & Clopath 2017, doi:10.1038/s41467-017-01827-3, figure 2, and the authors' scripts, ModelDB 190565.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from .trajectory import interpolate, solve

SCALE = 70.0
_SIGMA, _RHO, _BETA = 10.0, 28.0, 8 / 3
_STEP, _TRANSIENT = 2e-3, 10.0


def lorenz(t: np.ndarray, seconds: float = 120.0) -> np.ndarray:
    r"""Return the three components of the Lorenz system divided by 70, of shape (T, 3), for t in s.

    .. math:: \dot x = 10 (y - x), \quad \dot y = x (28 - z) - y, \quad \dot z = x y - 8 z/3

    The solution starts at (0.1, 0.1, 0.1) after the division, and is linear between samples of 1 ms. The scripts solve
    with ode45 at its default tolerance. The system is chaotic, so another solver, or another version of scipy, gives
    another piece of the same attractor after some 20 s.

    Raises
    ------
    ValueError
        For times beyond ``seconds``.
    """
    return interpolate(t, *_lorenz(seconds), "lorenz")


@cache
def _lorenz(seconds: float) -> tuple[np.ndarray, np.ndarray]:
    times, states = solve(lambda _, state: _slope(state), (0.1 * SCALE,) * 3, seconds)
    return times, states / SCALE


def pieces(count: int, seconds: float, step: float, seed: int = 0) -> np.ndarray:
    """Return independent stretches of the attractor, divided by 70, of shape (count, T, 3), sampled every ``step`` s.

    Random states are followed for 10 s to reach the attractor, in classical Runge-Kutta steps of 2 ms.

    Raises
    ------
    ValueError
        If ``step`` is not a multiple of 2 ms.
    """
    every = round(step / _STEP)
    if every < 1 or abs(step / _STEP - every) > 1e-6:
        raise ValueError(f"pieces: expected a step that is a multiple of 2 ms, got {step * 1e3:g} ms")
    state = np.random.default_rng(seed).uniform(5, 15, (3, count))
    samples = []
    for k in range(round((_TRANSIENT + seconds) / _STEP)):
        if k * _STEP >= _TRANSIENT and k % every == 0:
            samples.append(state)
        a = _slope(state)
        b = _slope(state + _STEP / 2 * a)
        c = _slope(state + _STEP / 2 * b)
        d = _slope(state + _STEP * c)
        state = state + _STEP / 6 * (a + 2 * b + 2 * c + d)
    return np.stack(samples).transpose(2, 0, 1) / SCALE


def _slope(state) -> np.ndarray:
    x, y, z = state
    return np.stack([_SIGMA * (y - x), x * (_RHO - z) - y, x * y - _BETA * z])
