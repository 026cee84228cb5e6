"""Seven neurons memorise the word SCIENCE through STDP: a dynamic Boltzmann machine (Osogami & Otsuka 2015)."""

from __future__ import annotations

from dataclasses import dataclass

import xarray as xr

from snnlab.engine.brian import Engine
from snnlab.lab.claims import Check, Finding
from snnlab.networks.boltzmann import SHUFFLED_TEACHER, SequenceConfig, memorise
from snnlab.protocols.boltzmann._shared import (
    check_recall,
    compare_recall,
    measure_recall,
    of_one_machine,
)
from snnlab.stimuli.pictures.bitmaps import sequence_from

FIGURE = "osogami2015_science"
CONTROLS = SHUFFLED_TEACHER
QUICK = {"sequence": "SUN", "periods": 20_000}
# The paper's figure shows these periods. The last one is the first with the whole word.
CHECKPOINTS = (0, 10, 1_000, 10_000, 100_000, 120_000, 130_000)
PUBLISHED = of_one_machine("the word SCIENCE", (120_000, 130_000), "after 120,000 to 130,000")


@dataclass(frozen=True)
class Config(SequenceConfig):
    """Settings of the run."""


def run(config: Config, engine: Engine) -> xr.Dataset:
    """Train a machine until it recalls the sequence; see :func:`snnlab.networks.boltzmann.memorise`."""
    return memorise(config, sequence_from(config.sequence), config.periods, CHECKPOINTS, engine)


def checks(dataset: xr.Dataset) -> list[Check]:
    """Return the check that every machine must pass: it learns."""
    return check_recall(dataset)


def measure(dataset: xr.Dataset) -> dict[str, float]:
    """Return how well the machine recalls the sequence at the end."""
    return measure_recall(dataset)


def comparisons(datasets: list[xr.Dataset]) -> list[Finding]:
    """Compare with the control: the share of machines that recall in time, and the periods that they need."""
    return compare_recall(datasets, PUBLISHED)
