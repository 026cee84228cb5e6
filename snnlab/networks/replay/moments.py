"""How well a signal of many components comes again: which moment of the teacher is this, and how alike is it?"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

# An output may be late by this much (s): its filter is, and the teacher is not.
LATEST, LAG_STEP = 0.06, 0.002


def at(times: np.ndarray, time: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return values, shape (T, ...), sampled evenly at ``time``, at other times, linear between samples.

    Raises
    ------
    ValueError
        For times more than two samples outside; up to there the first or last value stands.
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
    """Return the correlation of all entries of two arrays (T, components), both taken about a mean row.

    With ``about`` the teacher's mean row, a constant output has no correlation; without it, what all moments of a
    signal share counts as well.
    """
    x, y = first - about, second - about
    x, y = x - x.mean(), y - y.mean()
    norm = np.sqrt((x**2).sum() * (y**2).sum())
    return float((x * y).sum() / norm) if norm > 0 else 0.0


def delayed(
    moments: Sequence[np.ndarray], time: np.ndarray, values: np.ndarray, teacher: np.ndarray, about: np.ndarray
) -> tuple[list[np.ndarray], float]:
    """Return values, sampled evenly at ``time``, at each of these moments and a delay that fits the teacher best.

    Parameters
    ----------
    moments : arrays of shape (S,)
        Times (s) of repetitions of one and the same teacher. One delay, up to 60 ms, holds for all.
    teacher : array of shape (S, components)
    about : array of shape (components,)
        The teacher's mean row: see :func:`correlation`.
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
    """Return the cosine of the angle between the rows of two arrays (T, components), both about a mean row."""
    x, y = first - about, second - about
    norm = np.sqrt((x**2).sum(1) * (y**2).sum(1))
    return (x * y).sum(1) / np.maximum(norm, 1e-12)


def identify(shown: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Return the index of the known row that correlates best with each shown one, about the mean of the known rows.

    Parameters
    ----------
    shown, known : arrays of shape (S, components) and (F, components)
    """
    mean = known.mean(0)
    known = known - mean
    known = known / np.maximum(np.linalg.norm(known, axis=1, keepdims=True), 1e-12)
    return ((shown - mean) @ known.T).argmax(1)


def apart(first: np.ndarray, second: np.ndarray | float, period: float) -> np.ndarray:
    """Return how far two phases of a signal that repeats are apart, at most half a period."""
    away = np.mod(first - second, period)
    return np.minimum(away, period - away)


def in_order(loudest: np.ndarray, pulses: int, least: float) -> float:
    """Return the share of a chain's pulses that are followed by the next one; 0 where there are no two.

    ``loudest`` is the largest pulse in each sample; one that is so for fewer than ``least`` samples does not count.
    """
    edges = np.flatnonzero(np.diff(loudest, prepend=-1, append=-1))
    lasting = [loudest[a] for a, b in pairwise(edges) if b - a >= least]
    # A pulse that was interrupted for a moment is one.
    pairs = [(before, after) for before, after in pairwise(lasting) if before != after]
    return float(np.mean([after == (before + 1) % pulses for before, after in pairs])) if pairs else 0.0


def pace(found: np.ndarray, after: np.ndarray, period: float, speeds: np.ndarray) -> tuple[float, float, float]:
    r"""Return the steady speed at which a replay runs through a signal that repeats, where it began, and how steady.

    .. math:: R(v) = \left| \langle e^{2 \pi i (\phi_k - v t_k)/T} \rangle \right|

    of the moments found is largest at the speed; it is 1 for a replay that keeps its speed.

    Parameters
    ----------
    found : array of shape (S,)
        Moments of the signal (s) that were found ...
    after : array of shape (S,)
        ... at these times (s).
    speeds : array of shape (V,)
        Speeds that are tried.
    """
    turns = np.exp(2j * np.pi * found / period)
    means = np.array([(turns * np.exp(-2j * np.pi * speed * after / period)).mean() for speed in speeds])
    best = int(np.abs(means).argmax())
    begin = np.mod(np.angle(means[best]) / (2 * np.pi), 1.0) * period
    return float(speeds[best]), float(begin), float(np.abs(means[best]))


def blurred(known: np.ndarray, rows: int) -> np.ndarray:
    """Return known rows of a signal that repeats, each replaced by the mean of the ``rows`` around it."""
    spread = np.concatenate([known[-rows:], known, known[:rows]])
    sums = np.cumsum(np.concatenate([np.zeros_like(spread[:1]), spread]), axis=0)
    first = rows - rows // 2
    return (sums[first + rows : first + rows + len(known)] - sums[first : first + len(known)]) / rows


def match_template(template: np.ndarray, counts: np.ndarray, per_bin: float, speeds: np.ndarray) -> np.ndarray:
    """Return how well spikes fit a template that runs at other speeds, at the start in it that fits each speed best.

    As electrophysiologists look for replay: the template is stretched in time and laid over the spikes. Every
    neuron counts alike: template and counts are taken about their means, in units of their standard deviations.

    Parameters
    ----------
    template : array of shape (n, bins)
        Rates of n neurons over one period of a signal that repeats.
    counts : array of shape (n, m)
    per_bin : float
        Bins of the template that pass, at speed 1, in one bin of the counts.
    speeds : array of shape (S,)
        Negative: backward.

    Returns
    -------
    array of shape (S,)
        Mean over neurons that fire in both, and over bins, of the product of template and counts: the correlation if
        the counts are one whole pass; of a shorter piece the template is not standardised anew.
    """
    length, m = template.shape[1], counts.shape[1]
    fires = (template.std(1) > 0) & (counts.std(1) > 0)
    if not fires.any():
        return np.zeros(len(speeds))
    x, y = (_standard(rows[fires]) for rows in (template, counts))
    like = x.T @ y / (fires.sum() * m)
    # The template twice over, so that none of its stretches goes beyond an end.
    twice, fits = np.hstack([like.T, like.T]).ravel(), []
    for speed in speeds:
        passed = np.round(speed * per_bin * np.arange(m)).astype(int) % length
        first = 2 * length * np.arange(m) + passed
        fits.append(twice[first[:, None] + np.arange(length)].sum(0).max())
    return np.array(fits)


def _standard(rows: np.ndarray) -> np.ndarray:
    return (rows - rows.mean(1, keepdims=True)) / rows.std(1, keepdims=True)
