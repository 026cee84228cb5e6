"""Whether a rule makes a reservoir tell similar sequences apart: some bits apart, or in another order.

After Tsukada & Pan 2005, doi:10.1007/s00422-004-0523-1, whose patterns are not public: these are ours.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import xarray as xr

from snnlab.engine.brian import Engine
from snnlab.files.record import attribute
from snnlab.lab.claims import Check, Finding
from snnlab.lab.grouping import by_name, settings
from snnlab.networks.patterns import PatternConfig, compare, family
from snnlab.stimuli.pictures.patterns import moved, swapped

FIGURE = "pattern_separation"
QUICK = {"n": 100, "sequences": 10}
# How far weights go, and learning rates: steps of a random walk add up as their root, so it takes larger ones. Between
# spiking neurons weights have bounds, which they reach at about half their norm.
CHANGES = {"rate": (0.5, 1.0, 2.0), "spiking": (0.2, 0.4)}
RATES = {
    "rate": {"hebb": 1e-3, "stlr": 1e-3, "random_walk": 1e-2},
    "spiking": {"stdp": 2e-3, "hebb": 5e-4, "stlr": 5e-3, "random_walk": 2e-2},
}
VARIANTS = {
    f"{kind}, {rule}, {change:g}" if change else f"{kind}, none": {"reservoir": kind} | overrides
    for kind, rates in RATES.items()
    for rule, change, overrides in [
        ("none", 0, {}),
        *(
            (rule, c, {"plasticity": rule, "change": c, "eta": eta})
            for rule, eta in rates.items()
            for c in CHANGES[kind]
        ),
    ]
}
BITS = (2, 4, 6, 8, 12, 16, 20)
AREA = "separation of bits: output minus input distance, mean"
RISE = "smallest rise of the output distance with more bits"
ORDER = "separation of order: output distance of two frames swapped, mean"


@dataclass(frozen=True)
class Config(PatternConfig):
    """Settings of the run."""


def run(config: Config, engine: Engine) -> xr.Dataset:
    """Learn sequences, then compare outputs of similar ones; see :func:`snnlab.networks.patterns.classes.compare`."""

    def change(shown: np.ndarray, rng: np.random.Generator) -> dict[str, np.ndarray]:
        bits = {f"bits {b}": moved(shown, b, rng) for b in BITS if b // 2 <= config.active}
        return bits | {f"swap {k + 1}": swapped(shown, k) for k in range(config.frames - 1)}

    return compare(config, engine, change)


def measure(dataset: xr.Dataset) -> dict[str, float]:
    """Return separation by bits and by order, of sequences learned and of new ones."""
    values = {name: float(dataset[name]) for name in ("presentations", "change", "radius")}
    for known in dataset.known.values:
        output, given = (family(dataset, "bits", known, value) for value in ("distance", "given"))
        values[f"{known}, {AREA}"] = float((output - given).mean())
        values[f"{known}, {ORDER}"] = float(family(dataset, "swap", known).mean())
    return values


def checks(dataset: xr.Dataset) -> list[Check]:
    """Return what holds for every reservoir before learning: outputs lie further apart where more bits differ.

    Learning may undo it; how often it does is a finding.
    """
    if attribute(dataset, "config")["plasticity"] != "none":
        return []
    return [Check(RISE, smallest_rise(dataset), 0.0, np.inf, "our criterion")]


def smallest_rise(dataset: xr.Dataset) -> float:
    """Return the smallest difference of output distances from one number of bits to the next, of new sequences."""
    return float(np.diff(family(dataset, "bits", "new")).min())


def comparisons(datasets: list[xr.Dataset]) -> list[Finding]:
    """What each rule adds to no learning, and to a random walk of the same length."""
    rows, rules = against(datasets, measure), by_change(datasets)
    for name, runs in rules.items():
        if len(runs) >= 3:
            rising = [smallest_rise(run) > 0 for run in runs]
            rows.append(Finding.share(f"{name}: share in which distances rise with bits", rising, "1: all"))
    return rows


def by_change(datasets: list[xr.Dataset]) -> dict[str, list[xr.Dataset]]:
    """Return runs by reservoir, rule and change."""
    return by_name(datasets, lambda config: f"{config['reservoir']}: {name_of(config)}", _same)


def _same(config: dict) -> str:
    # Without a rule its rate means nothing.
    return settings(config, ("eta", "change") if config["plasticity"] == "none" else ())


def name_of(config: dict) -> str:
    """Return a rule and how far weights have changed by it, as text."""
    rule = config["plasticity"]
    return rule if rule == "none" else f"{rule}, change {config['change']:g}"


def against(datasets: list[xr.Dataset], measured: Callable[[xr.Dataset], dict[str, float]]) -> list[Finding]:
    """Return, for every number of ``measured`` with a comma in its name, what a rule adds, seed by seed."""
    networks: dict[str, list[xr.Dataset]] = {}
    for run in datasets:
        networks.setdefault(settings(attribute(run, "config"), ("plasticity", "eta", "change")), []).append(run)
    rows = []
    for alike in networks.values():
        named = by_name(alike, name_of, _same)
        rules = {
            name: {attribute(run, "config")["seed"]: measured(run) for run in runs} for name, runs in named.items()
        }
        for name, runs in named.items():
            config = attribute(runs[0], "config")
            walk = name_of(config | {"plasticity": "random_walk"})
            for other, to in (("none", "no learning"), (walk, "a random walk")):
                seeds = sorted(rules[name].keys() & rules.get(other, {}).keys())
                if config["plasticity"] == "none" or name == other or len(seeds) < 3:
                    continue
                for what in (w for w in rules[name][seeds[0]] if "," in w):
                    added = [rules[name][seed][what] - rules[other][seed][what] for seed in seeds]
                    title = f"{config['reservoir']}: {name}, over {to}: {what}"
                    rows.append(Finding.over_seeds(title, added, f"0: as {to}"))
    return rows
