"""A reservoir whose recurrent weights learn by Hebb's rule, by STLR or not at all, read out on MNIST every epoch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr

from snnlab.engine.brian import Engine
from snnlab.files.record import attribute
from snnlab.lab.claims import Check, Finding
from snnlab.lab.grouping import settings
from snnlab.networks.reservoir import ReservoirConfig, train_epochs

FIGURE = "reservoir_mnist"
CONTROLS = {"shuffled_labels": {"control": "shuffled_labels"}}
# The images of 8 x 8 pixels are few and small: a larger rate makes weights change as much in an epoch.
QUICK = {"plasticity": "hebb", "images": "digits", "n": 100, "eta": 5e-3, "held_out": 200, "epochs": 4}
# A walk of random steps comes as far in 5 epochs as rules do with the rate of the study.
VARIANTS = {rule: {"plasticity": rule} for rule in ("none", "hebb", "stlr")}
VARIANTS["random walk"] = {"plasticity": "random_walk", "eta": 1e-3}
# As many changes of the weights, each of one image's signal in place of a mean.
VARIANTS |= {
    f"{rule}, image by image": {"plasticity": rule, "batch": 1, "images_per_epoch": 60_000 // 64}
    for rule in ("hebb", "stlr")
}
# Twice as slow and three times as fast as the study.
VARIANTS |= {
    "hebb, slow": {"plasticity": "hebb", "eta": 5e-6, "epochs": 10},
    "hebb, fast": {"plasticity": "hebb", "eta": 3e-5, "epochs": 2},
}
QUICK_VARIANTS = {
    "random walk": {"eta": 2e-2},
    "hebb, slow": {"eta": 2.5e-3, "epochs": 8},
    "hebb, fast": {"eta": 1.5e-2},
}
GAINED = "accuracy of snapshots, before learning, over that of pixels (points)"
# Our criteria: a fall that nobody overlooks; what counts as the same.
FALL, SAME = 5.0, 1.0


@dataclass(frozen=True)
class Config(ReservoirConfig):
    """Settings of the run."""


def run(config: Config, engine: Engine) -> xr.Dataset:
    """Train and read out; see :func:`snnlab.networks.reservoir.train.train_epochs`."""
    return train_epochs(config, engine)


def measure(dataset: xr.Dataset) -> dict[str, float]:
    """Return accuracies before and after learning (%), and how the weights have changed."""
    values = {"accuracy of pixels (%)": 100 * float(dataset.pixels)}
    for readout in dataset.readout.values:
        after = accuracy(dataset, readout)
        values[f"accuracy of {readout}, before learning (%)"] = float(after[0])
        if len(after) > 1:
            values[f"accuracy of {readout}, after epoch {len(after) - 1} (%)"] = float(after[-1])
    if dataset.sizes["epoch"] > 1:
        values |= {f"{name} at the end": float(dataset[name][-1]) for name in ("change", "radius", "saturation")}
    return values


def checks(dataset: xr.Dataset) -> list[Check]:
    """Return what holds for every reservoir: before learning, its states tell more than the pixels do."""
    gained = 100 * float(dataset.accuracy[0, -1] - dataset.pixels)
    return [Check(GAINED, gained, 0.0, 100.0, "baseline: ridge readout of pixels, same images")]


def comparisons(datasets: list[xr.Dataset]) -> list[Finding]:
    """What learning has done to accuracy: in the end, and where all rules have changed the weights as much."""
    rows = []
    for rules in by_rule(datasets):
        rules = {name: runs for name, runs in rules.items() if len(runs) >= 3 and runs[0].sizes["epoch"] > 1}
        for readout in next(iter(rules.values()))[0].readout.values if rules else ():
            for name, runs in rules.items():
                batch = attribute(runs[0], "config")["batch"]
                name += "" if batch == Config.batch else f" in batches of {batch}"
                rows += _in_the_end(f"{name}, {readout}", [accuracy(run, readout) for run in runs], runs)
        for scale in ("change", "radius"):
            rows += _matched(rules, scale)
    return rows


def by_rule(datasets: Sequence[xr.Dataset]) -> list[dict[str, list[xr.Dataset]]]:
    """Return the runs of each setting by rule, without controls; a rule of several learning rates says which."""
    runs = [run for run in datasets if run.attrs["condition"] == "default"]
    configs = [attribute(run, "config") for run in runs]
    rates: dict[str, set[float]] = {}
    for config in configs:
        rates.setdefault(config["plasticity"], set()).add(config["eta"])
    groups: dict[str, dict[str, list[xr.Dataset]]] = {}
    for run, config in zip(runs, configs, strict=True):
        rule = config["plasticity"]
        name = f"{rule}, eta {config['eta']:g}" if rule != "none" and len(rates[rule]) > 1 else rule
        groups.setdefault(settings(config, ("plasticity", "eta")), {}).setdefault(name, []).append(run)
    return list(groups.values())


def by_seed(runs: Sequence[xr.Dataset]) -> dict[int, xr.Dataset]:
    """Return runs by their seed."""
    return {int(attribute(run, "config")["seed"]): run for run in runs}


def accuracy(run: xr.Dataset, readout: str) -> np.ndarray:
    """Return the test accuracy after each epoch, in %."""
    return 100 * run.accuracy.sel(readout=readout).values


def at(run: xr.Dataset, readout: str, scale: str, value: float) -> float:
    """Return the accuracy (%) at which a run's ``scale``, change or radius, first reached a value; nan if never."""
    along, accuracies = np.maximum.accumulate(run[scale].values), accuracy(run, readout)
    if not along[0] <= value <= along[-1]:
        return np.nan
    return float(np.interp(value, along, accuracies))


