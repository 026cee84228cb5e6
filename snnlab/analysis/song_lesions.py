"""What is left of a song after a lesion: where a network of its own time stands, and errors before and behind a cut."""

from __future__ import annotations

import numpy as np

from ..stimuli.song import Song
from . import replay

# Our criterion for a song, of a network that keeps its own time, to be one (correlation about its mean spectrum).
SINGING = 0.5
# Behind each end of a cut this much is left out: there it is heard in part (s).
LATE = 0.05
# Ends of parts behind a cut (s).
BEHIND = (0.5, 1.0, 2.0)
PARTS = ("before", "within", "after", "up to 0.5 s after", "0.5 to 1 s after", "1 to 2 s after", "from 2 s after on")
# Stretches of this length (s) are of the song, whatever place they are from, if they correlate so well with one.
STRETCH, OF_SONG = 0.5, 0.6
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
    """Return when a song that is ``begun`` s in enters and leaves a piece; it leaves none (NaN) that it began in."""
    enters = (first - begun) % period
    return enters, enters + stop - first if enters + stop - first <= period + 1e-9 else np.nan


def stretches(bands: np.ndarray, song: Song) -> tuple[np.ndarray, np.ndarray]:
    """Return from which place of a song (s) each stretch of bands fits best, one after the other, and how well.

    ``bands`` (frame, band) are as many in a second as the song's. What fits best is the correlation about the mean
    spectrum. Babble fits a song somewhere by 0.3 to 0.5: see OF_SONG.
    """
    size, mean = round(STRETCH * song.rate), song.bands.mean(0)
    wanted, count = song.bands - mean, len(song.bands)
    around = np.concatenate([wanted, wanted[:size]])
    energy = np.concatenate([[0.0], np.cumsum((around**2).sum(1))])
    norms = np.sqrt(energy[size : size + count] - energy[:count])
    places, fits = [], []
    for start in range(0, len(bands) - size + 1, size):
        found = bands[start : start + size] - mean
        product = np.fft.rfft(wanted, axis=0) * np.fft.rfft(found, count, axis=0).conj()
        fit = np.fft.irfft(product.sum(1), count) / np.maximum(norms * np.linalg.norm(found), 1e-300)
        places.append(fit.argmax() / song.rate)
        fits.append(fit.max())
    return np.array(places), np.array(fits)


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
