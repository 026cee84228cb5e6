"""Build the C++ program of a FORCE network, once, and keep it.

A program belongs to a neuron model and filter with their parameters, a number of neurons and outputs, a time step, a
filter scheme, and a machine; it lies in the user's cache. What it does besides the network is force_program.h.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
import os
import platform
import shutil
import tempfile
import time
from pathlib import Path

import brian2
import numpy as np
from brian2.devices.device import reset_device
from scipy.sparse import csr_array

from ..engine import compiler, equations_error, preferences
from ..errors import MachineError
from ..models import NeuronModel, SynapseModel
from ..record import cpu_line
from .force import ForceNetwork

_HEADER = Path(__file__).with_name("force_program.h")
# A stretch ends where its job says; this is the length in s that is compiled in.
_FOREVER = 1e5
_KEPT_SECONDS = 90 * 86400


def build(neuron: NeuronModel, synapse: SynapseModel, n: int, k: int, dt: float, **kind) -> Path:
    """Return the folder of the program for these models and sizes, built on first use.

    ``kind`` are the arguments scheme, driven and folded of :class:`ForceNetwork`.

    Raises
    ------
    MachineError
        If it cannot be compiled.
    """
    here = Path(__file__)
    sources = [*here.parent.glob("*.h"), here, here.with_name("force.py"), here.with_name("population.py")]
    sources.append(here.parents[1] / "models.py")
    flags = {name: str(brian2.prefs[name]) for name in brian2.prefs if name.startswith("codegen.cpp.")}
    flags |= {"environment": os.environ.get("CXXFLAGS", ""), "machine": _machine()}
    contents = [neuron.to_dict(), synapse.to_dict(), n, k, dt, kind, brian2.__version__, compiler(), flags]
    text = json.dumps([*contents, *(path.read_text() for path in sources)], sort_keys=True)
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "snnlab" / "programs"
    folder = cache / hashlib.sha256(text.encode()).hexdigest()[:16]
    if (folder / "main").is_file():
        with contextlib.suppress(OSError):
            os.utime(folder)
        return folder
    _remove_unused(cache)
    try:
        cache.mkdir(parents=True, exist_ok=True)
        building = Path(tempfile.mkdtemp(prefix=f"{folder.name}.", dir=cache))
    except OSError as error:
        raise MachineError(f"the folder {cache} for compiled programs cannot be written: {error}") from None
    try:
        _compile(building, neuron, synapse, n, k, dt, **kind)
        try:
            building.rename(folder)
        except OSError:
            # Another process was faster; or something has removed a part of the folder.
            if not (folder / "main").is_file():
                shutil.rmtree(folder, ignore_errors=True)
                building.rename(folder)
    finally:
        shutil.rmtree(building, ignore_errors=True)
    return folder


def _remove_unused(cache: Path) -> None:
    """Remove programs that nobody has used for long, and what builds that were killed have left."""
    for folder in cache.glob("*"):
        # Another process may remove it first.
        with contextlib.suppress(OSError):
            if time.time() - folder.stat().st_mtime > _KEPT_SECONDS:
                shutil.rmtree(folder, ignore_errors=True)


def _machine() -> str:
    """What code for "this machine" depends on: a home folder may be shared by machines of several kinds."""
    return platform.machine() + platform.processor() + cpu_line("flags", "features")


def _compile(folder: Path, neuron: NeuronModel, synapse: SynapseModel, n: int, k: int, dt: float, **kind) -> None:
    changed = {
        "codegen.cpp.headers": [*brian2.prefs["codegen.cpp.headers"], f'"{_HEADER}"'],
        "devices.cpp_standalone.extra_make_args_unix": ["-j2"],
    }
    brian2.set_device("cpp_standalone", build_on_run=False, directory=str(folder))
    device = brian2.get_device()
    device.reinit()
    device.activate(build_on_run=False, directory=str(folder))
    try:
        one = csr_array((np.zeros(1), ([0], [0])), shape=(n, n))
        bare = dataclasses.replace(neuron, initial={})
        net = ForceNetwork(bare, synapse, one, np.zeros((n, k)), dt=dt, **kind)
        device.insert_code("main", _binding(net, n, k))
        # Brian2 takes the clock's step from the network's time, but sets the clock's time only at its first tick.
        for time in (f"{net.network.name}.t", f"{device.get_array_name(net.clock.variables['t'])}[0]"):
            device.insert_code("before_network_run", f"{time} = snnlab::force().first_step()*snnlab::force().dt();")
        with preferences(changed):
            net.network.run(_FOREVER * brian2.second, namespace={})
            device.build(directory=str(folder), compile=True, run=False, with_output=False)
    except brian2.BrianObjectException as error:
        raise equations_error(error) from error
    except (RuntimeError, OSError, ValueError) as error:
        raise MachineError(f"the C++ program cannot be built: {' '.join(str(error).split())[:400]}") from error
    finally:
        device.reinit()
        reset_device()
    for file in folder.rglob("*.o"):
        file.unlink()


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
