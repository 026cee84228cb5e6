"""Training of a FORCE network with a high-dimensional temporal signal, which marks the time in a long teacher.

External pulses drive the network through separate weights, uniform in [-q_hdts, q_hdts] (the authors' scripts).
Internal pulses are further outputs: the network learns them together with the teacher and feeds them back to itself.
The 2017 paper shows them. Only the script of the long Ode to Joy has them, with weights of the same size Q as the other
outputs. Here, their weights have the size q_hdts if it is given, as for external pulses.

Reference: Nicola & Clopath 2017, doi:10.1038/s41467-017-01827-3, and the authors' scripts, ModelDB 190565.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import scipy
import xarray as xr

from ...connectivity.random import encoder
from ...engine.brian import Engine
from ...errors import UserError
from ...models.quantities import unit
from ...stimuli.signals.teacher import Teacher, sample
from ..force import Drive, Phase, changed, published_units, train_force
from . import synfire
from .config import HdtsConfig
from .pulses import Pulses


def train_with_hdts(
    config: HdtsConfig,
    teacher: Teacher,
    period: float,
    engine: Engine,
    *,
    phases: Sequence[Phase] = (),
    clock: Callable[[np.ndarray], np.ndarray] | None = None,
    cue: Drive | None = None,
) -> xr.Dataset:
    """Train a network on a periodic teacher with period ``period`` (s); see :func:`snnlab.train_force`.

    ``output`` and ``teacher`` of the dataset hold the teacher's components, followed by the internal pulses. ``clock``
    is a function from times t (s) to the time in the teacher and in internal pulses; None means t. ``cue`` is a drive
    in addition to internal pulses.

    Raises
    ------
    UserError
        As in :func:`snnlab.train_force`, and for external pulses without ``q_hdts``.
    """
    if (clock or cue) and config.hdts in ("external", "chain"):
        raise ValueError(f"clock, cue: expected None for external pulses and chains, got --hdts {config.hdts}")
    setup = config.setup
    pulses = Pulses(config.pulses, period)
    size = None if config.q_hdts is None else float(config.q_hdts * unit(published_units(setup.neuron.current)["q"]))
    drive, sizes, told = cue, None, teacher
    outputs = sample(teacher, np.array([setup.dt])).shape[1]
    if config.hdts in ("external", "chain"):
        if size is None:
            raise UserError(f"q_hdts: expected a number >= 0, since neuron {config.neuron!r} states none, got None")
        # The signal is checked before its weights are drawn.
        if config.hdts == "chain":
            signal, every = chain_signals(config, period)[0], samples_per(setup.dt)
        else:
            signal, every = pulses.signal(setup.dt), 1
        drive = Drive(encoder(config.n, config.pulses, size, engine.rng("hdts")), signal, every)
    elif config.hdts == "internal":
        if size is not None and not setup.q > 0:
            raise UserError(f"q: expected a number > 0 for internal pulses, got {config.q}")
        sizes = None if size is None else np.repeat([1.0, size / setup.q], [outputs, config.pulses])
        inner = pulses.unordered(config.seed) if config.pulse_order == "random" else pulses

        def told(t):
            return np.hstack([sample(teacher, t), inner(t)])

    if config.pulse_order == "permuted":
        order = engine.rng("pulse_order").permutation(config.pulses)
        change = {"pulse_order": order}
        if config.hdts == "internal":
            change = {"output_order": np.concatenate([np.arange(outputs), outputs + order])}
        phases = changed(phases, (setup.learn_stop + 1) * setup.dt, **change)
    timed = told if clock is None else lambda t: sample(told, clock(t))
    return train_force(config, timed, engine, drive=drive, phases=phases, sizes=sizes)


def chain_signals(
    config: HdtsConfig, period: float, lesions: Sequence[np.ndarray | tuple[()]] = ((),)
) -> list[scipy.sparse.csr_array]:
    """Return the activity of a synfire chain with each of these lesions, as signals of ``period`` s.

    Raises
    ------
    UserError
        Unless the wave takes most of the period to run through the chain.
    """
    whole = round(period / synfire.LINK)
    if not 0.9 * whole <= config.pulses <= whole:
        raise UserError(
            f"pulses: expected an integer from {round(0.9 * whole)} to {whole} for a chain of {period:g} s, whose wave "
            f"takes {synfire.LINK * 1e3:g} ms from pool to pool, got {config.pulses}"
        )
    spikes = synfire.simulate(config.pulses, period, lesions, config.seed)
    return [synfire.activity(*each, config.pulses, period) for each in spikes]


def samples_per(dt: float) -> int:
    """Return the number of time steps in a sample of the chain's activity; raises UserError unless it is an integer."""
    steps = round(synfire.SAMPLE / dt)
    if steps < 1 or abs(steps - synfire.SAMPLE / dt) > 1e-6 * steps:
        raise UserError(f"dt: expected a divisor of {synfire.SAMPLE * 1e3:g} ms for a chain, got {dt * 1e3:g} ms")
    return steps
