"""What claims about dynamic Boltzmann machines share: settings, measures of recall, findings, counts of memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import xarray as xr

from snnlab.engine.settings import Cost
from snnlab.files.record import attribute
from snnlab.lab.claims import Beside, Check, Finding, Published, per_seed
from snnlab.lab.grouping import by_condition
from snnlab.networks.boltzmann import BoltzmannConfig, TurnsConfig, boltzmann_cost, boltzmann_models
from snnlab.stimuli.pictures.bitmaps import mirrored, sequence_from

# This is our criterion for every machine that memorises one sequence.
FEW = 0.1
MISSED = "bits less likely than not, when shown (share)"
WRONG = "wrong bits of the recall (share)"
RECALLED = "recalled at the end (1: yes)"
AFTER_PERIODS = "periods up to the first whole recall"
CONTEXT = "steps of the past that tell every next one"
# A finding over seeds needs so many runs of a setting.
LEAST_RUNS = 3
# What a share of machines is compared with where the source shows that one machine does something.
MOST: Beside = {"bar": (0.5, 1.0), "bar_from": "our round criterion: more machines than not"}
PAPER = "Osogami & Otsuka 2015, doi:10.1038/srep14149"
_READ = "The body of the paper could not be read: the claim is known from notes and slides about it."
_FLOAT = 8


@dataclass(frozen=True)
class SequenceConfig(BoltzmannConfig):
    """Settings of a machine that memorises one sequence."""

    sequence: str = "SCIENCE"
    """a word, evolution, music, or a file: text of 0 and 1 or . and #, or a PNG"""
    periods: int = 300_000
    """stop after so many, if the sequence is not recalled before"""


def sequence_models(config: SequenceConfig) -> dict:
    """Return what the names in a settled Config stand for: the sequence."""
    return boltzmann_models(sequence_from(config.sequence))


def sequence_cost(config: SequenceConfig) -> Cost:
    """Return what a run takes at most."""
    return boltzmann_cost(config, sequence_from(config.sequence))


def sequence_and_mirror_image(config: TurnsConfig) -> list[np.ndarray]:
    """Return the sequence that a Config names, and its mirror image."""
    sequence = sequence_from(config.sequence)
    return [sequence, mirrored(sequence)]


def by_setting(datasets: list[xr.Dataset]) -> Iterator[tuple[dict, list[xr.Dataset], list[xr.Dataset]]]:
    """Yield the Config of each setting with at least three runs, these runs, and those taught in another order."""
    for conditions in by_condition(datasets):
        runs = conditions.get("default", [])
        if len(runs) >= LEAST_RUNS:
            yield attribute(runs[0], "config"), runs, conditions.get("shuffled_teacher", [])


def measure_recall(dataset: xr.Dataset) -> dict[str, float]:
    """Return how well a machine that memorises one sequence knows it in the end."""
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


def check_recall(dataset: xr.Dataset) -> list[Check]:
    """Return what holds for every machine: it learns. Whether it recalls all in time is a finding over machines."""
    return [Check(MISSED, measure_recall(dataset)[MISSED], 0.0, FEW, "our criterion")]


def of_the_paper(
    kind: Literal["number", "direction", "existence"],
    claimed: str,
    measure: str,
    value: float | tuple[float, float] | None = None,
    unit: str = "1",
    *,
    locator: str,
    note: str = "",
) -> Published:
    """Return a claim of the paper; our settings are those of the authors' program."""
    note = f"{_READ} The number of the figure is not known to us. {note}".rstrip()
    return Published(PAPER, locator, kind, claimed, value, unit, measure, "authors' program", "secondary", note)


def of_one_machine(sequence: str, periods: float | tuple[float, float], within: str) -> tuple[Published, Published]:
    """Return what the paper shows of one machine: that it recalls a sequence, and after how many ``periods``."""
    where = f"figure of what the machine recalls of {sequence} as it learns"
    one = "It shows one machine, so there is no spread."
    return (
        of_the_paper("existence", f"A machine recalls {sequence}.", "recall of one period", locator=where, note=one),
        of_the_paper(
            "number",
            f"One machine first recalls {sequence} {within} periods of training.",
            "periods of training up to the first whole recall",
            periods,
            "periods",
            locator=where,
            note=one,
        ),
    )


