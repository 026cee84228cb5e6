"""Settings of a liquid and its images, the checks of these settings, and the rule and the liquid that they define."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Literal, Self, TypeVar

import numpy as np

from ...checking import require_between, require_choices, require_positive, require_whole
from ...engine.brian import Engine
from ...engine.settings import BrianConfig, Cost
from ...errors import UserError
from ...learning.streams import default_held_out
from ...models.loading import find_rule
from ...models.spike_rule import SpikeRule
from ...stimuli.pictures.images import Images, digest, load_images
from .liquid import calibrate_input, random_liquid
from .network import Liquid, Show

Settled = TypeVar("Settled", bound="LiquidConfig")
# This number is raised by hand when the results of these networks change, so that older run files are not reused.
RESULTS_VERSION = 2
# These learning rates were best on held-out images (seed 0). With a ten times higher rate, Hebb's rule reaches 120 Hz.
ETAS = {"stdp": 1e-4, "hebb": 1e-6, "stlr": 1e-4}


@dataclass(frozen=True)
class LiquidConfig(BrianConfig):
    """Settings of a liquid, of its plasticity and of its images. The defaults and the rates in ETAS are our choice."""

    GROUPS: ClassVar = {
        "network": ("n", "density", "gain", "inhibition", "input_density", "bias", "rate"),
        "learning": ("eta", "learned_images"),
        "recording": ("train_images", "test_images", "held_out", "calibration_images"),
    }
    REST: ClassVar = ("input_density", "bias", "row", "gap", "read", "calibration_images")

    plasticity: str = "none"
    """learning rule of weights between excitatory neurons: none, {spike rules}, or path/to/rule.py:NAME"""
    images: str = "mnist"
    """mnist (after `snnlab data get mnist`), digits, or a folder with four IDX files"""
    code: Literal["rate", "latency"] = "rate"
    """rate: the value of a pixel is a current; latency: it is the time of a spike"""
    n: int = 300
    """number of neurons, 80 % of them excitatory"""
    density: float = 0.1
    """share of the possible presynaptic neurons that have a synapse to a neuron"""
    gain: float = 10.0
    """increase of the current by one spike through a weight of 1 (mV)"""
    inhibition: float = 5.0
    """size of the largest weight of inhibitory neurons; for excitatory neurons it is 1"""
    input_density: float = 1.0
    """share of the input channels that have a synapse to a neuron"""
    bias: float = -10.0
    """constant current of every neuron (mV)"""
    rate: float = 20.0
    """mean firing rate (Hz) to which the gain of the input is calibrated, before learning"""
    row: float = 5.0
    """length of a row (ms)"""
    gap: float = 60.0
    """silence after an image (ms)"""
    read: float = 20.0
    """time after the last row of the last of four readings, which are evenly spaced (ms)"""
    eta: float | None = None
    """learning rate; None means the value in ETAS of snnlab/networks/liquid/config.py, or else the rule's own"""
    learned_images: int = 6000
    """largest number of training images for the learning rule"""
    train_images: int = 60_000
    """largest number of training images for the readout; the first ones are used"""
    test_images: int = 10_000
    """largest number of test images; the first ones are used"""
    held_out: int | None = None
    """number of held-out images, the last training images, which choose the ridge penalty; the final readout learns
    from all training images; None: 6000, or a tenth of the training images if they are fewer"""
    calibration_images: int = 200
    """number of training images for the calibration of gains and thresholds"""
    control: Literal["none", "shuffled_labels"] = "none"
    """control: shuffled_labels shuffles the training labels of all readouts except the readout of pixels"""

    def settle(self) -> Self:
        """Return the Config with its open fields filled in: see :func:`settle_liquid`."""
        return settle_liquid(self)

    def models(self) -> dict:
        """Return what the names in the settled Config stand for: see :func:`liquid_models`."""
        return liquid_models(self)

    def cost(self) -> Cost:
        """Return the expected cost of a run of the settled Config: see :func:`liquid_cost`."""
        return liquid_cost(self)


