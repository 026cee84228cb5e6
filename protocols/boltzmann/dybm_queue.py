"""How long a word a short spike queue can hold: recall against delays, word length and traces, and the memory used.

The memory that a machine carries from step to step is compared with the memory of backpropagation through time.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from snnlab.engine.brian import Engine
from snnlab.lab.claims import Check, Finding, per_seed
from snnlab.networks.boltzmann import SHUFFLED_TEACHER, SequenceConfig, memorise
from snnlab.protocols.boltzmann._shared import (
    CONTEXT,
    MISSED,
    RECALLED,
    by_setting,
    carried,
    context,
    first_share,
    measure_recall,
    unrolled,
)
from snnlab.stimuli.pictures.bitmaps import sequence_from

FIGURE = "dybm_queue"
CONTROLS = SHUFFLED_TEACHER
QUICK = {"sequence": "SUN", "periods": 20_000}
LENGTH = "steps of the sequence / longest delay"
CARRIED = "memory carried from step to step (bytes)"
UNROLLED = "memory of backpropagation through one period (bytes)"
SPIKES_ONLY = "memory of stored spikes from which traces are recomputed (bytes)"
LEFT = "bits missed when shown / bits missed before learning"
# This is our criterion for every machine. Machines with a shuffled teacher exceed it.
MOST = 0.5


def decay_rates(count: int) -> tuple[float, ...]:
    """Return ``count`` decay rates with the spacing of the three published rates: k/(count + 1)."""
    return tuple(k / (count + 1) for k in range(1, count + 1))


# The default has delays up to nine steps, the whole word and three traces.
DELAYS = {f"delays to {d}": {"longest_delay": d} for d in range(1, 13) if d != 9}
LENGTHS = {word: {"sequence": word} for word in ("S", "SC", "SCI", "SCIE", "SCIEN", "SCIENC")}
SYNAPTIC = {f"K = {k}": {"lam": decay_rates(k)} for k in (1, 2, 4, 5)}
NEURAL = {f"L = {count}": {"mu": decay_rates(count)} for count in (1, 2, 4, 5)}
VARIANTS = {"default": {}} | DELAYS | LENGTHS | SYNAPTIC | NEURAL


@dataclass(frozen=True)
class Config(SequenceConfig):
    """Settings of the run."""


def run(config: Config, engine: Engine) -> xr.Dataset:
    """Train a machine until it recalls the sequence; see :func:`snnlab.networks.boltzmann.memorise`."""
    return memorise(config, sequence_from(config.sequence), config.periods, (), engine)


def checks(dataset: xr.Dataset) -> list[Check]:
    """Return the check for machines whose sequence is longer than the queue: they predict most of the next bits.

    Shorter sequences have no check, because a shuffled S (five columns) is often the same sequence.
    """
    measured = measure(dataset)
    if measured[LENGTH] <= 1:
        return []
    return [Check(LEFT, measured[LEFT], 0.0, MOST, "our criterion")]


def measure(dataset: xr.Dataset) -> dict[str, float]:
    """Return the quality of recall, the length of the sequence relative to the queue, and the memory used."""
    (steps, n), traces = dataset.sequence.shape, (dataset.sizes["k"], dataset.sizes["l"])
    whole = unrolled(n, *traces, steps)
    return measure_recall(dataset) | {
        LEFT: float(dataset.missed.values[-1] / max(dataset.missed.values[0], 1)),
        LENGTH: steps / int(dataset.delay.max()),
        CONTEXT: float(context(dataset.sequence.values)),
        CARRIED: carried(dataset.delay.values, *traces).bytes,
        UNROLLED: whole.bytes,
        SPIKES_ONLY: whole.bits / 8,
    }


def comparisons(datasets: list[xr.Dataset]) -> list[Finding]:
    """Compare each setting with its control: machines that recall everything, and missed bits; then all settings."""
    rows, recalled = [], []
    for config, runs, shuffled in by_setting(datasets):
        name, measured, broken = label(config), list(map(measure, runs)), list(map(measure, shuffled))
        missed = np.mean([first_share(run, "missed") for run in runs])
        nulls = {RECALLED: "0: untrained", MISSED: f"{missed:.2f}: untrained"}
        if broken:
            nulls = {what: f"{np.mean([m[what] for m in broken]):.2f}: taught in another order" for what in nulls}
        what = f"{name}: share of machines that recall all"
        rows.append(Finding.share(what, per_seed(runs, [m[RECALLED] for m in measured]), nulls[RECALLED]))
        values = per_seed(runs, [m[MISSED] for m in measured])
        rows.append(Finding.over_seeds(f"{name}: {MISSED}", values, nulls[MISSED]))
        recalled += [run for run in runs if measure(run)[RECALLED]]
    return rows + (_of_all(recalled) if recalled else [])


def _of_all(recalled: list[xr.Dataset]) -> list[Finding]:
    """Return findings over the machines of all settings that recall everything: sequence length and memory."""
    measured = [measure(run) for run in recalled]
    factors = [m[LENGTH] for m in measured]
    deep = [m[CONTEXT] > int(run.delay.max()) for m, run in zip(measured, recalled, strict=True)]
    share = [m[CARRIED] / m[UNROLLED] for m in measured]
    alone = np.mean([m[SPIKES_ONLY] / m[UNROLLED] for m in measured])
    who = "machines that recall all"
    longer = f"{who}: share whose sequence is longer than their longest delay (up to {max(factors):.3g} times)"
    return [
        Finding.share(longer, [factor > 1 for factor in factors], "0: no more than a queue holds"),
        # Only traces hold information that has left the queue.
        Finding.share(f"{who}: share that needs more of the past than the longest delay", deep, "0: the queue alone"),
        Finding.over_seeds(
            f"{who}: bytes carried / bytes of backpropagation through one period",
            share,
            f"1: as much; {alone:.2g}: traces computed again from spikes",
            against=1,
        ),
    ]


def label(config: dict) -> str:
    """Return the name of a setting."""
    traces = f"K = {len(config['lam'])}, L = {len(config['mu'])}"
    return f"{config['sequence']}, delays to {config['longest_delay']}, {traces}"
