"""Scores of a sung song: its spectrogram, its loudness over time, and the identity of its syllables."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...analysis.roc import roc_area
from ..replay import moments as replay
from .song import Song, loudness

CORRELATION = "correlation of the spectrogram about its mean spectrum"
LOUDNESS = "area under the ROC curve of loudness against syllables"
IDENTITY = "syllables nearest to their own template (share)"
# Each syllable is resampled to this number of frames, so that it can be compared with templates of other lengths.
_FRAMES = 20


def scores(bands: np.ndarray, song: Song) -> dict[str, float]:
    """Return the scores of bands, shape (frames, bands), in comparison with a song."""
    return {
        CORRELATION: replay.correlation(bands, song.bands, song.bands.mean(0)),
        LOUDNESS: roc_area(loudness(bands), sounding(song.syllables, len(bands), song.rate)),
        IDENTITY: identified(bands, song),
    }


def sounding(syllables: Sequence[tuple[str, float, float]], frames: int, rate: float) -> np.ndarray:
    """Return whether each frame is within a syllable, shape (frames,)."""
    times = np.arange(frames) / rate
    return np.any([(times >= start) & (times < stop) for _, start, stop in syllables], axis=0)


def identified(bands: np.ndarray, song: Song) -> float:
    """Return the share of syllables whose best template, about the mean spectrum, is that of their own name.

    The template of a name is the mean of all syllables with this name in the song. A syllable without change counts as
    a guess. In a recording, each syllable has a different name, so repetitions of a syllable compete.
    """
    names = [name for name, _, _ in song.syllables]
    known, shown = (_pictures(rows, song) for rows in (song.bands, bands))
    kinds = list(dict.fromkeys(names))
    templates = np.stack([known[[name == kind for name in names]].mean(0) for kind in kinds])
    templates /= np.maximum(np.linalg.norm(templates, axis=1, keepdims=True), 1e-12)
    like = shown @ templates.T
    right = [kinds[row.argmax()] == name for row, name in zip(like, names, strict=True)]
    return float(np.where(np.ptp(like, axis=1) > 1e-9, right, 1 / len(kinds)).mean())


def _pictures(bands: np.ndarray, song: Song) -> np.ndarray:
    """Return each syllable as a row of equal length, minus the song's mean spectrum."""
    rows, frames = bands - song.bands.mean(0), np.arange(len(bands)) / song.rate
    return np.stack(
        [
            replay.at(np.linspace(start, min(stop, frames[-1]), _FRAMES), frames, rows).ravel()
            for _, start, stop in song.syllables
        ]
    )


def nulls(song: Song, orders: int = 20) -> dict[str, dict[str, float]]:
    """Return the scores of two nulls: a song's mean spectrum, and its frames in random order (mean over orders)."""
    rng = np.random.default_rng(0)
    shuffled = [scores(song.bands[rng.permutation(len(song.bands))], song) for _ in range(orders)]
    return {
        "mean spectrum": scores(np.tile(song.bands.mean(0), (len(song.bands), 1)), song),
        "frames in random order": {what: float(np.mean([each[what] for each in shuffled])) for what in shuffled[0]},
    }
