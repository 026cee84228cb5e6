"""Is a decoded signal on a chaotic attractor? Return map, surrogates, and the largest Lyapunov exponent.

Raw correlation says nothing here: two exact solutions of a chaotic system part as well.
"""

from __future__ import annotations

import numpy as np

# What is measured on signals of shape (T, K) that have gone through `smooth`; in s.
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

    A maximum counts if it rises by ``prominence`` above the lower of its neighbouring valleys that face higher ground.
    """
    from scipy.signal import find_peaks

    peaks = z[find_peaks(z, prominence=prominence)[0]]
    return np.stack([peaks[:-1], peaks[1:]], axis=1)


def map_error(points: np.ndarray, reference: np.ndarray) -> float:
    """Return the root mean square distance of points, shape (m, 2), from the nearest point of a reference map.

    NaN with fewer than two points.
    """
    from scipy.spatial import cKDTree

    if len(points) < 2 or not len(reference):
        return float("nan")
    distances, _ = cKDTree(reference).query(points)
    return float(np.sqrt(np.mean(distances**2)))


def surrogate(x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return x, shape (T, K), with random phases: same power spectra, same cross spectra, and nothing else kept.

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

    Each state is followed together with its nearest neighbour; the exponent is the slope of the mean logarithm of
    their distance; NaN for a constant. doi:10.1016/0167-2789(93)90009-P; here the components are the state, nothing is
    embedded.

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


def spike_distance(
    first: tuple[np.ndarray, np.ndarray],
    second: tuple[np.ndarray, np.ndarray],
    times: np.ndarray,
    tau: float,
    n: int,
) -> np.ndarray:
    """Return how far apart the spike trains of n neurons are at each of these times.

    .. math:: D(t)^2 = \\sum_j (f_j(t) - g_j(t))^2, \\quad f_j(t) = \\sum_{t_s < t} e^{-(t - t_s)/\\tau}

    with one term for each spike s of neuron j: the distance of van Rossum 2001, doi:10.1162/089976601300014321, as it
    grows with time.

    Parameters
    ----------
    first, second : pairs of arrays of shape (spikes,)
        Spike times in s, neuron indices.
    times : array of shape (T,)
        In s, in rising order.
    tau : float
        In s.
    """
    when = np.concatenate([first[0], second[0]])
    who = np.concatenate([first[1], second[1]]).astype(int)
    sign = np.repeat([1.0, -1.0], [len(first[0]), len(second[0])])
    order = np.argsort(when, kind="stable")
    when, who, sign = when[order], who[order], sign[order]
    bounds = np.searchsorted(when, times, side="left")
    traces, last, begin = np.zeros(n), times[0], 0
    distances = np.empty(len(times))
    for index, (time, end) in enumerate(zip(times, bounds, strict=True)):
        traces *= np.exp(-(time - last) / tau)
        np.add.at(traces, who[begin:end], sign[begin:end] * np.exp(-(time - when[begin:end]) / tau))
        distances[index] = np.linalg.norm(traces)
        last, begin = time, end
    return distances


def growth_rate(times: np.ndarray, distances: np.ndarray, saturated: float, share: float = 0.3) -> float:
    """Return the slope (1/s) of the mean logarithm of distances, shape (trials, T), until they saturate.

    It is fitted up to the first time (s) at which the mean passes ``share`` of ``saturated``, the distance of unrelated
    states, and over at least four times. Distances are positive.
    """
    mean = np.log(distances).mean(0)
    above = np.flatnonzero(mean > np.log(share * saturated))
    stop = max(4, above[0] + 1) if len(above) else len(times)
    return float(np.polyfit(times[:stop], mean[:stop], 1)[0])
