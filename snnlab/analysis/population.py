"""How strongly, and at which frequency, a population of neurons fires together: spike counts in, numbers out."""

from __future__ import annotations

import numpy as np

from ..errors import UserError


def binned(counts: np.ndarray, steps: int) -> np.ndarray:
    """Return sums of ``steps`` counts each; counts that do not fill a last bin are left out.

    Example
    -------
    >>> binned(np.array([1, 0, 2, 1, 5]), 2)
    array([1, 3])
    """
    whole = len(counts) // steps
    return np.asarray(counts)[: whole * steps].reshape(whole, steps).sum(axis=1)


def spectrum(counts: np.ndarray, dt: float, segment: float) -> tuple[np.ndarray, np.ndarray]:
    """Return frequencies (Hz) and the power of the population's spike count, by Welch's method with a Hann window.

    Segments overlap by half. Each loses its mean. Frequencies are 1/``segment`` apart.

    Parameters
    ----------
    counts : array of shape (T,)
        Spikes of the population in each bin.
    dt : float
        Width of a bin (s).
    segment : float
        Length of a segment (s); the whole signal, if that is shorter.

    Returns
    -------
    frequencies, power : arrays
        The power is in units of that of independent Poisson neurons with the same mean rate, which is 1 everywhere.
    """
    from scipy.signal import welch

    counts = np.asarray(counts, float)
    frequencies, power = welch(counts, 1 / dt, nperseg=min(round(segment / dt), len(counts)))
    # The one-sided density of a Poisson count is twice its variance, which is its mean, over the sampling rate.
    return frequencies, power / (2 * dt * counts.mean() or np.nan)


def peak_frequency(frequencies: np.ndarray, power: np.ndarray, low: float, high: float) -> float:
    """Return the frequency (Hz) with the largest power from ``low`` to ``high``; NaN if there is no power.

    Example
    -------
    >>> time = np.arange(20_000) * 1e-4
    >>> peak_frequency(*spectrum(10 + 5 * np.sin(2 * np.pi * 180 * time), 1e-4, 0.5), 5, 1000)
    180.0
    """
    inside = (frequencies >= low) & (frequencies <= high)
    if not inside.any():
        raise UserError(f"low, high: expected a frequency of the spectrum between them, got {low} and {high}")
    if not power[inside].max() > 0:
        return float("nan")
    return float(frequencies[inside][power[inside].argmax()])


def fluctuation(counts: np.ndarray) -> float:
    """Return the standard deviation of the population's count over its mean; NaN for a silent population."""
    mean = float(np.mean(counts))
    return float(np.std(counts)) / mean if mean > 0 else float("nan")


def synchrony(counts: np.ndarray, single: np.ndarray, n: int) -> float:
    """Return the variance of the population's count over that of a population of independent neurons.

    It is 1 for independent neurons, whatever their trains, and n if all fire together.

    Parameters
    ----------
    counts : array of shape (bins,)
        Spikes of all n neurons in each bin.
    single : array of shape (neurons, bins)
        Spikes of single neurons, a sample of the population, in the same bins.
    n : int
        Number of neurons in the population.

    Example
    -------
    >>> trains = np.random.default_rng(0).poisson(1.0, (100, 5000))
    >>> round(synchrony(trains.sum(0), trains, 100), 1), round(synchrony(100 * trains[0], trains[:1], 100))
    (1.0, 100)
    """
    alone = n * float(np.asarray(single, float).var(axis=1).mean())
    return float(np.var(counts)) / alone if alone > 0 else float("nan")
