"""Settings of a reservoir and of what it is shown, the rule that they name, and what is refused."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal, TypeVar

from ...checking import require_between, require_choices, require_positive, require_whole
from ...engine.settings import Cost, RunConfig
from ...models.loading import find_rule
from ...models.rate_rule import RateRule
from ...stimuli.pictures.images import digest, load_images

Settled = TypeVar("Settled", bound="ReservoirConfig")


# Raised by hand when what these networks compute changes: files of before are then not taken for it.
RESULTS_VERSION = 2


@dataclass(frozen=True)
class ReservoirConfig(RunConfig):
    """Settings of a rate reservoir, of its plasticity and of what it is shown."""

    GROUPS: ClassVar = {
        "network": ("n", "density", "radius", "leak", "w_in", "form"),
        "learning": ("eta", "epochs", "batch", "images_per_epoch", "quantity", "pre", "input_in_sum", "threshold"),
        "recording": ("snapshots", "held_out"),
    }
    REST: ClassVar = ("form", "quantity", "pre", "input_in_sum", "threshold")

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


def reservoir_cost(config: ReservoirConfig) -> Cost:
    """Return what a run of a settled Config will take; measured on one core of a Xeon."""
    train, test = load_images(config.images)
    rows, n = train.images.shape[1], config.n
    learns = config.epochs if config.plasticity != "none" else 0
    steps = rows * (len(train.labels) * (1 + 2 * learns) + len(test.labels) * (1 + learns))
    # The ridge readout holds the products of all features.
    memory = 2 * train.images.nbytes + 8 * ((config.snapshots * n) ** 2 + 2 * n**2)
    return Cost(steps, memory, 5 + steps * (1e-6 + 3.5e-11 * n**2), "steps of an image")


def find_rate_rule(config: ReservoirConfig) -> RateRule | None:
    """Return the rule that a Config names; None for "none"."""
    return find_rule(config.plasticity, RateRule)


def reservoir_models(config: ReservoirConfig) -> dict:
    """Return the data and models that a settled Config names: the rule and the images."""
    rule = find_rate_rule(config)
    return {
        "reservoir": RESULTS_VERSION,
        "rule": rule.to_dict() if rule else None,
        "images": digest(config.images),
    }


def settle_reservoir(config: Settled) -> Settled:
    """Return the Config; raises UserError for a setting that cannot be, also with these images."""
    train, _ = load_images(config.images)
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
    find_rate_rule(config)
    return config