def liquid_cost(config: LiquidConfig) -> Cost:
    """Return the expected cost of a run of a settled Config, measured for the C++ program on one core of a Xeon."""
    train, test = load_images(config.images)
    shown = min(config.train_images, len(train.labels)) + min(config.test_images, len(test.labels))
    shown = 2 * shown + min(config.learned_images, len(train.labels)) * (config.plasticity != "none")
    # A step is 0.5 ms.
    steps = int(shown * 2 * (train.images.shape[1] * config.row + config.gap))
    features = 5 * config.n
    memory = train.images.nbytes + 8 * (features**2 + 3 * config.density * config.n**2)
    return Cost(steps, memory, 60 + 2.5e-8 * steps * config.n)


def find_spike_rule(config: LiquidConfig) -> SpikeRule | None:
    """Return the rule that a Config names, with its learning rate; None for "none"."""
    rule = find_rule(config.plasticity, SpikeRule)
    eta = ETAS.get(config.plasticity) if config.eta is None else config.eta
    return rule if rule is None or eta is None else rule.with_parameters(eta=eta)


def liquid_models(config: LiquidConfig) -> dict:
    """Return the data and models that a settled Config names: the rule and the images."""
    rule = find_spike_rule(config)
    return {"liquid": RESULTS_VERSION, "rule": rule.to_dict() if rule else None, "images": digest(config.images)}


def settle_liquid(config: Settled) -> Settled:
    """Check a Config and return it with its learning rate; raises UserError for values that do not fit the images."""
    train, _ = load_images(config.images)
    require_choices(config)
    require_positive(config, "rate", "row", "eta")
    require_whole("n", config.n, 10, 100_000)
    require_whole("learned_images", config.learned_images, 1, 10**9)
    require_whole("test_images", config.test_images, 1, 10**9)
    require_whole("train_images", config.train_images, 2, 10**9)
    count = min(config.train_images, len(train.labels))
    if config.held_out is None:
        config = replace(config, held_out=default_held_out(count))
    require_whole("held_out", config.held_out, 1, count - 1)
    require_whole("calibration_images", config.calibration_images, 1, count)
    if not np.isfinite(config.bias):
        raise UserError(f"bias: expected a finite number, got {config.bias}")
    bounds = {"density": (0, 1), "input_density": (0, 1), "gain": (0,), "inhibition": (0,), "gap": (0, 1e3)}
    for name, limits in (bounds | {"read": (0, config.gap)}).items():
        require_between(config, name, *limits)
    for name in ("row", "gap", "read"):
        unit = 0.5 if name != "gap" else config.row
        if abs(getattr(config, name) / unit - round(getattr(config, name) / unit)) > 1e-9:
            raise UserError(f"{name}: expected a multiple of {unit} ms, got {getattr(config, name)}")
    rule = find_spike_rule(config)
    if config.eta is not None or rule is None or "eta" not in rule.numbers:
        return config
    return replace(config, eta=float(rule.numbers["eta"]))


def plan_show(config: LiquidConfig, train: Images) -> Show:
    """Return the time course in which images are shown."""
    _, rows, channels = train.images.shape
    return Show(rows, channels, config.code, config.row / 1e3, config.gap / 1e3, config.read / 1e3)


def build_liquid(config: LiquidConfig, show: Show, images: np.ndarray, engine: Engine, coupled: bool = True) -> Liquid:
    """Return the liquid of a Config before learning, with calibrated input. Without coupling, the gain is 0."""
    liquid = random_liquid(
        config.n,
        show.channels,
        engine,
        density=config.density,
        inhibition=config.inhibition,
        input_density=config.input_density,
        gain=config.gain if coupled else 0.0,
        bias=config.bias,
    )
    return calibrate_input(liquid, show, images, config.rate, engine)
