"""Build the C++ program of a FORCE network, once, and keep it.

A program belongs to a neuron model and filter with their parameters, a number of neurons and outputs, a time step, a
filter scheme, and a machine. What it does besides the network is force/cpp/program.h.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

import brian2
import numpy as np
from scipy.sparse import csr_array

from ...engine.programs import program, standalone
from ...models.neuron import NeuronModel
from ...models.synapse import SynapseModel
from .network import ForceNetwork


def build(neuron: NeuronModel, synapse: SynapseModel, n: int, k: int, dt: float, **kind) -> Path:
    """Return the folder of the program for these models and sizes, built on first use.

    ``kind`` are the arguments scheme, driven and folded of :class:`ForceNetwork`.

    Raises
    ------
    MachineError
        If it cannot be compiled.
    """
    here = Path(__file__)
    engine, models = (here.parents[2] / room for room in ("engine", "models"))
    sources = [
        here,
        here.with_name("network.py"),
        engine / "population.py",
        models / "neuron.py",
        models / "synapse.py",
    ]
    contents = [neuron.to_dict(), synapse.to_dict(), n, k, dt, kind]
    return program(contents, sources, lambda folder: _compile(folder, neuron, synapse, n, k, dt, **kind))


def _compile(folder: Path, neuron: NeuronModel, synapse: SynapseModel, n: int, k: int, dt: float, **kind) -> None:
    with standalone(folder, Path(__file__).with_name("cpp") / "program.h") as compile_network:
        device = brian2.get_device()
        one = csr_array((np.zeros(1), ([0], [0])), shape=(n, n))
        bare = dataclasses.replace(neuron, initial={})
        net = ForceNetwork(bare, synapse, one, np.zeros((n, k)), dt=dt, **kind)
        device.insert_code("main", _binding(net, n, k))
        # Brian2 takes the clock's step from the network's time, but sets the clock's time only at its first tick.
        for time in (f"{net.network.name}.t", f"{device.get_array_name(net.clock.variables['t'])}[0]"):
            device.insert_code("before_network_run", f"{time} = snnlab::force().first_step()*snnlab::force().dt();")
        compile_network(net.network)


def _binding(net: ForceNetwork, n: int, k: int) -> str:
    """C++ that gives snnlab::force() the arrays of the network, before its first step."""
    array = brian2.get_device().get_array_name
    group, outputs, recurrent = (x.variables for x in (net.neurons, net.outputs, net.recurrent))
    lines = ["snnlab::Force& force = snnlab::force();", "force.open(results_dir);"]
    for name in net.state_names:
        lines.append(f'force.states.push_back({{"{name}", {{{array(group[name])}, {group[name].size}}}}});')
    for name in ("bias", *(f"encoder_{m}" for m in range(0 if net.folded else k))):
        lines.append(f'snnlab::read(force.path("{name}"), {array(group[name])}, {group[name].size});')
    if "I_ext" in group:
        lines.append(f"force.drive({array(group['I_ext'])}, {n});")
    for state in net.synapse.states:
        r, z = (net.synapse.state_names(output)[state] for output in ("r", "z"))
        lines.append(f"force.filters.push_back({{{array(group[r])}, {array(outputs[z])}}});")
    if net.folded:
        fed = [array(group[name]) for name in net.synapse.state_names("I_fb").values()]
        lines += [
            f"force.folding = new snnlab::Folding({n}, {k}, results_dir);",
            f"force.folding->feedback = {{{', '.join(fed)}}};",
        ]
        phi = "force.folding->phi.data()"
    else:
        phi = f"{array(net.decoder.variables['phi'], access_data=False)}.data()"
    whole = [array(recurrent[x], access_data=False) for x in ("_synaptic_pre", "_synaptic_post", "weight")]
    lines += [
        f"force.feedback = {array(group['feedback'])};",
        f"force.voltage = {array(group[net.voltage])};",
        f"force.spike_count = {array(group['spike_count'])};",
        f"force.spikespace = {array(group['_spikespace'])};",
        f"force.phi = {phi};",
        f'force.synapses("recurrent", {", ".join(whole)}, {array(recurrent["N"])});',
        'snnlab::read(force.path("decoder_weight"), force.phi, ' + f"{n * k});",
        'snnlab::read(force.path("feedback_gain"), force.feedback, 1);',
        f"force.begin({n}, {k});",
        "_random_generators[0].seed(force.seed());",
    ]
    return "{\n" + "\n".join(lines) + "\n}"
