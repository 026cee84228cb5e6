"""What is left of a song after a lesion: where a network of its own time stands, and errors before and behind a cut."""

from __future__ import annotations

import numpy as np

from ..replay import moments as replay
from .song import Song

# Our criterion for a song, of a network that keeps its own time, to be one (correlation about its mean spectrum): above
# the 0.67 that the synthetic song has with itself one motif later.
SINGING = 0.75
# Behind each end of a cut this much is left out: there it is heard in part (s).
LATE = 0.05
# Ends of parts behind a cut (s).
BEHIND = (0.5, 1.0, 2.0)
PARTS = ("before", "within", "after", "up to 0.5 s after", "0.5 to 1 s after", "1 to 2 s after", "from 2 s after on")
# Stretches of this length (s) are of the song if they correlate so well with one: above silence, which has 0.59 with
# the quietest one of the synthetic song. They are in their place up to so much off (s).
STRETCH, OF_SONG, OFF = 0.5, 0.7, 0.1
_PACES = np.linspace(0.97, 1.03, 61)


def place(time: np.ndarray, output: np.ndarray, start: float, song: Song) -> tuple[float, float, float]:
    """Return where in the song outputs stand at ``start`` (s), their pace from there on, and how well they fit.

    Parameters
    ----------
    time, output : arrays of shape (T,) and (T, bands)
        Sampled evenly; from ``start`` on they last one song.
    song : Song
        A pace of 1 is its own. What fits best, of paces within 3 %, is the correlation about the mean spectrum.
    """
    moments = np.arange(len(song.bands)) / song.rate
    fits = [(*_begun(replay.at(start + moments / pace, time, output), song), float(pace)) for pace in _PACES]
    begun, fit, pace = max(fits, key=lambda each: each[1])
    return begun, pace, fit


def _begun(bands: np.ndarray, song: Song) -> tuple[float, float]:
    """Where in the song bands begin (s) that are one song long, and how well they fit there (correlation)."""
    found, wanted = bands - song.bands.mean(0), song.bands - song.bands.mean(0)
    product = (np.fft.rfft(found, axis=0) * np.fft.rfft(wanted, axis=0).conj()).sum(1)
    fit = np.fft.irfft(product, len(bands)) / max(np.linalg.norm(found) * np.linalg.norm(wanted), 1e-300)
    later = int(fit.argmax())
    return (len(bands) - later) % len(bands) / song.rate, float(fit[later])


def error(bands: np.ndarray, song: Song, part: np.ndarray | None = None) -> float:
    """Return the RMSE of some frames over the standard deviation about the mean spectrum of the whole song."""
    part = np.ones(len(bands), bool) if part is None else part
    if not part.any():
        return float("nan")
    scale = np.sqrt(((song.bands - song.bands.mean(0)) ** 2).mean())
    return float(np.sqrt(((bands[part] - song.bands[part]) ** 2).mean()) / scale)


def passed(first: float, stop: float, begun: float, period: float) -> tuple[float, float]:
    """Return when a song that is ``begun`` s in enters and leaves a piece from ``first`` to ``stop`` (all in s).

    It leaves none (NaN) that it began in.
    """
    enters = (first - begun) % period
    return enters, enters + stop - first if enters + stop - first <= period + 1e-9 else np.nan


def fits_behind(
    bands: np.ndarray, song: Song, first: float, stop: float, begun: float = 0.0
) -> tuple[np.ndarray, np.ndarray]:
    """Return how well each half second behind a piece fits the song: in its place, and anywhere.

    A song may hold copies of a motif, so that what fits in its place may fit elsewhere as well.

    Parameters
    ----------
    bands : array of shape (frames, bands)
        What was sung at each moment of the song, which was ``begun`` s in when the lesion began.
    first, stop : float
        The piece (s); NaN: none, and all of the song counts.

    Returns
    -------
    (array, array) of shape (stretches,)
        Correlations about the mean spectrum: the best within OFF of the place, and the best of all.
    """
    size, count, begin = round(STRETCH * song.rate), len(song.bands), round(begun * song.rate)
    found, wanted = (np.roll(each - song.bands.mean(0), -begin, 0) for each in (bands, song.bands))
    after = 0.0 if np.isnan(first) else passed(first, stop, begun, count / song.rate)[1] + LATE
    around = np.concatenate([wanted, wanted[:size]])
    energy = np.concatenate([[0.0], np.cumsum((around**2).sum(1))])
    norms = np.sqrt(energy[size : size + count] - energy[:count])
    places, spectrum, here, anywhere = np.arange(count), np.fft.rfft(wanted, axis=0), [], []
    for start in [] if np.isnan(after) else range(round(after * song.rate), count - size + 1, size):
        stretch = found[start : start + size]
        product = spectrum * np.fft.rfft(stretch, count, axis=0).conj()
        fit = np.fft.irfft(product.sum(1), count) / np.maximum(norms * np.linalg.norm(stretch), 1e-300)
        near = replay.apart(places, start, count) <= OFF * song.rate
        here.append(fit[near].max())
        anywhere.append(fit.max())
    return np.array(here), np.array(anywhere)


def errors_by_part(
    bands: np.ndarray, song: Song, first: float, stop: float, lag: float = 0.0, begun: float = 0.0
) -> list[float]:
    """Return errors in each of PARTS, for a piece of the song from ``first`` to ``stop`` (s); NaN for an empty part.

    The song was ``begun`` s in when the lesion began, and is heard ``lag`` s late. If it was in the piece already,
    there is no before and after.
    """
    since = np.mod(np.arange(len(bands)) / song.rate - begun, song.period)
    enters, leaves = passed(first, stop, begun, song.period)
    within = (since >= enters + LATE) & (since < leaves)
    parts = [(since < enters - lag) & np.isfinite(leaves), within, since >= leaves + LATE]
    for low, high in zip((LATE, *BEHIND), (*BEHIND, np.inf), strict=True):
        parts.append((since >= leaves + low) & (since < leaves + high))
    return [error(bands, song, part) for part in parts]
