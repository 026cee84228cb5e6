"""A recurrent spiking network with a linear decoder and feedback of its output: the network that FORCE trains.

The network consists of equations. With the filter of :mod:`snnlab.synapses.double_exponential` and output k = 1 .. K:

    input of neuron i  current_i = I_rec,i + feedback * sum_k E_ik z_k + bias + drive
    recurrent current  dI_rec/dt = -I_rec/tau_rise + h_I_rec; a spike of j: h_I_rec,i += omega_ij/(tau_rise tau_decay)
    filtered spikes    dr/dt = -r/tau_rise + h_r;             a spike of j: h_r,j += 1/(tau_rise tau_decay)
    output             dz/dt = -z/tau_rise + h_z;             a spike of j: h_z,k += phi_jk/(tau_rise tau_decay)

z = phi' r holds at every step, because r and z are the same linear filter of the same spikes. No product is therefore
needed per step. When phi changes, every state of the output's filter is set again. With many outputs, the feedback E z
is filtered in the same way; see :mod:`snnlab.networks.force.folding`.

The order within one step is: neurons with the input of the previous step, filters, threshold, spikes, reset, and (at
``end``) comparison of the output and learning, as in the MATLAB scripts (ModelDB 190565). Because of the double
exponential, new spikes reach r, z and I_rec one step later. There is one difference: after an RLS step, our feedback is
phi' r with the new phi, while the scripts use the value before the update for this one step.

Filter schemes: "euler" uses the leak 1 - dt/tau, so that a spike's area is exactly 1 for the double exponential.
"exponential" uses exp(-dt/tau) as in the scripts, with an area of 1.003 to 1.014 at their time steps.

Reference: Nicola & Clopath 2017, doi:10.1038/s41467-017-01827-3, and the authors' scripts, ModelDB 190565.
"""

from __future__ import annotations

from dataclasses import dataclass

import brian2
import numpy as np

from ...connectivity.random import by_source
from ...engine.brian import preferences
from ...engine.population import population
from ...errors import UserError, unknown
from ...models.neuron import NeuronModel
from ...models.quantities import number_in_unit
from ...models.synapse import SynapseModel
from .folding import Folding

_LEAK = "_leak"


@dataclass(frozen=True)
class Form:
    """Settings that, besides models and sizes, decide the equations of a network; see :class:`ForceNetwork`."""

    scheme: str = "euler"
    """scheme of the filters' leak"""
    driven: bool = False
    """whether every neuron has a separate external input"""
    folded: bool = False
    """whether outputs are fed back through one n x n matrix"""


