"""Run a FORCE network as one C++ program: Brian2's standalone mode, RLS and recording included.

A program is built once for each neuron model, filter, number of neurons and outputs, time step and filter scheme, and
kept in the user's cache; weights, teacher, learning window and seeds are read from files when it runs.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
import os
import platform
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import brian2
import numpy as np
from brian2.devices.device import reset_device
from scipy.sparse import csr_array

from ..engine import Engine, compiler, equations_error
from ..errors import Diverged, MachineError, UserError
from ..models import NeuronModel, SynapseModel
from .force import ForceNetwork
from .recording import Plan, Recording, within

_HEADER = Path(__file__).with_name("force_program.h")
_LOOK_SECONDS = 0.01
_DIVERGED = 74
# A stretch ends where its job says; this is the length that is compiled in.
_FOREVER = 1e5


class ProgramLoop:
    """A FORCE network as a C++ program; :meth:`advance` runs a stretch of it in a process of its own.

    Attributes
    ----------
    program : Path
        Folder of the program.
    cpu_seconds : float
        CPU time of all stretches so far, without starting the program and reading its files.
    """

    def __init__(
        self,
        neuron: NeuronModel,
        synapse: SynapseModel,
        recurrent,
        encoder: np.ndarray,
        plan: Plan,
        engine: Engine,
        *,
        bias: float,
        scheme: str,
    ):
        self._plan, self._engine = plan, engine
        n, k = encoder.shape
        self._k = k
        settings = {"bias": bias, "dt": plan.dt, "scheme": scheme}
        with _runtime(engine):
            # For the initial state alone, from the same random stream as on the runtime targets; it never runs.
            one = csr_array((np.zeros(1), ([0], [0])), shape=(n, n))
            net = ForceNetwork(neuron, synapse, one, encoder, **settings)
            self._state = net.state()
            self.voltage, self.equations = net.voltage, net.equations
            between = np.zeros(0)
            if net.filter_step is not None:
                between = np.linalg.matrix_power(net.filter_step, plan.learn.step)
            self.dims = {name: net.neurons.variables[name].dim for name in self._state}
        pre_sorted = recurrent.tocsc()
        pre_sorted.sort_indices()
        self._files = {
            "recurrent_pre": np.repeat(np.arange(n, dtype=np.int32), np.diff(pre_sorted.indptr)),
            "recurrent_post": pre_sorted.indices.astype(np.int32),
            "recurrent_weight": pre_sorted.data,
            "targets": plan.targets,
            "filter_between": between,
            "permutation": plan.permutation.astype(np.int64),
            "state_bias": np.array([bias]),
            **{f"state_encoder_{m}": encoder[:, m] for m in range(k)},
        }
        self._memory = {
            "spike_count": np.zeros(n, np.int32),
            "feedback_gain": np.ones(1),
            "decoder_weight": np.zeros((n, k)),
        }
        self.cpu_seconds = 0.0
        self.program = build(neuron, synapse, n, k, plan.dt, scheme)

    @property
    def decoder(self) -> np.ndarray:
        """The decoder now, shape (n, k) in s."""
        return self._memory["decoder_weight"]

    @property
    def feedback(self) -> float:
        return float(self._memory["feedback_gain"][0])

    def state(self) -> dict[str, np.ndarray]:
        """Return the neurons' variables (SI) by name."""
        return {name: values.copy() for name, values in self._state.items()}

    def memory(self) -> dict[str, np.ndarray]:
        """Return everything that :meth:`restore` needs to go on from here."""
        return self._memory | {f"state_{k}": v for k, v in self._state.items()}

    def restore(self, memory: dict[str, np.ndarray], step: int) -> None:
        """Go on from a memory that was taken before ``step``."""
        self._state = {k.removeprefix("state_"): v for k, v in memory.items() if k.startswith("state_")}
        self._memory = {k: v for k, v in memory.items() if not k.startswith("state_")}

    def advance(self, start: int, stop: int, folder: Path | None = None) -> Recording:
        """Run steps start to stop - 1 and return what they recorded; ``folder`` takes temporary files.

        Raises
        ------
        Diverged
            If the program found a state that is not finite, or every neuron firing at every step.
        MachineError
            If the disk is full or the program failed otherwise.
        """
        try:
            with tempfile.TemporaryDirectory(prefix="run-", dir=folder) as name:
                place = Path(name).resolve()
                for key, values in (self._files | self.memory()).items():
                    (place / key).write_bytes(values.tobytes("F" if key == "p_columns" else "C"))
                (place / "job").write_text("".join(f"{k} {v}\n" for k, v in self._job(start, stop).items()))
                self._execute(place)
                return self._collect(place, start, stop)
        except OSError as error:
            raise MachineError(f"{error.filename}: cannot be written or run: {error.strerror}") from error

    def _job(self, start: int, stop: int) -> dict:
        plan = self._plan
        look = max(1, round(_LOOK_SECONDS / plan.dt))
        looks = range(look - 1, plan.n_steps, look)
        ranges = {"learn": plan.learn or range(0), "record": plan.record, "bin": plan.bins, "look": looks}
        job = {f"{k}_{part}": value for k, r in ranges.items()
               for part, value in (("first", r.start), ("stop", r.stop), ("every", r.step))}  # fmt: skip
        return job | {
            "dt": repr(plan.dt),
            "parent": os.getpid(),
            "start": start,
            "stop": stop,
            "seed": self._engine.brian2_seed(start),
            "spiking": plan.n_spikes,
            "traced": plan.n_voltages,
            "voltage": self.voltage,
            "alpha": repr(plan.alpha),
            "exact": int(plan.gain == "exact"),
            "single": int(plan.precision == "float32"),
            "fresh_p": int("p_lower" not in self._memory),
            # After the learning window nobody needs P.
            "keep_p": int(bool(plan.learn) and stop < plan.learn.stop),
            "decoder_every": plan.decoder_every,
            "decoder_rows": plan.decoder_rows,
            "break_step": plan.break_step,
            "feedback_after": repr(plan.feedback_after),
        }

    def _execute(self, folder: Path) -> None:
        """Run the program, show how far it is, and raise for what it reports."""
        with (
            open(folder / "stderr", "w+") as errors,
            subprocess.Popen(
                [str(self.program / "main"), "--results_dir", f"{folder}{os.sep}"],
                cwd=self.program,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            ) as process,
        ):
            try:
                for line in process.stdout:
                    if line.strip().isdigit():
                        self._engine.show(int(line) * self._plan.dt, self._plan.n_steps * self._plan.dt)
                status = process.wait()
            except BaseException:
                process.kill()
                raise
            errors.seek(0)
            message = " ".join(errors.read().split())
        if status == _DIVERGED:
            raise Diverged(f"diverged: {message}")
        if status or not (folder / "done").is_file():
            raise MachineError(f"the C++ program stopped with status {status}: {message[:400]}")

    def _collect(self, place: Path, start: int, stop: int) -> Recording:
        plan, k = self._plan, self._k
        self.cpu_seconds += float(np.fromfile(place / "cpu_seconds")[0])
        for key in ("spike_count", "feedback_gain", "decoder_weight"):
            values = self._memory[key]
            self._memory[key] = np.fromfile(place / key, values.dtype).reshape(values.shape)
        for key in ("p_lower", "p_columns"):
            self._memory.pop(key, None)
        if plan.learn and plan.learn.start < stop < plan.learn.stop:
            n = len(self._memory["spike_count"])
            self._memory["p_lower"] = np.fromfile(place / "p_lower", plan.precision)
            columns = np.fromfile(place / "p_columns", plan.precision)
            self._memory["p_columns"] = columns.reshape(n, len(columns) // n, order="F")
        for key in self._state:
            self._state[key] = np.fromfile(place / f"state_{key}")
        samples = len(within(plan.record, start, stop))
        return Recording(
            np.fromfile(place / "outputs").reshape(samples, k),
            np.fromfile(place / "voltages", np.float32).reshape(samples, plan.n_voltages),
            np.fromfile(place / "counts", np.int64),
            np.fromfile(place / "spike_steps", np.int64),
            np.fromfile(place / "spike_neurons", np.int32),
            np.fromfile(place / "decoders").reshape(
                len(within(plan.decoder_updates, start, stop)), plan.decoder_rows, k
            ),
        )


def build(neuron: NeuronModel, synapse: SynapseModel, n: int, k: int, dt: float, scheme: str) -> Path:
    """Return the folder of the program for these models and sizes, built on first use.

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
    contents = [neuron.to_dict(), synapse.to_dict(), n, k, dt, scheme, brian2.__version__, compiler(), flags]
    text = json.dumps([*contents, *(path.read_text() for path in sources)], sort_keys=True)
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "snnlab" / "programs"
    folder = cache / hashlib.sha256(text.encode()).hexdigest()[:16]
    if (folder / "main").is_file():
        return folder
    try:
        cache.mkdir(parents=True, exist_ok=True)
        building = Path(tempfile.mkdtemp(prefix=f"{folder.name}.", dir=cache))
    except OSError as error:
        raise MachineError(f"the folder {cache} for compiled programs cannot be written: {error}") from None
    try:
        _compile(building, neuron, synapse, n, k, dt, scheme)
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


def _machine() -> str:
    """What code for "this machine" depends on: a home folder may be shared by machines of several kinds."""
    text = platform.machine() + platform.processor()
    with contextlib.suppress(OSError):
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        text += next((line for line in lines if line.lower().startswith(("flags", "features"))), "")
    return text


def can_be_program(neuron: NeuronModel, engine: Engine) -> bool:
    """Tell whether the program can hold a neuron's variables, which must be real numbers.

    Raises
    ------
    UserError
        If it cannot, and cpp_standalone was asked for.
    """
    equations = brian2.Equations(neuron.equations)
    stored = [*equations.diff_eq_names, *equations.parameter_names]
    other = [name for name in stored if equations[name].var_type != "float"]
    if other and engine.target == "cpp_standalone":
        raise UserError(
            f"target: cpp_standalone cannot run neuron {neuron.name!r}, whose {other[0]!r} is "
            f"{equations[other[0]].var_type}; expected auto, cython or numpy"
        )
    return not other


def _compile(folder: Path, neuron: NeuronModel, synapse: SynapseModel, n: int, k: int, dt: float, scheme: str) -> None:
    prefs = brian2.prefs
    changed = {
        "codegen.cpp.headers": [*prefs["codegen.cpp.headers"], f'"{_HEADER}"'],
        "devices.cpp_standalone.extra_make_args_unix": ["-j2"],
    }
    before = {key: prefs[key] for key in changed}
    brian2.set_device("cpp_standalone", build_on_run=False, directory=str(folder))
    device = brian2.get_device()
    device.reinit()
    device.activate(build_on_run=False, directory=str(folder))
    try:
        for key, value in changed.items():
            prefs[key] = value
        one = csr_array((np.zeros(1), ([0], [0])), shape=(n, n))
        bare = dataclasses.replace(neuron, initial={})
        net = ForceNetwork(bare, synapse, one, np.zeros((n, k)), dt=dt, scheme=scheme)
        device.insert_code("main", _binding(net, n, k))
        # Brian2 takes the clock's step from the network's time, but sets the clock's time only at its first tick.
        for time in (f"{net.network.name}.t", f"{device.get_array_name(net.clock.variables['t'])}[0]"):
            device.insert_code("before_network_run", f"{time} = snnlab::force().first_step()*snnlab::force().dt();")
        net.network.run(_FOREVER * brian2.second, namespace={})
        device.build(directory=str(folder), compile=True, run=False, with_output=False)
    except brian2.BrianObjectException as error:
        raise equations_error(error) from error
    except (RuntimeError, OSError, ValueError) as error:
        raise MachineError(f"the C++ program cannot be built: {' '.join(str(error).split())[:400]}") from error
    finally:
        for key, value in before.items():
            prefs[key] = value
        device.reinit()
        reset_device()
    for file in folder.rglob("*.o"):
        file.unlink()


def _binding(net: ForceNetwork, n: int, k: int) -> str:
    """C++ that gives snnlab::force() the arrays of the network, before its first step."""
    array = brian2.get_device().get_array_name
    group, outputs, recurrent, decoder = (x.variables for x in (net.neurons, net.outputs, net.recurrent, net.decoder))
    names = [*net.state_names, "bias", *(f"encoder_{m}" for m in range(k))]
    lines = ["snnlab::Force& force = snnlab::force();", "force.open(results_dir);"]
    for name in names:
        lines.append(f'force.states.push_back({{"{name}", {{{array(group[name])}, {group[name].size}}}}});')
    for state in net.synapse.states:
        r, z = (net.synapse.state_names(output)[state] for output in ("r", "z"))
        lines.append(f"force.filters.push_back({{{array(group[r])}, {array(outputs[z])}}});")
    whole = [array(recurrent[x], access_data=False) for x in ("_synaptic_pre", "_synaptic_post", "weight")]
    lines += [
        f"force.feedback = {array(group['feedback'])};",
        f"force.voltage = {array(group[net.voltage])};",
        f"force.spike_count = {array(group['spike_count'])};",
        f"force.spikespace = {array(group['_spikespace'])};",
        f"force.phi = {array(decoder['phi'], access_data=False)}.data();",
        f'force.synapses("recurrent", {", ".join(whole)}, {array(recurrent["N"])});',
        'snnlab::read(force.path("decoder_weight"), force.phi, ' + f"{n * k});",
        'snnlab::read(force.path("feedback_gain"), force.feedback, 1);',
        f"force.begin({n}, {k});",
        "_random_generators[0].seed(force.seed());",
    ]
    return "{\n" + "\n".join(lines) + "\n}"


@contextlib.contextmanager
def _runtime(engine: Engine) -> Iterator[None]:
    """Brian2's runtime device with the numpy target and the engine's random stream."""
    before = brian2.prefs.codegen.target
    brian2.set_device("runtime")
    brian2.prefs.codegen.target = "numpy"
    engine.seed_brian2()
    try:
        yield
    finally:
        brian2.prefs.codegen.target = before
        reset_device()
