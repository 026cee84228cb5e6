"""Train a FORCE network with a high-dimensional temporal signal that tells it where in a long teacher it is.

External pulses drive the network through weights of their own, uniform in [-q_hdts, q_hdts] (the authors' scripts).
Internal pulses are further outputs: the network learns them beside the teacher and feeds them back to itself. The 2017
paper shows them, and no script but that of the long Ode to Joy has them, where their weights have the size Q of all
others. Here it is q_hdts, as for external pulses, if that is given.

Reference: Nicola & Clopath 2017, doi:10.1038/s41467-017-01827-3, and the authors' scripts, ModelDB 190565.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import xarray as xr

from ..connectivity import encoder
from ..engine import Engine
from ..errors import UserError, require_positive
from ..models import unit
from ..stimuli.hdts import Pulses
from ..stimuli.teacher import Teacher, sample
from .drive import Drive
from .force_config import ForceConfig, published_units, resolve
from .force_training import train_force
from .phases import Phase, changed


@dataclass(frozen=True)
class HdtsConfig(ForceConfig):
    """Settings of a FORCE run with pulses."""

    hdts: Literal["external", "internal", "none"] = "external"
    """where pulses come from: an input, further outputs that the network learns and feeds back to itself, or nowhere"""
    pulses: int = 32
    """number of pulses in the teacher's period"""
    q_hdts: float | None = None
    """size of the weights through which pulses reach the neurons (mV, pA or 1); None: Q, for internal pulses"""
    pulse_order: Literal["learned", "permuted", "random"] = "learned"
    """order of the pulses after learning; random: another one in each period of internal pulses, while learning too"""


def train_with_hdts(
    config: HdtsConfig, teacher: Teacher, period: float, engine: Engine, phases: Sequence[Phase] = ()
) -> xr.Dataset:
    """Train a network on a teacher that repeats every ``period`` s; see :func:`snnlab.train_force`.

    ``output`` and ``teacher`` of the dataset hold the teacher's components, then those of internal pulses.

    Raises
    ------
    UserError
        As :func:`snnlab.train_force`; for external pulses without ``q_hdts``.
    """
    require_positive(config, "pulses")
    setup = resolve(config)
    pulses = Pulses(config.pulses, period)
    taught, drive, sizes = sample(teacher, np.array([setup.dt])).shape[1], None, None
    if config.hdts != "none" and config.q_hdts is not None and not 0 <= config.q_hdts < float("inf"):
        raise UserError(f"q_hdts: expected a number >= 0, got {config.q_hdts}")
    size = None if config.q_hdts is None else float(config.q_hdts * unit(published_units(setup.neuron.current)["q"]))
    if config.hdts == "external":
        if size is None:
            raise UserError(f"q_hdts: neuron {config.neuron!r} has no value of its own; give --q-hdts")
        drive = Drive(encoder(config.n, config.pulses, size, engine.rng("hdts")), pulses.signal(setup.dt))
    if config.hdts == "internal":
        outer = teacher
        if size is not None:
            if not setup.q > 0:
                raise UserError(f"q: expected more than 0 for internal pulses, got {config.q}")
            sizes = np.repeat([1.0, size / setup.q], [taught, config.pulses])

        inner = pulses.unordered(config.seed) if config.pulse_order == "random" else pulses

        def teacher(t):
            return np.hstack([sample(outer, t), inner(t)])

    if config.pulse_order == "random" and config.hdts != "internal":
        raise UserError(f"pulse_order: expected internal pulses for a random order, got --hdts {config.hdts}")
    if config.pulse_order == "permuted":
        if config.hdts == "none":
            raise UserError("pulse_order: expected pulses to put into another order, got --hdts none")
        order = engine.rng("pulse_order").permutation(config.pulses)
        change = {"pulse_order": order}
        if config.hdts == "internal":
            change = {"output_order": np.concatenate([np.arange(taught), taught + order])}
        phases = changed(phases, (setup.learn_stop + 1) * setup.dt, **change)
    return train_force(config, teacher, engine, drive=drive, phases=phases, sizes=sizes)
