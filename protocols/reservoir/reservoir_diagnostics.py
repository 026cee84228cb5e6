"""Chaos, saturation and weight changes of a reservoir that learns by Hebb's rule or STLR."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from snnlab.engine.brian import Engine
from snnlab.files.describe import describe
from snnlab.lab.claims import Check, Finding, per_seed
from snnlab.networks.reservoir import (
    ReservoirConfig,
    leading_eigenvalues,
    measure_dynamics,
    rebuild_reservoir,
    train_epochs,
)
from snnlab.protocols.reservoir import _shared
from snnlab.protocols.reservoir._shared import FALL, accuracy, group_by_rule
from snnlab.stimuli.pictures.images import load_images

FIGURE = "reservoir_diagnostics"
QUICK = _shared.QUICK
VARIANTS = {"hebb": {}, "stlr": {"plasticity": "stlr"}}
MODES, IMAGES = 10, 1000
ALONE, DRIVEN = "largest Lyapunov exponent on its own (1/step)", "largest Lyapunov exponent with input (1/step)"
SETTLED, SATURATION = "share of runs that come to rest on their own", "rates beyond 0.99 (%)"
NAMES = {
    "lyapunov_driven": ("largest Lyapunov exponent with input", "1/step"),
    "lyapunov_alone": ("largest Lyapunov exponent without input", "1/step"),
    "settled": ("1 if the reservoir comes to rest without input, 0 if not", "1"),
    "eigenvalue_real": ("real part of the largest eigenvalues of the recurrent weights", "1"),
    "eigenvalue_imag": ("imaginary part of the largest eigenvalues of the recurrent weights", "1"),
}
CHANGE, RADIUS = "|W - W0|/|W0|", "spectral radius"


@dataclass(frozen=True)
class Config(ReservoirConfig):
    """Settings of the run."""

    plasticity: str = "hebb"
    """learning rule of the recurrent weights: {rate rules}, or path/to/rule.py:NAME"""


def run(config: Config, engine: Engine) -> xr.Dataset:
    """Train as in reservoir_mnist, and analyse the weights of every epoch."""
    dataset = train_epochs(config, engine)
    _, test = load_images(config.images)
    sequences, found = test.sequences(np.arange(min(IMAGES, len(test.labels)))), []
    modes = []
    for epoch in dataset.epoch.values:
        reservoir = rebuild_reservoir(dataset, epoch, config.leak, config.form)
        # Every epoch has the same images and the same perturbations.
        found.append(measure_dynamics(reservoir, sequences, engine.rng("dynamics")))
        modes.append(leading_eigenvalues(reservoir, MODES))
    for name in found[0]:
        dataset[name] = ("epoch", "start"), np.array([row[name] for row in found])
    dataset["eigenvalue_real"] = ("epoch", "mode"), np.real(modes)
    dataset["eigenvalue_imag"] = ("epoch", "mode"), np.imag(modes)
    return describe(dataset, NAMES)


def measure(dataset: xr.Dataset) -> dict[str, float]:
    """Return accuracies and the state of the reservoir at the end."""
    last = accuracy(dataset, str(dataset.readout.values[0]))
    return {"accuracy, before learning (%)": float(last[0]), "in the end (%)": float(last[-1])} | inside(dataset, -1)


def inside(dataset: xr.Dataset, epoch: int) -> dict[str, float]:
    """Return measures of the reservoir after an epoch."""
    at = dataset.isel(epoch=epoch)
    return {
        ALONE: float(at.lyapunov_alone.mean()),
        DRIVEN: float(at.lyapunov_driven.mean()),
        SETTLED: float(at.settled.mean()),
        SATURATION: 100 * float(at.saturation),
        RADIUS: float(at.radius),
        CHANGE: float(at.change),
    }


def checks(dataset: xr.Dataset) -> list[Check]:
    """Return the check that theory gives before learning: below a spectral radius of 1, the rest state is stable.

    Whether the reservoir reaches rest in the given time depends on the leak, too.
    """
    before = inside(dataset, 0)
    if before[RADIUS] >= 1:
        return []
    return [Check(f"{ALONE}, before learning", before[ALONE], -np.inf, 0.0, "theory: the rest state is stable")]


def comparisons(datasets: list[xr.Dataset]) -> list[Finding]:
    """Return chaos, saturation and weight change when accuracy has first fallen, or at the end if it has not."""
    rows = []
    for rules in group_by_rule(datasets):
        for name, runs in rules.items():
            if len(runs) < 3:
                continue
            epochs = [find_fall(run) for run in runs]
            fell = [epoch is not None for epoch in epochs]
            rows.append(
                Finding.share(
                    f"{name}: share of runs that fall by {FALL:g} points", per_seed(runs, fell), "0: no learning"
                )
            )
            found = [inside(run, -1 if e is None else e) for run, e in zip(runs, epochs, strict=True)]
            before = [inside(run, 0) for run in runs]
            where = "when accuracy has first fallen, or at the end"
            for what in (ALONE, DRIVEN, SETTLED, SATURATION, RADIUS, CHANGE):
                null = f"{np.mean([b[what] for b in before]):.3g}: before learning"
                values = per_seed(runs, [f[what] for f in found])
                rows.append(Finding.over_seeds(f"{name}, {where}: {what}", values, null))
            chaotic = [f[DRIVEN] > 0 for f in found]
            rows.append(Finding.share(f"{name}, {where}: share chaotic with input", per_seed(runs, chaotic), "0: not"))
    return rows


def find_fall(dataset: xr.Dataset) -> int | None:
    """Return the first epoch at which the readout of the last state has lost FALL points; None if it never has."""
    values = accuracy(dataset, str(dataset.readout.values[0]))
    fallen = values <= values[0] - FALL
    return int(fallen.argmax()) if fallen.any() else None
