"""A reservoir whose recurrent weights learn by Hebb's rule, by STLR or not at all, read out on MNIST after each epoch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from snnlab.claims import Check, Finding
from snnlab.engine import Engine
from snnlab.networks.reservoir_training import ReservoirConfig, train_epochs
from snnlab.record import attribute

FIGURE = "reservoir_mnist"
CONTROLS = {"shuffled_labels": {"control": "shuffled_labels"}}
# As many changes, times their rate, as an epoch of all 60,000 images makes.
QUICK = {"images": "digits", "n": 100, "eta": 1.5e-3, "held_out": 200, "epochs": 4}
VARIANTS = {rule: {"plasticity": rule} for rule in ("none", "hebb", "stlr", "random_walk")}
VARIANTS["random_walk"] |= {"eta": 3e-4}
GAINED = "accuracy of four snapshots over that of pixels, before learning"


@dataclass(frozen=True)
class Config(ReservoirConfig):
    """Settings of the run."""


def run(config: Config, engine: Engine) -> xr.Dataset:
    """Train and read out; see :func:`snnlab.networks.reservoir_training.train_epochs`."""
    return train_epochs(config, engine)


def measure(dataset: xr.Dataset) -> dict[str, float]:
    """Return accuracies before and after learning, and how the weights have changed."""
    values = {"accuracy of pixels": float(dataset.pixels)}
    for readout in dataset.readout.values:
        accuracy = dataset.accuracy.sel(readout=readout).values
        values[f"accuracy of {readout}, before learning"] = float(accuracy[0])
        if len(accuracy) > 1:
            values[f"accuracy of {readout}, after {len(accuracy) - 1} epochs"] = float(accuracy[-1])
    if dataset.sizes["epoch"] > 1:
        values |= {f"{name} at the end": float(dataset[name][-1]) for name in ("change", "radius", "saturation")}
    return values


def checks(dataset: xr.Dataset) -> list[Check]:
    """Return what holds for every reservoir: before learning, its states tell more than the pixels do."""
    gained = float(dataset.accuracy[0, -1] - dataset.pixels)
    return [Check(GAINED, gained, 0.0, 1.0, "baseline: ridge readout of pixels, same images")]


def findings(datasets: list[xr.Dataset]) -> list[Finding]:
    """Rules against no learning: at the end, and where both have changed the weights as much."""
    rows = []
    return rows
