"""Does a rule let a reservoir complete learned sequences from cues with missing bits, moved bits or a missing end?

The question follows Tsukada & Pan 2005, doi:10.1007/s00422-004-0523-1. The patterns and measures are ours.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from snnlab.engine.brian import Engine
from snnlab.files.record import attribute
from snnlab.lab.claims import Check, Finding
from snnlab.networks.patterns import PatternConfig, average_changes, compare_outputs
from snnlab.protocols.patterns import _shared
from snnlab.stimuli.pictures.patterns import begun, dropped, moved

FIGURE = "pattern_completion"
QUICK, VARIANTS = _shared.QUICK, _shared.VARIANTS
SHARES, BITS = (0.1, 0.2, 0.3, 0.5, 0.7), (4, 8, 12, 16, 20)
FAMILIES = {"missing": "bits missing", "noise": "bits moved", "begun": "no end"}
COMPLETED = "completion, {}: input minus output distance, mean"
NEAREST = "completion, {}: share of outputs nearest to their own sequence's"


@dataclass(frozen=True)
class Config(PatternConfig):
    """Settings of the run."""


def run(config: Config, engine: Engine) -> xr.Dataset:
    """Learn sequences, then compare the outputs for cues; see :mod:`snnlab.networks.patterns.compare`."""

    def change(shown: np.ndarray, rng: np.random.Generator) -> dict[str, np.ndarray]:
        cues = {f"missing {share:g}": dropped(shown, share, rng) for share in SHARES}
        cues |= {f"noise {bits}": moved(shown, bits, rng) for bits in BITS if bits // 2 <= config.active}
        return cues | {f"begun {count}": begun(shown, count) for count in range(1, config.frames)}

    return compare_outputs(config, engine, change)


def measure(dataset: xr.Dataset) -> dict[str, float]:
    """Return the completion for each kind of cue, for learned and for new sequences."""
    values = {name: float(dataset[name]) for name in ("presentations", "change", "radius")}
    for known in dataset.known.values:
        for name, title in FAMILIES.items():
            found = [average_changes(dataset, name, known, value) for value in ("distance", "given", "nearest")]
            output, given, nearest = found
            values[f"{known}, {COMPLETED.format(title)}"] = float((given - output).mean())
            values[f"{known}, {NEAREST.format(title)}"] = float(nearest.mean())
    return values


def checks(dataset: xr.Dataset) -> list[Check]:
    """Return the check before learning: the output recognises a cue that lacks a tenth of its bits."""
    if attribute(dataset, "config")["plasticity"] != "none":
        return []
    (nearest, *_) = average_changes(dataset, "missing", "new", "nearest")
    chance = 1 / dataset.sizes["sequence"]
    what = "share of outputs nearest to their own, a tenth of bits missing"
    return [Check(what, float(nearest), 0.9, 1.0, f"our criterion; chance {chance:.2g}")]


def comparisons(datasets: list[xr.Dataset]) -> list[Finding]:
    """Return the gain of each rule over no learning and over a random walk of the same length."""
    return _shared.compare_rules(datasets, measure)
