"""A reservoir of leaky rate units in Brian2, one image at a time: the steps of :mod:`.units` as equations.

The order within a step is: the rates are stored, currents are summed over synapses, units make an Euler step, and
synapses read both sides and learn. The leak is a = dt/tau. The time step of 1 ms is otherwise arbitrary.
"""

from __future__ import annotations

import brian2
import numpy as np

from ...engine.brian import Engine
from ...engine.population import population
from ...models.rate_rule import RateRule
from ...neurons.leaky_rate import LEAKY_RATE, LEAKY_RESERVOIR
from .plastic import View
from .units import RateReservoir

_UNITS = {"reservoir": LEAKY_RESERVOIR, "rate": LEAKY_RATE}
_STATE = {"reservoir": "h", "rate": "r"}
# Additional variables of a unit: the two parts of its input, the rate that it sent, and the variables of a rule.
_ADDED = ("recurrent", "outside", "sent", "x", "y", "u", "x_mean", "y_mean")


class ReservoirNetwork:
    """Brian2 objects of a reservoir that is shown images one after another.

    Parameters
    ----------
    reservoir : RateReservoir
        Reservoir whose weights are copied as initial weights.
    sequences : array of shape (images, steps, inputs)
        Images that will be shown.
    rule : RateRule, optional
        Learning rule of the recurrent weights. Without a rule, they do not change.
    eta : float
        Learning rate.
    view : View
        Variables that the rule uses. A batch has one image.
    mean_steps : float
        Time constant, in steps, of running means in the rule.
    record : bool
        Whether to record the state of every unit in every step.
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
        view = view or View()
        self._reservoir, self._view, self._state = reservoir, view, _STATE[reservoir.form]
        self._shape = (images, steps, reservoir.n)
        # This expression is 1 in the first step of an image.
        self._first = f"int(t_in_timesteps % {steps} == 0)"
        # The sum over synapses uses the sent rates, unless a rule uses other values.
        self._summed = view.quantity == "rate" and view.pre == "sent"
        self.clock = brian2.Clock(1 * brian2.ms, name="reservoir_clock")
        shown = brian2.TimedArray(sequences.reshape(images * steps, inputs), dt=self.clock.dt, name="shown")
        self.inputs = brian2.NeuronGroup(
            inputs, "x : 1", namespace={"shown": shown}, clock=self.clock, name="reservoir_inputs"
        )
        self.inputs.run_regularly("x = shown(t, i)", clock=self.clock, when="start", name="reservoir_show")
        self.units = self._units(mean_steps)
        self.into = self._input_synapses()
        self.synapses = self._synapses(rule, eta)
        objects = [self.inputs, self.units, self.into, self.synapses]
        if record:
            self.monitor = brian2.StateMonitor(
                self.units, self._state, True, when="end", clock=self.clock, name="reservoir_monitor"
            )
            objects.append(self.monitor)
        self.network = brian2.Network(objects, name="reservoir")

    def _units(self, mean_steps: float) -> brian2.NeuronGroup:
        """Return the units, which store the rates that they sent and the variables of a rule."""
        reservoir, view, state = self._reservoir, self._view, self._state
        units = population(
            _UNITS[reservoir.form].with_parameters(tau=brian2.ms / reservoir.leak),
            reservoir.n,
            "recurrent + outside",
            clock=self.clock,
            equations="\n".join(f"{name} : 1" for name in _ADDED),
            name="reservoir_units",
        )
        units.b = reservoir.bias
        seen = "rate" if view.quantity == "rate" else state
        units.run_regularly(
            f"{state} = {state}*(1 - {self._first})\nsent = {seen}",
            clock=self.clock,
            when="start",
            name="reservoir_send",
        )
        u = ("recurrent" if self._summed else "0") + (" + outside" if view.input_in_sum else "")
        see = [f"x = {'sent' if view.pre == 'sent' else seen}", f"y = {seen}", f"u = {u}"]
        see += [f"{m}_mean += ({m} - {m}_mean)/{mean_steps!r}" for m in "xy"]
        units.run_regularly("\n".join(see), clock=self.clock, when="thresholds", name="reservoir_see")
        return units

    def _input_synapses(self) -> brian2.Synapses:
        into = brian2.Synapses(
            self.inputs,
            self.units,
            "w : 1 (constant)\noutside_post = w*x_pre : 1 (summed)",
            clock=self.clock,
            name="reservoir_input_synapses",
        )
        into.connect()
        into.w = self._reservoir.w_in.T.ravel()
        return into

    def _synapses(self, rule: RateRule | None, eta: float) -> brian2.Synapses:
        synapses = brian2.Synapses(
            self.units,
            self.units,
            "w : 1\nsummed : 1\neta : 1 (shared)\nrecurrent_post = w*rate_pre : 1 (summed)",
            namespace=rule.parameters if rule else {},
            clock=self.clock,
            name="reservoir_synapses",
        )
        synapses.connect(i=self._reservoir.pre, j=self._reservoir.post)
        synapses.w, synapses.eta = self._reservoir.w, eta
        if rule is not None:
            if not self._summed:
                synapses.run_regularly(
                    "u_post += w*x_pre", clock=self.clock, when="after_thresholds", name="reservoir_sum"
                )
            code = f"summed = summed*(1 - {self._first})\n{rule.statements()}"
            synapses.run_regularly(code, clock=self.clock, when="synapses", name="reservoir_learn")
        return synapses

    def run(self, engine: Engine) -> None:
        """Show all images."""
        images, steps, _ = self._shape
        engine.run(self.network, images * steps * float(self.clock.dt), self.clock, namespace={})

    @property
    def states(self) -> np.ndarray:
        """Recorded states, shape (images, steps, n)."""
        return getattr(self.monitor, self._state).T.reshape(self._shape)

    @property
    def w(self) -> np.ndarray:
        """Current weights, in the order of the reservoir's weights."""
        return np.array(self.synapses.w[:])
