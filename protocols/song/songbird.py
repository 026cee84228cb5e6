"""A spiking network sings when pulses in a fixed order drive it, as HVC drives RA (Nicola & Clopath 2017, figure 4)."""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xarray as xr

from snnlab.checking import require_positive
from snnlab.engine.brian import Engine
from snnlab.errors import UserError
from snnlab.files import record
from snnlab.files.record import attribute
from snnlab.lab.claims import Check, Finding
from snnlab.lab.grouping import by_condition, of_controls
from snnlab.networks.force import completed
from snnlab.networks.replay import CONTROLS as CONTROLS
from snnlab.networks.replay import HdtsConfig, hdts_identity, train_with_hdts
from snnlab.networks.replay import moments as replay
from snnlab.networks.song import SYNTHETIC_SECONDS, Song, song_from, synthetic_song
from snnlab.networks.song import scores as song_scores
from snnlab.stimuli.sounds.sound import sound_from, wav_bytes

FIGURE = "nicola2017_fig4"
INF = float("inf")
# Length of a published pulse (s).
WIDTH = 10e-3
_log = logging.getLogger("snnlab")
# Of the authors' script (ModelDB 190565), in the units of ForceConfig; other neurons keep what their file states.
# LIF and set B: our choice, as for the movie; set B makes pulses of its own.
SETTINGS = {
    "izhikevich_c": {"g": 1.3e4, "q": 1e3, "alpha": 2, "rls_interval": 4.0, "q_hdts": 8e3},
    "lif": {"q_hdts": 80.0},
    "izhikevich_b": {"g": 1e4, "q": 4e2, "alpha": 2, "rls_interval": 4.0, "q_hdts": 8e3},
}
# Pulses of its own: fewer and longer ones, more neurons, more time, and the paper's RLS gain.
INTERNAL = {"hdts": "internal", "neuron": "izhikevich_b", "n": 3000, "pulses": 50, "rls_gain": "exact"}
INTERNAL |= {"learn_stop": 150.0}
VARIANTS = {"external pulses": {}, "internal pulses": INTERNAL}
FREE_SECONDS = 50.0
# Our criteria.
BANDS = {song_scores.CORRELATION: 0.7, song_scores.LOUDNESS: 0.9, song_scores.IDENTITY: 0.8}


@dataclass(frozen=True)
class SongConfig(HdtsConfig):
    """Settings of a network that learns a song; None means: SETTINGS for this neuron, else what the neuron states."""

    neuron: str = "izhikevich_c"
    """izhikevich_c (published), lif, theta, ..., or path/to/file.py:NAME"""
    n: int = 1000
    """number of neurons"""
    pulses: int = 500
    """number of pulses in the song, of 10 ms each in the default one of 5 s"""
    song: str = "synthetic"
    """synthetic (a model of syrinx and vocal tract), bengalese (snnlab data get bengalese), or a WAV file"""
    song_seconds: float | None = None
    """what is taken of a recording (s); None: all"""
    bands: int = 45
    """bands of the spectrogram"""
    low: float = 500.0
    """where the lowest band begins (Hz)"""
    high: float = 10000.0
    """where the highest band ends (Hz)"""
    learn_start: float = 1.0
    """start of the learning window (s)"""
    learn_stop: float = 50.0
    """end of the learning window (s)"""
    seconds: float | None = None
    """length of the run (s); None: as long as the protocol needs"""
    record_interval: float | None = 2.0
    """time between two recorded samples (ms), a multiple of dt"""


@dataclass(frozen=True)
class Config(SongConfig):
    """Settings of the run; None means: SETTINGS of this protocol for this neuron, else what the neuron states."""

    def identity(self) -> dict:
        """Return what the settings stand for: see :meth:`ForceConfig.identity`; the song, too."""
        return song_identity(settled(self))


QUICK = {"n": 400, "learn_stop": 11.0, "seconds": 23.0}
QUICK_VARIANTS = {"internal pulses": {name: QUICK[name] for name in ("n", "learn_stop")}}


def taught(config: SongConfig) -> Song:
    """Return the song that a Config names.

    Raises
    ------
    UserError
        If it cannot be had, or has no syllables or no pauses to tell apart.
    """
    if config.song == "synthetic":
        if config.song_seconds is not None:
            raise UserError(
                f"song_seconds: expected a recording, which it cuts; the synthetic song has {SYNTHETIC_SECONDS:g} s"
            )
        return synthetic_song(config.bands, config.low, config.high)
    song = song_from(config.song, config.bands, config.song_seconds, config.low, config.high)
    loud = song_scores.sounding(song.syllables, len(song.bands), song.rate) if song.syllables else np.zeros(1, bool)
    if not loud.any() or loud.all():
        raise UserError(f"song: {Path(config.song).name}: expected syllables with pauses between, found no change")
    return song


def first_song(config: SongConfig, song: Song) -> float:
    """Return when the first whole song after learning begins (s), in step with the teacher."""
    return float(np.ceil((config.learn_stop + 0.5) / song.period - 1e-9) * song.period)


def completed_song(config: SongConfig, song: Song, songs: int, seconds: float) -> SongConfig:
    """Return the Config with every field that is left open filled in; the run has this length unless one is given.

    Raises
    ------
    UserError
        If it ends before so many songs after learning do, or they are not recorded.
    """
    config = completed(config, seconds=round(seconds, 3), **SETTINGS.get(config.neuron, {}))
    first = first_song(config, song)
    least = first + songs * song.period + replay.LATEST
    if not config.seconds >= least:
        which = "the first song ends" if songs == 1 else f"{songs} songs end"
        raise UserError(f"seconds: expected at least {least:g} s, where {which}, got {config.seconds:g}")
    if config.record_start > first:
        raise UserError(f"record_start: expected at most {first:g} s, when a song begins, got {config.record_start:g}")
    return config


