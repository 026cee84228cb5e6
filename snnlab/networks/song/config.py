"""The settings of a network that learns a song, their checks, and the song that they name.

The values of LIF neurons and of set B are our choice. Neurons of set C have the values of the authors' script.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, TypeVar

import numpy as np

from ...errors import UserError
from ..force import force_models
from ..replay import HdtsConfig, settle_pulses
from ..replay import moments as replay
from .organ import synthetic_song
from .scores import sounding
from .song import SYNTHETIC_SECONDS, Song, song_from

Settled = TypeVar("Settled", bound="SongConfig")
# These are values of the authors' script (ModelDB 190565), in the units of ForceConfig. Other neurons have the values
# of their file. The values of LIF and set B are our choice, as for the movie. Set B is for internal pulses.
SONG_SETTINGS = {
    "izhikevich_c": {"g": 1.3e4, "q": 1e3, "alpha": 2, "rls_interval": 4.0, "q_hdts": 8e3},
    "lif": {"q_hdts": 80.0},
    "izhikevich_b": {"g": 1e4, "q": 4e2, "alpha": 2, "rls_interval": 4.0, "q_hdts": 8e3},
}


@dataclass(frozen=True)
class SongConfig(HdtsConfig):
    """Settings of a network that learns a song.

    None means the value in SONG_SETTINGS for this neuron, or else the value in the neuron file.
    """

    ADDED: ClassVar = ("labels",)
    REST: ClassVar = ("bands", "low", "high", "q_hdts", "pulse_order", "parameters", "control", "record_interval")

    neuron: str = "izhikevich_c"
    """{neurons} (published: izhikevich_c), or path/to/file.py:NAME"""
    n: int = 1000
    """number of neurons"""
    pulses: int = 500
    """number of pulses in the song; by default, they last 10 ms each in a song of 5 s"""
    song: str = "synthetic"
    """synthetic (a model of syrinx and vocal tract), bengalese (snnlab data get bengalese), or a WAV file"""
    song_seconds: float | None = None
    """length that is used of a recording (s); None means the whole recording"""
    labels: str | None = None
    """text file with onset, offset (s) and label of each syllable of a recording, such as Audacity's; None means that
    syllables are detected in the loudness of the sound"""
    bands: int = 45
    """number of bands of the spectrogram"""
    low: float = 500.0
    """lower edge of the lowest band (Hz)"""
    high: float = 10000.0
    """upper edge of the highest band (Hz)"""
    learn_start: float = 1.0
    """start of the learning window (s)"""
    learn_stop: float = 50.0
    """end of the learning window (s)"""
    seconds: float | None = None
    """length of the run (s); None means the length that the protocol needs"""
    record_interval: float | None = 2.0
    """time between two recorded samples (ms), a multiple of dt"""

    def models(self) -> dict:
        """Return what the names in the settled Config stand for: see :func:`song_models`."""
        return song_models(self)


def taught_song(config: SongConfig) -> Song:
    """Return the song that a Config names.

    Raises
    ------
    UserError
        If the song is not available, or has no syllables or no pauses between them.
    """
    if config.song == "synthetic":
        if config.song_seconds is not None:
            raise UserError(
                f"song_seconds: expected None for the synthetic song, which has {SYNTHETIC_SECONDS:g} s, got "
                f"{config.song_seconds:g}"
            )
        if config.labels is not None:
            raise UserError(f"labels: expected None for the synthetic song, which has its own, got {config.labels!r}")
        return synthetic_song(config.bands, config.low, config.high)
    song = song_from(config.song, config.bands, config.song_seconds, config.low, config.high, config.labels)
    loud = sounding(song.syllables, len(song.bands), song.rate) if song.syllables else np.zeros(1, bool)
    if not loud.any() or loud.all():
        raise UserError(f"song: {Path(config.song).name}: expected syllables with pauses between them, got none")
    return song


def labelled_by(config: dict) -> str:
    """Return where the syllables of a song come from, against which a stored Config's runs are measured."""
    if config["song"] == "synthetic":
        return "syllables of the synthetic song"
    if config.get("labels"):
        return f"labels in {Path(config['labels']).name}"
    return "syllables cut from the loudness of the same recording"


def first_song(config: SongConfig, song: Song) -> float:
    """Return the start of the first whole song after learning (s), in phase with the teacher."""
    return float(np.ceil((config.learn_stop + 0.5) / song.period - 1e-9) * song.period)


def settle_song(config: Settled, song: Song, songs: int, seconds: float) -> Settled:
    """Return the Config with a value for every field that was None. By default, the run lasts ``seconds``.

    Raises
    ------
    UserError
        If the run ends before ``songs`` songs after learning, or if these songs are not recorded.
    """
    lasts = round(seconds, 3) if config.seconds is None else config.seconds
    first = first_song(config, song)
    least = first + songs * song.period + replay.LATEST
    if not lasts >= least:
        which = "the first song ends" if songs == 1 else f"{songs} songs end"
        raise UserError(f"seconds: expected at least {least:g} s, where {which}, got {lasts:g}")
    if config.record_start > first:
        raise UserError(f"record_start: expected at most {first:g} s, when a song begins, got {config.record_start:g}")
    return settle_pulses(config, seconds=lasts, **SONG_SETTINGS.get(config.neuron, {}))


def song_models(config: SongConfig) -> dict:
    """Return the data and models that a settled Config names: its models, and the song."""
    song = taught_song(config)
    content = np.round(song.bands, 2).astype(np.float32).tobytes() + repr(song.syllables).encode()
    digest = hashlib.sha256(content).hexdigest()[:16]
    return force_models(config) | {"song": digest}
