"""How well does a fixed reservoir classify MNIST? Accuracy, time and memory against size, readout and leak."""

from __future__ import annotations

import dataclasses
import resource
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import threadpoolctl
import xarray as xr

from snnlab.checking import require_whole
from snnlab.engine.brian import Engine
from snnlab.errors import UserError
from snnlab.files.describe import describe
from snnlab.files.record import attribute, cpu_time
from snnlab.lab.claims import Check, Finding, per_seed
from snnlab.lab.grouping import by_condition
from snnlab.learning.streams import score_all, score_pixels, shuffle_labels
from snnlab.networks.reservoir import (
    RateReservoir,
    ReservoirConfig,
    build_reservoir,
    choose_steps,
    settle_reservoir,
)
from snnlab.stimuli.pictures.images import Images, load_images

FIGURE = "reservoir_best"
CONTROLS = {"shuffled_labels": {"control": "shuffled_labels"}}
QUICK = {"images": "digits", "n": 200, "held_out": 200, "snapshots": 4}
SIZES = (100, 200, 500, 1000, 2000, 4000)
# Each number of states that are read out, and the number used for the small digits, which have 8 rows.
STATES = {1: 1, 2: 2, 7: 5, 14: 8}
LEAKS = (0.1, 0.2, 0.5, 1.0)
BASELINES = ("no_recurrence", "random_features")
VARIANTS = (
    {f"{n} units": {"n": n} for n in SIZES}
    | {f"{k} states": {"n": 500, "snapshots": k} for k in STATES}
    | {f"leak {a:g}": {"n": 500, "leak": a} for a in LEAKS}
    | {kind.replace("_", " "): {"features": kind} for kind in BASELINES}
)
QUICK_VARIANTS = (
    {f"{n} units": {"n": n // 5} for n in SIZES}
    | {f"{k} states": {"n": 100, "snapshots": few} for k, few in STATES.items()}
    | {f"leak {a:g}": {"n": 100} for a in LEAKS}
)
TEST, PIXELS = "test accuracy (%)", "accuracy of pixels (%)"
# A readout of fewer features than this need not be more accurate than a readout of all pixels.
FEW = 800
NAMES = {
    "pixels": ("share of test images that a ridge readout of pixels classifies right", "1"),
    "features": ("number of features that are read out", "1"),
    "seconds": ("CPU time of features and readout", "s"),
    "memory": ("largest memory of the process", "MiB"),
    "images": ("number of training and test images", "1"),
}
GAINED = "test accuracy over that of pixels (points)"


@dataclass(frozen=True)
class Config(ReservoirConfig):
    """Settings of the run. Only the readout learns."""

    n: int = 1000
    """units"""
    inputs: int = 10
    """number of connections into each unit; used if density is None"""
    density: float | None = None
    """share of pairs with a connection; None means that ``inputs`` sets it"""
    features: Literal["reservoir", "no_recurrence", "random_features"] = "reservoir"
    """features of the readout: reservoir, states; no_recurrence, states with W = 0, which are linear in the pixels
    unless the form is rate; random_features, the same number of random functions of the image, tanh of a normal
    projection"""


def settle(config: Config) -> Config:
    """Check the values of a Config and return it with the density that follows from the number of inputs."""
    require_whole("n", config.n, 2, 100_000)
    require_whole("inputs", config.inputs, 1, config.n - 1)
    if config.plasticity != "none":
        raise UserError(f"plasticity: expected none (only the readout learns), got {config.plasticity}")
    density = config.inputs / config.n if config.density is None else config.density
    return settle_reservoir(dataclasses.replace(config, density=density))


def run(config: Config, engine: Engine) -> xr.Dataset:
    """Train and test the readout. The states of the images are streamed and never in memory all at once."""
    train, test = load_images(config.images)
    with threadpoolctl.threadpool_limits(1):
        pixels = score_pixels(train, test, config.held_out).test
        train = train if config.control == "none" else shuffle_labels(train, engine.rng("labels"))
        features, count = _features(config, train, engine)
        start = cpu_time()
        found = score_all(features, count, train, test, config.held_out)
        seconds = cpu_time() - start
    # This is the memory of the whole process. The system gives it in KiB on Linux and in bytes on macOS.
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    values = {
        "accuracy": found.test,
        "validation": found.validation,
        "beta": found.beta,
        "pixels": pixels,
        "features": count,
        "seconds": seconds,
        "memory": memory / 2**20,
        "images": len(train.labels) + len(test.labels),
    }
    return describe(xr.Dataset({name: ((), value) for name, value in values.items()}), NAMES)


def _features(config: Config, train: Images, engine: Engine) -> tuple[Callable[[np.ndarray], np.ndarray], int]:
    """Return a function from sequences to features, and the number of features."""
    _, steps, inputs = train.images.shape
    count = config.n * config.snapshots
    if config.features == "random_features":
        pixels = engine.rng("features").standard_normal((steps * inputs, count)) / np.sqrt(inputs)
        shift = engine.rng("shift").uniform(-1, 1, count)
        return lambda x: np.tanh(x.reshape(len(x), -1) @ pixels + shift), count
    reservoir = build_reservoir(config, inputs, engine)
    if config.features == "no_recurrence":
        reservoir = RateReservoir(0 * reservoir.matrix, reservoir.w_in, config.leak, config.form, reservoir.bias)
    kept = choose_steps(steps, config.snapshots)
    return lambda x: reservoir.states(x, kept).reshape(len(x), -1), count


def measure(dataset: xr.Dataset) -> dict[str, float]:
    """Return accuracies in %, and the costs in time and memory."""
    return {
        TEST: 100 * float(dataset.accuracy),
        PIXELS: 100 * float(dataset.pixels),
        "features": float(dataset.features),
        "CPU time an image, readout learned (ms)": 1e3 * float(dataset.seconds / dataset.images),
        "memory of the process at most (MiB)": float(dataset.memory),
    }


def checks(dataset: xr.Dataset) -> list[Check]:
    """Return the check that a nonlinear reservoir with enough features is more accurate than the pixels."""
    config = attribute(dataset, "config")
    if config["features"] == "no_recurrence" or int(dataset.features) < FEW:
        return []
    gained = 100 * float(dataset.accuracy - dataset.pixels)
    return [Check(GAINED, gained, 0.0, 100.0, "baseline: ridge readout of pixels, same images")]


def comparisons(datasets: list[xr.Dataset]) -> list[Finding]:
    """Return the accuracy of every setting over seeds, compared with the accuracy of pixels."""
    rows = []
    for conditions in by_condition(datasets):
        runs = conditions.get("default", [])
        if len(runs) >= 3:
            config = attribute(runs[0], "config")
            name = f"{config['features']}, n = {config['n']}, {config['snapshots']} states, leak {config['leak']:g}"
            pixels = 100 * float(runs[0].pixels)
            values = per_seed(runs, [100 * float(run.accuracy) for run in runs])
            rows.append(Finding.over_seeds(f"{name}: {TEST}", values, f"{pixels:.1f}: pixels", against=pixels))
    return rows
