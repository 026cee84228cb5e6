"""A reservoir of leaky rate units in Brian2, one image at a time: what :mod:`.reservoir` does for many, as equations.

The order within a step: what units sent is kept, currents are summed over synapses, units move by an Euler step,
synapses see both sides and learn. A step is of 1 ms, which means nothing; the leak is a = dt/tau.
"""

from __future__ import annotations

import brian2
import numpy as np
from brian2 import ms

from ...engine.brian import Engine
from ...models.rate_rule import RateRule
from ...neurons.leaky_rate import LEAKY_RATE, LEAKY_RESERVOIR
from .units import RateReservoir, View

_UNITS = {"reservoir": LEAKY_RESERVOIR, "rate": LEAKY_RATE}
_STATE = {"reservoir": "h", "rate": "r"}


class ReservoirNetwork:
    """Brian2 objects of a reservoir that is shown images one after the other.

    Parameters
    ----------
    reservoir : RateReservoir
        Whose weights it starts with; they are copied.
    sequences : array of shape (images, steps, inputs)
        What it will be shown.
    rule : RateRule, optional
        How the weights between units change; none: not at all.
    eta : float
        Learning rate.
    view : View
        What the rule sees; the mean over a batch is that of one image.
    mean_steps : float
        Time constant, in steps, of running means that the rule names.
    record : bool
        Keep the state of every unit in every step.
    """

    def __init__(
        self,
        reservoir: RateReservoir,
        sequences: np.ndarray,
        rule: RateRule | None = None,
        eta: float = 0.0,
        view: View | None = None,
        mean_steps: float = 1000.0,
        record: bool = False,
    ):
        images, steps, inputs = sequences.shape
        view, model = view or View(), _UNITS[reservoir.form].with_parameters(tau=ms / reservoir.leak)
        self.clock = brian2.Clock(1 * ms, name="reservoir_clock")
        shown = brian2.TimedArray(sequences.reshape(images * steps, inputs), dt=self.clock.dt, name="shown")
        first = f"int(t_in_timesteps % {steps} == 0)"
        state = _STATE[reservoir.form]
        self.inputs = brian2.NeuronGroup(
            inputs, "x : 1", namespace={"shown": shown}, clock=self.clock, name="reservoir_inputs"
        )
        self.inputs.run_regularly("x = shown(t, i)", clock=self.clock, when="start", name="reservoir_show")
        self.units = brian2.NeuronGroup(
            reservoir.n,
            model.equations.replace("current", "(recurrent + outside)")
            + "\nrecurrent : 1\noutside : 1\nsent : 1\nx : 1\ny : 1\nu : 1\nx_mean : 1\ny_mean : 1",
            method="euler",
            namespace=model.parameters,
            clock=self.clock,
            name="reservoir_units",
        )
        self.units.b = reservoir.bias
        seen = "rate" if view.quantity == "rate" else state
        self.units.run_regularly(
            f"{state} = {state}*(1 - {first})\nsent = {seen}", clock=self.clock, when="start", name="reservoir_send"
        )
        # What the sum over synapses has already been, unless a rule sees something else than what was sent.
        summed = view.quantity == "rate" and view.pre == "sent"
        u = ("recurrent" if summed else "0") + (" + outside" if view.input_in_sum else "")
        see = [f"x = {'sent' if view.pre == 'sent' else seen}", f"y = {seen}", f"u = {u}"]
        see += [f"{m}_mean += ({m} - {m}_mean)/{mean_steps!r}" for m in "xy"]
        self.units.run_regularly("\n".join(see), clock=self.clock, when="thresholds", name="reservoir_see")
        self.into = brian2.Synapses(
            self.inputs, self.units, "w : 1 (constant)\noutside_post = w*x_pre : 1 (summed)",
            clock=self.clock, name="reservoir_input_synapses",
        )  # fmt: skip
        self.into.connect()
        self.into.w = reservoir.w_in.T.ravel()
        self.synapses = brian2.Synapses(
            self.units,
            self.units,
            "w : 1\nsummed : 1\neta : 1 (shared)\nrecurrent_post = w*rate_pre : 1 (summed)",
            namespace=rule.parameters if rule else {},
            clock=self.clock,
            name="reservoir_synapses",
        )
        self.synapses.connect(i=reservoir.pre, j=reservoir.post)
        self.synapses.w, self.synapses.eta = reservoir.w, eta
        if rule is not None:
            if not summed:
                self.synapses.run_regularly(
                    "u_post += w*x_pre", clock=self.clock, when="after_thresholds", name="reservoir_sum"
                )
            code = f"summed = summed*(1 - {first})\n{rule.statements()}"
            self.synapses.run_regularly(code, clock=self.clock, when="synapses", name="reservoir_learn")
        objects = [self.inputs, self.units, self.into, self.synapses]
        if record:
            self.monitor = brian2.StateMonitor(
                self.units, state, True, when="end", clock=self.clock, name="reservoir_monitor"
            )
            objects.append(self.monitor)
        self._shape, self._state = (images, steps, reservoir.n), state
        self.network = brian2.Network(objects, name="reservoir")

    def run(self, engine: Engine) -> None:
        """Show all images."""
        images, steps, _ = self._shape
        engine.run(self.network, images * steps * float(self.clock.dt), self.clock, namespace={})

    @property
    def states(self) -> np.ndarray:
        """Recorded states, of shape (images, steps, n)."""
        return getattr(self.monitor, self._state).T.reshape(self._shape)

    @property
    def w(self) -> np.ndarray:
        """Weights as they are now, in the order of the reservoir's."""
        return np.array(self.synapses.w[:])
