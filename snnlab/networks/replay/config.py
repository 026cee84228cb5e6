"""The settings of a run with pulses, their checks, and the controls of a protocol with pulses."""

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
    """source of the pulses: external, an input; internal, further outputs that the network learns and feeds back to
    itself; chain, the pools of a spiking synfire chain; none"""
    pulses: int = 32
    """number of pulses in the teacher's period"""
    q_hdts: float | None = None
    """size of the weights of pulses (mV, pA or 1); for internal pulses, None means Q"""
    pulse_order: Literal["learned", "permuted", "random"] = "learned"
    """order of the pulses after learning; random means a new order in each period of internal pulses, also during
    learning"""


# The controls of a protocol with pulses: condition -> settings.
CONTROLS = {
    "permuted_pulses": {"pulse_order": "permuted"},
    "permuted_decoder": BROKEN["permuted_decoder"],
    "shuffled_teacher": BROKEN["shuffled_teacher"],
}


def settle_pulses(config: Settled, **stated: Any) -> Settled:
    """Check a Config with pulses and settle it with :func:`snnlab.networks.force.settle_force`.

    Raises
    ------
    UserError
        For a number, a size or an order of pulses that is not allowed.
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
        raise UserError("pulse_order: expected pulses for a permuted order, got --hdts none")
