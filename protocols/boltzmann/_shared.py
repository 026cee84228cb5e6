"""Parts that the protocols of dynamic Boltzmann machines share: measures of recall, findings, memory use."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import xarray as xr

from snnlab.files.record import attribute
from snnlab.lab.claims import Beside, Check, Finding, Published, per_seed
from snnlab.lab.grouping import by_condition

# This is our criterion for every machine that memorises one sequence.
FEW = 0.1
MISSED = "bits less likely than not, when shown (share)"
WRONG = "wrong bits of the recall (share)"
RECALLED = "recalled at the end (1: yes)"
AFTER_PERIODS = "periods up to the first whole recall"
# Early enough that the change of a weight depends on the learning rate more than on what is left to learn.
EARLY = 10
CHANGE = f"change of u in the first {EARLY} periods (root mean square)"
CONTEXT = "steps of the past that tell every next one"
# A finding over seeds needs at least this number of runs of a setting.
LEAST_RUNS = 3
# The source shows one machine that recalls. The share of our machines that recall is compared with this bar.
MOST: Beside = {"bar": (0.5, 1.0), "bar_from": "our round criterion: more machines than not"}
PAPER = "Osogami & Otsuka 2015, doi:10.1038/srep14149"
_READ = "The body of the paper could not be read: the claim is known from notes and slides about it."
_FLOAT = 8


def by_setting(datasets: list[xr.Dataset]) -> Iterator[tuple[dict, list[xr.Dataset], list[xr.Dataset]]]:
    """Yield, for each setting with at least three runs, its Config, its runs, and its runs with a shuffled teacher."""
    for conditions in by_condition(datasets):
        runs = conditions.get("default", [])
        if len(runs) >= LEAST_RUNS:
            yield attribute(runs[0], "config"), runs, conditions.get("shuffled_teacher", [])


def measure_recall(dataset: xr.Dataset) -> dict[str, float]:
    """Return how well a machine recalls and predicts its sequence at the end, and how much it changes at the start."""
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
    if "checkpoint" in dataset.coords and EARLY in dataset.checkpoint:
        change = dataset.u.sel(checkpoint=EARLY).values - dataset.u.sel(checkpoint=0).values
        values[CHANGE] = float(np.sqrt(np.mean(change**2)))
    return values


def check_recall(dataset: xr.Dataset) -> list[Check]:
    """Return the check that every machine must pass: it learns. Recall in time is a finding over machines."""
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
    """Return a claim of the paper. Our settings are the settings of the authors' program."""
    note = f"{_READ} The number of the figure is not known to us. {note}".rstrip()
    return Published(PAPER, locator, kind, claimed, value, unit, measure, "authors' program", "secondary", note)


def of_one_machine(sequence: str, periods: float | tuple[float, float], within: str) -> tuple[Published, Published]:
    """Return two claims of the paper about one machine: it recalls a sequence, and it needs ``periods`` of training."""
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
    """Compare with the control: the share of machines that recall in time, and the periods that they need."""
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
            rows.append(Finding.over_seeds(f"{name}: {what}", values, nulls[what], within=(0, 1)))
        # A machine that did not recall everything counts with the largest number of periods allowed.
        times = [m.get(AFTER_PERIODS, float(config["periods"])) for m in measured]
        what = f"{name}: {AFTER_PERIODS}, at most {config['periods']:,}"
        rows.append(Finding.over_seeds(what, per_seed(runs, times), f"{config['periods']:,}: never", after))
    return rows


def first_share(dataset: xr.Dataset, name: str) -> float:
    """Return the share of bits that are ``wrong`` or ``missed`` in the untrained machine."""
    return float(dataset[name].values[0] / dataset.sequence.size)


@dataclass(frozen=True)
class Memory:
    """Number of values that must be stored for learning."""

    bits: int
    """spikes, 1 bit each"""
    floats: int
    """traces, 8 bytes each"""

    @property
    def bytes(self) -> float:
        """Memory that these values take."""
        return self.bits / 8 + _FLOAT * self.floats


def carried(delays: np.ndarray, synaptic: int, neural: int) -> Memory:
    """Return the memory that learning carries from one step to the next. It does not depend on the sequence's length.

    A neuron's queue holds the spikes under way on its slowest axon. Its length is the neuron's largest delay minus 1;
    ``delays`` has the shape (n, n) [pre, post]. Each pair has K ``synaptic`` traces alpha, and each neuron has L
    ``neural`` traces gamma. The traces beta are computed from the queue. Neither this function nor :func:`unrolled`
    counts parameters or AdaGrad's sums of squares.
    """
    n = len(delays)
    return Memory(int((np.max(delays, axis=1) - 1).sum()), n * n * synaptic + n * neural)


def unrolled(n: int, synaptic: int, neural: int, steps: int) -> Memory:
    """Return the memory that backpropagation through time needs for ``steps`` steps of the same synapses.

    We assume that traces are the hidden state and that the state of every step is stored: n spikes, n n K traces alpha
    and n L traces gamma. No step is truncated or recomputed. Traces depend on spikes alone, so a program that
    recomputes the traces stores only the spikes, which are the ``bits`` of the result.
    """
    return Memory(steps * n, steps * (n * n * synaptic + n * neural))


def context(sequence: np.ndarray) -> int:
    """Return how many past steps of a periodic sequence, shape (steps, n), determine every next step."""
    rows, count = [row.tobytes() for row in np.ascontiguousarray(sequence)], len(sequence)
    for lags in range(count):
        follows = {}
        # This number of lags is too small if the same past has two different next steps.
        pairs = ((tuple(rows[(t - lag) % count] for lag in range(1, lags + 1)), rows[t]) for t in range(count))
        if all(follows.setdefault(past, row) == row for past, row in pairs):
            return lags
    return count