def song_identity(config: SongConfig) -> dict:
    """Return :func:`hdts_identity` of a settled Config with the song."""
    song = taught(config)
    content = np.round(song.bands, 2).astype(np.float32).tobytes() + repr(song.syllables).encode()
    digest = hashlib.sha256(content).hexdigest()[:16]
    return hdts_identity(config) | {"song": digest}


def settled(config: Config) -> Config:
    """Return the Config with every field that is left open filled in."""
    require_positive(config, "pulses", "bands", "learn_stop")
    song = taught(config)
    seconds = max(config.learn_stop + FREE_SECONDS, first_song(config, song) + song.period + 0.1)
    return completed_song(config, song, 1, seconds)


def run(config: Config, engine: Engine) -> xr.Dataset:
    """Train the network and let it sing on.

    Returns what :func:`snnlab.train_force` does, but in place of output and teacher ``song`` (frame, band) and
    ``sung`` (pass, frame, band): what was decoded in each song after learning, ``lag`` s late; the output's filter is
    late, and one delay up to 60 ms, the one that fits best, holds for all. Spikes and voltages are those of the last.
    """
    config = settled(config)
    song = taught(config)
    width = song.period / config.pulses
    if config.hdts == "external" and not WIDTH / 2 <= width <= 2 * WIDTH:
        advice = f"for {WIDTH * 1e3:g} ms, as published, give --pulses {round(song.period / WIDTH)}"
        _log.info("songbird: %d pulses of %.1f ms; %s", config.pulses, width * 1e3, advice)
    dataset = train_with_hdts(config, song, song.period, engine)
    first = first_song(config, song)
    count = int((config.seconds - replay.LATEST - first) / song.period + 1e-9)
    sung, lag = decoded(dataset, song, first + song.period * np.arange(count))
    start = first + song.period * (count - 1)
    when = dataset.spike_time.values
    kept = (when >= start) & (when < start + song.period)
    time = dataset.time.values
    shown = (time >= start) & (time < start + song.period)
    seconds = {"units": "s"}
    return (
        dataset.drop_vars(["output", "teacher"])
        .isel(spike=kept, time=shown)
        .assign(
            song=(("frame", "band"), song.bands.astype(np.float32), {"frames_per_second": song.rate}),
            syllable=("syllable", [name for name, _, _ in song.syllables]),
            syllable_start=("syllable", [start for _, start, _ in song.syllables], seconds),
            syllable_stop=("syllable", [stop for _, _, stop in song.syllables], seconds),
            sung=(("pass", "frame", "band"), sung.astype(np.float32), {"units": "1"}),
            lag=((), lag, seconds),
            song_start=((), start, seconds),
        )
    )


def decoded(dataset: xr.Dataset, song: Song, starts: np.ndarray) -> tuple[np.ndarray, float]:
    """Return what was decoded in songs that start at these times (s), shape (songs, frames, bands), and its delay."""
    time, output = dataset.time.values, np.asarray(dataset.output)[:, : song.bands.shape[1]]
    frames = np.arange(len(song.bands)) / song.rate
    rows, lag = replay.delayed([start + frames for start in starts], time, output, song.bands, song.bands.mean(0))
    return np.stack(rows), lag


def stored(dataset: xr.Dataset) -> Song:
    """Return the song of a run."""
    names, starts, stops = (dataset[name].values.tolist() for name in ("syllable", "syllable_start", "syllable_stop"))
    rate = float(dataset.song.attrs["frames_per_second"])
    return Song(dataset.song.values.astype(float), rate, tuple(zip(names, starts, stops, strict=True)))


def measure(dataset: xr.Dataset) -> dict[str, float]:
    """Return how alike the song after learning is, as the mean over all songs; and its delay."""
    song = stored(dataset)
    each = [song_scores.scores(rows.astype(float), song) for rows in dataset.sung.values]
    return {what: float(np.mean([values[what] for values in each])) for what in each[0]} | {
        "delay of the song (s)": float(dataset.lag)
    }


def checks(dataset: xr.Dataset) -> list[Check]:
    """Return our criteria; the paper states no number that we could read."""
    measured = measure(dataset)
    return [Check(what, measured[what], low, INF, "our criterion") for what, low in BANDS.items()]


def comparisons(datasets: list[xr.Dataset]) -> list[Finding]:
    """Each measure over seeds, beside what is no song and the networks that are broken on purpose."""
    rows = []
    for conditions in by_condition(datasets, ("control", "pulse_order")):
        runs = conditions.get("default", [])
        if len(runs) < 3:
            continue
        config = attribute(runs[0], "config")
        name = f"{Path(config['song']).name} song, {config['hdts']} pulses ({runs[0].attrs['preset']})"
        null = song_scores.nulls(stored(runs[0])) | of_controls(conditions, measure)
        measured = [measure(run) for run in runs]
        for what in BANDS:
            beside = ", ".join(f"{kind} {values[what]:.2f}" for kind, values in null.items())
            rows.append(Finding.over_seeds(f"{name}: {what}", [values[what] for values in measured], beside))
    return rows


def export(dataset: xr.Dataset, stem: Path) -> list[Path]:
    """Write the song and what the network sings last as sound, both from their bands; returns what was written."""
    song, (low, high) = stored(dataset), (attribute(dataset, "config")[name] for name in ("low", "high"))
    written = []
    for name, bands in (("song", song.bands), ("network", dataset.sung.values[-1].astype(float))):
        path = stem.with_name(f"{stem.name}-{name}.wav")
        record.write_whole(path, wav_bytes(*sound_from(bands, song.rate, low, high)))
        written.append(path)
    return written