def compare_recall(datasets: list[xr.Dataset], published: tuple[Published, Published]) -> list[Finding]:
    """The share of machines that recall their sequence in time, and after how many periods; beside the control."""
    recalls, after = published
    rows = []
    for config, runs, shuffled in by_setting(datasets):
        name = f"{config['sequence']}, {config['variant']}"
        measured, broken = list(map(measure_recall, runs)), list(map(measure_recall, shuffled))
        nulls = {RECALLED: "0: untrained"}
        for what, at_first in ((WRONG, "wrong"), (MISSED, "missed")):
            nulls[what] = f"{np.mean([first_share(run, at_first) for run in runs]):.2f}: untrained"
        for what in nulls if broken else ():
            nulls[what] += f"; {np.mean([m[what] for m in broken]):.2f}: taught in another order"
        what = f"{name}: share of machines that recall all within {config['periods']:,} periods"
        rows.append(
            Finding.share(what, per_seed(runs, [m[RECALLED] for m in measured]), nulls[RECALLED], recalls, **MOST)
        )
        for what in (WRONG, MISSED):
            values = per_seed(runs, [m[what] for m in measured])
            rows.append(Finding.over_seeds(f"{name}: {what}", values, nulls[what]))
        # A machine that did not recall all counts with the longest time that it had.
        times = [m.get(AFTER_PERIODS, float(config["periods"])) for m in measured]
        what = f"{name}: {AFTER_PERIODS}, at most {config['periods']:,}"
        rows.append(Finding.over_seeds(what, per_seed(runs, times), f"{config['periods']:,}: never", after))
    return rows


def first_share(dataset: xr.Dataset, name: str) -> float:
    """Return the share of bits ``wrong``, or ``missed``, of the untrained machine."""
    return float(dataset[name].values[0] / dataset.sequence.size)


@dataclass(frozen=True)
class Memory:
    """Numbers that learning needs."""

    bits: int
    """spikes, 1 bit each"""
    floats: int
    """traces, 8 bytes each"""

    @property
    def bytes(self) -> float:
        """What they take."""
        return self.bits / 8 + _FLOAT * self.floats


def carried(delays: np.ndarray, synaptic: int, neural: int) -> Memory:
    """Return what a machine carries from one step to the next to learn, however long the sequence is.

    A neuron's queue holds the spikes that are under way on its slowest axon: the largest of its ``delays``, shape
    (n, n) [pre, post], less 1. Each pair has K ``synaptic`` traces alpha, each neuron L ``neural`` traces gamma; beta
    is computed from the queue. Parameters, and the sums of squares of AdaGrad, count neither here nor in
    :func:`unrolled`.
    """
    n = len(delays)
    return Memory(int((np.max(delays, axis=1) - 1).sum()), n * n * synaptic + n * neural)


def unrolled(n: int, synaptic: int, neural: int, steps: int) -> Memory:
    """Return what backpropagation through time keeps to go back through so many steps of the same synapses.

    Assumed: traces are the hidden state, and the state of every step is kept, n spikes, n n K traces alpha and n L
    traces gamma; nothing is cut off or computed again. As traces depend on spikes alone, whoever computes them again
    keeps no more than the ``bits`` of this, the spikes.
    """
    return Memory(steps * n, steps * (n * n * synaptic + n * neural))


def context(sequence: np.ndarray) -> int:
    """Return how many steps of a periodic sequence, shape (steps, n), one must see to tell every next one."""
    rows, count = [row.tobytes() for row in np.ascontiguousarray(sequence)], len(sequence)
    for lags in range(count):
        follows = {}
        # A past that was followed by something else says too little.
        pairs = ((tuple(rows[(t - lag) % count] for lag in range(1, lags + 1)), rows[t]) for t in range(count))
        if all(follows.setdefault(past, row) == row for past, row in pairs):
            return lags
    return count