def _in_the_end(name: str, accuracies: list[np.ndarray], runs: list[xr.Dataset]) -> list[Finding]:
    from scipy.stats import ttest_1samp

    change = np.array([a[-1] - a[0] for a in accuracies])
    # Two one-sided tests: is it neither a point better nor a point worse?
    sides = [ttest_1samp(change, bound, alternative=way).pvalue for bound, way in ((-SAME, "greater"), (SAME, "less"))]
    what = f"{name}: points that {len(accuracies[0]) - 1} epochs of learning add"
    null = f"0: no learning; within {SAME:g} point, p = {max(sides):.2g}"
    rows = [Finding.over_seeds(what, change, null)]
    falls = [np.maximum.accumulate(a[0] - a) for a in accuracies]
    fallen = [fall[-1] >= FALL for fall in falls]
    rows.append(Finding.share(f"{name}: share of runs that fall by {FALL:g} points", fallen, "0: no learning"))
    where = [
        np.interp(FALL, fall, run.updates * attribute(run, "config")["eta"])
        for fall, run, far in zip(falls, runs, fallen, strict=True)
        if far
    ]
    if where:
        rows.append(Finding.over_seeds(f"{name}: eta x updates where they have", where, "none: never"))
    return rows


def _matched(rules: dict[str, list[xr.Dataset]], scale: str) -> list[Finding]:
    """Accuracy of each rule where it has changed as much as all others reach, over the random walk of its seed."""
    if "random_walk" not in rules or len(rules) < 2:
        return []
    value = min(float(run[scale].max()) for runs in rules.values() for run in runs)
    walks, rows = by_seed(rules["random_walk"]), []
    for readout in rules["random_walk"][0].readout.values:
        for name in rules.keys() - {"random_walk"}:
            pairs = [(run, walks[seed]) for seed, run in by_seed(rules[name]).items() if seed in walks]
            over = [at(run, readout, scale, value) - at(walk, readout, scale, value) for run, walk in pairs]
            if len(over) >= 3 and not np.isnan(over).any():
                what = f"{name}, {readout}: points over a random walk, where {scale} is {value:.3g}"
                rows.append(Finding.over_seeds(what, over, "0: as random changes"))
    return sorted(rows, key=lambda row: row.what)
