"""Show a reservoir all images, epoch after epoch, and read it out after each: what the reservoir protocols share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import xarray as xr
from threadpoolctl import threadpool_limits

from ...checking import require_between, require_choices, require_positive, require_whole
from ...engine.brian import Engine
from ...errors import UserError
from ...learning.readout import Score, classify
from ...models.loading import find_rule
from ...models.rate_rule import RateRule
from ...stimuli.pictures.images import Images, digest, load_images
from .remedies import Remedy
from .units import SATURATED, Plasticity, RateReservoir, View, calibrate, random_reservoir

CLASSES = 10
# Images at a time where nothing learns: the result is the same.
_PIECE = 500
_CALIBRATION = 20


@dataclass(frozen=True)
class ReservoirConfig:
    """Settings of a rate reservoir, of its plasticity and of what it is shown."""

    plasticity: str = "none"
    """how recurrent weights learn: none, hebb, oja, covariance, anti_hebb, stlr, stlr_summed, stlr_rare, stlr_logistic,
    random_walk, or path/to/rule.py:NAME"""
    images: str = "mnist"
    """mnist (after `snnlab data get mnist`), digits, or a folder with four IDX files"""
    n: int = 200
    """units"""
    density: float = 0.1
    """share of pairs with a connection"""
    radius: float = 0.9
    """spectral radius of the weights before learning"""
    leak: float = 0.3
    """a, the share of a step"""
    w_in: float = 0.3
    """largest input weight"""
    form: Literal["reservoir", "rate"] = "reservoir"
    """f around the state, or around the input"""
    eta: float = 1e-5
    """learning rate of the rule"""
    epochs: int = 5
    """how often all training images are shown"""
    batch: int = 64
    """images of an update"""
    images_per_epoch: int | None = None
    """training images that the weights learn from in an epoch, others in each; None: all, as the readout does"""
    quantity: Literal["rate", "state"] = "rate"
    """whether rules see what units send or their states"""
    pre: Literal["sent", "now"] = "sent"
    """whether a rule's x is what was sent into a step, or what the unit has become in it"""
    input_in_sum: bool = False
    """whether the sum that STLR compares with holds the input from outside"""
    threshold: Literal["mean", "image"] = "mean"
    """whether the rule's change is of the batch's mean signal, or the mean of each image's change"""
    snapshots: int = 4
    """states that the second readout sees, evenly spaced up to the last"""
    held_out: int = 6000
    """last training images, which choose the ridge's strength; all teach the readout that is tested"""
    control: Literal["none", "shuffled_labels"] = "none"
    """what is broken"""
    seed: int = 0
    """seed of all randomness"""

    def identity(self) -> dict:
        """Return what the settings stand for: the rule and the images."""
        return {"rule": rule.to_dict() if (rule := rule_of(self)) else None, "images": digest(self.images)}


def rule_of(config: ReservoirConfig) -> RateRule | None:
    """Return the rule that a Config names; None for "none"."""
    return find_rule(config.plasticity, RateRule)


def check(config: ReservoirConfig, train: Images) -> None:
    """Raise UserError for a setting that cannot be."""
    require_choices(config)
    require_positive(config, "leak", "eta")
    require_whole("n", config.n, 1, 100_000)
    require_whole("epochs", config.epochs, 0, 10_000)
    require_whole("batch", config.batch, 1, len(train.labels))
    if config.images_per_epoch is not None:
        require_whole("images_per_epoch", config.images_per_epoch, config.batch, len(train.labels))
    require_whole("snapshots", config.snapshots, 1, train.images.shape[1])
    require_whole("held_out", config.held_out, 1, len(train.labels) - 1)
    for name, *bounds in (("density", 0, 1), ("leak", 0, 1), ("radius", 0), ("w_in", 0)):
        require_between(config, name, *bounds)


def build(config: ReservoirConfig, inputs: int, engine: Engine) -> RateReservoir:
    """Return the reservoir of a Config, before learning."""
    return random_reservoir(
        config.n, inputs, engine.rng("network"), config.density, config.radius, config.leak, config.w_in, config.form
    )


def plasticity_of(
    config: ReservoirConfig, reservoir: RateReservoir, train: Images, engine: Engine, remedy: Remedy
) -> Plasticity:
    """Return the rule of a Config at work, calibrated on some batches of training images."""
    view = View(config.quantity, config.pre, config.input_in_sum, config.threshold)
    rng = engine.rng("plasticity")
    plasticity = Plasticity(reservoir, rule_of(config), config.eta, rng, view, remedy=remedy)
    order = engine.rng("calibration").permutation(len(train.labels))[: _CALIBRATION * config.batch]
    batches = [train.sequences(order[k : k + config.batch]) for k in range(0, len(order), config.batch)]
    plasticity.rule = calibrate(plasticity, batches)
    return plasticity


def shown_at(steps: int, snapshots: int) -> np.ndarray:
    """Return the steps, counted from 0, whose states are read out: evenly spaced, the last one among them."""
    return np.ceil(np.arange(1, snapshots + 1) * steps / snapshots).astype(int) - 1


