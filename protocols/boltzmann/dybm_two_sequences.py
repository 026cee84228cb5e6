"""Seven neurons learn SCIENCE and its mirror image in turns and recall each from a cue (Osogami & Otsuka 2015)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from snnlab.engine.brian import Engine
from snnlab.lab.claims import Check, Finding, per_seed
from snnlab.networks.boltzmann import (
    PUBLISHED_BLOCKS,
    SHUFFLED_TEACHER,
    TurnsConfig,
    take_turns,
)
from snnlab.protocols.boltzmann._shared import (
    LEAST_RUNS,
    MISSED,
    MOST,
    by_setting,
    of_the_paper,
)

FIGURE = "osogami2015_two_sequences"
CONTROLS = SHUFFLED_TEACHER
QUICK = {"sequence": "evolution", "cue": 30, "periods": 20_000}
BLOCKS, BOTH = "blocks", "both sequences recalled from their cues at the end (1: yes)"
FIRST, LATE = "periods of the first two blocks", "periods of a block, mean of the last tenth"
# This is our criterion. It is larger than for one sequence, because learning one sequence erases part of the other.
FEW = 0.25
_WHERE = "figure of two sequences that are recalled from cues"
PUBLISHED = of_the_paper(
    "number",
    f"One machine knows both sequences after {PUBLISHED_BLOCKS:,} iterations, 223 minutes.",
    "blocks until a block needs no training; the paper calls them iterations",
    PUBLISHED_BLOCKS,
    "blocks",
    locator=_WHERE,
    note="It shows one machine, so there is no spread.",
)
KNOWS_BOTH = of_the_paper(
    "existence", "A machine recalls SCIENCE and its mirror image from cues.", "recall from each cue", locator=_WHERE
)


@dataclass(frozen=True)
class Config(TurnsConfig):
    """Settings of the run."""


def run(config: Config, engine: Engine) -> xr.Dataset:
    """Train a machine on both sequences in turns; see :func:`snnlab.networks.boltzmann.take_turns`."""
    return take_turns(config, config.sequences(), engine)


def ended(dataset: xr.Dataset) -> bool:
    """Tell whether training ended because a block needed no period."""
    needed = dataset.block_periods.values
    return len(needed) > 1 and needed[-1] == 0


def checks(dataset: xr.Dataset) -> list[Check]:
    """Return the check that every machine must pass: it learns both sequences. The time is a finding over machines."""
    return [Check(MISSED, measure(dataset)[MISSED], 0.0, FEW, "our criterion")]


def measure(dataset: xr.Dataset) -> dict[str, float]:
    """Return the length of training, and how well the machine recalls both sequences at the end."""
    needed = dataset.block_periods.values
    values = {
        BLOCKS: float(len(needed)),
        "periods of training": float(dataset.age[-1]),
        "a block needed no training (1: yes)": float(ended(dataset)),
        BOTH: float((dataset.wrong[-1] == 0).all()),
        MISSED: float(dataset.missed[-1].sum() / dataset.sequence.size),
        "CPU time (min)": float(dataset.cpu[-1] / 60),
        "wall time (min)": float(dataset.wall[-1] / 60),
    }
    if len(needed) >= 2:
        values[FIRST] = float(needed[:2].sum())
        values[LATE] = float(needed[-max(1, len(needed) // 10) :].mean())
    return values


def comparisons(datasets: list[xr.Dataset]) -> list[Finding]:
    """Compare with the control: blocks, periods of early and late blocks, and recall at the end."""
    rows = []
    for config, runs, shuffled in by_setting(datasets):
        measured = [measure(run) for run in runs]
        name = f"{config['sequence']} and its mirror image, {config['periods']:,} periods"
        broken = [measure(run)[MISSED] for run in shuffled]
        beside = f"{np.mean(broken):.2f}: taught in another order" if broken else "0.5: untrained"
        rows.append(Finding.over_seeds(f"{name}: {MISSED}", per_seed(runs, [m[MISSED] for m in measured]), beside))
        done = [ended(run) for run in runs]
        rows.append(
            Finding.share(
                f"{name}: share of machines of which a block needed no training", per_seed(runs, done), "0: untrained"
            )
        )
        # The published number belongs to a machine that completed its training.
        published = PUBLISHED if all(done) else "none"
        values = per_seed(runs, [m[BLOCKS] for m in measured])
        rows.append(Finding.over_seeds(f"{name}: {BLOCKS} by then", values, "0", published))
        both = per_seed(runs, [m[BOTH] for m in measured])
        rows.append(Finding.share(f"{name}: {BOTH}", both, "0: untrained", KNOWS_BOTH, **MOST))
        twice = [m for m in measured if LATE in m]
        if len(twice) >= LEAST_RUNS:
            fall = [m[LATE] / (m[FIRST] / 2) for m in twice]
            what = f"{name}: {LATE} / mean of the first two ({len(twice)} machines with two blocks)"
            rows.append(Finding.over_seeds(what, fall, "1: nothing is kept", against=1))
    return rows
