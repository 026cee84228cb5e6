"""Settings of a reservoir that learns sequences of patterns, the rule that they name, and what is refused."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal, TypeVar

from ...checking import require_between, require_choices, require_positive, require_whole
from ...engine.settings import BrianConfig
from ...errors import UserError
from ...models.loading import find_rule
from ...models.rate_rule import RateRule
from ...models.spike_rule import SpikeRule

Settled = TypeVar("Settled", bound="PatternConfig")


# Raised by hand when what these networks compute changes: files of before are then not taken for it.
RESULTS_VERSION = 2


@dataclass(frozen=True)
class PatternConfig(BrianConfig):
    """Settings of a reservoir, of its plasticity and of the sequences of patterns that it learns."""

    GROUPS: ClassVar = {
        "network": ("n", "density", "radius", "leak", "w_in"),
        "learning": ("change", "eta", "most"),
    }

    reservoir: Literal["rate", "spiking"] = "rate"
    """leaky rate units, or integrate-and-fire neurons as in liquid_mnist"""
    plasticity: str = "none"
    """how recurrent weights learn: none, hebb, stlr, random_walk, oja, covariance, ... of rate units; none, stdp,
    triplet, hebb, stlr, random_walk of spiking ones; or path/to/rule.py:NAME"""
    change: float = 0.5
    """how far weights go, in units of their norm: rules are compared where they have changed as much"""
    eta: float = 1e-3
    """learning rate of the rule"""
    most: int = 20_000
    """rounds, each of all sequences, after which learning is given up"""
    n: int = 200
    """units"""
    density: float = 0.1
    """share of pairs with a connection"""
    radius: float = 0.9
    """spectral radius of the weights before learning, of rate units"""
    leak: float = 0.3
    """a, the share of a step, of rate units"""
    w_in: float = 0.3
    """largest input weight, of rate units"""
    inputs: int = 100
    """bits of a pattern"""
    active: int = 20
    """ones of a pattern"""
    frames: int = 5
    """patterns of a sequence"""
    hold: int = 3
    """steps of a pattern; of 5 ms between spiking neurons"""
    sequences: int = 20
    """sequences that are learned"""


def pattern_models(config: PatternConfig) -> dict:
    """Return the data and models that a settled Config names: the rule."""
    rule = find_pattern_rule(config)
    return {"patterns": RESULTS_VERSION} | ({} if rule is None else {"rule": rule.to_dict()})


def settle_patterns(config: Settled) -> Settled:
    """Return the Config; raises UserError for a setting that is not allowed."""
    require_choices(config)
    require_positive(config, "change", "eta", "leak", "w_in")
    for name, low in (
        ("n", 10 if config.reservoir == "spiking" else 2),
        ("inputs", 4),
        ("frames", 2),
        ("hold", 1),
        ("sequences", 2),
        ("most", 1),
    ):
        require_whole(name, getattr(config, name), low, 1_000_000)
    require_between(config, "radius", 0)
    if config.plasticity != "none" and config.reservoir == "rate" and not config.radius:
        raise UserError("radius: expected more than 0 for weights that change by a share of their norm, got 0")
    require_whole("active", config.active, 2, config.inputs // 2)
    if not 0 < config.density <= 1 or config.leak > 1:
        name = "leak" if config.leak > 1 else "density"
        raise UserError(f"{name}: expected a number above 0 up to 1, got {getattr(config, name)}")
    find_pattern_rule(config)
    return config


def find_pattern_rule(config: PatternConfig) -> RateRule | SpikeRule | None:
    """Return the rule that a Config names; None for "none" and, between spiking neurons, for the random walk."""
    if config.reservoir == "spiking":
        return find_rule(config.plasticity, SpikeRule, ("random_walk",))
    return find_rule(config.plasticity, RateRule)
