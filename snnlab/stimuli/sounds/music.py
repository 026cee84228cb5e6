"""Melodies as teacher signals, one component for each note, and decoded melodies as sound.

Reference: Nicola & Clopath 2017, doi:10.1038/s41467-017-01827-3, figure 3, and the authors' scripts, ModelDB 190565.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Melody:
    """A melody of notes of equal length; held notes last for two slots."""

    notes: tuple[int, ...]
    """index of the pitch that sounds in each slot"""
    held: tuple[int, ...]
    """slots whose note lasts for the next slot as well"""
    frequencies: tuple[float, ...]
    """the pitches in Hz"""
    slot: float = 0.25
    """length of a slot in s"""

    def __post_init__(self):
        if not set(self.held) <= set(range(len(self.notes) - 1)):
            raise ValueError(f"held: expected slots with a next one, 0 to {len(self.notes) - 2}, got {self.held}")

    @property
    def period(self) -> float:
        """Length of the melody in s."""
        return len(self.notes) * self.slot

    def slots(self, t: np.ndarray) -> np.ndarray:
        """Return the number of the slot, counted from 0 in each repetition, of each time t in s."""
        return (np.floor(np.asarray(t, float) / self.slot + 1e-9) % len(self.notes)).astype(int)

    def __call__(self, t: np.ndarray) -> np.ndarray:
        """Return the melody, repeated, at times t in s: shape (T, pitches).

        A note is half a sine of height 1 on the component of its pitch, over one slot or, if it is held, over two; all
        other components are 0.
        """
        t, slot = np.asarray(t, float), self.slots(t)
        first, length = np.arange(len(self.notes)), np.ones(len(self.notes))
        for i in self.held:
            first[i + 1], length[i : i + 2] = i, 2
        turns = (np.mod(t + 1e-9 * self.slot, self.period) / self.slot - first[slot]) / length[slot]
        values = np.zeros((t.size, len(self.frequencies)))
        values[np.arange(t.size), np.asarray(self.notes)[slot]] = np.sin(np.pi * np.clip(turns, 0, 1))
        return values

    def wav(self, components: np.ndarray, dt: float, rate: int = 8192) -> bytes:
        """Return components, shape (T, pitches), sampled every dt s, as the bytes of a WAV file.

        Each component is the loudness of its pitch; negative values are silent. The loudest moment has full scale.
        """
        # Imported here, because a teacher needs no signal processing.
        from .sound import wav_bytes

        times = np.arange(0, len(components) * dt, 1 / rate)
        samples = np.arange(len(components)) * dt
        sound = np.zeros(len(times))
        for component, frequency in zip(components.T, self.frequencies, strict=True):
            sound += np.interp(times, samples, np.maximum(component, 0)) * np.sin(2 * np.pi * frequency * times)
        return wav_bytes(sound, rate)


# C D E F G as in the scripts. Slots and pitches count from 0 here, and from 1 in the scripts.
_PITCHES = (261.0, 293.6, 329.6, 349.23, 392.0)
ODE_TO_JOY = Melody(tuple(int(c) - 1 for c in "3345543211233222"), (14,), _PITCHES)
_LINES = ("3345543211233222", "3345543211232111", "2231243124321255", "3345543211232111")
ODE_TO_JOY_LONG = Melody(tuple(int(c) - 1 for c in "".join(_LINES)), (14, 30, 46, 62), _PITCHES)

# Semitones of the degrees of a major scale above its first degree.
_SEMITONES = (0, 2, 4, 5, 7, 9, 11)


def scale_wav(beats: np.ndarray, slot: float = 0.25) -> bytes:
    """Return a binary sequence, shape (beats, pitches), as the bytes of a WAV file: column 0 is C4, then C major up.

    A note is half a sine of ``slot`` s.
    """
    degrees, samples = np.arange(beats.shape[1]), 50
    frequencies = _PITCHES[0] * 2 ** (degrees // 7 + np.array(_SEMITONES)[degrees % 7] / 12)
    envelope = np.sin(np.pi * (np.arange(samples) + 0.5) / samples)
    components = (beats[:, None] * envelope[:, None]).reshape(-1, beats.shape[1])
    return Melody((0,), (), tuple(frequencies.tolist())).wav(components, slot / samples)
