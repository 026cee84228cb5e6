"""How long a word a short queue of spikes can hold: recall against delay, length and traces, and the memory it takes.

What a machine carries from step to step is counted beside what backpropagation through time would keep.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from snnlab.engine.brian import Engine
from snnlab.files.record import attribute
from snnlab.lab.claims import Check, Finding
from snnlab.lab.grouping import by_condition
from snnlab.networks.boltzmann import CONTROLS as CONTROLS
from snnlab.protocols.boltzmann import dybm_science
from snnlab.protocols.boltzmann.dybm_science import MISSED, RECALLED

FIGURE = "dybm_queue"
LENGTH = "steps of the sequence for each of the longest delay"
CONTEXT = "steps of the past that tell every next one"
CARRIED = "memory carried from step to step (bytes)"
UNROLLED = "memory of backpropagation through one period (bytes)"
SPIKES_ONLY = "the same if traces are computed again from stored spikes (bytes)"
LEFT = "bits missed when shown, of those missed before learning (share)"
# Our criterion for every machine; taught in another order, it is above.
MOST = 0.5
_FLOAT = 8


@dataclass(frozen=True)
class Config(dybm_science.Config):
    """Settings of the run."""


def decay_rates(count: int) -> tuple[float, ...]:
    """Return so many decay rates as the published three are spaced: k/(count + 1)."""
    return tuple(k / (count + 1) for k in range(1, count + 1))


QUICK = {"sequence": "SUN", "periods": 20_000}
# Nine steps of delay, the whole word and three traces are the default.
DELAYS = {f"delays to {d}": {"longest_delay": d} for d in range(1, 13) if d != 9}
LENGTHS = {word: {"sequence": word} for word in ("S", "SC", "SCI", "SCIE", "SCIEN", "SCIENC")}
SYNAPTIC = {f"K = {k}": {"lam": decay_rates(k)} for k in (1, 2, 4, 5)}
NEURAL = {f"L = {count}": {"mu": decay_rates(count)} for count in (1, 2, 4, 5)}
VARIANTS = {"default": {}} | DELAYS | LENGTHS | SYNAPTIC | NEURAL


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


def run(config: Config, engine: Engine) -> xr.Dataset:
    """Train a machine until it recalls the sequence; see :func:`snnlab.networks.boltzmann.memory.memorise`."""
    return dybm_science.run(config, engine, ())


def measure(dataset: xr.Dataset) -> dict[str, float]:
    """Return how well the sequence is known in the end, how long it is beside the queue, and the memory it took."""
    (steps, n), traces = dataset.sequence.shape, (dataset.sizes["k"], dataset.sizes["l"])
    whole = unrolled(n, *traces, steps)
    return dybm_science.measure(dataset) | {
        LEFT: float(dataset.missed.values[-1] / max(dataset.missed.values[0], 1)),
        LENGTH: steps / int(dataset.delay.max()),
        CONTEXT: float(context(dataset.sequence.values)),
        CARRIED: carried(dataset.delay.values, *traces).bytes,
        UNROLLED: whole.bytes,
        SPIKES_ONLY: whole.bits / 8,
    }


def checks(dataset: xr.Dataset) -> list[Check]:
    """Return what holds for every machine whose sequence is longer than its queue: it learns most of what comes next.

    Shorter ones are not judged: the five columns of an S in another order are often the same sequence.
    """
    measured = measure(dataset)
    if measured[LENGTH] <= 1:
        return []
    return [Check(LEFT, measured[LEFT], 0.0, MOST, "our criterion")]


def comparisons(datasets: list[xr.Dataset]) -> list[Finding]:
    """For each setting how many machines recall all and what is missed, beside the control; then over all settings."""
    rows, recalled = [], []
    for conditions in by_condition(datasets):
        runs = conditions.get("default", [])
        if len(runs) < 3:
            continue
        name, measured = label(attribute(runs[0], "config")), [measure(run) for run in runs]
        broken = [measure(run) for run in conditions.get("shuffled_teacher", [])]
        missed = np.mean([dybm_science.first_share(run, "missed") for run in runs])
        nulls = {RECALLED: "0: untrained", MISSED: f"{missed:.2f}: untrained"}
        if broken:
            nulls = {what: f"{np.mean([m[what] for m in broken]):.2f}: taught in another order" for what in nulls}
        what = f"{name}: share of machines that recall all"
        rows.append(Finding.share(what, [m[RECALLED] for m in measured], nulls[RECALLED]))
        rows.append(Finding.over_seeds(f"{name}: {MISSED}", [m[MISSED] for m in measured], nulls[MISSED]))
        recalled += [run for run in runs if measure(run)[RECALLED]]
    return rows + (_of_all(recalled) if recalled else [])


def _of_all(recalled: list[xr.Dataset]) -> list[Finding]:
    """What is true of machines of all settings that recall all: how long their sequences are, and their memory."""
    measured = [measure(run) for run in recalled]
    factors = [m[LENGTH] for m in measured]
    deep = [m[CONTEXT] > int(run.delay.max()) for m, run in zip(measured, recalled, strict=True)]
    share = [m[CARRIED] / m[UNROLLED] for m in measured]
    alone = np.mean([m[SPIKES_ONLY] / m[UNROLLED] for m in measured])
    who = "machines that recall all"
    longer = f"{who}: share whose sequence is longer than their longest delay (up to {max(factors):.3g} times)"
    return [
        Finding.share(longer, [factor > 1 for factor in factors], "0: no more than a queue holds"),
        # What the queue has let go of only traces can tell.
        Finding.share(f"{who}: share that needs more of the past than the longest delay", deep, "0: the queue alone"),
        Finding.over_seeds(
            f"{who}: bytes carried, of those of backpropagation through one period",
            share,
            f"1: as much; {alone:.2g}: traces computed again from spikes",
        ),
    ]


def label(config: dict) -> str:
    """Return what a setting is called."""
    traces = f"K = {len(config['lam'])}, L = {len(config['mu'])}"
    return f"{config['sequence']}, delays to {config['longest_delay']}, {traces}"
