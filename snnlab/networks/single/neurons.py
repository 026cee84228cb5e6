"""Neurons without recurrent synapses and with given currents: single traces, f-I curves, responses of filters.

Each class creates named Brian2 objects (``objects``) for a network that the caller runs. Many of them can then share
one run and, in C++ standalone, one build.
"""

from __future__ import annotations

import brian2
import numpy as np

from ...engine.population import population
from ...models.neuron import NeuronModel
from ...models.quantities import unit
from ...models.synapse import SynapseModel

# This number is raised by hand when the results of these networks change, so that older run files are not reused.
RESULTS_VERSION = 2


class Trace:
    """One neuron with an input of ``values`` (SI), one for each step of ``dt`` s. States are at the start of a step."""

    def __init__(self, model: NeuronModel, values: np.ndarray, dt: float, name: str):
        self._model = model
        clock = brian2.Clock(dt * brian2.second, name=f"{name}_clock")
        current = brian2.Quantity(values, dim=unit(model.current).dim)
        drive = brian2.TimedArray(current, dt=dt * brian2.second, name=f"{name}_drive")
        group = population(model, 1, "drive(t)", clock=clock, constants={"drive": drive}, name=name)
        self._monitor = brian2.StateMonitor(group, model.states, record=[0], name=f"{name}_states", clock=clock)
        self._spikes = brian2.SpikeMonitor(group, name=f"{name}_spikes")
        self.objects = [group, self._monitor, self._spikes]

    def states(self) -> dict[str, np.ndarray]:
        """Return each state variable over time (SI)."""
        return {state: np.asarray(getattr(self._monitor, state))[0] for state in self._model.states}

    def spikes(self) -> np.ndarray:
        """Return the spike times in s."""
        return np.asarray(self._spikes.t)


class RateCurve:
    """One neuron for each constant input (SI), starting from its initial state."""

    def __init__(self, model: NeuronModel, inputs: np.ndarray, dt: float, name: str):
        self._clock = brian2.Clock(dt * brian2.second, name=f"{name}_clock")
        equations = f"drive : {model.current} (constant)"
        self._group = population(model, len(inputs), "drive", clock=self._clock, equations=equations, name=name)
        self._group.drive.set_item(slice(None), brian2.Quantity(inputs, dim=unit(model.current).dim))
        self.objects = [self._group]
        self._spikes = brian2.SpikeMonitor(self._group, name=f"{name}_spikes") if model.threshold else None
        if self._spikes is not None:
            self.objects.append(self._spikes)

    def rates(self) -> np.ndarray:
        """Return rates in Hz from the last quarter of each neuron's spikes; 0 for fewer than four spikes.

        For a rate unit, the rate is the value of ``r`` at the end of the run.
        """
        if self._spikes is None:
            return np.asarray(self._group.r)
        times, neurons = np.asarray(self._spikes.t), np.asarray(self._spikes.i)
        rates = np.zeros(len(self._group))
        for index in range(len(rates)):
            train = times[neurons == index]
            # Earlier spikes depend on the initial state and on adaptation.
            train = train[-max(2, len(train) // 4) :] if len(train) > 3 else train[:0]
            if len(train):
                rates[index] = (len(train) - 1) / (train[-1] - train[0])
        return rates


class FilterResponse:
    """A synaptic filter of weight 1 after one spike at time 0 (step 0 is the step of the spike)."""

    def __init__(self, model: SynapseModel, dt: float, name: str):
        clock = brian2.Clock(dt * brian2.second, name=f"{name}_clock")
        source = brian2.SpikeGeneratorGroup(1, [0], [0] * brian2.second, clock=clock, name=f"{name}_source")
        target = brian2.NeuronGroup(
            1, model.named("s", "Hz"), method="euler", namespace=dict(model.parameters), clock=clock, name=name
        )
        synapse = brian2.Synapses(
            source,
            target,
            on_pre=model.jump("s", "1", "_post"),
            namespace=dict(model.parameters),
            clock=clock,
            name=f"{name}_synapse",
        )
        synapse.connect(i=[0], j=[0])
        self._monitor = brian2.StateMonitor(target, "s", record=[0], clock=clock, when="end", name=f"{name}_states")
        self.objects = [source, target, synapse, self._monitor]

    def response(self) -> np.ndarray:
        """Return the filter's output in 1/s at the end of each step."""
        return np.asarray(self._monitor.s)[0]
