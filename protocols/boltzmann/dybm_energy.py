"""Which energy term decides the recall: the bias, arrived spikes, spikes under way, or the neuron's own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import xarray as xr

from snnlab.engine.brian import Engine
from snnlab.files.describe import describe
from snnlab.lab.claims import Check, Finding, per_seed
from snnlab.networks.boltzmann import (
    SHUFFLED_TEACHER,
    TERMS,
    Machine,
    SequenceConfig,
    Traces,
    memorise,
    stored_machine,
)
from snnlab.protocols.boltzmann._shared import (
    FEW,
    LEAST_RUNS,
    MISSED,
    RECALLED,
    by_setting,
)
from snnlab.stimuli.pictures.bitmaps import sequence_from

FIGURE = "dybm_energy"
CONTROLS = SHUFFLED_TEACHER
QUICK = {"sequence": "SUN", "periods": 20_000}
NAMES = {
    "term": ("term of the energy", None),
    "manner": ("what stands in for a term that is left out", None),
    "state": ("state of the machine", None),
    "terms": ("terms of the energy while the machine recalls", "1"),
    "shown_terms": ("terms of the energy while the sequence is shown", "1"),
    "without": ("two periods that the machine recalls without a term", "1"),
}
# A term that is left out is replaced by one of these values.
MANNERS = {"zero": "0", "mean": "its mean over steps"}


@dataclass(frozen=True)
class Config(SequenceConfig):
    """Settings of the run."""


def run(config: Config, engine: Engine) -> xr.Dataset:
    """Train a machine as `dybm_science` does, let it recall two periods at temperature 0, and measure its energy.

    Returns the Dataset of :func:`snnlab.networks.boltzmann.memorise` with three more variables:

    - ``terms`` (replayed, term, neuron): the four terms of the energy during recall.
    - ``shown_terms`` (state, replayed, term, neuron): the terms while the ``trained`` or the ``untrained`` machine is
      shown the sequence from the same past.
    - ``without`` (manner, term, replayed, neuron): the recall when one term is replaced by ``zero`` or by the neuron's
      ``mean``.
    """
    sequence = sequence_from(config.sequence)
    dataset = memorise(config, sequence, config.periods, (0,), engine)
    machine, traces = stored_machine(dataset, config.rule())
    untrained = machine.with_parameters(**{name: dataset[name].values[0] for name in ("bias", "u", "v")})
    shown = np.concatenate([sequence, sequence])
    steps = len(shown)
    terms, _ = walk(machine, traces, steps)
    seen = np.stack([walk(each, traces, steps, shown)[0] for each in (machine, untrained)])
    without = np.empty((len(MANNERS), len(TERMS), *shown.shape), np.uint8)
    for manner, place in enumerate((np.zeros_like(seen[0].mean(0)), seen[0].mean(0))):
        for term in range(len(TERMS)):
            without[manner, term] = walk(machine, traces, steps, change=_replaced(term, place[term]))[1]
    found = dataset.assign_coords(term=("term", list(TERMS)), manner=("manner", list(MANNERS))).assign(
        terms=(("replayed", "term", "neuron"), terms),
        shown_terms=(("state", "replayed", "term", "neuron"), seen),
        state=("state", ["trained", "untrained"]),
        without=(("manner", "term", "replayed", "neuron"), without),
    )
    return describe(found, NAMES)


def walk(
    machine: Machine,
    traces: Traces,
    steps: int,
    shown: np.ndarray | None = None,
    change: Callable[[np.ndarray], np.ndarray] = lambda terms: terms,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the four terms at each step, shape (steps, 4, n), and the spikes at temperature 0, shape (steps, n).

    The traces follow these spikes or, if given, the sequence ``shown``. ``change`` gets the terms of a step and returns
    the terms that are used.
    """
    terms, decided = np.empty((steps, len(TERMS), machine.n)), np.empty((steps, machine.n), np.uint8)
    for step in range(steps):
        terms[step] = change(machine.terms(traces))
        decided[step] = terms[step].sum(0) < 0
        traces = machine.after(traces, decided[step] if shown is None else shown[step])
    return terms, decided


