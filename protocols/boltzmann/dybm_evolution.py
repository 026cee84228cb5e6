"""Twenty neurons memorise four figures from ape to human through STDP (Osogami & Otsuka 2015)."""

from __future__ import annotations

from dataclasses import dataclass

import xarray as xr

from snnlab.engine.brian import Engine
from snnlab.lab.claims import Finding
from snnlab.networks.boltzmann import CONTROLS as CONTROLS
from snnlab.protocols.boltzmann import dybm_science as science
from snnlab.protocols.boltzmann.dybm_science import checks as checks
from snnlab.protocols.boltzmann.dybm_science import measure as measure

FIGURE = "osogami2015_evolution"
# Of the paper's figure; at the last one all is recalled.
CHECKPOINTS = (0, 10, 1_000, 2_000, 4_000, 5_000)
PUBLISHED = "4,000 to 5,000 periods (one machine)"


@dataclass(frozen=True)
class Config(science.Config):
    """Settings of the run."""

    sequence: str = "evolution"
    """a word, evolution, music, or a file: text of 0 and 1 or . and #, or a PNG"""
    periods: int = 20_000
    """stop after so many, if the sequence is not recalled before"""


# The published scale takes seconds; its control, which is not recalled in time, does not.
QUICK = {"periods": 10_000}


def run(config: Config, engine: Engine) -> xr.Dataset:
    """Train a machine until it recalls the figures; see :func:`snnlab.networks.boltzmann.memory.memorise`."""
    return science.run(config, engine, CHECKPOINTS)


def comparisons(datasets: list[xr.Dataset]) -> list[Finding]:
    """The share of machines that recall the figures, and after how many periods; beside the control."""
    return science.comparisons(datasets, PUBLISHED)
