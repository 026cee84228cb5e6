"""Where FORCE learns, and where chaos begins, in the plane of the gains G and Q (Nicola & Clopath 2017)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from snnlab.analysis import chaos
from snnlab.analysis import oscillations as osc
from snnlab.checking import require_integer
from snnlab.engine.brian import Engine
from snnlab.files.record import attribute
from snnlab.lab.claims import Check, Finding
from snnlab.lab.grouping import settings
from snnlab.networks.force import (
    SPIKE_STEP,
    ForceConfig,
    follow_moved_spikes,
    require_movable,
    settle_force,
    train_force,
)
from snnlab.stimuli.signals.oscillators import sine

FREQUENCY = 5.0
# A difference counts as grown when it reaches this share of the distance between unrelated states.
SATURATED = 0.3


@dataclass(frozen=True)
class Config(ForceConfig):
    """Settings of the run. None means the published value of the neuron, or the value in FORCE of your neuron file."""

    neuron: str = "lif"
    """{neurons}, or path/to/file.py:NAME"""
    seconds: float = 10.0
    """length of the run (s)"""
    learn_start: float = 1.0
    """start of the learning window (s)"""
    learn_stop: float = 6.0
    """end of the learning window (s)"""
    perturbations: int = 5
    """number of moved spikes; 0: no spike is moved and no growth rate is measured"""


# These are the published G and Q, and their factors in the study.
PUBLISHED = {"lif": (0.04, 10.0), "theta": (10.0, 1e4), "izhikevich": (5e3, 5e3)}
G_FACTORS, Q_FACTORS = (0.01, 0.1, 0.25, 0.5, 1.0, 2.0), (0.25, 0.5, 1.0, 2.0, 4.0)
# Before learning, the decoder is 0 and Q has no effect, so spikes are moved only at the published Q.
VARIANTS = {
    f"{neuron}, G x {x:g}, Q x {y:g}": {"neuron": neuron, "g": x * g, "q": y * q}
    | ({} if y == 1 else {"perturbations": 0})
    for neuron, (g, q) in PUBLISHED.items()
    for x in G_FACTORS
    for y in Q_FACTORS
}
QUICK = {"n": 800, "seconds": 4.0, "learn_start": 0.5, "learn_stop": 2.5, "perturbations": 2}
ERROR = "error after learning / sd of the teacher"
GROW, RATE = "moved spikes that grow (share)", "growth rate of moved spikes that grow (1/s)"
# These are our criteria: a network has learned below this error, and it is chaotic if more moved spikes than this grow.
LEARNED, CHAOTIC = 0.3, 0.5


def settle(config: Config) -> Config:
    """Return the Config with every field filled in; raise UserError for neurons whose spikes cannot be moved."""
    require_integer(config, 0, "perturbations")
    config = settle_force(config)
    if config.perturbations:
        require_movable(config.setup)
    return config


def run(config: Config, engine: Engine) -> xr.Dataset:
    """Train the network on a sine of 5 Hz; then follow moved spikes in the same network before learning.

    Adds ``distance`` (perturbation, delay) and ``distance_of_unrelated`` (perturbation) to the Dataset of
    :func:`snnlab.train_force`; see :func:`snnlab.analysis.chaos.spike_distance`. NaN means that no neuron fired.
    """
    dataset = train_force(config, lambda t: sine(t, FREQUENCY), engine)
    if not config.perturbations:
        return dataset
    return dataset.assign(follow_moved_spikes(config, config.setup, config.perturbations, engine))


def growth(dataset: xr.Dataset) -> np.ndarray:
    """Return the growth rate (1/s) of the difference that each moved spike causes; NaN if it did not grow.

    The array is empty for a silent network. A rate is infinite where the growth was too fast to measure.
    """
    alive = np.isfinite(dataset.distance_of_unrelated.values)
    if not alive.any():
        return np.zeros(0)
    threshold = SATURATED * float(dataset.distance_of_unrelated.values[alive].mean())
    return np.array([chaos.growth(row, SPIKE_STEP, threshold) for row in dataset.distance.values[alive]])


def measure(dataset: xr.Dataset) -> dict[str, float]:
    """Return the error of a run and, where spikes were moved, the share of them that grew and their growth rate."""
    stop = dataset.attrs["learn_stop"]
    every = max(1, round(1e-3 / float(dataset.time[1] - dataset.time[0])))
    time, output, target = (dataset[k].values[::every] for k in ("time", "output", "teacher"))
    values = {ERROR: osc.aligned_error(output, target, float(time[1] - time[0]), stop, 1 / FREQUENCY)}
    if "distance" in dataset:
        rates = growth(dataset)
        grown = rates[~np.isnan(rates)]
        values[GROW] = len(grown) / len(rates) if len(rates) else float("nan")
        finite = grown[np.isfinite(grown)]
        values[RATE] = float(finite.mean()) if len(finite) else float("nan")
    return values


def checks(dataset: xr.Dataset) -> list[Check]:
    """Return our criterion as a check at the published gains. At other gains, a network may fail to learn."""
    measured, (x, y) = measure(dataset), factors(attribute(dataset, "config"))
    return [Check(ERROR, measured[ERROR], 0.0, LEARNED, "our criterion")] if x == y == 1 else []


def factors(config: dict) -> tuple[float, float]:
    """Return G and Q of a run divided by the published values; NaN for a neuron without published values."""
    published = PUBLISHED.get(config["neuron"], (np.nan, np.nan))
    given = (published[i] if config[name] is None else config[name] for i, name in enumerate("gq"))
    return tuple(round(value / unit, 6) for value, unit in zip(given, published, strict=True))


def comparisons(datasets: list[xr.Dataset]) -> list[Finding]:
    """Return, for each neuron, at which G moved spikes grow, the smallest G that learns, and their relation.

    Runs belong to one plane if they differ only in G, Q, seed and the number of moved spikes. Controls are left out.
    """
    planes: dict[tuple[str, str], list[tuple[int, float, dict[str, float], np.ndarray | None]]] = {}
    for dataset in datasets:
        config = attribute(dataset, "config")
        if config["neuron"] in PUBLISHED and config["control"] == "none":
            key = (f"{config['neuron']} ({dataset.attrs['preset']})", settings(dataset, ("g", "q", "perturbations")))
            rates = growth(dataset) if "distance" in dataset else None
            planes.setdefault(key, []).append((config["seed"], factors(config)[0], measure(dataset), rates))
    rows = []
    for (name, _), points in planes.items():
        seeds = sorted({seed for seed, *_ in points})
        if len(seeds) < 3:
            continue
        for gain in sorted({gain for _, gain, _, _ in points}):
            moved = [rates for _, g, _, rates in points if g == gain and rates is not None]
            rates = np.concatenate(moved) if moved else np.zeros(0)
            if len(rates):
                what = f"{name}: moved spikes that grow at {gain:g} of the published G"
                rows.append(Finding.share(what, list(~np.isnan(rates)), "0: neurons that are not coupled"))
        kinds = {
            (seed, gain): "silent" if np.isnan(values[GROW]) else "chaotic" if values[GROW] > CHAOTIC else "not chaotic"
            for seed, gain, values, _ in points
            if GROW in values
        }
        for kind in ("chaotic", "not chaotic", "silent"):
            learned = [
                [
                    values[ERROR] <= LEARNED
                    for s, gain, values, _ in points
                    if s == seed and kinds.get((s, gain)) == kind
                ]
                for seed in seeds
            ]
            if shares := [float(np.mean(each)) for each in learned if each]:
                what = f"{name}: share of points that learn where the network is {kind} before learning"
                rows.append(Finding.over_seeds(what, shares, "compare the kinds", within=(0, 1)))
        least = [
            min((g for s, g, v, _ in points if s == seed and v[ERROR] <= LEARNED), default=np.inf) for seed in seeds
        ]
        if np.isfinite(least).all():
            rows.append(Finding.over_seeds(f"{name}: smallest G that learns / published G", least, "a description"))
    return rows
