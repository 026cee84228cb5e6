"""Can remedies keep Hebb's rule from harming a reservoir, and can STLR improve it? Judged on held-out images."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import xarray as xr

from snnlab.checking import require_whole
from snnlab.engine.brian import Engine
from snnlab.errors import UserError
from snnlab.files.record import attribute
from snnlab.lab.claims import Check, Finding, per_seed
from snnlab.lab.grouping import by_name, settings
from snnlab.networks.reservoir import (
    Remedy,
    ReservoirConfig,
    settle_reservoir,
    train_epochs,
)
from snnlab.protocols.reservoir import _shared
from snnlab.protocols.reservoir._shared import FALL, accuracy, accuracy_at
from snnlab.stimuli.pictures.images import load_images

FIGURE = "reservoir_remedies"
CONTROLS, QUICK = _shared.CONTROLS, _shared.QUICK


@dataclass(frozen=True)
class Config(ReservoirConfig, Remedy):
    """Settings of the run."""

    plasticity: str = "hebb"
    """learning rule of the recurrent weights: {rate rules}, or path/to/rule.py:NAME"""


# The variants are the remedies that the search on seed 0 selected (docs/remedies.md), the rules without a remedy, and a
# random walk as the null.
VARIANTS = {
    "Hebb": {},
    "Hebb, L2 norm": {"normalise": "l2"},
    "Hebb, sum and L2 norm": {"normalise": "subtractive"},
    "Hebb, spectral radius": {"normalise": "spectral"},
    "Hebb, decay to the start": {"decay": 1e-4},
    "Hebb, homeostasis": {"homeostasis": 1e-3},
    "Hebb, a tenth of the synapses": {"plastic_share": 0.1},
    "covariance": {"plasticity": "covariance"},
    "Oja": {"plasticity": "oja"},
    "STLR": {"plasticity": "stlr"},
    "STLR, three times as fast": {"plasticity": "stlr", "eta": 3e-5},
    "STLR, L2 norm": {"plasticity": "stlr", "normalise": "l2", "eta": 3e-5},
    "STLR, decay to the start": {"plasticity": "stlr", "decay": 1e-4, "eta": 3e-5},
    "STLR, temporal summation": {"plasticity": "stlr_summed"},
    "random walk": _shared.RANDOM_WALK,
}
# The reduced preset has far fewer updates, with a larger learning rate.
QUICK_VARIANTS = {
    "Hebb, decay to the start": {"decay": 1e-2},
    "STLR, three times as fast": {"eta": 1.5e-2},
    "STLR, L2 norm": {"eta": 1.5e-2},
    "STLR, decay to the start": {"eta": 1.5e-2, "decay": 1e-2},
    "random walk": _shared.QUICK_RANDOM_WALK,
}
REMEDY = [field.name for field in fields(Remedy)]
_NORMS = {"l2": "L2 norm", "subtractive": "sum and L2 norm", "spectral": "spectral radius"}


def settle(config: Config) -> Config:
    """Check the values of a Config and return it."""
    if config.plasticity == "none":
        raise UserError("plasticity: expected a learning rule, to which remedies apply, got none")
    steps = load_images(config.images)[0].images.shape[1]
    require_whole("learn_every", config.learn_every, 1, steps)
    return settle_reservoir(config)


def run(config: Config, engine: Engine) -> xr.Dataset:
    """Train and read out; see :func:`snnlab.networks.reservoir.train.train_epochs`."""
    return train_epochs(config, engine, Remedy(**{name: getattr(config, name) for name in REMEDY}))


def checks(dataset: xr.Dataset) -> list[Check]:
    """Return the check that before learning, a readout of states is more accurate than a readout of pixels."""
    return [_shared.check_states(dataset)]


def choose_epoch(dataset: xr.Dataset, readout: str) -> int:
    """Return the epoch with the best readout on held-out training images, the first if equal; 0 is before learning."""
    return int(dataset.validation.sel(readout=readout).values.argmax())


def measure(dataset: xr.Dataset) -> dict[str, float]:
    """Return accuracies (%) before learning, at the epoch chosen on held-out images, and at the end."""
    values = _shared.measure_accuracies(dataset)
    for readout in dataset.readout.values:
        epoch = choose_epoch(dataset, readout)
        values[f"accuracy of {readout}, after the epoch chosen (%)"] = float(accuracy(dataset, readout)[epoch])
        values[f"epoch chosen for {readout}"] = float(epoch)
    return values


def name_treatment(config: dict) -> str:
    """Return the name of a rule with its remedies."""
    default, parts = Remedy(), [f"{config['plasticity']} (eta {config['eta']:g})"]
    if config["normalise"] != "none":
        parts.append(_NORMS[config["normalise"]])
    if config["decay"]:
        parts.append(f"decay to {config['decay_to']} ({config['decay']:g})")
    if config["homeostasis"]:
        parts.append(f"homeostasis ({config['homeostasis']:g})")
    if config["learn_every"] != default.learn_every:
        parts.append(f"every {config['learn_every']} steps")
    if config["plastic_share"] != default.plastic_share:
        parts.append(f"{config['plastic_share']:.0%} of synapses")
    return " + ".join(parts)


def group_by_treatment(datasets: list[xr.Dataset]) -> dict[str, list[xr.Dataset]]:
    """Return runs by the name of their treatment, without controls. A number tells runs with other settings apart."""
    learned = [run for run in datasets if run.attrs["condition"] == "default" and run.sizes["epoch"] > 1]
    return by_name(learned, lambda run: name_treatment(attribute(run, "config")))


def compute_gains(runs: list[xr.Dataset], readout: str) -> np.ndarray:
    """Return the gain of each run on test images, in points, at the epoch chosen on held-out images."""
    return np.array([accuracy(run, readout)[choose_epoch(run, readout)] - accuracy(run, readout)[0] for run in runs])


def comparisons(datasets: list[xr.Dataset]) -> list[Finding]:
    """Return, for each rule with its remedy, the fall of accuracy, and the gain over a random walk."""
    groups = {name: runs for name, runs in group_by_treatment(datasets).items() if len(runs) >= 3}
    if not groups:
        return []
    readouts = next(iter(groups.values()))[0].readout.values
    gained = {(name, readout): compute_gains(runs, readout) for readout in readouts for name, runs in groups.items()}
    walks, rows = _walks(groups), []
    for name, runs in groups.items():
        before = f"{float(runs[0].radius[0]):.2f}: no learning"
        change, radius = (per_seed(runs, [float(run[x][-1]) for run in runs]) for x in ("change", "radius"))
        rows.append(Finding.over_seeds(f"{name}: |W - W0|/|W0| at the end", change, "0"))
        rows.append(Finding.over_seeds(f"{name}: spectral radius at the end", radius, before))
    for (name, readout), points in gained.items():
        runs = groups[name]
        falls = [float((a[0] - a).max()) for a in (accuracy(run, readout) for run in runs)]
        epochs, what, null = runs[0].sizes["epoch"] - 1, f"{name}, {readout}: ", "0: no learning"
        lost, fallen = per_seed(runs, falls), per_seed(runs, [f >= FALL for f in falls])
        rows.append(Finding.over_seeds(f"{what}points lost at worst in {epochs} epochs", lost, null))
        rows.append(Finding.share(f"{what}share that falls by {FALL:g} points", fallen, null))
        gains = per_seed(runs, points)
        rows.append(Finding.over_seeds(f"{what}points gained at the epoch chosen", gains, null, against=0))
        if not name.startswith("random_walk"):
            rows += _over_walks(what, readout, [(run, walks[_network(run)]) for run in runs if _network(run) in walks])
    return rows


def _over_walks(what: str, readout: str, pairs: list[tuple[xr.Dataset, xr.Dataset]]) -> list[Finding]:
    """Return the gain over random walks in the same networks: at the chosen epochs, and at equal weight changes."""
    gained = [compute_gains([run], readout)[0] - compute_gains([walk], readout)[0] for run, walk in pairs]
    ends = [accuracy(run, readout)[-1] for run, _ in pairs]
    moved = [accuracy_at(walk, readout, "change", float(run.change[-1])) for run, walk in pairs]
    as_far = [end - far for end, far in zip(ends, moved, strict=True) if np.isfinite(far)]
    rows = [("points gained, over a random walk", gained), ("points at the end, over a random walk as far", as_far)]
    null = "0: as random changes"
    return [Finding.over_seeds(f"{what}{title}", values, null, against=0) for title, values in rows if len(values) >= 3]


def _network(run: xr.Dataset) -> tuple[str, int]:
    """Return the settings that a run shares with its random walk: all except the rule and its remedy."""
    return settings(run, (*REMEDY, "plasticity", "eta")), int(attribute(run, "config")["seed"])


def _walks(groups: dict[str, list[xr.Dataset]]) -> dict[tuple[str, int], xr.Dataset]:
    """Return the random walk without a remedy of each network, if there is exactly one; several differ in rate."""
    walks: dict[tuple[str, int], list[xr.Dataset]] = {}
    for name, runs in groups.items():
        for run in runs if name.startswith("random_walk") and "+" not in name else ():
            walks.setdefault(_network(run), []).append(run)
    return {network: runs[0] for network, runs in walks.items() if len(runs) == 1}
