"""Seven neurons memorise the word SCIENCE through STDP: a dynamic Boltzmann machine (Osogami & Otsuka 2015)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from snnlab.engine.brian import Engine
from snnlab.files.record import attribute
from snnlab.lab.claims import Check, Finding
from snnlab.lab.grouping import by_condition
from snnlab.networks.boltzmann import CONTROLS as CONTROLS
from snnlab.networks.boltzmann import BoltzmannConfig, memorise
from snnlab.stimuli.pictures.bitmaps import sequence_from

FIGURE = "osogami2015_science"
# Of the paper's figure; the last was the first with the whole word.
CHECKPOINTS = (0, 10, 1_000, 10_000, 100_000, 120_000, 130_000)
PUBLISHED = "120,000 to 130,000 periods (one machine)"
# Our criterion for every machine.
FEW = 0.1
MISSED = "bits less likely than not, when shown (share)"
WRONG = "wrong bits of the recall (share)"
RECALLED = "recalled at the end (1: yes)"
AFTER_PERIODS = "periods up to the first whole recall"


@dataclass(frozen=True)
class Config(BoltzmannConfig):
    """Settings of the run."""

    sequence: str = "SCIENCE"
    """a word, evolution, music, or a file: text of 0 and 1 or . and #, or a PNG"""
    periods: int = 300_000
    """stop after so many, if the sequence is not recalled before"""

    def identity(self) -> dict:
        """Return what the settings stand for: the sequence."""
        self.rule()
        sequence = sequence_from(self.sequence)
        return {"sequence": ["".join(map(str, row)) for row in sequence.tolist()]}


QUICK = {"sequence": "SUN", "periods": 20_000}


def run(config: Config, engine: Engine, checkpoints: tuple[int, ...] = CHECKPOINTS) -> xr.Dataset:
    """Train a machine until it recalls the sequence; see :func:`snnlab.networks.boltzmann.memory.memorise`."""
    return memorise(config, sequence_from(config.sequence), config.periods, checkpoints, engine)


def measure(dataset: xr.Dataset) -> dict[str, float]:
    """Return how well the sequence is known in the end."""
    nll, periods, bits = dataset.nll.values, dataset.period.values, dataset.sequence.size
    values = {
        RECALLED: float(dataset.wrong.values[-1] == 0),
        "periods of training": float(periods[-1]),
        WRONG: float(dataset.wrong.values[-1] / bits),
        MISSED: float(dataset.missed.values[-1] / bits),
        "negative log likelihood at the end (nats a bit; chance 0.693)": float(nll[-1] / bits),
    }
    if values[RECALLED]:
        values[AFTER_PERIODS] = float(periods[-1])
    return values


def checks(dataset: xr.Dataset) -> list[Check]:
    """Return what holds for every machine: it learns. Whether it recalls all in time is a finding over machines."""
    return [Check(MISSED, measure(dataset)[MISSED], 0.0, FEW, "our criterion")]


def comparisons(datasets: list[xr.Dataset], published: str = PUBLISHED) -> list[Finding]:
    """The share of machines that recall the sequence in time, and after how many periods; beside the control."""
    rows = []
    for conditions in by_condition(datasets):
        runs = conditions.pop("default", [])
        if len(runs) < 3:
            continue
        config = attribute(runs[0], "config")
        name = f"{config['sequence']}, {config['variant']}"
        measured = [measure(run) for run in runs]
        broken = [measure(run) for run in conditions.get("shuffled_teacher", [])]
        nulls = {RECALLED: "0: untrained"}
        for what, at_first in ((WRONG, "wrong"), (MISSED, "missed")):
            nulls[what] = f"{np.mean([first_share(run, at_first) for run in runs]):.2f}: untrained"
        for what in nulls if broken else ():
            nulls[what] += f"; {np.mean([m[what] for m in broken]):.2f}: taught in another order"
        what = f"{name}: share of machines that recall all within {config['periods']:,} periods"
        rows.append(Finding.share(what, [m[RECALLED] for m in measured], nulls[RECALLED]))
        for what in (WRONG, MISSED):
            rows.append(Finding.over_seeds(f"{name}: {what}", [m[what] for m in measured], nulls[what]))
        # Of machines that did not, the longest time that can be said.
        times = [m.get(AFTER_PERIODS, float(config["periods"])) for m in measured]
        what = f"{name}: {AFTER_PERIODS}, at most {config['periods']:,}"
        rows.append(Finding.over_seeds(what, times, f"{config['periods']:,}: never", published))
    return rows


def first_share(dataset: xr.Dataset, name: str) -> float:
    """Return the share of bits ``wrong``, or ``missed``, of the untrained machine."""
    return float(dataset[name].values[0] / dataset.sequence.size)
