"""Twelve neurons memorise the folk song "Ich bin ein Musikante" through STDP (Osogami & Otsuka 2015)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import xarray as xr

from snnlab.engine.brian import Engine
from snnlab.files import record
from snnlab.lab.claims import Check, Finding
from snnlab.networks.boltzmann import SHUFFLED_TEACHER, SequenceConfig, memorise
from snnlab.protocols.boltzmann._shared import (
    check_recall,
    compare_recall,
    measure_recall,
    of_one_machine,
)
from snnlab.stimuli.pictures.bitmaps import sequence_from
from snnlab.stimuli.sounds.music import scale_wav

FIGURE = "osogami2015_music"
CONTROLS = SHUFFLED_TEACHER
QUICK = {"periods": 20_000}
# The paper's figure shows these periods. The last one is the first with the whole song.
CHECKPOINTS = (0, 10, 1_000, 10_000, 100_000, 900_000)
PUBLISHED = of_one_machine("the song", 900_000, "after at most 900,000")


@dataclass(frozen=True)
class Config(SequenceConfig):
    """Settings of the run."""

    sequence: str = "music"
    """a word, evolution, music, or a file: text of 0 and 1 or . and #, or a picture; 12 rows mean pitches C4 to G5"""
    periods: int = 1_000_000
    """largest number of training periods; training stops earlier when the sequence is recalled"""


def run(config: Config, engine: Engine) -> xr.Dataset:
    """Train a machine until it recalls the song; see :func:`snnlab.networks.boltzmann.memorise`."""
    return memorise(config, sequence_from(config.sequence), config.periods, CHECKPOINTS, engine)


def checks(dataset: xr.Dataset) -> list[Check]:
    """Return the check that every machine must pass: it learns."""
    return check_recall(dataset)


def measure(dataset: xr.Dataset) -> dict[str, float]:
    """Return how well the machine recalls the song at the end."""
    return measure_recall(dataset)


def comparisons(datasets: list[xr.Dataset]) -> list[Finding]:
    """Compare with the control: the share of machines that recall the song, and the periods that they need."""
    return compare_recall(datasets, PUBLISHED)


def export(dataset: xr.Dataset, stem: Path) -> list[Path]:
    """Write two recalled periods as sound to ``stem``.wav, and return the written files."""
    path = stem.with_suffix(".wav")
    record.write_whole(path, scale_wav(dataset.recalled.values[-1]))
    return [path]
