"""Settings of a reservoir and its images, their checks, and the rule that they name."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Literal, Self, TypeVar

from ...checking import require_between, require_choices, require_positive, require_whole
from ...engine.settings import Cost, RunConfig
from ...errors import UserError
from ...learning.streams import default_held_out
from ...models.loading import find_rule
from ...models.rate_rule import RateRule
from ...stimuli.pictures.images import digest, load_images

Settled = TypeVar("Settled", bound="ReservoirConfig")


# This number is raised by hand when the results of these networks change, so that older run files are not reused.
RESULTS_VERSION = 2
# Learning rates of the reduced presets. They are for the few images of 8 x 8 pixels of digits; larger images make the
# same rate hundreds of times too large.
DIGITS_ETAS, DIGITS_PIXELS = (2.5e-3, 5e-3, 1.5e-2, 2e-2), 64


@dataclass(frozen=True)
class ReservoirConfig(RunConfig):
    """Settings of a rate reservoir, of its plasticity and of its images.

    The source states batches of 64 images and no other number. The other defaults are our choice.
    """

    GROUPS: ClassVar = {
        "network": ("n", "density", "radius", "leak", "w_in", "form"),
        "learning": ("eta", "epochs", "batch", "images_per_epoch", "quantity", "pre", "input_in_sum", "threshold"),
        "recording": ("snapshots", "held_out"),
    }
    REST: ClassVar = ("form", "quantity", "pre", "input_in_sum", "threshold")

    plasticity: str = "none"
    """learning rule of the recurrent weights: none, {rate rules}, or path/to/rule.py:NAME"""
    images: str = "mnist"
    """mnist (after `snnlab data get mnist`), digits, or a folder with four IDX files"""
    n: int = 200
    """units"""
    density: float = 0.1
    """share of pairs with a connection"""
    radius: float = 0.9
    """spectral radius of the weights before learning"""
    leak: float = 0.3
    """leak a = dt/tau"""
    w_in: float = 0.3
    """largest input weight"""
    form: Literal["reservoir", "rate"] = "reservoir"
    """whether the nonlinearity f is applied to the state (reservoir) or to the input (rate)"""
    eta: float = 1e-5
    """learning rate of the rule"""
    epochs: int = 5
    """number of times that all training images are shown"""
    batch: int = 64
    """number of images in an update"""
    images_per_epoch: int | None = None
    """number of training images for the weights in an epoch, drawn anew for each epoch; None means all images"""
    quantity: Literal["rate", "state"] = "rate"
    """whether rules use the rates of units or their states"""
    pre: Literal["sent", "now"] = "sent"
    """whether x in a rule is the presynaptic value at the start of a step (sent) or at its end (now)"""
    input_in_sum: bool = False
    """whether the sum in STLR includes the external input"""
    threshold: Literal["mean", "image"] = "mean"
    """whether the rule is applied to the mean signal of a batch (mean) or to each image (image)"""
    snapshots: int = 4
    """number of states that the second readout uses, evenly spaced up to the last state"""
    held_out: int | None = None
    """number of held-out images, the last training images, which choose the ridge penalty; the final readout learns
    from all training images; None: 6000, or a tenth of the training images if they are fewer"""
    control: Literal["none", "shuffled_labels"] = "none"
    """control: shuffled_labels shuffles the training labels"""

    def settle(self) -> Self:
        """Return the Config with its open fields filled in: see :func:`settle_reservoir`."""
        return settle_reservoir(self)

    def models(self) -> dict:
        """Return what the names in the settled Config stand for: see :func:`reservoir_models`."""
        return reservoir_models(self)

    def cost(self) -> Cost:
        """Return the expected cost of a run of the settled Config: see :func:`reservoir_cost`."""
        return reservoir_cost(self)


def reservoir_cost(config: ReservoirConfig) -> Cost:
    """Return the expected cost of a run of a settled Config, measured on one core of a Xeon."""
    train, test = load_images(config.images)
    rows, n = train.images.shape[1], config.n
    learns = config.epochs if config.plasticity != "none" else 0
    steps = rows * (len(train.labels) * (1 + 2 * learns) + len(test.labels) * (1 + learns))
    # The ridge readout stores the products of all features.
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
    """Check the values of a Config and return it; raises UserError for values that do not fit the images."""
    train, _ = load_images(config.images)
    require_choices(config)
    require_positive(config, "leak", "eta")
    if config.plasticity != "none" and config.eta in DIGITS_ETAS and train.images[0].size > DIGITS_PIXELS:
        rows, columns = train.images.shape[1:]
        raise UserError(
            f"eta: expected a learning rate for images of {rows} x {columns}, such as {ReservoirConfig.eta:g}, got "
            f"{config.eta:g}, a reduced preset's for the digits of 8 x 8"
        )
    require_whole("n", config.n, 1, 100_000)
    require_whole("epochs", config.epochs, 0, 10_000)
    require_whole("batch", config.batch, 1, len(train.labels))
    if config.images_per_epoch is not None:
        require_whole("images_per_epoch", config.images_per_epoch, config.batch, len(train.labels))
    require_whole("snapshots", config.snapshots, 1, train.images.shape[1])
    if config.held_out is None:
        config = replace(config, held_out=default_held_out(len(train.labels)))
    require_whole("held_out", config.held_out, 1, len(train.labels) - 1)
    for name, *bounds in (("density", 0, 1), ("leak", 0, 1), ("radius", 0), ("w_in", 0)):
        require_between(config, name, *bounds)
    find_rate_rule(config)
    return config
