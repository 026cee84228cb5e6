"""Measures of a replay: the moment of the teacher that a network shows, and the similarity to the teacher."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ..force import Drive

# An output may have at most this delay (s), because of its filter.
LATEST, LAG_STEP = 0.06, 0.002


def at(times: np.ndarray, time: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return values, shape (T, ...), sampled evenly at ``time``, at other times by linear interpolation.

    Raises
    ------
    ValueError
        For times more than two samples outside. Up to two samples outside, the first or last value is returned.
    """
    place = (times - time[0]) / (time[1] - time[0])
    if place.size and not (place.min() > -2 and place.max() < len(time) + 1):
        raise ValueError(
            f"at: expected times from {time[0]:g} to {time[-1]:g} s, got {times.min():g} to {times.max():g}"
        )
    place = np.clip(place, 0, len(time) - 1)
    before = np.minimum(place.astype(int), len(time) - 2)
    part = (place - before).reshape(-1, *[1] * (values.ndim - 1))
    return (1 - part) * values[before] + part * values[before + 1]


def correlation(first: np.ndarray, second: np.ndarray, about: np.ndarray | float = 0.0) -> float:
    """Return the correlation of all entries of two arrays (T, components) after subtraction of a mean row.

    If ``about`` is the teacher's mean row, a constant output has no correlation. Without it, the part that all moments
    of a signal share also counts.
    """
    x, y = first - about, second - about
    x, y = x - x.mean(), y - y.mean()
    norm = np.sqrt((x**2).sum() * (y**2).sum())
    return float((x * y).sum() / norm) if norm > 0 else 0.0


def delayed(
    moments: Sequence[np.ndarray], time: np.ndarray, values: np.ndarray, teacher: np.ndarray, about: np.ndarray
) -> tuple[list[np.ndarray], float]:
    """Return values, sampled evenly at ``time``, at each of these moments plus the delay that fits the teacher best.

    Parameters
    ----------
    moments : arrays of shape (S,)
        Times (s) of repetitions of the same teacher. All have the same delay, at most 60 ms.
    teacher : array of shape (S, components)
    about : array of shape (components,)
        The teacher's mean row; see :func:`correlation`.
    """

    def shifted(lag: float) -> tuple[float, list[np.ndarray]]:
        rows = [at(times + lag, time, values) for times in moments]
        return float(np.mean([correlation(each, teacher, about) for each in rows])), rows

    lags = np.arange(0, LATEST + LAG_STEP / 2, LAG_STEP).tolist()
    (best, rows), delay = shifted(lags[0]), lags[0]
    for lag in lags[1:]:
        fit, others = shifted(lag)
        if fit > best:
            best, rows, delay = fit, others, lag
    return rows, delay


def row_cosines(first: np.ndarray, second: np.ndarray, about: np.ndarray) -> np.ndarray:
    """Return the cosine of the angle between the rows of two arrays (T, components), both minus a mean row."""
    x, y = first - about, second - about
    norm = np.sqrt((x**2).sum(1) * (y**2).sum(1))
    return (x * y).sum(1) / np.maximum(norm, 1e-12)


