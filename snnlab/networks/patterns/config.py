"""Settings of a reservoir that learns sequences of patterns, their checks, and the rule that they name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal, Self, TypeVar

from ...checking import require_between, require_choices, require_positive, require_whole
from ...engine.settings import BrianConfig, Cost
from ...errors import UserError
from ...models.loading import find_rule
from ...models.rate_rule import RateRule
from ...models.spike_rule import SpikeRule

Settled = TypeVar("Settled", bound="PatternConfig")


# This number is raised by hand when the results of these networks change, so that older run files are not reused.
RESULTS_VERSION = 2


@dataclass(frozen=True)
class PatternConfig(BrianConfig):
    """Settings of a reservoir, of its plasticity and of the learned sequences of patterns.

    No source has numbers: the defaults and the learning rates of the protocols are our choice.
    """

    GROUPS: ClassVar = {
        "network": ("n", "density", "radius", "leak", "w_in"),
        "learning": ("change", "eta", "most"),
    }

    reservoir: Literal["rate", "spiking"] = "rate"
    """rate: leaky rate units; spiking: integrate-and-fire neurons as in liquid_mnist"""
    plasticity: str = "none"
    """learning rule of the recurrent weights: none; {rate rules} for rate units;
    {spike rules}, random_walk for spiking neurons; or path/to/rule.py:NAME"""
    change: float = 0.5
    """change of the weights at which learning ends, relative to their norm; rules are compared at equal changes"""
    eta: float = 1e-3
    """learning rate of the rule"""
    most: int = 20_000
    """largest number of rounds through all sequences"""
    n: int = 200
    """units"""
    density: float = 0.1
    """share of pairs with a connection"""
    radius: float = 0.9
    """spectral radius of the weights before learning (rate units)"""
    leak: float = 0.3
    """leak a = dt/tau of rate units"""
    w_in: float = 0.3
    """largest input weight (rate units)"""
    inputs: int = 100
    """number of bits of a pattern"""
    active: int = 20
    """number of ones in a pattern"""
    frames: int = 5
    """number of patterns in a sequence"""
    hold: int = 3
    """number of steps of a pattern; a step is 5 ms for spiking neurons"""
    sequences: int = 20
    """number of learned sequences"""

    def settle(self) -> Self:
        """Return the Config with its open fields filled in: see :func:`settle_patterns`."""
        return settle_patterns(self)

    def models(self) -> dict:
        """Return what the names in the settled Config stand for: see :func:`pattern_models`."""
        return pattern_models(self)

    def cost(self) -> Cost:
        """Return the expected cost of a run of the settled Config: see :func:`pattern_cost`."""
        return pattern_cost(self)


def pattern_cost(config: PatternConfig) -> Cost:
    """Return the expected cost of a run of a settled Config, measured on one core of an EPYC.

    Learning ends at a change of the weights. The number of rounds until then is a guess from rounds that were measured
    with the published rates: 4 to 90 of them.
    """
    spiking, learns = config.reservoir == "spiking", config.plasticity != "none"
    rounds = min(config.most, 1 + (0.02 if spiking else 0.1) * config.change / config.eta) if learns else 0
    # About 15 changes of each learned sequence and of as many new ones are shown at the end.
    steps = int((rounds + 30) * config.sequences * config.frames * config.hold)
    start, step = (5, 2e-4 + 1.5e-6 * config.n) if spiking else (0.7, 3e-10 * config.n**2)
    shown = config.sequences * config.frames * config.hold * config.inputs
    return Cost(steps, 8 * (shown + 3 * config.density * config.n**2), start + steps * step, "steps of a sequence")


def pattern_models(config: PatternConfig) -> dict:
    """Return the data and models that a settled Config names: the rule."""
    rule = find_pattern_rule(config)
    return {"patterns": RESULTS_VERSION} | ({} if rule is None else {"rule": rule.to_dict()})


def settle_patterns(config: Settled) -> Settled:
    """Check the values of a Config and return it; raises UserError for a value that is not allowed."""
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
        raise UserError("radius: expected a number > 0 for weights that change by a share of their norm, got 0")
    require_whole("active", config.active, 2, config.inputs // 2)
    if not 0 < config.density <= 1 or config.leak > 1:
        name = "leak" if config.leak > 1 else "density"
        raise UserError(f"{name}: expected a number > 0 and <= 1, got {getattr(config, name)}")
    find_pattern_rule(config)
    return config


def find_pattern_rule(config: PatternConfig) -> RateRule | SpikeRule | None:
    """Return the rule that a Config names; None for "none" and for the random walk of spiking neurons."""
    if config.reservoir == "spiking":
        return find_rule(config.plasticity, SpikeRule, ("random_walk",))
    return find_rule(config.plasticity, RateRule)
