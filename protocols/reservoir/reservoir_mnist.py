"""A reservoir learns by Hebb's rule, by STLR or not at all, and a readout classifies MNIST after every epoch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr

from snnlab.engine.brian import Engine
from snnlab.files.record import attribute
from snnlab.lab.claims import Check, Finding, per_seed
from snnlab.networks.reservoir import ReservoirConfig, train_epochs
from snnlab.protocols.reservoir import _shared
from snnlab.protocols.reservoir._shared import FALL, accuracy, accuracy_at, group_by_rule

FIGURE = "reservoir_mnist"
CONTROLS, QUICK = _shared.CONTROLS, _shared.QUICK
VARIANTS = {rule: {"plasticity": rule} for rule in ("none", "hebb", "stlr")}
VARIANTS["random walk"] = _shared.RANDOM_WALK
# The number of weight changes is the same. Each change comes from one image instead of a mean over images.
VARIANTS |= {
    f"{rule}, image by image": {"plasticity": rule, "batch": 1, "images_per_epoch": 60_000 // 64}
    for rule in ("hebb", "stlr")
}
# These learning rates are half and three times the rate of the study.
VARIANTS |= {
    "hebb, slow": {"plasticity": "hebb", "eta": 5e-6, "epochs": 10},
    "hebb, fast": {"plasticity": "hebb", "eta": 3e-5, "epochs": 2},
}
QUICK_VARIANTS = {
    "random walk": _shared.QUICK_RANDOM_WALK,
    "hebb, slow": {"eta": 2.5e-3, "epochs": 8},
    "hebb, fast": {"eta": 1.5e-2},
}
# This is our criterion: a smaller difference in points counts as no difference.
SAME = 1.0


@dataclass(frozen=True)
class Config(ReservoirConfig):
    """Settings of the run."""


def run(config: Config, engine: Engine) -> xr.Dataset:
    """Train and read out; see :func:`snnlab.networks.reservoir.train.train_epochs`."""
    return train_epochs(config, engine)


def checks(dataset: xr.Dataset) -> list[Check]:
    """Return the check that before learning, a readout of states is more accurate than a readout of pixels."""
    return [_shared.check_states(dataset)]


def measure(dataset: xr.Dataset) -> dict[str, float]:
    """Return accuracies before and after learning (%), and the changes of the weights."""
    return _shared.measure_accuracies(dataset)


def comparisons(datasets: list[xr.Dataset]) -> list[Finding]:
    """Return the effect of learning on accuracy: at the end, and at an equal change of weights for all rules."""
    rows = []
    for rules in group_by_rule(datasets):
        rules = {name: runs for name, runs in rules.items() if len(runs) >= 3 and runs[0].sizes["epoch"] > 1}
        for readout in next(iter(rules.values()))[0].readout.values if rules else ():
            for name, runs in rules.items():
                batch = attribute(runs[0], "config")["batch"]
                name += "" if batch == Config.batch else f" in batches of {batch}"
                rows += _in_the_end(f"{name}, {readout}", [accuracy(run, readout) for run in runs], runs)
        for scale in ("change", "radius"):
            rows += _matched(rules, scale)
    return rows


def by_seed(runs: Sequence[xr.Dataset]) -> dict[int, xr.Dataset]:
    """Return runs by their seed."""
    return {int(attribute(run, "config")["seed"]): run for run in runs}


def _in_the_end(name: str, accuracies: list[np.ndarray], runs: list[xr.Dataset]) -> list[Finding]:
    from scipy.stats import ttest_1samp

    change = np.array([a[-1] - a[0] for a in accuracies])
    # Two one-sided tests show whether the difference is smaller than one point in both directions.
    sides = [ttest_1samp(change, bound, alternative=way).pvalue for bound, way in ((-SAME, "greater"), (SAME, "less"))]
    what = f"{name}: points that {len(accuracies[0]) - 1} epochs of learning add"
    null = f"0: no learning; within {SAME:g} point, p = {max(sides):.2g}"
    rows = [Finding.over_seeds(what, per_seed(runs, change), null, against=0)]
    falls = [np.maximum.accumulate(a[0] - a) for a in accuracies]
    fallen = [fall[-1] >= FALL for fall in falls]
    rows.append(
        Finding.share(f"{name}: share of runs that fall by {FALL:g} points", per_seed(runs, fallen), "0: no learning")
    )
    where = [
        np.interp(FALL, fall, run.updates * attribute(run, "config")["eta"])
        for fall, run, far in zip(falls, runs, fallen, strict=True)
        if far
    ]
    if where:
        rows.append(Finding.over_seeds(f"{name}: eta x updates where they have", where, "none: never"))
    return rows


def _matched(rules: dict[str, list[xr.Dataset]], scale: str) -> list[Finding]:
    """Return the accuracy of each rule minus the random walk of the same seed, at an equal change of weights."""
    if "random_walk" not in rules or len(rules) < 2:
        return []
    value = min(float(run[scale].max()) for runs in rules.values() for run in runs)
    walks, rows = by_seed(rules["random_walk"]), []
    for readout in rules["random_walk"][0].readout.values:
        for name in rules.keys() - {"random_walk"}:
            pairs = [(run, walks[seed]) for seed, run in by_seed(rules[name]).items() if seed in walks]
            reached = [[accuracy_at(each, readout, scale, value) for each in pair] for pair in pairs]
            over = per_seed([run for run, _ in pairs], [ruled - walked for ruled, walked in reached])
            if len(pairs) >= 3 and not np.isnan(reached).any():
                what = f"{name}, {readout}: points over a random walk, where {scale} is {value:.3g}"
                rows.append(Finding.over_seeds(what, over, "0: as random changes", against=0))
    return sorted(rows, key=lambda row: row.what)