def identify(shown: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Return, for each shown row, the index of the known row with the best correlation, both minus the known mean row.

    Parameters
    ----------
    shown, known : arrays of shape (S, components) and (F, components)
    """
    mean = known.mean(0)
    known = known - mean
    known = known / np.maximum(np.linalg.norm(known, axis=1, keepdims=True), 1e-12)
    return ((shown - mean) @ known.T).argmax(1)


def apart(first: np.ndarray, second: np.ndarray | float, period: float) -> np.ndarray:
    """Return the distance between two phases of a periodic signal, at most half a period."""
    away = np.mod(first - second, period)
    return np.minimum(away, period - away)


def in_order(loudest: np.ndarray, pulses: int, least: float) -> float:
    """Return the share of a chain's pulses that are followed by the next one; 0 if there are fewer than two pulses.

    ``loudest`` is the index of the largest pulse in each sample. A pulse that is the largest for fewer than ``least``
    samples does not count.
    """
    edges = np.flatnonzero(np.diff(loudest, prepend=-1, append=-1))
    lasting = [loudest[a] for a, b in pairwise(edges) if b - a >= least]
    # A pulse with a short interruption counts once.
    pairs = [(before, after) for before, after in pairwise(lasting) if before != after]
    return float(np.mean([after == (before + 1) % pulses for before, after in pairs])) if pairs else 0.0


def pace(found: np.ndarray, after: np.ndarray, period: float, speeds: np.ndarray) -> tuple[float, float, float]:
    r"""Return the steady speed of a replay of a periodic signal, its initial phase, and its steadiness.

    .. math:: R(v) = \left| \langle e^{2 \pi i (\phi_k - v t_k)/T} \rangle \right|

    is largest at the speed of the found moments. This maximum is the steadiness; it is 1 for a constant speed.

    Parameters
    ----------
    found : array of shape (S,)
        Found moments of the signal (s).
    after : array of shape (S,)
        Times (s) of the found moments.
    speeds : array of shape (V,)
        Tested speeds.
    """
    turns = np.exp(2j * np.pi * found / period)
    means = np.array([(turns * np.exp(-2j * np.pi * speed * after / period)).mean() for speed in speeds])
    best = int(np.abs(means).argmax())
    begin = np.mod(np.angle(means[best]) / (2 * np.pi), 1.0) * period
    return float(speeds[best]), float(begin), float(np.abs(means[best]))


def blurred(known: np.ndarray, rows: int) -> np.ndarray:
    """Return the rows of a periodic signal, each replaced by the mean of the ``rows`` rows around it."""
    spread = np.concatenate([known[-rows:], known, known[:rows]])
    sums = np.cumsum(np.concatenate([np.zeros_like(spread[:1]), spread]), axis=0)
    first = rows - rows // 2
    return (sums[first + rows : first + rows + len(known)] - sums[first : first + len(known)]) / rows


def match_template(template: np.ndarray, counts: np.ndarray, per_bin: float, speeds: np.ndarray) -> np.ndarray:
    """Return the fit of spikes to a template at several speeds, each at its best start in the template.

    This is the method of electrophysiology for replay: the template is stretched in time and compared with the spikes.
    All neurons have equal weight, because template and counts are standardised (zero mean, unit standard deviation).

    Parameters
    ----------
    template : array of shape (n, bins)
        Rates of n neurons over one period of a periodic signal.
    counts : array of shape (n, m)
        Spike counts of the neurons.
    per_bin : float
        Number of template bins in one bin of the counts at speed 1.
    speeds : array of shape (S,)
        Tested speeds, negative for backward.

    Returns
    -------
    array of shape (S,)
        Mean of the product of template and counts, over bins and over neurons that fire in both. It is the correlation
        if the counts cover one whole pass. For a shorter piece, the template is not standardised again.
    """
    length, m = template.shape[1], counts.shape[1]
    fires = (template.std(1) > 0) & (counts.std(1) > 0)
    if not fires.any():
        return np.zeros(len(speeds))
    x, y = (_standard(rows[fires]) for rows in (template, counts))
    like = x.T @ y / (fires.sum() * m)
    # The template is repeated, so that no stretched template goes beyond its end.
    twice, fits = np.hstack([like.T, like.T]).ravel(), []
    for speed in speeds:
        passed = np.round(speed * per_bin * np.arange(m)).astype(int) % length
        first = 2 * length * np.arange(m) + passed
        fits.append(twice[first[:, None] + np.arange(length)].sum(0).max())
    return np.array(fits)


def in_other_order(template: np.ndarray, pulses: int, order: np.ndarray) -> np.ndarray:
    """Return a template with the pieces of its pulses in another order: piece ``order[k]`` stands in place k.

    Each neuron keeps its response to each pulse. What is destroyed is the order of the pulses, so this is the null of a
    sequence of pulses that were learned one by one.

    Parameters
    ----------
    template : array of shape (n, bins)
        Rates of n neurons over one period, in which the pulses follow one another.
    order : array of shape (pulses,)
    """
    length = template.shape[1]
    place = (np.arange(length) + 0.5) / length * pulses
    slot = place.astype(int)
    source = (np.asarray(order)[slot] + place - slot) / pulses * length
    return template[:, np.minimum(source.astype(int), length - 1)]


def input_template(drive: Drive, n: int, bins: int) -> np.ndarray:
    """Return the input that a drive alone gives to the first ``n`` neurons over one period, shape (n, bins)."""
    samples = drive.signal.shape[0]
    edges = np.round(np.linspace(0, samples, bins + 1)).astype(int)
    means = np.stack([drive.signal[a:b].mean(0) for a, b in pairwise(edges)])
    return drive.encoder[:n] @ np.asarray(means).reshape(bins, -1).T


def _standard(rows: np.ndarray) -> np.ndarray:
    return (rows - rows.mean(1, keepdims=True)) / rows.std(1, keepdims=True)
