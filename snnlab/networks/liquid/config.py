"""Settings of a liquid and of what it is shown, the rule and the liquid that they stand for, and what is refused."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Literal, TypeVar

import numpy as np

from ...checking import require_between, require_choices, require_positive, require_whole
from ...engine.brian import Engine
from ...engine.settings import BrianConfig, Cost
from ...errors import UserError
from ...models.loading import find_rule
from ...models.spike_rule import SpikeRule
from ...stimuli.pictures.images import Images, digest, load_images
from .liquid import calibrate_input, random_liquid
from .network import Liquid, Show

Settled = TypeVar("Settled", bound="LiquidConfig")
# Raised by hand when what these networks compute changes: files of before are then not taken for it.
RESULTS_VERSION = 2
# Learning rates that did best on held-out images (seed 0). With a rate ten times as high, Hebb's rule comes to 120 Hz.
ETAS = {"stdp": 1e-4, "hebb": 1e-6, "stlr": 1e-4}


@dataclass(frozen=True)
class LiquidConfig(BrianConfig):
    """Settings of a liquid, of its plasticity and of what it is shown."""

    GROUPS: ClassVar = {
        "network": ("n", "density", "gain", "inhibition", "input_density", "bias", "rate"),
        "learning": ("eta", "learned_images"),
        "recording": ("train_images", "test_images", "held_out", "calibration_images"),
    }
    REST: ClassVar = ("input_density", "bias", "row", "gap", "read", "calibration_images")

    plasticity: str = "none"
    """how weights between excitatory neurons learn: none, stdp, triplet, hebb, stlr, or path/to/rule.py:NAME"""
    images: str = "mnist"
    """mnist (after `snnlab data get mnist`), digits, or a folder with four IDX files"""
    code: Literal["rate", "latency"] = "rate"
    """whether a pixel is a current or the time of a spike"""
    n: int = 300
    """neurons, 80 % of them excitatory"""
    density: float = 0.1
    """share of possible sources that a neuron has a synapse from"""
    gain: float = 10.0
    """what a spike over a weight of 1 adds to a current (mV)"""
    inhibition: float = 5.0
    """largest weight of an inhibitory neuron; of excitatory ones it is 1"""
    input_density: float = 1.0
    """share of the channels of the input that a neuron has a synapse from"""
    bias: float = -10.0
    """constant current of every neuron (mV)"""
    rate: float = 20.0
    """mean rate (Hz) that the gain of the input is calibrated to, before learning"""
    row: float = 5.0
    """length of a row (ms)"""
    gap: float = 60.0
    """silence after an image (ms)"""
    read: float = 20.0
    """time after the last row of the last of four readings, which are evenly spaced (ms)"""
    eta: float | None = None
    """learning rate; None: ETAS of snnlab/networks/liquid/config.py for this rule, else the rule's own"""
    learned_images: int = 6000
    """training images that the rule learns from, at most"""
    train_images: int = 60_000
    """training images that the readout learns from, the first ones, at most"""
    test_images: int = 10_000
    """test images, the first ones, at most"""
    held_out: int = 6000
    """last of the training images, which choose the ridge's strength; all teach the readout that is tested"""
    calibration_images: int = 200
    """training images that gains and thresholds are calibrated on"""
    control: Literal["none", "shuffled_labels"] = "none"
    """what is broken: labels that the readouts of neurons learn from; that of pixels learns from true ones"""


def liquid_cost(config: LiquidConfig) -> Cost:
    """Return what a run of a settled Config will take; measured on one core of a Xeon, as a C++ program."""
    train, test = load_images(config.images)
    shown = min(config.train_images, len(train.labels)) + min(config.test_images, len(test.labels))
    shown = 2 * shown + min(config.learned_images, len(train.labels)) * (config.plasticity != "none")
    # Steps are of 0.5 ms.
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
    """Return the Config with its learning rate; raises UserError for a setting that cannot be, also with the images."""
    train, _ = load_images(config.images)
    require_choices(config)
    require_positive(config, "rate", "row", "eta")
    require_whole("n", config.n, 10, 100_000)
    require_whole("learned_images", config.learned_images, 1, 10**9)
    require_whole("test_images", config.test_images, 1, 10**9)
    require_whole("train_images", config.train_images, 2, 10**9)
    count = min(config.train_images, len(train.labels))
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
    """Return how images are shown."""
    _, rows, channels = train.images.shape
    return Show(rows, channels, config.code, config.row / 1e3, config.gap / 1e3, config.read / 1e3)


def build_liquid(config: LiquidConfig, show: Show, images: np.ndarray, engine: Engine, coupled: bool = True) -> Liquid:
    """Return the liquid of a Config before learning, its input calibrated on images; uncoupled: with a gain of 0."""
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