class ForceNetwork:
    """Neurons, sparse recurrent synapses, K outputs with an event-driven decoder, and feedback.

    Parameters
    ----------
    neuron, synapse : NeuronModel, SynapseModel
    recurrent : scipy.sparse array of shape (n, n)
        Weights [post, pre], in the unit of the neuron's input times second (SI).
    encoder : array of shape (n, k)
        Feedback weights in the unit of the neuron's input (SI).
    bias : float
        Constant input (SI).
    dt : float
        Time step in s.
    scheme : {"euler", "exponential"}
        Scheme of the filters' leak.
    drive : str
        Brian2 expression of an additional input, in the unit of the neuron's input. It may contain ``i`` and ``t``.
    constants : dict
        Objects that ``drive`` uses, for example a TimedArray.
    driven : bool
        Whether every neuron has a separate input ``I_ext``, which is set at each step; see drive.py.
    folded : bool
        Whether outputs are fed back through one n x n matrix, if the filter allows it; see
        :mod:`snnlab.networks.force.folding`.

    Attributes
    ----------
    network : brian2.Network
    neurons, outputs, recurrent, decoder : the Brian2 objects; decoder is None if folded
    jump : array of shape (states,) or None
        Change of the filter's states by a spike, for a folded network; see :meth:`SynapseModel.jump_vector`.
    folding : Folding or None
        States of a folded network that Brian2 does not update, on a runtime target.
    r : view of shape (n,)
        Filtered spikes in Hz.
    z : view of shape (k,)
        The outputs.
    input : view of shape (n,)
        The external input of the next step (SI) for a driven network; else empty.
    spike_count : view of shape (n,)
        Number of spikes of each neuron so far.

    Raises
    ------
    UserError
        For an unknown scheme, or a filter without the leak that the scheme needs.

    Example
    -------
    >>> import numpy as np
    >>> import snnlab
    >>> from scipy.sparse import csr_array
    >>> from snnlab.neurons.lif import LIF
    >>> from snnlab.synapses.exponential import EXPONENTIAL
    >>> with snnlab.Engine("numpy") as engine:
    ...     weights = csr_array(0.01 * np.eye(3))
    ...     net = snnlab.ForceNetwork(LIF, EXPONENTIAL, weights, encoder=np.zeros((3, 1)), bias=-0.03, dt=0.5e-3)
    ...     ended = engine.run(net.network, seconds=0.1, clock=net.clock)
    ...     int(net.spike_count.min()) > 0, net.z.shape
    (True, (1,))
    """

    def __init__(
        self,
        neuron: NeuronModel,
        synapse: SynapseModel,
        recurrent,
        encoder: np.ndarray,
        *,
        bias: float = 0.0,
        dt: float,
        scheme: str = "euler",
        drive: str = "",
        constants: dict | None = None,
        driven: bool = False,
        folded: bool = False,
    ):
        from brian2.devices.device import RuntimeDevice

        n, k = encoder.shape
        dt = number_in_unit("dt", dt, "second", 0, above=True)
        bias = number_in_unit("bias", bias, neuron.current)
        standalone = not isinstance(brian2.get_device(), RuntimeDevice)
        if scheme not in ("euler", "exponential"):
            raise unknown("filter_scheme", scheme, ["euler", "exponential"])
        leak = _LEAK if scheme == "exponential" else ""
        if leak and leak not in synapse.named("r", "Hz", leak):
            raise UserError(f"filter_scheme: expected euler for filter {synapse.name!r} without -x/tau, got {scheme}")
        self.synapse = synapse
        self.clock = brian2.Clock(dt * brian2.second, name="clock")
        self.jump = synapse.jump_vector() if folded else None
        times = dict(synapse.parameters) | _leaks(synapse, dt)
        self._filter = (dt, {name: float(value) for name, value in times.items()}, leak)
        self._model_names = set(brian2.Equations(neuron.equations).names)
        self.neurons = self._make_neurons(neuron, n, k, driven, drive, times | (constants or {}))
        # Outputs are updated after the neurons, which read the outputs of the previous step.
        self.outputs = self._make_outputs(k, standalone, times)
        for m in self._linked(k):
            # Without an index, the single output is read once per step instead of once per neuron.
            index = None if k == 1 else np.full(n, m)
            setattr(self.neurons, f"z_{m}", brian2.linked_var(self.outputs, "z", index=index))
        self._sources, post, self._weights = by_source(recurrent)
        self._connect_all(neuron.current, post, k)
        self.equations = f"{self.neurons.equations}\n{self.outputs.equations}"
        # A standalone network reads its values from files when the program runs.
        if not standalone:
            self._set_values(bias, encoder)
            self._take_views(encoder, driven)

    def _linked(self, k: int) -> range:
        """Return the outputs that reach the neurons directly, each through its own feedback weights."""
        return range(0 if self.folded else k)

    def _make_neurons(
        self, neuron: NeuronModel, n: int, k: int, driven: bool, drive: str, constants: dict
    ) -> brian2.NeuronGroup:
        """Return the neurons with their filtered spikes, recurrent current and feedback."""
        synapse, leak, linked = self.synapse, self._filter[2], self._linked(k)
        if self.folded:
            fed_back, feedback = "I_fb", [synapse.named("I_fb", neuron.current, leak)]
        else:
            fed_back = " + ".join(f"encoder_{m}*z_{m}" for m in linked)
            feedback = [f"encoder_{m} : {neuron.current} (constant)\nz_{m} : 1 (linked)" for m in linked]
        return population(
            neuron,
            n,
            f"I_rec + feedback*({fed_back}) + bias" + (" + I_ext" if driven else "") + (f" + {drive}" if drive else ""),
            clock=self.clock,
            equations="\n".join(
                [
                    synapse.named("I_rec", neuron.current, leak),
                    synapse.named("r", "Hz", leak),
                    "spike_count : integer",
                    "feedback : 1 (shared)",
                    f"bias : {neuron.current} (shared)",
                    *feedback,
                    *([f"I_ext : {neuron.current}"] if driven else []),
                ]
            ),
            on_spike=f"{synapse.jump('r', '1')}; spike_count += 1",
            constants=constants,
            # All names are reserved, so that the allowed models do not depend on the number of outputs.
            reserved=synapse.state_names("I_fb").values(),
        )

    def _make_outputs(self, k: int, standalone: bool, times: dict) -> brian2.NeuronGroup:
        """Return the outputs. In a C++ program, they call the other tasks at the end of each step."""
        outputs = brian2.NeuronGroup(
            k,
            self.synapse.named("z", "1", self._filter[2]) + ("\ntasks_done : 1 (shared)" if standalone else ""),
            method="euler",
            namespace=dict(times),
            clock=self.clock,
            name="outputs",
            order=1,
        )
        if standalone:
            outputs.namespace["do_tasks"] = _do_tasks()
            outputs.run_regularly("tasks_done = do_tasks(t_in_timesteps)", when="end", name="tasks", clock=self.clock)
        return outputs

    def _connect_all(self, current: str, post: np.ndarray, k: int) -> None:
        """Make the network, its recurrent synapses and, if it is not folded, the synapses of the decoder."""
        per_rate, jump = "second" if current == "1" else f"{current}*second", self.synapse.jump
        model, n = f"weight : {per_rate}", len(self.neurons)
        self.recurrent = self._synapses(self.neurons, model, jump("I_rec", "weight", "_post"), "recurrent")
        _connect(self.recurrent, self._sources, post)
        self.network = brian2.Network(self.neurons, self.outputs, self.recurrent, name="force_network")
        self.decoder = None
        if not self.folded:
            self.decoder = self._synapses(self.outputs, "phi : second", jump("z", "phi", "_post"), "decoder")
            _connect(self.decoder, np.repeat(np.arange(n), k), np.tile(np.arange(k), n))
            self.network.add(self.decoder)

    def _set_values(self, bias: float, encoder: np.ndarray) -> None:
        """Set the constant values: bias, gain of the feedback, weights."""
        self.neurons.bias = brian2.Quantity(bias, dim=self.neurons.variables["bias"].dim)
        self.neurons.feedback = 1.0
        for m in self._linked(encoder.shape[1]):
            self._set(self.neurons, f"encoder_{m}", encoder[:, m])
        self._set(self.recurrent, "weight", self._weights)

    def _take_views(self, encoder: np.ndarray, driven: bool) -> None:
        """Store views of the arrays that are read or changed at every step."""
        view = self.neurons.variables
        self.spike_count = view["spike_count"].get_value()
        self.r = view["r"].get_value()
        self.z = self.outputs.variables["z"].get_value()
        self.input = view["I_ext"].get_value() if driven else np.zeros(0)
        self._rates = [view[name].get_value() for name in self.synapse.state_names("r").values()]
        self._outputs = [self.outputs.variables[name].get_value() for name in self.synapse.state_names("z").values()]
        self._phi: np.ndarray | None = None
        self.folding: Folding | None = None
        if self.jump is not None:
            fed = [view[name].get_value() for name in self.synapse.state_names("I_fb").values()]
            self.folding = Folding(encoder, self.jump, self._rates, self._outputs, fed)

    @property
    def folded(self) -> bool:
        """Whether outputs are fed back through one n x n matrix."""
        return self.jump is not None

    def _synapses(self, target, model: str, on_pre: str, name: str) -> brian2.Synapses:
        namespace = dict(self.synapse.parameters)
        return brian2.Synapses(
            self.neurons, target, model, on_pre=on_pre, namespace=namespace, clock=self.clock, name=name
        )

    @staticmethod
    def _set(group, name: str, values: np.ndarray) -> None:
        if len(values) != len(group):
            raise ValueError(f"{group.name}: expected {len(group)} values of {name}, got {len(values)}")
        getattr(group, name).set_item(slice(None), brian2.Quantity(values, dim=group.variables[name].dim))

    def filter_step(self) -> np.ndarray | None:
        """Return the matrix of one step of the filter's states; see :meth:`SynapseModel.step_matrix`."""
        return self.synapse.step_matrix(*self._filter)

    def dims(self) -> dict[str, brian2.Dimension]:
        """Return the dimension of each variable of :meth:`state`."""
        return {name: self.neurons.variables[name].dim for name in self.state_names}

    @property
    def voltage(self) -> str:
        """Name of the variable that is the membrane potential: v, or the model's first state variable."""
        return "v" if "v" in self.neurons.variables else sorted(self.neurons.equations.diff_eq_names)[0]

    def decoder_weights(self) -> np.ndarray:
        """Return a copy of the decoder, shape (n, k) in s."""
        phi = self.folding.decoder if self.folding else self._synaptic_decoder()
        return phi.reshape(len(self.neurons), -1).copy()

    def _synaptic_decoder(self) -> np.ndarray:
        if self.decoder is None:
            raise RuntimeError("the decoder of a folded network does not consist of synapses")
        return self.decoder.variables["phi"].get_value()

    def set_decoder(self, phi: np.ndarray) -> None:
        """Set the decoder, shape (n, k) in s, and all states of the outputs' filters: z = phi' r, h_z = phi' h_r."""
        if self.folding:
            self.folding.set_decoder(phi)
            return
        if self._phi is None:
            # The view is taken after all synapses exist, because adding synapses moves their arrays.
            self._phi = self._synaptic_decoder()
        self._phi[:] = phi.reshape(-1)
        for output, rates in zip(self._outputs, self._rates, strict=True):
            np.dot(rates, phi, out=output)

    def set_encoder(self, encoder: np.ndarray) -> None:
        """Set the feedback weights, shape (n, k) (SI)."""
        if self.folding:
            self.folding.set_encoder(encoder)
            return
        for m in range(encoder.shape[1]):
            self._set(self.neurons, f"encoder_{m}", encoder[:, m])

    def set_alive(self, alive: np.ndarray) -> None:
        """Let spikes reach other neurons if ``alive``, shape (n,), is 1 for their neuron, and no neuron if it is 0."""
        self._set(self.recurrent, "weight", self._weights * alive[self._sources])

    def set_feedback(self, gain: float) -> None:
        """Scale the feedback from the outputs; 0 cuts it."""
        self.neurons.variables["feedback"].get_value()[:] = gain

    def spikes(self) -> np.ndarray:
        """Return the indices of the neurons that spiked in the current step."""
        space = self._spikespace
        return space[: space[-1]]

    @property
    def _spikespace(self) -> np.ndarray:
        return self.neurons.variables["_spikespace"].get_value()

    def state(self) -> dict[str, np.ndarray]:
        """Return every variable of the neuron model and the filters (SI), by name; see :meth:`set_state`."""
        return {name: self.neurons.variables[name].get_value().copy() for name in self.state_names}

    def set_state(self, state: dict[str, np.ndarray]) -> None:
        """Set the neurons' dynamic variables. The outputs follow from r and the decoder."""
        for name in self.state_names:
            self.neurons.variables[name].get_value()[:] = state[name]

    @property
    def state_names(self) -> list[str]:
        """Names of the neurons' variables that change or that have random initial values."""
        # Parameters that differ between neurons are included, because their initial values may be random.
        equations = self.neurons.equations
        own = set(equations.diff_eq_names) | (self._model_names & set(equations.parameter_names))
        # The states of the feedback filter are left out, because they follow from r and the decoder.
        own -= set(self.synapse.state_names("I_fb").values())
        return sorted(own) + [n for n in ("lastspike",) if n in self.neurons.variables]


