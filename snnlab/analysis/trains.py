"""Spike trains from (time, neuron) pairs, binned spike counts, firing rates, and their regularity.

A run file holds its spikes as pairs, ``spike_time`` (s) and ``spike_neuron``; :func:`recorded` takes them out of a
Dataset.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..errors import UserError

if TYPE_CHECKING:
    import xarray as xr


class Spikes(NamedTuple):
    """Spikes of neurons 0 to n - 1."""

    times: np.ndarray
    """(spikes,), in s"""
    neurons: np.ndarray
    """(spikes,), whole numbers"""
    n: int
    """number of recorded neurons, including those without a spike"""


def recorded(dataset: xr.Dataset) -> Spikes:
    """Return the spikes of a run.

    Raises
    ------
    UserError
        If the run recorded no spikes.

    Example
    -------
    ``rates(*recorded(snnlab.files.record.load("RUN.nc")), 10.0, 15.0)`` returns the rates after learning.
    """
    if not {"spike_time", "spike_neuron"} <= set(dataset.variables):
        raise UserError("run: expected spike_time and spike_neuron, got a run that recorded no spikes")
    times, neurons = dataset.spike_time.values, dataset.spike_neuron.values
    if "recorded" in dataset.dims:
        return Spikes(times, neurons, dataset.sizes["recorded"])
    # A run of version 0.1.0 has no attribute recorded_neurons.
    return Spikes(times, neurons, int(dataset.attrs.get("recorded_neurons", neurons.max(initial=-1) + 1)))


def trains(times: np.ndarray, neurons: np.ndarray, n: int) -> list[np.ndarray]:
    """Return the spike times (s) of neurons 0 to n - 1, each in rising order.

    Example
    -------
    >>> trains(np.array([0.3, 0.1, 0.2]), np.array([1, 0, 1]), 3)
    [array([0.1]), array([0.2, 0.3]), array([], dtype=float64)]
    """
    order = np.lexsort((times, neurons))
    # The first and the last piece belong to no neuron from 0 to n - 1.
    ends = np.searchsorted(np.asarray(neurons)[order], np.arange(n + 1))
    return np.split(np.asarray(times)[order], ends)[1:-1]


def counts(times: np.ndarray, neurons: np.ndarray, n: int, start: float, stop: float, bins: int) -> np.ndarray:
    """Return the spikes of neurons 0 to n - 1 in even bins of [start, stop), shape (n, bins)."""
    inside = (times >= start) & (times < stop) & (neurons < n)
    # Rounding may put a spike just before stop into a bin that does not exist.
    where = np.minimum(((times[inside] - start) / (stop - start) * bins).astype(int), bins - 1)
    return np.bincount(neurons[inside] * bins + where, minlength=n * bins).reshape(n, bins).astype(float)


def rates(times: np.ndarray, neurons: np.ndarray, n: int, start: float, stop: float) -> np.ndarray:
    """Return the mean firing rate (Hz) of each neuron in [start, stop), shape (n,).

    Raises
    ------
    UserError
        If the window is empty.
    """
    if not start < stop:
        raise UserError(f"start, stop: expected start < stop, got {start} and {stop}")
    return counts(times, neurons, n, start, stop, 1)[:, 0] / (stop - start)


def cv_isi(train: np.ndarray) -> float:
    """Return the coefficient of variation of the intervals between spikes: their standard deviation over their mean.

    It is 0 for a regular train, 1 for a Poisson process, and NaN for fewer than three spikes (two intervals).
    ``train`` holds the spike times of one neuron in rising order.

    Example
    -------
    >>> cv_isi(np.array([0.0, 0.1, 0.2, 0.3]).round(1)) < 1e-9
    True
    """
    intervals = np.diff(train)
    return float(intervals.std() / intervals.mean()) if len(intervals) > 1 else float("nan")