def _replaced(term: int, value: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    def change(terms: np.ndarray) -> np.ndarray:
        terms[term] = value
        return terms

    return change


def deciding(terms: np.ndarray) -> np.ndarray:
    """Return which term decides, shape (steps, n): the largest term that has the same sign as the energy."""
    return (terms * np.where(terms.sum(1, keepdims=True) < 0, -1, 1)).argmax(1)


def decided(terms: np.ndarray) -> np.ndarray:
    """Return the share of decisions that each term makes, shape (4,), from terms of shape (steps, 4, n)."""
    return np.array([(deciding(terms) == term).mean() for term in range(terms.shape[1])])


def flips(terms: np.ndarray, manner: str) -> np.ndarray:
    """Return the share of decisions that change when a term is replaced, shape (4,). The past stays the same."""
    place = terms.mean(0) if manner == "mean" else np.zeros_like(terms[0])
    energy = terms.sum(1, keepdims=True)
    return ((energy - terms + place < 0) != (energy < 0)).mean((0, 2))


def _rows(dataset: xr.Dataset, state: str = "trained") -> dict[str, float]:
    """Return the measures of each term. The untrained machine recalls nothing and has no measures of recall."""
    shown = dataset.shown_terms.sel(state=state).values
    wanted = np.tile(dataset.sequence.values, (2, 1))
    values = dict(zip((f"{term}: decides (share)" for term in TERMS), decided(shown), strict=True))
    for manner, place in MANNERS.items():
        changes = flips(shown, manner)
        wrong = (dataset.without.sel(manner=manner).values != wanted).mean((1, 2))
        for index, term in enumerate(TERMS):
            # A bias is constant, so its mean changes nothing.
            if (manner, term) != ("mean", "bias"):
                values[f"{term}, {place} instead: decisions that change (share)"] = changes[index]
                if state == "trained":
                    values[f"{term}, {place} instead: wrong bits of the recall (share)"] = wrong[index]
    return {what: float(value) for what, value in values.items()}


def checks(dataset: xr.Dataset) -> list[Check]:
    """Return the check that every machine must pass: it learns."""
    return [Check(MISSED, measure(dataset)[MISSED], 0.0, FEW, "our criterion")]


def measure(dataset: xr.Dataset) -> dict[str, float]:
    """Return the share of decisions of each term, and the effect of leaving it out."""
    missed = float(dataset.missed.values[-1] / dataset.sequence.size)
    return {RECALLED: float(dataset.wrong.values[-1] == 0), MISSED: missed} | _rows(dataset)


def comparisons(datasets: list[xr.Dataset]) -> list[Finding]:
    """Compare machines that recall everything with untrained machines and with the shuffled teacher."""
    rows = []
    for config, runs, shuffled in by_setting(datasets):
        succeeded = [bool(measure(run)[RECALLED]) for run in runs]
        recalled = [run for run, yes in zip(runs, succeeded, strict=True) if yes]
        name = config["sequence"]
        what = f"{name}: share of machines that recall all, to which the next rows apply"
        rows.append(Finding.share(what, per_seed(runs, succeeded), "0: untrained"))
        if len(recalled) < LEAST_RUNS:
            continue
        measured, untrained = [_rows(run) for run in recalled], [_rows(run, "untrained") for run in recalled]
        broken = [_rows(run) for run in shuffled]
        for what in measured[0]:
            nulls = [
                f"{np.mean([m[what] for m in untrained]):.2f} untrained" if what in untrained[0] else "0: with all"
            ]
            nulls += [f"{np.mean([m[what] for m in broken]):.2f} taught another order"] if broken else []
            values = per_seed(recalled, [m[what] for m in measured])
            rows.append(Finding.over_seeds(f"{name}: {what}", values, "; ".join(nulls)))
    return rows
