"""Oscillating teacher signals as functions of time: t in s of shape (T,) -> array of shape (T, K).

Each value depends on its own time alone, so a run may ask for any piece of a signal.

Reference: Nicola & Clopath 2017, doi:10.1038/s41467-017-01827-3, supplementary oscillators, and the authors' scripts,
ModelDB 190565.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np

from .trajectory import interpolate, solve

# The scripts' van der Pol oscillator: amplitude divisor, rate (1/s), and the time left out at the start (s).
_VDP_SCALE, _VDP_RATE, _VDP_SETTLE = 10.0, 20.0, 15.0
_NOISE_BLOCK = 4096


def sine(t: np.ndarray, frequency: float = 5.0) -> np.ndarray:
    """Return sin(2 pi frequency t), frequency in Hz, as one component of shape (T, 1)."""
    return np.sin(2 * np.pi * frequency * np.asarray(t, float))[:, None]


def sawtooth(t: np.ndarray, frequency: float = 5.0) -> np.ndarray:
    """Return asin(sin(2 pi frequency t)), a triangle between -pi/2 and pi/2, of shape (T, 1)."""
    return np.arcsin(sine(t, frequency))


def product(t: np.ndarray, frequencies: tuple[float, ...] = (4.0, 6.0)) -> np.ndarray:
    """Return the product of sines of these frequencies (Hz), of shape (T, 1)."""
    return np.prod([sine(t, frequency) for frequency in frequencies], axis=0)


def noisy(signal: Callable, dt: float, size: float, seed: int, kind: str = "normal") -> Callable:
    """Return the signal plus noise that is drawn anew for each time step of dt s.

    The noise is size N(0, 1) for ``kind`` "normal", and size U(0, 1), whose mean is size/2, for "uniform". The noise of
    a step depends only on the seed and the number of the step.
    """
    kinds: dict[str, Callable[[np.random.Generator], np.ndarray]] = {
        "normal": lambda rng: rng.standard_normal(_NOISE_BLOCK),
        "uniform": lambda rng: rng.random(_NOISE_BLOCK),
    }
    draw = kinds[kind]

    def block(number: int) -> np.ndarray:
        return draw(np.random.default_rng([seed, number]))

    def with_noise(t: np.ndarray) -> np.ndarray:
        steps = np.rint(np.asarray(t, float) / dt).astype(np.int64)
        blocks, inside = np.divmod(steps, _NOISE_BLOCK)
        numbers, which = np.unique(blocks, return_inverse=True)
        drawn = np.stack([block(int(number)) for number in numbers]) if len(numbers) else np.zeros((0, _NOISE_BLOCK))
        return signal(t) + size * drawn[which, inside][:, None]

    return with_noise


def van_der_pol(t: np.ndarray, mu: float, seconds: float = 100.0) -> np.ndarray:
    r"""Return both components of the van der Pol oscillator, of shape (T, 2).

    .. math:: \dot x = 20 \mu (x - 10^2 x^3/3 - y), \quad \dot y = 20 x / \mu

    The solution starts at (0.1, 0.1); its first 15 s are left out. It is linear between samples of 1 ms as in the
    scripts, and solved by LSODA at a relative tolerance of 1e-8 (the scripts: ode45 at 1e-3). ``mu`` = 0.5 is close to
    a sine (3.13 Hz); 5 gives a relaxation oscillation (1.72 Hz).

    Raises
    ------
    ValueError
        For times beyond ``seconds``.
    """
    return interpolate(t, *_van_der_pol(mu, seconds), "van_der_pol")


@cache
def _van_der_pol(mu: float, seconds: float) -> tuple[np.ndarray, np.ndarray]:
    def slope(_, state):
        x, y = state
        return _VDP_RATE * mu * (x - _VDP_SCALE**2 * x**3 / 3 - y), _VDP_RATE * x / mu

    return solve(slope, (0.1, 0.1), seconds, settle=_VDP_SETTLE)
