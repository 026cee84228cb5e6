"""Twelve neurons memorise the folk song "Ich bin ein Musikante" through STDP (Osogami & Otsuka 2015)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import xarray as xr

from snnlab.engine.brian import Engine
from snnlab.files import record
from snnlab.lab.claims import Finding
from snnlab.networks.boltzmann import CONTROLS as CONTROLS
from snnlab.protocols.boltzmann import dybm_science as science
from snnlab.protocols.boltzmann.dybm_science import checks as checks
from snnlab.protocols.boltzmann.dybm_science import measure as measure
from snnlab.stimuli.sounds.music import scale_wav

FIGURE = "osogami2015_music"
# Of the paper's figure; the last was the first with the whole song.
CHECKPOINTS = (0, 10, 1_000, 10_000, 100_000, 900_000)
PUBLISHED = "at most 900,000 periods (one machine)"


@dataclass(frozen=True)
class Config(science.Config):
    """Settings of the run."""

    sequence: str = "music"
    """a word, evolution, music, or a file: text of 0 and 1 or . and #, or a PNG; 12 rows are pitches, C4 to G5"""
    periods: int = 1_000_000
    """stop after so many, if the sequence is not recalled before"""


QUICK = {"periods": 20_000}


def run(config: Config, engine: Engine) -> xr.Dataset:
    """Train a machine until it recalls the song; see :func:`snnlab.networks.boltzmann.memory.memorise`."""
    return science.run(config, engine, CHECKPOINTS)


def comparisons(datasets: list[xr.Dataset]) -> list[Finding]:
    """The share of machines that recall the song, and after how many periods; beside the control."""
    return science.comparisons(datasets, PUBLISHED)


def export(dataset: xr.Dataset, stem: Path) -> list[Path]:
    """Write what the machine recalls in the end as sound, ``stem``.wav, two periods; returns what was written."""
    path = stem.with_suffix(".wav")
    record.write_whole(path, scale_wav(dataset.recalled.values[-1]))
    return [path]
