"""Oscillating teacher signals as functions of time: t in s of shape (T,) -> array of shape (T, K)."""

from __future__ import annotations

import numpy as np


def sine(t: np.ndarray, frequency: float = 5.0) -> np.ndarray:
    """Return sin(2 pi frequency t), frequency in Hz, as one component of shape (T, 1)."""
    return np.sin(2 * np.pi * frequency * np.asarray(t, float))[:, None]