def _do_tasks() -> brian2.Function:
    """Return the function that a C++ program calls at the end of each step; see force/cpp/program.h."""

    @brian2.implementation("cpp", "double do_tasks(int64_t step) { snnlab::force().step(step); return 0; }")
    @brian2.check_units(step=1, result=1)
    def do_tasks(step: int) -> float:
        raise NotImplementedError

    return do_tasks


def _connect(synapses: brian2.Synapses, pre: np.ndarray, post: np.ndarray) -> None:
    """Connect pairs with the numpy target, because compilation for this one call takes 10 s and gains nothing."""
    with preferences({"codegen.target": "numpy"}):
        if len(pre):
            synapses.connect(i=pre, j=post)
        else:
            # Brian2 refuses empty lists.
            synapses.connect(False)


def reserved_names(synapse: SynapseModel) -> set[str]:
    """Return the names that a network of any number of outputs adds to those of its neurons."""
    states = {name for output in ("I_rec", "r", "I_fb") for name in synapse.state_names(output).values()}
    return states | {*synapse.parameters, *_leaks(synapse, 1.0), "spike_count", "feedback", "bias"}


def _leaks(synapse: SynapseModel, dt: float) -> dict:
    """Return time constants with which Euler's 1 - dt/tau equals exp(-dt/tau)."""
    taus = {name: float(value) for name, value in synapse.parameters.items() if name.startswith("tau")}
    return {name + _LEAK: dt / -np.expm1(-dt / tau) * brian2.second for name, tau in taus.items()}