def score(
    features: Callable[[np.ndarray], np.ndarray],
    subsets: dict[str, np.ndarray],
    train: Images,
    test: Images,
    held_out: int,
    piece: int = _PIECE,
) -> dict[str, Score]:
    """Return how readouts of subsets of the features of images do; see :func:`snnlab.learning.readout.classify`.

    ``features`` turns sequences of shape (images, steps, inputs) into features of shape (images, features).
    """

    def stream(images: Images, start: int, stop: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        for first in range(start, stop, piece):
            index = np.arange(first, min(first + piece, stop))
            yield features(images.sequences(index)), images.labels[index]

    total, count = len(train.labels), len(test.labels)
    fit = total - held_out
    return classify(stream(train, 0, fit), stream(train, fit, total), stream(test, 0, count), subsets, CLASSES)


def read_out(reservoir: RateReservoir, train: Images, test: Images, snapshots: int, held_out: int) -> dict[str, Score]:
    """Return how readouts of a reservoir's states do: of the last one, and of several."""
    kept, n = shown_at(train.images.shape[1], snapshots), reservoir.n
    last = np.arange((snapshots - 1) * n, snapshots * n)
    subsets = {"last": last} | ({"snapshots": np.arange(snapshots * n)} if snapshots > 1 else {})
    return score(lambda x: reservoir.states(x, kept).reshape(len(x), -1), subsets, train, test, held_out)


def train_epochs(config: ReservoirConfig, engine: Engine, remedy: Remedy | None = None) -> xr.Dataset:
    """Let a reservoir learn from all images, epoch after epoch, and read it out before, and after each epoch.

    ``remedy`` is what is done beside the rule; nothing by default.

    Returns ``accuracy`` and ``validation`` (epoch, readout), ``beta`` (epoch, readout), ``radius``, ``change`` =
    |W - W0|/|W0|, ``saturation`` = share of |r| > 0.99 in all steps of 500 test images (epoch), ``weights`` (epoch,
    synapse) with ``pre`` and ``post``, ``w_in`` (unit, input), ``bias`` (unit) in the end, ``pixels``: test
    accuracy of a ridge readout of pixels.

    Raises
    ------
    UserError, Diverged
    """
    train, test = load_images(config.images)
    check(config, train)
    with threadpool_limits(1):
        pixels = of_pixels(train, test, config.held_out)
        shown = taught(config, train, engine)
        return _train_epochs(config, engine, shown, test, remedy or Remedy()).assign(pixels=((), pixels))


def taught(config: object, train: Images, engine: Engine) -> Images:
    """Return the images to train with, with labels in random order where the Config's ``control`` says so."""
    if config.control == "none":
        return train
    return Images(train.images, engine.rng("labels").permutation(train.labels), train.full)


def of_pixels(train: Images, test: Images, held_out: int) -> float:
    """Return the test accuracy of a ridge readout of the pixels, the baseline."""
    every = {"pixels": np.arange(train.images[0].size)}
    return score(lambda x: x.reshape(len(x), -1), every, train, test, held_out)["pixels"].test


def _train_epochs(config: ReservoirConfig, engine: Engine, train: Images, test: Images, remedy: Remedy) -> xr.Dataset:
    reservoir = build(config, train.images.shape[2], engine)
    start = reservoir.w.copy()
    learner = None if rule_of(config) is None else plasticity_of(config, reservoir, train, engine, remedy)
    sample = test.sequences(np.arange(min(_PIECE, len(test.labels))))
    count = config.images_per_epoch or len(train.labels)
    order, found = engine.rng("order"), []
    # Without a rule nothing changes from epoch to epoch.
    epochs = config.epochs if learner else 0
    total = epochs + 1
    engine.show(0, total, "epochs")
    for epoch in range(total):
        if epoch:
            shuffled = order.permutation(len(train.labels))[:count]
            for k in range(0, len(shuffled) - config.batch + 1, config.batch):
                learner.learn(train.sequences(shuffled[k : k + config.batch]))
                engine.show(epoch + k / len(shuffled), total, "epochs")
        try:
            scores = read_out(reservoir, train, test, config.snapshots, config.held_out)
        except UserError as error:
            moved = np.linalg.norm(reservoir.w - start) / np.linalg.norm(start) if epoch else 0.0
            raise UserError(
                f"{error}; weights have moved by {moved:.3g} of their norm: a smaller eta may help"
                if epoch
                else str(error)
            ) from error
        rates = np.abs(reservoir.rate(reservoir.states(sample, range(sample.shape[1]))))
        norm = np.linalg.norm(start)
        found.append(
            {
                "accuracy": [s.test for s in scores.values()],
                "validation": [s.validation for s in scores.values()],
                "beta": [s.beta for s in scores.values()],
                "radius": reservoir.radius(),
                "change": float(np.linalg.norm(reservoir.w - start) / norm) if norm else 0.0,
                "saturation": float((rates > SATURATED).mean()),
                "weights": reservoir.w.astype(np.float32),
            }
        )
        engine.show(epoch + 1, total, "epochs")
    dims = dict.fromkeys(("accuracy", "validation", "beta"), ("epoch", "readout")) | {"weights": ("epoch", "synapse")}
    dataset = xr.Dataset(
        {name: (dims.get(name, ("epoch",)), np.array([row[name] for row in found])) for name in found[0]}
        | {
            "pre": ("synapse", reservoir.pre.astype(np.int32)),
            "post": ("synapse", reservoir.post.astype(np.int32)),
            "w_in": (("unit", "input"), reservoir.w_in),
            "bias": ("unit", reservoir.bias),
        },
        {"epoch": np.arange(total), "readout": list(scores)},
    )
    # Changes of weights in an epoch, each in every step of its images.
    steps = train.images.shape[1] // remedy.learn_every
    dataset["updates"] = ("epoch", np.arange(total) * (count // config.batch) * steps)
    dataset.attrs["thresholds"] = str({k: float(v) for k, v in learner.rule.parameters.items()} if learner else {})
    return dataset
