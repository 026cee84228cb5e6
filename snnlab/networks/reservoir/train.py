"""Learning of a reservoir over epochs of images, with a readout after each epoch."""

from __future__ import annotations

import json
from typing import cast

import numpy as np
import threadpoolctl
import xarray as xr

from ...engine.brian import Engine
from ...errors import UserError
from ...files.describe import Names, describe
from ...learning.readout import Score
from ...learning.streams import PIECE, score_pixels, score_readouts, shuffle_labels
from ...stimuli.pictures.images import Images, load_images
from .config import ReservoirConfig, find_rate_rule
from .plastic import Plasticity, View, calibrate
from .remedies import Remedy
from .units import SATURATED, RateReservoir, random_reservoir

# Number of batches of images from which thresholds are computed.
_CALIBRATION = 20
NAMES: Names = {
    "epoch": ("epochs of learning so far", "epochs"),
    "radius": ("spectral radius of the recurrent weights", "1"),
    "change": ("distance of the recurrent weights from those at the start, over their norm", "1"),
    "saturation": ("share of rates above 0.99 in size", "1"),
    "updates": ("updates of the recurrent weights so far", "1"),
    "weights": ("weights of the recurrent synapses", "1"),
    "pre": ("index of the presynaptic unit", "1"),
    "post": ("index of the postsynaptic unit", "1"),
    "w_in": ("weights of the input", "1"),
    "bias": ("bias of each unit at the end", "1"),
    "sign": ("sign of a unit's recurrent weights: 1 excites, -1 inhibits, 0 does both", "1"),
    "pixels": ("share of test images that a ridge readout of pixels classifies right", "1"),
}


def build_reservoir(config: ReservoirConfig, inputs: int, engine: Engine) -> RateReservoir:
    """Return the reservoir of a Config, before learning."""
    return random_reservoir(
        config.n, inputs, engine.rng("network"), config.density, config.radius, config.leak, config.w_in, config.form
    )


def build_plasticity(
    config: ReservoirConfig, reservoir: RateReservoir, train: Images, engine: Engine, remedy: Remedy
) -> Plasticity:
    """Return the plasticity of a Config, calibrated on some batches of training images."""
    rule = find_rate_rule(config)
    if rule is None:
        raise UserError(f"plasticity: expected a learning rule, got {config.plasticity}")
    view = View(config.quantity, config.pre, config.input_in_sum, config.threshold)
    rng = engine.rng("plasticity")
    plasticity = Plasticity(reservoir, rule, config.eta, rng, view, remedy=remedy)
    order = engine.rng("calibration").permutation(len(train.labels))[: _CALIBRATION * config.batch]
    batches = [train.sequences(order[k : k + config.batch]) for k in range(0, len(order), config.batch)]
    plasticity.rule = calibrate(plasticity, batches)
    return plasticity


def choose_steps(steps: int, snapshots: int) -> np.ndarray:
    """Return the steps, counted from 0, whose states are read out. They are evenly spaced and include the last step."""
    return np.ceil(np.arange(1, snapshots + 1) * steps / snapshots).astype(int) - 1


def read_out(reservoir: RateReservoir, train: Images, test: Images, snapshots: int, held_out: int) -> dict[str, Score]:
    """Return the scores of readouts of a reservoir's states: of the last state, and of several states."""
    kept, n = choose_steps(train.images.shape[1], snapshots), reservoir.n
    last = np.arange((snapshots - 1) * n, snapshots * n)
    subsets = {"last": last} | ({"snapshots": np.arange(snapshots * n)} if snapshots > 1 else {})
    return score_readouts(lambda x: reservoir.states(x, kept).reshape(len(x), -1), subsets, train, test, held_out)


def train_epochs(config: ReservoirConfig, engine: Engine, remedy: Remedy | None = None) -> xr.Dataset:
    """Let a reservoir learn from all images for several epochs, with a readout before learning and after each epoch.

    Parameters
    ----------
    remedy : Remedy, optional
        Remedies in addition to the rule; none by default.

    Returns
    -------
    xarray.Dataset
        - ``accuracy``, ``validation`` and ``beta`` (epoch, readout).
        - ``radius``, ``change`` = |W - W0|/|W0|, ``saturation`` = share of |r| > 0.99 in all steps of 500 test images,
          and ``updates`` (epoch).
        - ``weights`` (epoch, synapse) with ``pre`` and ``post``; ``w_in`` (unit, input); final ``bias`` (unit);
          ``sign`` (unit).
        - ``pixels``: test accuracy of a ridge readout of pixels.

    Raises
    ------
    UserError, Diverged
    """
    train, test = load_images(config.images)
    with threadpoolctl.threadpool_limits(1):
        pixels = score_pixels(train, test, cast(int, config.held_out)).test
        shown = train if config.control == "none" else shuffle_labels(train, engine.rng("labels"))
        dataset = _train_epochs(config, engine, shown, test, remedy or Remedy())
    return describe(dataset.assign(pixels=((), pixels)), NAMES)


