"""Binary spatial patterns, sequences of them, and similar sequences: changed bits, swapped frames, missing parts."""

from __future__ import annotations

import numpy as np


def patterns(count: int, n: int, active: int, rng: np.random.Generator) -> np.ndarray:
    """Return random patterns with ``active`` ones each, shape (count, n)."""
    rows = np.zeros((count, n))
    for row in rows:
        row[rng.choice(n, active, replace=False)] = 1
    return rows


def moved(rows: np.ndarray, bits: int, rng: np.random.Generator) -> np.ndarray:
    """Return patterns, shape (..., n), in which ``bits`` bits differ: half of them are turned off, half on.

    The number of ones stays. Raises ValueError if ``bits`` is odd, or if a pattern has too few ones or zeros.
    """
    flat = rows.reshape(-1, rows.shape[-1]).copy()
    for row in flat:
        on, off = np.flatnonzero(row > 0), np.flatnonzero(row == 0)
        if bits % 2 or not 0 <= bits // 2 <= min(len(on), len(off)):
            raise ValueError(f"bits: expected an even number up to {2 * min(len(on), len(off))}, got {bits}")
        row[rng.choice(on, bits // 2, replace=False)] = 0
        row[rng.choice(off, bits // 2, replace=False)] = 1
    return flat.reshape(rows.shape)


def dropped(rows: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    """Return patterns, shape (..., n), with a share (rounded) of their ones turned off."""
    flat = rows.reshape(-1, rows.shape[-1]).copy()
    for row in flat:
        on = np.flatnonzero(row > 0)
        row[rng.choice(on, round(share * len(on)), replace=False)] = 0
    return flat.reshape(rows.shape)


def swapped(sequences: np.ndarray, at: int) -> np.ndarray:
    """Return sequences, shape (count, frames, n), with frames ``at`` and ``at`` + 1 swapped."""
    order = np.arange(sequences.shape[1])
    order[[at, at + 1]] = order[[at + 1, at]]
    return sequences[:, order]


def begun(sequences: np.ndarray, frames: int) -> np.ndarray:
    """Return sequences that keep only their first frames; later frames are empty."""
    shown = sequences.copy()
    shown[:, frames:] = 0
    return shown


def held(sequences: np.ndarray, steps: int) -> np.ndarray:
    """Return sequences with each frame repeated for this number of steps, shape (count, frames * steps, n)."""
    return np.repeat(sequences, steps, axis=1)
