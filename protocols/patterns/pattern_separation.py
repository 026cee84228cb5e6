"""Does a rule let a reservoir separate similar sequences that differ in some bits or in their order?

The question follows Tsukada & Pan 2005, doi:10.1007/s00422-004-0523-1. Their patterns are not public; ours are new.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from snnlab.engine.brian import Engine
from snnlab.files.record import attribute
from snnlab.lab.claims import Check, Finding, per_seed
from snnlab.networks.patterns import PatternConfig, average_changes, compare_outputs
from snnlab.protocols.patterns import _shared
from snnlab.stimuli.pictures.patterns import moved, swapped

FIGURE = "pattern_separation"
QUICK, VARIANTS = _shared.QUICK, _shared.VARIANTS
BITS = (2, 4, 6, 8, 12, 16, 20)
AREA = "separation of bits: output minus input distance, mean"
RISE = "smallest rise of the output distance with more bits"
ORDER = "separation of order: output distance of two frames swapped, mean"


@dataclass(frozen=True)
class Config(PatternConfig):
    """Settings of the run."""


def run(config: Config, engine: Engine) -> xr.Dataset:
    """Learn sequences, then compare outputs for similar sequences; see :mod:`snnlab.networks.patterns.compare`."""

    def change(shown: np.ndarray, rng: np.random.Generator) -> dict[str, np.ndarray]:
        bits = {f"bits {b}": moved(shown, b, rng) for b in BITS if b // 2 <= config.active}
        return bits | {f"swap {k + 1}": swapped(shown, k) for k in range(config.frames - 1)}

    return compare_outputs(config, engine, change)


def measure(dataset: xr.Dataset) -> dict[str, float]:
    """Return the separation by bits and by order, for learned and for new sequences."""
    values = {name: float(dataset[name]) for name in ("presentations", "change", "radius")}
    for known in dataset.known.values:
        output, given = (average_changes(dataset, "bits", known, value) for value in ("distance", "given"))
        values[f"{known}, {AREA}"] = float((output - given).mean())
        values[f"{known}, {ORDER}"] = float(average_changes(dataset, "swap", known).mean())
    return values


def checks(dataset: xr.Dataset) -> list[Check]:
    """Return the check before learning: the distance of outputs increases with the number of different bits.

    Learning may destroy this order. How often it does is a finding.
    """
    if attribute(dataset, "config")["plasticity"] != "none":
        return []
    return [Check(RISE, find_smallest_rise(dataset), 0.0, np.inf, "our criterion")]


def find_smallest_rise(dataset: xr.Dataset) -> float:
    """Return the smallest increase of the output distance from one number of bits to the next, for new sequences."""
    return float(np.diff(average_changes(dataset, "bits", "new")).min())


def comparisons(datasets: list[xr.Dataset]) -> list[Finding]:
    """Return the gain of each rule over no learning and over a random walk, and the share with increasing distances."""
    rows = _shared.compare_rules(datasets, measure)
    rules = _shared.group_by_change(datasets)
    for name, runs in rules.items():
        if len(runs) >= 3:
            rising = per_seed(runs, [find_smallest_rise(run) > 0 for run in runs])
            rows.append(Finding.share(f"{name}: share in which distances rise with bits", rising, "1: all"))
    return rows
