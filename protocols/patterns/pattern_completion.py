"""Whether a rule makes a reservoir complete what it has learned, from cues with bits missing, moved or no end.

After the question of Tsukada & Pan 2005, doi:10.1007/s00422-004-0523-1; patterns and measures are ours.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from snnlab.engine.brian import Engine
from snnlab.files.record import attribute
from snnlab.lab.claims import Check, Finding
from snnlab.networks.patterns import PatternConfig, average_changes, compare_outputs, pattern_models, settle_patterns
from snnlab.protocols.patterns import _shared
from snnlab.stimuli.pictures.patterns import begun, dropped, moved

FIGURE = "pattern_completion"
settle, models = settle_patterns, pattern_models
QUICK, VARIANTS = _shared.QUICK, _shared.VARIANTS
SHARES, BITS = (0.1, 0.2, 0.3, 0.5, 0.7), (4, 8, 12, 16, 20)
FAMILIES = {"missing": "bits missing", "noise": "bits moved", "begun": "no end"}
COMPLETED = "completion, {}: input minus output distance, mean"
NEAREST = "completion, {}: share of outputs nearest to their own sequence's"


@dataclass(frozen=True)
class Config(PatternConfig):
    """Settings of the run."""


def run(config: Config, engine: Engine) -> xr.Dataset:
    """Learn sequences, then compare outputs of cues; see :mod:`snnlab.networks.patterns.compare`."""

    def change(shown: np.ndarray, rng: np.random.Generator) -> dict[str, np.ndarray]:
        cues = {f"missing {share:g}": dropped(shown, share, rng) for share in SHARES}
        cues |= {f"noise {bits}": moved(shown, bits, rng) for bits in BITS if bits // 2 <= config.active}
        return cues | {f"begun {count}": begun(shown, count) for count in range(1, config.frames)}

    return compare_outputs(config, engine, change)


def measure(dataset: xr.Dataset) -> dict[str, float]:
    """Return completion of each kind of cue, of sequences learned and of new ones."""
    values = {name: float(dataset[name]) for name in ("presentations", "change", "radius")}
    for known in dataset.known.values:
        for name, title in FAMILIES.items():
            found = [average_changes(dataset, name, known, value) for value in ("distance", "given", "nearest")]
            output, given, nearest = found
            values[f"{known}, {COMPLETED.format(title)}"] = float((given - output).mean())
            values[f"{known}, {NEAREST.format(title)}"] = float(nearest.mean())
    return values


def checks(dataset: xr.Dataset) -> list[Check]:
    """Return what holds for every reservoir before learning: its output knows a cue without a tenth of its bits."""
    if attribute(dataset, "config")["plasticity"] != "none":
        return []
    (nearest, *_) = average_changes(dataset, "missing", "new", "nearest")
    chance = 1 / dataset.sizes["sequence"]
    what = "share of outputs nearest to their own, a tenth of bits missing"
    return [Check(what, float(nearest), 0.9, 1.0, f"our criterion; chance {chance:.2g}")]


def comparisons(datasets: list[xr.Dataset]) -> list[Finding]:
    """Return what each rule adds to no learning, and to a random walk of the same length."""
    return _shared.compare_rules(datasets, measure)