def _train_epochs(config: ReservoirConfig, engine: Engine, train: Images, test: Images, remedy: Remedy) -> xr.Dataset:
    reservoir = build_reservoir(config, train.images.shape[2], engine)
    start = reservoir.w.copy()
    learner = None if find_rate_rule(config) is None else build_plasticity(config, reservoir, train, engine, remedy)
    sample = test.sequences(np.arange(min(PIECE, len(test.labels))))
    order, found = engine.rng("order"), []
    # Without a rule, all epochs are equal.
    total = 1 + (config.epochs if learner else 0)
    engine.show(0, total, "epochs")
    for epoch in range(total):
        if epoch and learner:
            _learn(config, learner, train, order.permutation(len(train.labels)), engine, (epoch, total))
        scores = _read_out(config, reservoir, train, test, start if epoch else None)
        found.append(_measure(reservoir, start, sample, scores))
        engine.show(epoch + 1, total, "epochs")
    dataset = _pack(found, reservoir, list(scores))
    # The weights change in every step, or in every k-th step, of every batch.
    batches = (config.images_per_epoch or len(train.labels)) // config.batch
    dataset["updates"] = ("epoch", np.arange(total) * batches * (train.images.shape[1] // remedy.learn_every))
    thresholds = {k: float(v) for k, v in learner.rule.parameters.items()} if learner else {}
    dataset.attrs["thresholds"] = json.dumps(thresholds)
    return dataset


def _learn(
    config: ReservoirConfig, learner: Plasticity, train: Images, order: np.ndarray, engine: Engine, at: tuple[int, int]
) -> None:
    """Show the first images of an order in batches; ``at`` (epoch, number of epochs) is used to show progress."""
    epoch, total = at
    shuffled = order[: config.images_per_epoch or len(train.labels)]
    for k in range(0, len(shuffled) - config.batch + 1, config.batch):
        learner.learn(train.sequences(shuffled[k : k + config.batch]))
        engine.show(epoch + k / len(shuffled), total, "epochs")


def _read_out(
    config: ReservoirConfig, reservoir: RateReservoir, train: Images, test: Images, start: np.ndarray | None
) -> dict[str, Score]:
    """Read the reservoir out. After learning, an error message includes the change of the weights from ``start``."""
    try:
        return read_out(reservoir, train, test, config.snapshots, cast(int, config.held_out))
    except UserError as error:
        if start is None:
            raise
        moved = np.linalg.norm(reservoir.w - start) / np.linalg.norm(start)
        raise UserError(f"{error}; weights changed by {moved:.3g} of their norm, so a smaller eta may help") from error


def _measure(reservoir: RateReservoir, start: np.ndarray, sample: np.ndarray, scores: dict[str, Score]) -> dict:
    """Return the stored values of an epoch; ``start`` holds the initial weights, ``sample`` the sequences to show."""
    rates = np.abs(reservoir.rate(reservoir.states(sample, range(sample.shape[1]))))
    norm = np.linalg.norm(start)
    return {
        "accuracy": [s.test for s in scores.values()],
        "validation": [s.validation for s in scores.values()],
        "beta": [s.beta for s in scores.values()],
        "radius": reservoir.radius(),
        "change": float(np.linalg.norm(reservoir.w - start) / norm) if norm else 0.0,
        "saturation": float((rates > SATURATED).mean()),
        "weights": reservoir.w.astype(np.float32),
    }


def _pack(found: list[dict], reservoir: RateReservoir, readouts: list[str]) -> xr.Dataset:
    """Return the values of all epochs, with the network's connections, as a Dataset."""
    dims = dict.fromkeys(("accuracy", "validation", "beta"), ("epoch", "readout")) | {"weights": ("epoch", "synapse")}
    return xr.Dataset(
        {name: (dims.get(name, ("epoch",)), np.array([row[name] for row in found])) for name in found[0]}
        | {
            "pre": ("synapse", reservoir.pre.astype(np.int32)),
            "post": ("synapse", reservoir.post.astype(np.int32)),
            "w_in": (("unit", "input"), reservoir.w_in),
            "bias": ("unit", reservoir.bias),
            # Each unit excites some units and inhibits others.
            "sign": ("unit", np.zeros(reservoir.n, np.int8)),
        },
        {"epoch": np.arange(len(found)), "readout": readouts},
    )
