r"""A liquid state machine in Brian2: integrate-and-fire neurons that are shown images row by row.

Membrane potentials are relative to rest. Currents are multiplied by the membrane resistance and are in mV:

.. math::
    \tau_m \dot v = -v + b + d + g_e + g_i, \quad
    \tau_e \dot g_e = -g_e, \quad \tau_i \dot g_i = -g_i, \quad \tau_r \dot r = -r

A neuron spikes at v > 15 mV and is then held at 0 for 2 ms. A spike adds 1 to r and, without delay, gain w to g_e or
g_i of its targets. The weight w is >= 0 for excitatory and <= 0 for inhibitory neurons (Dale's law). All variables are
integrated exactly, v with a current that is constant within a step. Every image starts from v = g = r = 0, also within
a chunk of images.

The input has a channel for every column of the images. Code "rate": d = input_gain sum_c w_c x_c while the row is
shown, which is the mean current of many fibres whose rates are the pixels. Code "latency": channel c fires once if
x_c > 0.5, after (1 - x_c) of the row, so bright pixels fire earlier. The spike adds input_gain w_c to g_e. Weights of
the input have both signs.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import Literal

import brian2
import numpy as np

from ...engine.population import population
from ...engine.synapses import order_pathways
from ...equality import EqualArrays
from ...models.neuron import NeuronModel
from ...models.spike_rule import SpikeRule

# The time step (s), and the mean rate (Hz) in an image at which a liquid counts as runaway. The refractory period
# allows 500 Hz.
DT, RUNAWAY = 0.5e-3, 200.0
# Time constants (ms) of the currents, which are our choice, and of the filter (Maass, Natschlaeger & Markram 2002).
TAU_E, TAU_I, TAU_R = 5, 8, 30
# Kinds of synapses: excitatory to excitatory, which may learn; excitatory to inhibitory; inhibitory to all.
KINDS = ("ee", "ei", "ia")


@dataclass(frozen=True, eq=False)
class Liquid(EqualArrays):
    """The parameters in which liquids of one size differ."""

    excitatory: int
    """number of excitatory neurons, which have the indices 0 to excitatory - 1"""
    bias: np.ndarray
    """b of each neuron (mV), of shape (n,)"""
    synapses: dict[str, tuple[np.ndarray, np.ndarray, np.ndarray]]
    """pre, post and w of the synapses of each of KINDS and of "input", where pre is the channel"""
    gain: float
    """mV"""
    input_gain: float
    """mV"""

    @property
    def n(self) -> int:
        return len(self.bias)

    @property
    def signs(self) -> np.ndarray:
        """1 for each excitatory neuron, -1 for each inhibitory one, shape (n,), int8."""
        return np.where(np.arange(self.n) < self.excitatory, 1, -1).astype(np.int8)

    def with_weights(self, w: np.ndarray) -> Liquid:
        """Return the liquid with other weights between its excitatory neurons."""
        pre, post, _ = self.synapses["ee"]
        return replace(self, synapses=self.synapses | {"ee": (pre, post, w)})


@dataclass(frozen=True)
class Show:
    """The conversion of an image to input, and the times of the readings. Times are in s, in multiples of DT."""

    rows: int
    channels: int
    code: Literal["rate", "latency"] = "rate"
    row: float = 5e-3
    """length of a row"""
    gap: float = 60e-3
    """silence after the last row, a multiple of ``row``"""
    read: float = 0.0
    """time of the last reading after the last row"""
    samples: int = 4
    """number of readings, which are evenly spaced"""

    @property
    def row_steps(self) -> int:
        return round(self.row / DT)

    @property
    def all_rows(self) -> int:
        """Number of rows of an image, including the rows of the gap."""
        return self.rows + round(self.gap / self.row)

    @property
    def steps(self) -> int:
        """Number of time steps of an image."""
        return self.all_rows * self.row_steps

    @property
    def seconds(self) -> float:
        """Length of an image with its gap (s)."""
        return self.steps * DT

    @property
    def read_at(self) -> np.ndarray:
        """The steps of an image, counted from 0, at the end of which neurons are read."""
        last = self.rows * self.row_steps + round(self.read / DT)
        return np.ceil(np.arange(1, self.samples + 1) * last / self.samples).astype(int) - 1

    def padded(self, sequences: np.ndarray) -> np.ndarray:
        """Return images, shape (images, rows, channels), with their gaps, of shape (images * all_rows, channels)."""
        gap = ((0, 0), (0, self.all_rows - self.rows), (0, 0))
        return np.pad(sequences, gap).reshape(-1, self.channels)


@cache
def liquid_neuron() -> NeuronModel:
    """Return the neuron model. The threshold follows Maass et al. 2002; refractory period and tau_m are our choice."""
    from ...neurons.lif import LIF

    model = LIF.with_parameters(tau_m=20 * brian2.ms, v_threshold=15 * brian2.mV, v_reset=0 * brian2.mV)
    return replace(model, name="liquid", initial={"v": "0*mV"})


class LiquidNetwork:
    """Brian2 objects of a liquid that is shown images one after another.

    Parameters
    ----------
    liquid : Liquid
    show : Show
    shown : TimedArray or Function
        Returns the pixel for a time and a channel.
    rule : SpikeRule, optional
        Learning rule of the weights between excitatory neurons.
    at_end : Function, optional
        Function that is called at the end of each step with the number of the step.

    Attributes
    ----------
    network : brian2.Network
    neurons, inputs, synapses : the Brian2 objects; synapses by kind, with "input"
    """

    def __init__(
        self,
        liquid: Liquid,
        show: Show,
        shown: brian2.Function,
        rule: SpikeRule | None = None,
        at_end: brian2.Function | None = None,
    ):
        self.liquid, self.show, self.rule = liquid, show, rule
        self.clock = brian2.Clock(DT * brian2.second, name="liquid_clock")
        rows = brian2.Clock(show.row * brian2.second, name="liquid_rows")
        images = brian2.Clock(show.steps * DT * brian2.second, name="liquid_images")
        self.neurons = self._neurons(at_end)
        self.inputs = self._inputs(shown)
        self.inputs.run_regularly("x = shown(t, i)", clock=rows, when="start", name="liquid_show")
        reset = ["v", "g_e", "g_i", "r", "count", *(rule.neuron_variables if rule else [])]
        code = [f"{name} = 0*{self._unit(self.neurons, name)}" for name in reset]
        self.neurons.run_regularly(
            "\n".join([*code, "lastspike = -10000*second"]), clock=images, when="start", name="liquid_reset"
        )
        if show.code == "rate":
            self.neurons.run_regularly("drive = 0*volt", clock=rows, when="before_synapses", name="liquid_next_row")
        self.synapses = {kind: self._synapses(kind) for kind in KINDS}
        self.synapses["input"] = self._input_synapses()
        learning = self.synapses["ee"]
        if rule and rule.variables:
            code = [f"{name} = 0*{self._unit(learning, name)}" for name in rule.variables]
            learning.run_regularly("\n".join(code), clock=images, when="start", name="liquid_forget")
        self.network = brian2.Network(self.neurons, self.inputs, *self.synapses.values(), name="liquid")
        for kind, synapses in self.synapses.items():
            pre, post, w = liquid.synapses[kind]
            synapses.connect(i=pre, j=post)
            synapses.w = w
        self.neurons.bias = liquid.bias * brian2.mV
        for kind in KINDS:
            self.synapses[kind].gain = liquid.gain * brian2.mV
        self.synapses["input"].gain = liquid.input_gain * brian2.mV
        for name, value in (rule.numbers if rule else {}).items():
            setattr(learning, name, value)

    @staticmethod
    def _unit(group: brian2.NeuronGroup | brian2.Synapses, name: str) -> str:
        return "volt" if group.variables[name].dim is brian2.volt.dim else "1"

    def _neurons(self, at_end: brian2.Function | None) -> brian2.NeuronGroup:
        equations = f"""
        dg_e/dt = -g_e/tau_e : volt
        dg_i/dt = -g_i/tau_i : volt
        dr/dt = -r/tau_r : 1
        count : integer
        bias : volt (constant)
        {"drive : volt" if self.show.code == "rate" else ""}
        {"end : 1 (shared)" if at_end else ""}
        {self.rule.neuron if self.rule else ""}
        """
        taus = {"tau_e": TAU_E * brian2.ms, "tau_i": TAU_I * brian2.ms, "tau_r": TAU_R * brian2.ms}
        neurons = population(
            liquid_neuron(),
            self.liquid.n,
            f"bias + {'drive + ' if self.show.code == 'rate' else ''}g_e + g_i",
            clock=self.clock,
            equations=equations,
            on_spike="r += 1\ncount += 1",
            constants=taus | (self.rule.parameters if self.rule else {}),
            name="liquid_neurons",
            method="exponential_euler",
        )
        if at_end:
            neurons.namespace["at_end"] = at_end
            neurons.run_regularly("end = at_end(t_in_timesteps)", clock=self.clock, when="end", name="liquid_end")
        return neurons

    def _inputs(self, shown: brian2.Function) -> brian2.NeuronGroup:
        steps = self.show.row_steps
        # Pixels act at the start of a row. Dark pixels have no effect.
        threshold = f"x > 0 and t_in_timesteps % {steps} == 0"
        if self.show.code == "latency":
            threshold = f"x > 0.5 and int((1 - x)*{steps}) == t_in_timesteps % {steps}"
        return brian2.NeuronGroup(
            self.show.channels,
            "x : 1",
            threshold=threshold,
            reset="",
            namespace={"shown": shown},
            clock=self.clock,
            name="liquid_inputs",
        )

    def _synapses(self, kind: str) -> brian2.Synapses:
        rule = self.rule
        effect = f"g_{'i' if kind == 'ia' else 'e'}_post += gain*w"
        if rule and kind == "ee":
            model, pathways = rule.model, rule.pathways(effect)
        else:
            arrive = [effect, *([rule.on_arrival] if rule and rule.on_arrival else [])]
            model, pathways = "w : 1 (constant)", {"on_pre": {"arrive": "\n".join(arrive)}, "on_post": {}}
        synapses = brian2.Synapses(
            self.neurons,
            self.neurons,
            f"{model}\ngain : volt (shared, constant)",
            namespace=(rule.constants if kind == "ee" else rule.parameters) if rule else {},
            clock=self.clock,
            name=f"liquid_{kind}",
            **{key: value for key, value in pathways.items() if value},
        )
        return order_pathways(synapses)

    def _input_synapses(self) -> brian2.Synapses:
        effect = "drive_post += gain*w*x_pre" if self.show.code == "rate" else "g_e_post += gain*w"
        return brian2.Synapses(
            self.inputs,
            self.neurons,
            "w : 1 (constant)\ngain : volt (shared, constant)",
            on_pre={"arrive": effect},
            clock=self.clock,
            name="liquid_input",
        )

    def view(self, name: str) -> np.ndarray:
        """Return the array of a neuron's variable, which changes as the network runs (SI)."""
        return self.neurons.variables[name].get_value()

    def spiking(self) -> np.ndarray:
        """Return the indices of the neurons that fired in this step."""
        space = self.view("_spikespace")
        return space[: space[-1]]
