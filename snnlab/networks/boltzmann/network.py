"""A dynamic Boltzmann machine in Brian2: one group of neurons, all-to-all synapses, an arbitrary time step of 1 ms.

The order within a step is: traces of arrived spikes and of spikes under way (synapses), the energy (sums over
synapses), the decision and the change of the bias (neurons), learning (synapses), and the new traces (neurons). The
caller sets ``target``, ``learning`` and ``recalling`` before each step; see schedule.py.
"""

from __future__ import annotations

import brian2
import numpy as np

from .machine import Machine
from .state import state_names

DT = 1e-3


class BoltzmannNetwork:
    """Brian2 objects of a machine.

    ``at_end(step)`` is a Brian2 function, which is called once at the end of each step.

    Attributes
    ----------
    network : brian2.Network
    neurons, synapses : the Brian2 objects
    """

    def __init__(self, machine: Machine, at_end: brian2.Function | None = None):
        rule, n = machine.rule, machine.n
        self.machine = machine
        self.clock = brian2.Clock(DT * 1e3 * brian2.ms, name="boltzmann_clock")
        shared = {"clock": self.clock, "namespace": rule.constants() | ({"at_end": at_end} if at_end else {})}
        self.neurons = brian2.NeuronGroup(
            n, rule.neurons() + ("\nend : 1 (shared)" if at_end else ""), name="boltzmann_neurons", **shared
        )
        self.synapses = brian2.Synapses(
            self.neurons, self.neurons, rule.synapses(), name="boltzmann_synapses", **shared
        )
        pre, post = (index.ravel() for index in np.indices((n, n)))
        self.synapses.connect(i=pre, j=post)
        for owner, code, when, name in (
            (self.synapses, rule.arrive(), "start", "arrive"),
            (self.neurons, rule.decide(), "thresholds", "decide"),
            (self.synapses, rule.notice(), "synapses", "notice"),
            (self.synapses, rule.learn(), "after_synapses", "learn"),
            (self.neurons, rule.remember(), "resets", "remember"),
            (self.neurons, "end = at_end(t_in_timesteps)" if at_end else "", "end", "end"),
        ):
            if not code:
                continue
            owner.run_regularly(code, clock=self.clock, when=when, name=f"boltzmann_{name}")
        self.network = brian2.Network(self.neurons, self.synapses, name="boltzmann")
        self.names = state_names(machine)

    def view(self, name: str) -> np.ndarray:
        """Return the array of a variable, which changes as the network runs. Synapses have the order [pre, post]."""
        owner = self.neurons if name in self.names["neurons"] else self.synapses
        return owner.variables[name].get_value()
