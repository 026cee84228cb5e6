"""Training of a network on a song, and reading of the sung songs from a run.

The song is periodic. Pulses tell the network the time in the song; see :mod:`snnlab.networks.replay.train`.
"""

from __future__ import annotations

import numpy as np
import xarray as xr

from ...engine.brian import Engine
from ...errors import UserError
from ...files.describe import Names, describe
from ..replay import moments as replay
from ..replay import train_with_hdts
from .config import SongConfig, first_song
from .song import Song

NAMES: Names = {
    "syllable": ("name of the syllable", None),
    "syllable_start": ("start of the syllable in the song", "s"),
    "syllable_stop": ("end of the syllable in the song", "s"),
    "sung": ("bands that are decoded in each song after learning", "1"),
    "lag": ("delay at which the decoded song is read", "s"),
    "song_start": ("start of the last song, whose spikes are kept", "s"),
}


def train_song(config: SongConfig, song: Song, engine: Engine) -> xr.Dataset:
    """Train a network of a settled Config on a song, then let it sing freely.

    Returns the Dataset of :func:`snnlab.train_force`, but instead of output and teacher it has ``song`` (frame, band)
    and ``sung`` (pass, frame, band), the decoded bands in each song after learning. They are read with a delay of
    ``lag`` s because of the output's filter. The delay is the best one up to 60 ms and is the same for all songs.
    Spikes and membrane potentials are kept for the last song only.
    """
    if config.seconds is None:
        raise UserError("seconds: expected a number (in a settled Config), got None")
    dataset = train_with_hdts(config, song, song.period, engine)
    first = first_song(config, song)
    count = int((config.seconds - replay.LATEST - first) / song.period + 1e-9)
    sung, lag = decoded_songs(dataset, song, first + song.period * np.arange(count))
    start = first + song.period * (count - 1)
    when = dataset.spike_time.values
    kept = (when >= start) & (when < start + song.period)
    time = dataset.time.values
    shown = (time >= start) & (time < start + song.period)
    found = (
        dataset.drop_vars(["output", "teacher"])
        .isel(spike=kept, time=shown)
        .assign(
            song=song_variable(song),
            syllable=("syllable", [name for name, _, _ in song.syllables]),
            syllable_start=("syllable", [start for _, start, _ in song.syllables]),
            syllable_stop=("syllable", [stop for _, _, stop in song.syllables]),
            sung=(("pass", "frame", "band"), sung.astype(np.float32)),
            lag=((), lag),
            song_start=((), start),
        )
    )
    return describe(found, NAMES)


def decoded_songs(dataset: xr.Dataset, song: Song, starts: np.ndarray) -> tuple[np.ndarray, float]:
    """Return the decoded bands of songs that start at these times (s), shape (songs, frames, bands), and the delay."""
    time, output = dataset.time.values, np.asarray(dataset.output)[:, : song.bands.shape[1]]
    frames = np.arange(len(song.bands)) / song.rate
    rows, lag = replay.delayed([start + frames for start in starts], time, output, song.bands, song.bands.mean(0))
    return np.stack(rows), lag


def song_variable(song: Song) -> tuple:
    """Return a song as a variable of a run; :func:`stored_song` reads it."""
    labels = {"long_name": "bands of the song that is taught", "units": "1", "frames_per_second": song.rate}
    return ("frame", "band"), song.bands.astype(np.float32), labels


def stored_song(dataset: xr.Dataset) -> Song:
    """Return the song of a run."""
    names, starts, stops = (dataset[name].values.tolist() for name in ("syllable", "syllable_start", "syllable_stop"))
    rate = float(dataset.song.attrs["frames_per_second"])
    return Song(dataset.song.values.astype(float), rate, tuple(zip(names, starts, stops, strict=True)))
