"""A FORCE network as one C++ program in Brian2's standalone mode, with RLS and recording.

A program is built for a neuron model and a filter with their parameters, numbers of neurons and outputs, a time step, a
form of the network, and a machine. It reads weights, teacher, learning window and seeds from files when it runs.
force/cpp/program.h contains everything except the network.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

import brian2
import numpy as np
import scipy

from ...connectivity.dale import joined, split_decoder, split_encoder
from ...connectivity.random import by_source
from ...engine.brian import WATCH_SECONDS, Engine, preferences
from ...engine.programs import execute, program, run_folder, standalone, write_arrays
from ...engine.tasks import LARGEST
from ...models.neuron import NeuronModel
from ...models.synapse import SynapseModel
from .drive import TICKS, ticks
from .network import ForceNetwork, Form
from .phases import Phase
from .plan import Plan, Recording, within

_HEADER = Path(__file__).with_name("cpp") / "program.h"

_BY_COLUMN = ("p_columns", "encoder", "drive_encoder")


class ProgramLoop:
    """A FORCE network as a C++ program. :meth:`advance` runs a part of the plan in a separate process.

    Attributes
    ----------
    program : Path
        Folder of the program.
    show : callable
        Function that gets the finished time of the run (s) from time to time.
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
        form: Form,
    ):
        self._plan, self._engine = plan, engine
        self.show = lambda done: engine.show(done, plan.n_steps * plan.dt)
        self._encoder = encoder
        encoder = split_encoder(encoder, plan.signs)
        n, k = encoder.shape
        with _runtime(engine):
            # This network never runs. It gives the initial state from the same random stream as on runtime targets.
            one = scipy.sparse.csr_array((np.zeros(1), ([0], [0])), shape=(n, n))
            net = ForceNetwork(neuron, synapse, one, encoder, bias=bias, dt=plan.dt, **asdict(form))
            state, step = net.state(), net.filter_step()
            self.voltage, self.equations, self.dims = net.voltage, net.equations, net.dims()
        between = np.zeros(0) if step is None else np.linalg.matrix_power(step, plan.learn.step)
        pre, post, weights = by_source(recurrent)
        self._files: dict[str, np.ndarray] = {
            "recurrent_pre": pre.astype(np.int32),
            "recurrent_post": post.astype(np.int32),
            "recurrent_weight": weights,
            "filter_between": between,
            "signs": plan.signs,
            "bias": np.array([bias]),
        }
        if net.jump is not None:
            self._files["jump"] = net.jump
        self._folded, self._sources, self._weights = net.folded, pre, weights
        self._phase = plan.phase(plan.start)
        self._learned: np.ndarray | None = None
        self._set_inputs()
        self._memory: dict[str, np.ndarray] = {
            "spike_count": np.zeros(n, np.int32),
            "feedback_gain": np.ones(1),
            "decoder_weight": np.zeros((n, k)),
            **{f"state_{name}": values for name, values in state.items()},
        }
        self.program = build(neuron, synapse, n, k, plan.dt, form)

    def _set_inputs(self) -> None:
        """Set the inputs of the phase: encoder, drive, and recurrent weights of neurons that are not silent."""
        phase, drive = self._phase[1], self._plan.drive
        encoder = split_encoder(phase.encoder(self._encoder), self._plan.signs)
        self._files["recurrent_weight"] = self._weights * phase.alive(len(encoder))[self._sources]
        if self._folded:
            self._files["encoder"] = encoder
        else:
            self._files |= {f"encoder_{m}": column for m, column in enumerate(encoder.T)}
        if drive is not None:
            drive = phase.driven(drive)
            signal = drive.signal
            self._files |= {
                "drive_encoder": drive.encoder,
                "drive_first": signal.indptr.astype(np.int64),
                "drive_component": signal.indices.astype(np.int32),
                "drive_amplitude": signal.data.astype(float),
            }

    @property
    def decoder(self) -> np.ndarray:
        """The current decoder, shape (n, k), in s."""
        return joined(self.parts, self._plan.signs)

    @property
    def parts(self) -> np.ndarray:
        """The decoder in the form of the network: split into two parts with Dale's law, else the decoder itself."""
        return self._memory["decoder_weight"]

    @property
    def feedback(self) -> float:
        return float(self._memory["feedback_gain"][0])

    def state(self) -> dict[str, np.ndarray]:
        """Return the neurons' variables (SI) by name."""
        return {k.removeprefix("state_"): v.copy() for k, v in self._memory.items() if k.startswith("state_")}

    def memory(self) -> dict[str, np.ndarray]:
        """Return everything that :meth:`restore` needs to continue from here."""
        return self._memory | ({} if self._learned is None else {"decoder_learned": self._learned})

    def restore(self, memory: dict[str, np.ndarray], step: int) -> None:
        """Continue at ``step`` from a memory that was taken before this step."""
        self._memory = dict(memory)
        self._learned = self._memory.pop("decoder_learned", None)
        if memory["decoder_weight"].shape == self._encoder.shape:
            self._memory["decoder_weight"] = split_decoder(memory["decoder_weight"], self._plan.signs)

    def enter(self, phase: Phase, begin: int, step: int) -> None:
        """Apply the phase that began at step ``begin`` from the current step ``step`` on."""
        learned = self.decoder if self._learned is None else self._learned
        self._learned = None if phase.intact else learned
        self._memory["decoder_weight"] = split_decoder(phase.decoder(learned), self._plan.signs)
        self._memory["feedback_gain"] = np.array([phase.feedback])
        if phase.fresh_rls and begin == step:
            for key in ("p_lower", "p_columns"):
                self._memory.pop(key, None)
        self._phase = begin, phase
        self._set_inputs()

    def advance(self, start: int, stop: int, folder: Path | None = None) -> Recording:
        """Run steps start to stop - 1 and return their recording. Temporary files are written to ``folder``.

        Raises
        ------
        Diverged
            If a state is not finite or too large, or neurons fire at every second step or more.
        MachineError
            If the disk is full or the program fails for another reason.
        """
        with run_folder(folder) as place:
            before, targets = self._plan.targets(start, stop)
            write_arrays(place, self._files | self._memory | {"targets": targets}, _BY_COLUMN)
            job = self._job(start, stop) | {"updates_before": before, "updates": len(targets)}
            execute(self.program, place, job, lambda done: self.show(done * self._plan.dt))
            return self._collect(place, start, stop)

    def _job(self, start: int, stop: int) -> dict:
        plan = self._plan
        look = max(1, round(WATCH_SECONDS / plan.dt))
        looks = range(look - 1, plan.n_steps, look)
        ranges = {"learn": plan.learn or range(0), "record": plan.record, "bin": plan.bins, "look": looks}
        job = {f"{k}_{part}": value for k, r in ranges.items()
               for part, value in (("first", r.start), ("stop", r.stop), ("every", r.step))}  # fmt: skip
        return (
            job
            | {
                "dt": repr(plan.dt),
                "start": start,
                "stop": stop,
                "seed": self._engine.brian2_seed(start),
                "largest": repr(LARGEST),
                "spiking": plan.n_spikes,
                "traced": plan.n_voltages,
                "voltage": self.voltage,
                "alpha": repr(plan.alpha),
                "exact": int(plan.gain == "exact"),
                "single": int(plan.precision == "float32"),
                "fresh_p": int("p_lower" not in self._memory),
                "keep_p": int(self._keeps_p(stop)),
                "decoder_every": plan.decoder_every,
                "decoder_rows": plan.decoder_rows,
            }
            | self._drive_job()
        )

    def _keeps_p(self, stop: int) -> bool:
        """Tell whether P is kept at this step: until the end of the learning window, or longer if the plan says so."""
        return bool(self._plan.learn) and (self._plan.keep_p or stop < self._plan.learn.stop)

    def _drive_job(self) -> dict:
        (begin, phase), drive = self._phase, self._plan.drive
        if drive is None:
            return {}
        return {
            "drive_begin": begin,
            "drive_start": self._plan.drive_start(begin),
            "drive_ticks": ticks(phase.speed),
            "drive_per_sample": TICKS * drive.every,
        }

    def _collect(self, place: Path, start: int, stop: int) -> Recording:
        plan, k = self._plan, self.decoder.shape[1]
        kept = {key: self._memory.pop(key) for key in [*self._memory] if key in ("p_lower", "p_columns")}
        for key, values in self._memory.items():
            self._memory[key] = np.fromfile(place / key, values.dtype).reshape(values.shape)
        if not within(plan.learn, start, stop):
            # The program did not need P.
            self._memory |= kept if self._keeps_p(stop) else {}
        elif self._keeps_p(stop):
            n = len(self._memory["spike_count"])
            self._memory["p_lower"] = np.fromfile(place / "p_lower", plan.precision)
            columns = np.fromfile(place / "p_columns", plan.precision)
            self._memory["p_columns"] = columns.reshape(n, len(columns) // n, order="F")
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


def build(neuron: NeuronModel, synapse: SynapseModel, n: int, k: int, dt: float, form: Form) -> Path:
    """Return the folder of the program for these models, sizes and form. It is built on first use and kept.

    Raises
    ------
    MachineError
        If it cannot be compiled.
    """
    here = Path(__file__)
    engine, models = (here.parents[2] / room for room in ("engine", "models"))
    sources = [
        _HEADER,
        here,
        here.with_name("network.py"),
        engine / "population.py",
        models / "neuron.py",
        models / "synapse.py",
    ]
    contents = [neuron.to_dict(), synapse.to_dict(), n, k, dt, asdict(form)]
    return program(contents, sources, lambda folder: _compile(folder, neuron, synapse, n, k, dt, form))


def _compile(folder: Path, neuron: NeuronModel, synapse: SynapseModel, n: int, k: int, dt: float, form: Form) -> None:
    with standalone(folder, _HEADER) as compile_network:
        device = brian2.get_device()
        one = scipy.sparse.csr_array((np.zeros(1), ([0], [0])), shape=(n, n))
        bare = replace(neuron, initial={})
        net = ForceNetwork(bare, synapse, one, np.zeros((n, k)), dt=dt, **asdict(form))
        device.insert_code("main", _binding(net, n, k))
        # Brian2 computes the clock's step from the network's time, but sets the clock's time only at its first tick.
        for time in (f"{net.network.name}.t", f"{device.get_array_name(net.clock.variables['t'])}[0]"):
            device.insert_code("before_network_run", f"{time} = snnlab::force().first_step()*snnlab::force().dt();")
        compile_network(net.network)


def _binding(net: ForceNetwork, n: int, k: int) -> str:
    """Return C++ code that passes the arrays of the network to snnlab::force() before the first step."""
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
    if net.decoder is None:
        fed = [array(group[name]) for name in net.synapse.state_names("I_fb").values()]
        lines.append(f"force.fold({n}, {k}, {{{', '.join(fed)}}});")
    else:
        lines.append(f"force.phi = {array(net.decoder.variables['phi'], access_data=False)}.data();")
    whole = [array(recurrent[x], access_data=False) for x in ("_synaptic_pre", "_synaptic_post", "weight")]
    lines += [
        f"force.feedback = {array(group['feedback'])};",
        f"force.voltage = {array(group[net.voltage])};",
        f"force.spike_count = {array(group['spike_count'])};",
        f"force.spikespace = {array(group['_spikespace'])};",
        f'force.synapses("recurrent", {", ".join(whole)}, {array(recurrent["N"])});',
        'snnlab::read(force.path("decoder_weight"), force.phi, ' + f"{n * k});",
        'snnlab::read(force.path("feedback_gain"), force.feedback, 1);',
        f"force.begin({n}, {k});",
        "_random_generators[0].seed(force.seed());",
    ]
    return "{\n" + "\n".join(lines) + "\n}"


@contextlib.contextmanager
def _runtime(engine: Engine) -> Iterator[None]:
    """Use Brian2's runtime device with the numpy target and the engine's random stream in a ``with`` block."""
    from brian2.devices.device import reset_device

    brian2.set_device("runtime")
    try:
        with preferences({"codegen.target": "numpy"}):
            engine.seed_brian2()
            yield
    finally:
        reset_device()
