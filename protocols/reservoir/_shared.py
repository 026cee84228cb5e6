"""Parts that the protocols of learning reservoirs share: the reduced preset, controls, measures, groups of runs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr

from snnlab.files.record import attribute
from snnlab.lab.claims import Check
from snnlab.lab.grouping import settings

CONTROLS = {"shuffled_labels": {"control": "shuffled_labels"}}
# The images of 8 x 8 pixels are few and small. A larger learning rate gives the same change of weights per epoch.
QUICK = {"plasticity": "hebb", "images": "digits", "n": 100, "eta": 5e-3, "held_out": 200, "epochs": 4}
# With these rates, the random walk changes the weights in 5 epochs as much as the rules do.
RANDOM_WALK, QUICK_RANDOM_WALK = {"plasticity": "random_walk", "eta": 1e-3}, {"eta": 2e-2}
GAINED = "accuracy of snapshots, before learning, over that of pixels (points)"
# This is our criterion: accuracy falls if it decreases by this number of points.
FALL = 5.0


def measure_accuracies(dataset: xr.Dataset) -> dict[str, float]:
    """Return accuracies before and after learning (%), and the changes of the weights."""
    values = {"accuracy of pixels (%)": 100 * float(dataset.pixels)}
    for readout in dataset.readout.values:
        after = accuracy(dataset, readout)
        values[f"accuracy of {readout}, before learning (%)"] = float(after[0])
        if len(after) > 1:
            values[f"accuracy of {readout}, after epoch {len(after) - 1} (%)"] = float(after[-1])
    if dataset.sizes["epoch"] > 1:
        values |= {f"{name} at the end": float(dataset[name][-1]) for name in ("change", "radius", "saturation")}
    return values


def check_states(dataset: xr.Dataset) -> Check:
    """Return the check that before learning, a readout of states is more accurate than a readout of pixels."""
    gained = 100 * float(dataset.accuracy[0, -1] - dataset.pixels)
    return Check(GAINED, gained, 0.0, 100.0, "baseline: ridge readout of pixels, same images")


def accuracy(run: xr.Dataset, readout: str) -> np.ndarray:
    """Return the test accuracy after each epoch, in %."""
    return 100 * run.accuracy.sel(readout=readout).values


def accuracy_at(run: xr.Dataset, readout: str, scale: str, value: float) -> float:
    """Return the accuracy (%) when a run's ``scale``, change or radius, first reached a value; NaN if never."""
    along, accuracies = np.maximum.accumulate(run[scale].values), accuracy(run, readout)
    if not along[0] <= value <= along[-1]:
        return np.nan
    return float(np.interp(value, along, accuracies))


def group_by_rule(datasets: Sequence[xr.Dataset]) -> list[dict[str, list[xr.Dataset]]]:
    """Return the runs of each setting by rule, without controls. A rule with several learning rates names its rate."""
    runs = [run for run in datasets if run.attrs["condition"] == "default"]
    configs = [attribute(run, "config") for run in runs]
    rates: dict[str, set[float]] = {}
    for config in configs:
        rates.setdefault(config["plasticity"], set()).add(config["eta"])
    groups: dict[str, dict[str, list[xr.Dataset]]] = {}
    for run, config in zip(runs, configs, strict=True):
        rule = config["plasticity"]
        name = f"{rule}, eta {config['eta']:g}" if rule != "none" and len(rates[rule]) > 1 else rule
        groups.setdefault(settings(run, ("plasticity", "eta")), {}).setdefault(name, []).append(run)
    return list(groups.values())
