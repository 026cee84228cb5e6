"""Measures of chaos in a decoded signal: return map, surrogates, and the largest Lyapunov exponent.

Correlation with the teacher is no measure here, because two exact solutions of a chaotic system diverge, too.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np

# Standard deviation of the Gaussian and time step of `smooth`, in s. All measures take smoothed signals.
SMOOTHING, STEP = 0.02, 0.01


def smooth(x: np.ndarray, dt: float) -> np.ndarray:
    """Return x, shape (T, K), sampled every dt s, convolved with a Gaussian of 20 ms and sampled every 10 ms.

    Three standard deviations are cut off at each end. Decoded signals, teachers and surrogates all go through this.
    """
    from scipy.ndimage import gaussian_filter1d

    width = SMOOTHING / dt
    edge = int(np.ceil(3 * width))
    smoothed = gaussian_filter1d(np.asarray(x, float), width, axis=0, truncate=3.0)
    return smoothed[edge : len(x) - edge : round(STEP / dt)]


def return_map(z: np.ndarray, prominence: float) -> np.ndarray:
    """Return each local maximum of z, shape (T,), with the next one: shape (maxima - 1, 2).

    A maximum counts if its prominence (:func:`scipy.signal.find_peaks`) is at least ``prominence``.
    """
    from scipy.signal import find_peaks

    peaks = z[find_peaks(z, prominence=prominence)[0]]
    return np.stack([peaks[:-1], peaks[1:]], axis=1)


def map_error(points: np.ndarray, reference: np.ndarray) -> float:
    """Return the root mean square distance of points, shape (m, 2), from the nearest point of a reference map.

    It is NaN for fewer than two points.
    """
    from scipy.spatial import cKDTree

    if len(points) < 2 or not len(reference):
        return float("nan")
    distances, _ = cKDTree(reference).query(points)
    return float(np.sqrt(np.mean(distances**2)))


def surrogate(x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return x, shape (T, K), with random phases; only power spectra and cross spectra stay the same.

    One phase is drawn for each frequency and added in every component (Prichard & Theiler 1994,
    doi:10.1103/PhysRevLett.73.951).
    """
    mean = x.mean(0)
    spectrum = np.fft.rfft(x - mean, axis=0)
    phases = rng.uniform(0, 2 * np.pi, len(spectrum))
    phases[0] = 0
    if len(x) % 2 == 0:
        # The coefficient of the highest frequency stays real.
        phases[-1] = 0
    return np.fft.irfft(spectrum * np.exp(1j * phases)[:, None], len(x), axis=0) + mean


def lyapunov(
    x: np.ndarray, dt: float, apart: float = 1.0, fit: tuple[float, float] = (0.5, 2.0), most: int = 2000
) -> float:
    """Return the largest Lyapunov exponent (1/s) of x, shape (T, K), by the estimator of Rosenstein et al. 1993.

    Each state is followed together with its nearest neighbour. The exponent is the slope of the mean logarithm of their
    distance; it is NaN for a constant. doi:10.1016/0167-2789(93)90009-P; here the components are the state, without
    delay embedding.

    Parameters
    ----------
    dt : float
        Time between two samples in s.
    apart : float
        A neighbour is at least this far away in time (s), about a period.
    fit : pair of floats
        The slope is fitted from the first to the second of these times (s).
    most : int
        Number of states followed, evenly spread.

    Raises
    ------
    ValueError
        If x is too short to follow two states apart for that time.
    """
    from scipy.spatial.distance import cdist

    first, last, theiler = round(fit[0] / dt), round(fit[1] / dt), round(apart / dt)
    followed = len(x) - last
    if followed <= 2 * theiler:
        raise ValueError(f"lyapunov: expected more than {(2 * theiler + last) * dt:g} s, got {len(x) * dt:g} s")
    starts = np.unique(np.linspace(0, followed - 1, min(followed, most)).astype(int))
    if not np.ptp(x, axis=0).any():
        return float("nan")
    nearest = np.empty(len(starts), int)
    for block in np.array_split(np.arange(len(starts)), max(1, len(starts) // 200)):
        distances = cdist(x[starts[block]], x[:followed])
        distances[np.abs(starts[block, None] - np.arange(followed)) < theiler] = np.inf
        nearest[block] = distances.argmin(axis=1)
    times = np.arange(first, last + 1)
    with np.errstate(divide="ignore"):
        logs = [np.log(np.linalg.norm(x[starts + k] - x[nearest + k], axis=1)) for k in times]
    means = [line[np.isfinite(line)].mean() for line in logs]
    return float(np.polyfit(times * dt, means, 1)[0])


Spikes: TypeAlias = "tuple[np.ndarray, np.ndarray]"


def spike_distance(first: Spikes, second: Spikes, edges: np.ndarray, tau: float, n: int) -> np.ndarray:
    r"""Return the distance of the spike trains of n neurons in each bin: the root mean square of D over the bin.

    .. math:: D(t)^2 = \sum_j (f_j(t) - g_j(t))^2, \quad f_j(t) = \sum_{t_s \le t} e^{-(t - t_s)/\tau}

    with one term for each spike s of neuron j. This is the distance of van Rossum 2001, doi:10.1162/089976601300014321,
    bin by bin. Over a bin, a spike that comes one time step late adds only a small distance.

    Parameters
    ----------
    first, second : pairs of arrays of shape (spikes,)
        Spike times in s, neuron indices.
    edges : array of shape (bins + 1,)
        Edges of the bins in s, in rising order.
    tau : float
        Time constant in s.
    """
    when = np.concatenate([first[0], second[0], edges])
    who = np.concatenate([first[1], second[1], np.full(len(edges), -1)]).astype(int)
    sign = np.repeat([1.0, -1.0, 0.0], [len(first[0]), len(second[0]), len(edges)])
    trace, since = np.zeros(n), np.zeros(n)
    squared, last, integral, integrals = 0.0, float(when.min()), 0.0, []
    # Between two events all differences decay at the same rate, and so does the sum of squares.
    for index in np.argsort(when, kind="stable"):
        time, neuron = when[index], who[index]
        decay = np.exp(-2 * (time - last) / tau)
        integral += squared * tau / 2 * (1 - decay)
        squared, last = squared * decay, time
        if neuron < 0:
            integrals.append(integral)
            integral = 0.0
            continue
        before = trace[neuron] * np.exp(-(time - since[neuron]) / tau)
        trace[neuron], since[neuron] = before + sign[index], time
        squared = max(0.0, squared + trace[neuron] ** 2 - before**2)
    return np.sqrt(np.array(integrals[1:]) / np.diff(edges))


def growth(distances: np.ndarray, step: float, threshold: float, kept: int = 5) -> float:
    """Return the rate (1/s) at which one difference, shape (T,) every ``step`` s, grows; NaN if it does not.

    It grows if it exceeds ``threshold`` for ``kept`` bins in a row. The rate is the slope of its logarithm up to these
    bins; it is infinite if fewer than four bins are below the threshold.
    """
    above = np.convolve(distances > threshold, np.ones(kept), "valid") == kept
    if not above.any():
        return float("nan")
    end = int(above.argmax())
    below = distances[:end]
    if end < 4 or not (below > 0).all():
        return float("inf")
    return float(np.polyfit(np.arange(end) * step, np.log(below), 1)[0])
