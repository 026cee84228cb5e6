"""A spiking network sings when pulses in a fixed order drive it, as HVC drives RA (Nicola & Clopath 2017, figure 4)."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xarray as xr

from snnlab.checking import require_positive
from snnlab.engine.brian import Engine
from snnlab.files import record
from snnlab.files.record import attribute
from snnlab.lab.claims import Check, Finding, Published, per_seed
from snnlab.lab.grouping import by_condition, of_controls
from snnlab.networks.replay import CONTROLS as CONTROLS
from snnlab.networks.song import (
    SongConfig,
    first_song,
    labelled_by,
    settle_song,
    stored_song,
    taught_song,
    train_song,
)
from snnlab.networks.song import scores as song_scores
from snnlab.protocols.song._shared import INTERNAL
from snnlab.stimuli.sounds.sound import sound_from, wav_bytes

FIGURE = "nicola2017_fig4"
INF = float("inf")
# This is the length of a published pulse (s).
WIDTH = 10e-3
_log = logging.getLogger("snnlab")
VARIANTS = {"external pulses": {}, "internal pulses": INTERNAL}
FREE_SECONDS = 50.0
SINGS = Published(
    source="Nicola & Clopath 2017, doi:10.1038/s41467-017-01827-3",
    locator="figure 4; script in ModelDB 190565, without the song",
    kind="existence",
    claimed="A network that pulses in a fixed order drive sings a learned song.",
    value=None,
    unit="1",
    measure="spectrogram beside the song's",
    basis="authors' program",
    text_read="code",
    note="The paper states no number that we could read, and its song is not public.",
)
# These are our criteria.
BANDS = {song_scores.CORRELATION: 0.7, song_scores.LOUDNESS: 0.9, song_scores.IDENTITY: 0.8}
OURS = {
    "bar": (BANDS[song_scores.CORRELATION], INF),
    "bar_from": "our criterion",
    "condition": "our song; the paper's is not public",
}


@dataclass(frozen=True)
class Config(SongConfig):
    """Settings of the run. None means the value in SONG_SETTINGS for this neuron, or else that of the neuron file."""


QUICK = {"n": 400, "learn_stop": 11.0, "seconds": 23.0}
QUICK_VARIANTS = {"internal pulses": {name: QUICK[name] for name in ("n", "learn_stop")}}


def settle(config: Config) -> Config:
    """Return the Config with a value for every field that was None."""
    require_positive(config, "pulses", "bands", "learn_stop")
    song = taught_song(config)
    seconds = max(config.learn_stop + FREE_SECONDS, first_song(config, song) + song.period + 0.1)
    return settle_song(config, song, 1, seconds)


def run(config: Config, engine: Engine) -> xr.Dataset:
    """Train the network, then let it sing freely. :func:`snnlab.networks.song.train_song` describes the Dataset."""
    song = taught_song(config)
    width = song.period / config.pulses
    if config.hdts == "external" and not WIDTH / 2 <= width <= 2 * WIDTH:
        advice = f"for {WIDTH * 1e3:g} ms, as published, give --pulses {round(song.period / WIDTH)}"
        _log.info("songbird: %d pulses of %.1f ms; %s", config.pulses, width * 1e3, advice)
    return train_song(config, song, engine)


def measure(dataset: xr.Dataset) -> dict[str, float]:
    """Return the similarity of the songs after learning to the taught song, as means over songs, and the delay."""
    song = stored_song(dataset)
    each = [song_scores.scores(rows.astype(float), song) for rows in dataset.sung.values]
    return {what: float(np.mean([values[what] for values in each])) for what in each[0]} | {
        "delay of the song (s)": float(dataset.lag)
    }


def checks(dataset: xr.Dataset) -> list[Check]:
    """Return our criteria as checks. We could not read a number in the paper."""
    measured, source = measure(dataset), "our criterion"
    against = f"{source}; against {labelled_by(attribute(dataset, 'config'))}"
    recorded = attribute(dataset, "config")["song"] != "synthetic"
    return [
        Check(what, measured[what], low, INF, against if recorded and what != song_scores.CORRELATION else source)
        for what, low in BANDS.items()
    ]


def comparisons(datasets: list[xr.Dataset]) -> list[Finding]:
    """Compare each measure over seeds with the nulls and the controls."""
    rows = []
    for conditions in by_condition(datasets, ("control", "pulse_order")):
        runs = conditions.get("default", [])
        if len(runs) < 3:
            continue
        config = attribute(runs[0], "config")
        name = f"{Path(config['song']).name} song, {config['hdts']} pulses ({runs[0].attrs['preset']})"
        name += "" if config["song"] == "synthetic" else f", against {labelled_by(config)}"
        null = song_scores.nulls(stored_song(runs[0])) | of_controls(conditions, measure)
        measured = [measure(run) for run in runs]
        for what in BANDS:
            beside = ", ".join(f"{kind} {values[what]:.2f}" for kind, values in null.items())
            values = per_seed(runs, [each[what] for each in measured])
            stated = what == song_scores.CORRELATION and config["hdts"] == "external"
            claim = {"published": SINGS, **OURS} if stated else {}
            rows.append(Finding.over_seeds(f"{name}: {what}", values, beside, **claim))
    return rows


def export(dataset: xr.Dataset, stem: Path) -> list[Path]:
    """Write the taught song and the last sung song as sound, both from their bands, and return the written files."""
    song, (low, high) = stored_song(dataset), (attribute(dataset, "config")[name] for name in ("low", "high"))
    written = []
    for name, bands in (("song", song.bands), ("network", dataset.sung.values[-1].astype(float))):
        path = stem.with_name(f"{stem.name}-{name}.wav")
        record.write_whole(path, wav_bytes(*sound_from(bands, song.rate, low, high)))
        written.append(path)
    return written
