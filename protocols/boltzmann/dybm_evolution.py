"""Twenty neurons memorise four figures from ape to human through STDP (Osogami & Otsuka 2015)."""

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

FIGURE = "osogami2015_evolution"
CONTROLS = SHUFFLED_TEACHER
# A run at the published scale takes seconds. Its control takes longer, since its recall never succeeds in time.
QUICK = {"periods": 10_000}
# The paper's figure shows these periods. At the last one, the recall is complete.
CHECKPOINTS = (0, 10, 1_000, 2_000, 4_000, 5_000)
PUBLISHED = of_one_machine("the figures from ape to human", (4_000, 5_000), "after 4,000 to 5,000")


@dataclass(frozen=True)
class Config(SequenceConfig):
    """Settings of the run."""

    sequence: str = "evolution"
    """a word, evolution, music, or a file: text of 0 and 1 or . and #, or a picture"""
    periods: int = 20_000
    """largest number of training periods; training stops earlier when the sequence is recalled"""


def run(config: Config, engine: Engine) -> xr.Dataset:
    """Train a machine until it recalls the figures; see :func:`snnlab.networks.boltzmann.memorise`."""
    return memorise(config, sequence_from(config.sequence), config.periods, CHECKPOINTS, engine)


def checks(dataset: xr.Dataset) -> list[Check]:
    """Return the check that every machine must pass: it learns."""
    return check_recall(dataset)


def measure(dataset: xr.Dataset) -> dict[str, float]:
    """Return how well the machine recalls the figures at the end."""
    return measure_recall(dataset)


def comparisons(datasets: list[xr.Dataset]) -> list[Finding]:
    """Compare with the control: the share of machines that recall the figures, and the periods that they need."""
    return compare_recall(datasets, PUBLISHED)
