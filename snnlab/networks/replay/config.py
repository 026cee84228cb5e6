"""The settings of a run with pulses, what they stand for, and what a protocol with pulses breaks on purpose."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from ...checking import require_between, require_positive
from ...errors import UserError
from ..force import CONTROLS as BROKEN
from ..force import ForceConfig, settle_force

Settled = TypeVar("Settled", bound="HdtsConfig")


@dataclass(frozen=True)
class HdtsConfig(ForceConfig):
    """Settings of a FORCE run with pulses."""

    hdts: Literal["external", "internal", "chain", "none"] = "external"
    """where pulses come from: an input, further outputs that the network learns and feeds back to itself, the pools of
    a spiking synfire chain, or nowhere"""
    pulses: int = 32
    """number of pulses in the teacher's period"""
    q_hdts: float | None = None
    """size of the weights through which pulses reach the neurons (mV, pA or 1); None: Q, for internal pulses"""
    pulse_order: Literal["learned", "permuted", "random"] = "learned"
    """order of the pulses after learning; random: another one in each period of internal pulses, while learning too"""


# What a protocol with pulses breaks on purpose: condition -> settings.
CONTROLS = {
    "permuted_pulses": {"pulse_order": "permuted"},
    "permuted_decoder": BROKEN["permuted_decoder"],
    "shuffled_teacher": BROKEN["shuffled_teacher"],
}


def settle_pulses(config: Settled, **stated: Any) -> Settled:
    """Return :func:`snnlab.networks.force.settle_force` of a Config, and refuse pulses that cannot be.

    Raises
    ------
    UserError
        For a number, a size or an order of pulses that a Config cannot have.
    """
    config = settle_force(config, **stated)
    _require_pulses(config)
    return config


def _require_pulses(config: HdtsConfig) -> None:
    require_positive(config, "pulses")
    if config.hdts != "none":
        require_between(config, "q_hdts", 0)
    if config.pulse_order == "random" and config.hdts != "internal":
        raise UserError(f"pulse_order: expected internal pulses for a random order, got --hdts {config.hdts}")
    if config.pulse_order == "permuted" and config.hdts == "none":
        raise UserError("pulse_order: expected pulses to put into another order, got --hdts none")
