"""Measures of how well a free run keeps a taught signal: frequency, amplitude, shape and phase."""

from __future__ import annotations

import numpy as np


def between(times: np.ndarray, start: float, stop: float) -> slice:
    """Return the samples after ``start``, up to and including ``stop``, as a slice, which copies no data."""
    return slice(*np.searchsorted(times, [start, stop], side="right"))


def end_of_learning(times: np.ndarray, start: float, stop: float, longest: float) -> slice:
    """Return the samples of the last ``longest`` s of a learning window, at most of its second half."""
    return between(times, stop - min(longest, (stop - start) / 2), stop)


def frequency(x: np.ndarray, dt: float) -> float:
    """Return the frequency in Hz from upward zero crossings of x, shape (T,), sampled every dt s.

    The mean is removed. A crossing counts only after x was below -1/2 of its amplitude, so that noise of
    up to a tenth of the amplitude is not counted. The result is NaN for fewer than two crossings.
    """
    x = np.asarray(x, float) - np.mean(x)
    low = -0.5 * amplitude(x)
    crossings = np.flatnonzero((x[:-1] < 0) & (x[1:] >= 0))
    lows = np.searchsorted(np.flatnonzero(x < low), crossings, side="right")
    times, last = [], 0
    for c, seen in zip(crossings, lows, strict=True):
        if seen > last:
            times.append((c + x[c] / (x[c] - x[c + 1])) * dt)
            last = seen
    if len(times) < 2:
        return float("nan")
    return (len(times) - 1) / (times[-1] - times[0])


def amplitude(x: np.ndarray) -> float:
    """Return sqrt(2) times the standard deviation, which is the amplitude of a sine."""
    return float(np.sqrt(2) * np.std(x))


def rmse(x: np.ndarray, y: np.ndarray) -> float:
    """Return the root of the mean squared difference of two arrays of one shape."""
    return float(np.sqrt(np.mean((np.asarray(x, float) - np.asarray(y, float)) ** 2)))


def lag_correlations(
    output: np.ndarray, teacher: np.ndarray, dt: float, start: float, window: float = 1.0, max_lag: float = 0.1
) -> tuple[np.ndarray, np.ndarray]:
    """Return, for each window after ``start``, the best correlation over lags and that lag.

    Parameters
    ----------
    output, teacher : arrays of shape (T, K)
        Sampled every dt s from the same time on.
    start, window, max_lag : float
        Times in s. A window is used if the teacher exists at every lag.

    Returns
    -------
    correlations, lags : arrays of shape (n_windows,)
        Pearson correlation over all components, each without its mean; lag in s, positive where the
        output comes later than the teacher. A constant output has correlation 0.
    """
    size, lag_steps = round(window / dt), round(max_lag / dt)
    best, lags = [], []
    begin = round(start / dt)
    if size < 2:
        return np.array([]), np.array([])
    while begin < lag_steps:
        begin += size
    # An offset would cost digits of the sums of squares.
    centred = np.ascontiguousarray((teacher - np.mean(teacher, axis=0)).T)
    windows = np.lib.stride_tricks.sliding_window_view(centred, min(size, centred.shape[1]), axis=1)
    while begin + size + lag_steps <= len(output):
        piece = np.ascontiguousarray((output[begin : begin + size] - output[begin : begin + size].mean(0)).T)
        # Lag by lag from -lag_steps on, as views of shape (K, lags, size).
        references = windows[:, begin - lag_steps : begin + lag_steps + 1][:, ::-1]
        products = np.einsum("kls,ks->l", references, piece)
        squares = np.einsum("kls,kls->l", references, references) - (references.sum(2) ** 2).sum(0) / size
        norms = np.sqrt((piece**2).sum() * np.maximum(squares, 0))
        scores = np.divide(products, norms, out=np.zeros(len(norms)), where=norms > 0)
        top = int(np.argmax(scores))
        best.append(scores[top])
        lags.append((top - lag_steps) * dt)
        begin += size
    return np.array(best), np.array(lags)


def aligned(
    output: np.ndarray, teacher: np.ndarray, dt: float, start: float, window: float, max_lag: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return each window of the output beside the teacher at the lag that fits it best: see :func:`lag_correlations`.

    Returns
    -------
    outputs, teachers : arrays of shape (n_windows, samples, K)
    lags : array of shape (n_windows,)
        Lags in s.
    """
    # The teacher must exist at all lags.
    start = max(start, max_lag)
    _, lags = lag_correlations(output, teacher, dt, start, window, max_lag)
    size = round(window / dt)
    starts = round(start / dt) + size * np.arange(len(lags))
    behind = np.rint(lags / dt).astype(int)
    pieces = [output[s : s + size] for s in starts]
    taught = [teacher[s - lag : s - lag + size] for s, lag in zip(starts, behind, strict=True)]
    shape = (len(lags), size, output.shape[1])
    return np.reshape(pieces, shape), np.reshape(taught, shape), lags


def aligned_error(output: np.ndarray, teacher: np.ndarray, dt: float, start: float, period: float) -> float:
    """Return the RMSE of all periods after ``start``, each at its best lag, over the teacher's standard deviation.

    The arguments are as in :func:`aligned`; lags go up to half a period. The result is NaN without a whole period.
    """
    outputs, teachers, _ = aligned(output, teacher, dt, start, period, period / 2)
    return rmse(outputs, teachers) / float(np.sqrt(teacher.var(0).mean())) if len(outputs) else float("nan")


def phase_drift(x: np.ndarray, dt: float, reference: float) -> float:
    """Return the mean drift of x, shape (T,), against a reference frequency in Hz, in cycles per second.

    It is the slope of the unwrapped phase of x exp(-2 pi i reference t), averaged over whole periods.
    """
    period = round(1 / (reference * dt))
    n = len(x) // max(1, period)
    if n < 2 or period < 2:
        return float("nan")
    # x is multiplied by one period of the wave, because the wave of a long run needs more memory than x.
    turns = reference * dt * np.arange(period)
    waves = np.stack([np.cos(2 * np.pi * turns), -np.sin(2 * np.pi * turns)], axis=1)
    real, imaginary = (np.asarray(x[: n * period], float).reshape(n, period) @ waves).T
    demodulated = (real + 1j * imaginary) * np.exp(-2j * np.pi * reference * dt * period * np.arange(n))
    phase = np.unwrap(np.angle(demodulated)) / (2 * np.pi)
    return float(np.polyfit(np.arange(n) * period * dt, phase, 1)[0])
