"""Birdsong as a teacher with one component for each frequency band: recordings, and gestures of a synthetic song.

:mod:`snnlab.networks.song.organ` sings the gestures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ...equality import EqualArrays
from ...stimuli.signals.trajectory import repeated
from ...stimuli.sounds.labels import read_labels
from ...stimuli.sounds.sound import HIGH, LOW, bands_of, read_wav, wav_seconds

# A syllable is louder than this share of the range from quiet to loud moments, for at least this time (s). Pauses
# shorter than the third number (s) do not end it.
LOUD, SHORTEST_SYLLABLE, SHORTEST_PAUSE = 0.05, 0.02, 0.01

Syllable = tuple[str, float, float]
"""name, start and stop in s"""


@dataclass(frozen=True)
class Gesture:
    """The gesture of the vocal organ for one syllable. Contours have equal intervals and smooth interpolation."""

    seconds: float
    pitch: tuple[float, ...]
    """contour of the fundamental frequency (Hz)"""
    loudness: tuple[float, ...]
    """contour of the loudness, with a maximum of 1"""
    trill: float = 0.0
    """frequency of the pitch modulation (Hz)"""
    depth: float = 0.0
    """amplitude of the pitch modulation (octaves)"""
    rough: float = 0.0
    """jitter of the loudness, from 0 to 1"""


SYLLABLES = {
    "note": Gesture(0.06, (3200, 3800, 3400), (0.3, 0.5, 0.3)),
    "stack": Gesture(0.12, (560, 620, 600), (0.6, 1, 0.8)),
    "down": Gesture(0.08, (7000, 5200, 4400, 4000), (0.3, 0.6, 0.7, 0.5)),
    "rattle": Gesture(0.13, (6400, 7200, 6800), (0.8, 1, 0.9, 0.7), rough=1),
    "whistle": Gesture(0.07, (6200, 6400, 6100), (0.4, 0.6, 0.4)),
    "up": Gesture(0.09, (900, 1100, 1700, 2600), (0.8, 0.8, 0.7, 0.5)),
    "trill": Gesture(0.12, (2500, 2800), (0.6, 0.7, 0.6), trill=42, depth=0.4),
    "call": Gesture(0.2, (780, 900, 880, 860, 700), (0.7, 1, 1, 0.9, 0.6)),
}
"""The syllables of the synthetic song, which all differ from one another."""

INTRODUCTION = (("note", 0.09),) * 3
MOTIF = (
    ("stack", 0.03),
    ("down", 0.03),
    ("rattle", 0.04),
    ("whistle", 0.03),
    ("up", 0.03),
    ("trill", 0.04),
    ("call", 0.07),
)
"""Order of the syllables, with the pause (s) after each."""
SYNTHETIC_SECONDS = 5.0


def places() -> tuple[Syllable, ...]:
    """Return the syllables of the synthetic song with their times: introductory notes, then four motifs."""
    at, found = 0.1, []
    for name, pause in INTRODUCTION + 4 * MOTIF:
        stop = at + SYLLABLES[name].seconds
        found.append((name, round(at, 6), round(stop, 6)))
        at = stop + pause
    return tuple(found)


@dataclass(frozen=True, eq=False)
class Song(EqualArrays):
    """Frequency bands of a periodic song. As a teacher, it has a component for each band, linear between frames."""

    bands: np.ndarray
    """(frames, bands), values from 0 to 1"""
    rate: float
    """frames per second"""
    syllables: tuple[Syllable, ...] = ()
    """name, start and stop (s) of each syllable"""

    @property
    def period(self) -> float:
        """Length of the song (s)."""
        return len(self.bands) / self.rate

    def __call__(self, t: np.ndarray) -> np.ndarray:
        """Return all bands at times t (s), shape (T, bands). Frame f is at time f/rate."""
        return repeated(t, self.bands, self.rate)


def song_from(
    spec: str,
    m: int = 45,
    seconds: float | None = None,
    low: float = LOW,
    high: float = HIGH,
    labels: str | None = None,
) -> Song:
    """Return the recorded song that ``spec`` names.

    Parameters
    ----------
    spec : str
        ``bengalese`` (`snnlab data get bengalese`) or a WAV file. The synthetic song is
        :func:`snnlab.networks.song.organ.synthetic_song`.
    m, low, high :
        Number of bands, and their frequency range in Hz.
    seconds : float
        Length that is used from the start. None means the whole recording.
    labels : str
        A file of labels that a person gave to the syllables of the whole recording; see
        :func:`snnlab.stimuli.sounds.labels.read_labels`. None means that they are detected in the sound.

    Raises
    ------
    UserError
        As in :func:`read_wav` and ``read_labels``.
    """
    path = Path(spec)
    if spec == "bengalese":
        from ...files.data import get

        path = get("bengalese")
    sound, rate = read_wav(path, seconds, high)
    if labels is None:
        return song_of(sound, rate, None, m, low, high)
    whole = len(sound) / rate if seconds is None else wav_seconds(path)
    song = song_of(sound, rate, read_labels(labels, whole), m, low, high)
    kept = [(name, start, min(stop, song.period)) for name, start, stop in song.syllables]
    return replace(song, syllables=tuple(each for each in kept if each[2] - each[1] >= SHORTEST_PAUSE))


def song_of(
    sound: np.ndarray,
    rate: int,
    syllables: Sequence[Syllable] | None = None,
    m: int = 45,
    low: float = LOW,
    high: float = HIGH,
) -> Song:
    """Return the song of a sound, cut to a multiple of 10 ms. Without ``syllables``, they are detected in the sound."""
    hundredths = int(len(sound) / rate * 100 + 1e-6)
    bands, frames = bands_of(sound[: round(hundredths * rate / 100)], rate, m, low, high)
    found = segments(bands, frames) if syllables is None else syllables
    # The last frame may end up to 3 ms after the sound.
    return Song(bands, len(bands) / (hundredths / 100), tuple(found))


def segments(bands: np.ndarray, frame_rate: float) -> tuple[Syllable, ...]:
    """Return the syllables of a song, numbered from 1, as the times when its :func:`loudness` is above a threshold.

    The threshold is at 5 % of the range from quiet moments (10th percentile) to loud moments (99th percentile). Pauses
    shorter than 10 ms and sounds shorter than 20 ms do not count.
    """
    heard = loudness(bands)
    quiet, loud = np.percentile(heard, (10, 99))
    above = np.concatenate([[False], heard > quiet + LOUD * (loud - quiet), [False]])
    starts, stops = np.flatnonzero(np.diff(above.astype(int)) == 1), np.flatnonzero(np.diff(above.astype(int)) == -1)
    apart = (starts[1:] - stops[:-1]) / frame_rate >= SHORTEST_PAUSE
    starts, stops = starts[np.r_[True, apart][: len(starts)]], stops[np.r_[apart, True][: len(stops)]]
    long = (stops - starts) / frame_rate >= SHORTEST_SYLLABLE
    times = zip(starts[long] / frame_rate, stops[long] / frame_rate, strict=True)
    return tuple((str(number), float(start), float(stop)) for number, (start, stop) in enumerate(times, start=1))


def loudness(bands: np.ndarray) -> np.ndarray:
    """Return the sum over bands, shape (frames,)."""
    return bands.sum(axis=1)
