"""What claims about dynamic Boltzmann machines share: settings, measures of recall, findings, counts of memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import xarray as xr

from snnlab.files.record import attribute
from snnlab.lab.claims import Check, Finding
from snnlab.lab.grouping import by_condition
from snnlab.networks.boltzmann import BoltzmannConfig, TurnsConfig
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
_FLOAT = 8


@dataclass(frozen=True)
class SequenceConfig(BoltzmannConfig):
    """Settings of a machine that memorises one sequence."""

    sequence: str = "SCIENCE"
    """a word, evolution, music, or a file: text of 0 and 1 or . and #, or a PNG"""
    periods: int = 300_000
    """stop after so many, if the sequence is not recalled before"""

    def identity(self) -> dict:
        """Return what the settings stand for: the sequence."""
        self.rule()
        sequence = sequence_from(self.sequence)
        return {"sequence": ["".join(map(str, row)) for row in sequence.tolist()]}


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


def compare_recall(datasets: list[xr.Dataset], published: str) -> list[Finding]:
    """The share of machines that recall their sequence in time, and after how many periods; beside the control."""
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
        rows.append(Finding.share(what, [m[RECALLED] for m in measured], nulls[RECALLED]))
        for what in (WRONG, MISSED):
            rows.append(Finding.over_seeds(f"{name}: {what}", [m[what] for m in measured], nulls[what]))
        # A machine that did not recall all counts with the longest time that it had.
        times = [m.get(AFTER_PERIODS, float(config["periods"])) for m in measured]
        what = f"{name}: {AFTER_PERIODS}, at most {config['periods']:,}"
        rows.append(Finding.over_seeds(what, times, f"{config['periods']:,}: never", published))
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
