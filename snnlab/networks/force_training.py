"""Train a FORCE network and return the run: recordings, decoder, weights and final state."""

from __future__ import annotations

import json

import brian2
import numpy as np
import xarray as xr
from brian2.units.fundamentalunits import get_unit_for_display

from ..connectivity import encoder, sparse_random
from ..engine import Engine, Task, Watch
from ..errors import Diverged, UserError
from ..learning.rls import RLS
from ..models import unit
from ..stimuli.teacher import Teacher, sample
from .force import ForceNetwork
from .force_config import ForceConfig, ForceSetup, published_units, resolve

_BIN_SECONDS = 0.02
FREE_RUN_SECONDS = 0.5


def train_force(config: ForceConfig, teacher: Teacher, engine: Engine) -> xr.Dataset:
    """Run a network with RLS in the learning window and frozen weights outside it.

    Parameters
    ----------
    config : ForceConfig
    teacher : callable
        Times in s, shape (T,) -> values of shape (T,) or (T, K). The output after step n is compared with
        the teacher at (n + 1) dt.
    engine : Engine

    Returns
    -------
    xarray.Dataset
        ``output`` and ``teacher`` (time, component); ``population_rate`` (bin); ``spike_time`` and
        ``spike_neuron`` (spike); ``voltage`` (time, traced); ``decoder`` (neuron, component) and
        ``decoder_trace`` (learned, read, component); ``encoder``; ``recurrent_*`` (synapse); ``state_*`` (neuron).

    Raises
    ------
    UserError, Diverged
        Before anything runs for settings that cannot be used; during the run if it diverges.
    """
    setup = resolve(config)
    engine.require_python()
    dt = setup.dt
    targets = sample(teacher, (np.array(setup.learn) + 1) * dt)
    recorded_teacher = sample(teacher, (np.array(setup.record) + 1) * dt)
    if config.control == "shuffled_teacher":
        engine.rng("shuffle").shuffle(targets)
    n, k = config.n, recorded_teacher.shape[1]
    recurrent = sparse_random(n, config.p, setup.g, engine.rng("recurrent"), setup.zero_row_mean)
    if not recurrent.nnz:
        raise UserError(f"p: no recurrent connection came up for n = {n} and p = {config.p}")
    feedback = encoder(n, k, setup.q, engine.rng("encoder"), config.encoder)
    net = ForceNetwork(
        setup.neuron, setup.synapse, recurrent, feedback, bias=setup.bias, dt=dt, scheme=config.filter_scheme
    )
    rls = RLS(n, k, setup.alpha, config.rls_gain, config.rls_precision)
    recorder = Recorder(net, setup.record, setup.n_steps, config.record_spikes, config.record_voltages)
    decoders = np.zeros((len(setup.learn), min(config.record_decoders, n), k))

    def learn(step: int) -> None:
        index = (step - setup.learn.start) // setup.learn.step
        try:
            rls.update(net.r, net.z - targets[index])
        except ValueError as error:
            raise Diverged(f"diverged: RLS at t = {(step + 1) * dt:.4g} s: {error}") from None
        net.set_decoder(rls.weights)
        decoders[index] = rls.weights[: decoders.shape[1]]

    def break_network(step: int) -> None:
        if config.control == "no_feedback":
            net.set_feedback(0.0)
        elif config.control == "permuted_decoder":
            net.set_decoder(engine.rng("permute").permutation(rls.weights))

    # The output is recorded before it is corrected.
    after = range(setup.learn_stop, setup.learn_stop + 1)
    tasks = [*recorder.tasks, Task(setup.learn, learn), Task(after, break_network)]
    engine.run(net.network, setup.n_steps * dt, net.clock, tasks, recorder.watch)

    dataset = recorder.dataset()
    decoder = net.decoder.variables["phi"].get_value().reshape(n, k).copy()
    keep = max(1, len(setup.learn) // 500)
    dataset = dataset.assign(
        teacher=(("time", "component"), recorded_teacher, {"units": "1"}),
        encoder=(("neuron", "component"), feedback, {"units": _si(setup.neuron.current)}),
        decoder=(("neuron", "component"), decoder, {"units": "s"}),
        decoder_trace=(("learned", "read", "component"), decoders[::keep].astype(np.float32), {"units": "s"}),
    ).assign_coords(learned=("learned", (np.array(setup.learn)[::keep] + 1) * dt, {"units": "s"}))
    dataset.update(_network_arrays(net, recurrent, setup.n_steps * dt))
    if config.eigenvalues:
        dataset.update(_eigenvalues(recurrent, feedback, decoder, setup))
    dataset.attrs |= {
        "neuron_model": json.dumps(setup.neuron.to_dict()),
        "synapse_model": json.dumps(setup.synapse.to_dict()),
        "filter_scheme": config.filter_scheme,
        "equations": f"{net.neurons.equations}\n{net.outputs.equations}",
        "published_units": json.dumps(published_units(setup.neuron.current)),
        "dt": dt,
        "bias": setup.bias,
        "learn_start": setup.learn.start * dt,
        "learn_stop": setup.learn_stop * dt,
        "seconds": setup.n_steps * dt,
        "feedback": float(net.neurons.variables["feedback"].get_value()[0]),
        "note": "" if free_run(setup) else "the run ends with its learning window: no free run, and no claim about one",
        "n_neurons": n,
        "recorded_neurons": min(config.record_spikes, n),
        "used": json.dumps({x: getattr(setup, x) for x in ("g", "q", "alpha", "bias", "dt", "zero_row_mean")}),
    }
    return dataset


def free_run(setup: ForceSetup) -> bool:
    """Tell whether enough of the run follows the learning window to make claims about it."""
    return (setup.n_steps - setup.learn_stop) * setup.dt >= FREE_RUN_SECONDS


class Recorder:
    """Output, voltages, spikes of the first neurons, and the rate of all, recorded while an engine runs."""

    def __init__(self, net: ForceNetwork, record: range, n_steps: int, n_spikes: int, n_voltages: int):
        self._net, self._record, self._dt = net, record, float(net.clock.dt)
        n = len(net.neurons)
        self._n_spikes, self._n_voltages = min(n_spikes, n), min(n_voltages, n)
        name = "v" if "v" in net.neurons.variables else sorted(net.neurons.equations.diff_eq_names)[0]
        self._voltage = net.neurons.variables[name].get_value()
        self._voltage_unit = net.neurons.variables[name].dim
        self._outputs = np.empty((len(record), len(net.z)))
        self._voltages = np.empty((len(record), self._n_voltages), np.float32)
        every = max(1, round(_BIN_SECONDS / self._dt))
        self._bins = range(every - 1, n_steps, every)
        self._counts = np.zeros(len(self._bins), np.int64)
        self._spikes: list[tuple[int, np.ndarray]] = []
        self._start = net.spike_count.copy()
        self.tasks = [Task(record, self._sample), Task(self._bins, self._count)]
        if self._n_spikes:
            self.tasks.append(Task(range(n_steps), self._spike))
        self.watch = Watch({"the output": net.z, "the filtered spikes": net.r, name: self._voltage}, net.spike_count)

    def _sample(self, step: int) -> None:
        index = step // self._record.step
        self._outputs[index] = self._net.z
        self._voltages[index] = self._voltage[: self._n_voltages]

    def _count(self, step: int) -> None:
        self._counts[step // self._bins.step] = self._net.spike_count.sum()

    def _spike(self, step: int) -> None:
        spikes = self._net.spikes()
        if len(spikes):
            chosen = spikes[spikes < self._n_spikes]
            if len(chosen):
                self._spikes.append((step, chosen))

    def dataset(self) -> xr.Dataset:
        """Return what was recorded."""
        dt, n = self._dt, len(self._net.neurons)
        rates = np.diff(self._counts, prepend=int(self._start.sum())) / (n * self._bins.step * dt)
        neurons = np.concatenate([ids for _, ids in self._spikes] or [np.empty(0)]).astype(np.int32)
        steps = np.repeat([s for s, _ in self._spikes], [len(ids) for _, ids in self._spikes]).astype(np.int64)
        return xr.Dataset(
            {
                "output": (("time", "component"), self._outputs, {"units": "1"}),
                "voltage": (("time", "traced"), self._voltages, {"units": _si_dim(self._voltage_unit)}),
                "population_rate": ("bin", rates, {"units": "Hz", "long_name": "mean rate of all neurons"}),
                "spike_time": ("spike", steps * dt, {"units": "s"}),
                "spike_neuron": ("spike", neurons),
            },
            coords={
                "time": ("time", (np.array(self._record) + 1) * dt, {"units": "s"}),
                "bin": ("bin", (np.array(self._bins) + 1) * dt, {"units": "s", "long_name": "end of the bin"}),
            },
        )


def _network_arrays(net: ForceNetwork, recurrent, now: float) -> dict:
    """Weights and the final state: what :func:`snnlab.load` rebuilds the network from."""
    weights = recurrent.tocoo()
    arrays = {
        "recurrent_post": ("synapse", weights.row.astype(np.int32)),
        "recurrent_pre": ("synapse", weights.col.astype(np.int32)),
        "recurrent_weight": ("synapse", weights.data, {"units": _si_dim(net.recurrent.variables["weight"].dim)}),
    }
    state = net.state()
    if "lastspike" in state:
        state["lastspike"] -= now
    for name, values in state.items():
        arrays[f"state_{name}"] = ("neuron", values, {"units": _si_dim(net.neurons.variables[name].dim)})
    return arrays


def _eigenvalues(recurrent, feedback: np.ndarray, decoder: np.ndarray, setup: ForceSetup) -> dict:
    """Eigenvalues of the recurrent matrix and of the total matrix G omega + Q eta phi', in the published unit."""
    scale = float(setup.weight_unit)
    dense = recurrent.toarray() / scale
    arrays = {}
    for name, matrix in {"before": dense, "after": dense + feedback @ decoder.T / scale}.items():
        values = np.linalg.eigvals(matrix)
        units = {"units": published_units(setup.neuron.current)["g"]}
        arrays[f"eigenvalues_{name}_real"] = ("eigenvalue", values.real, units)
        arrays[f"eigenvalues_{name}_imag"] = ("eigenvalue", values.imag, units)
    return arrays


def _si(text: str) -> str:
    return _si_dim(unit(text).dim)


def _si_dim(dim: brian2.Dimension) -> str:
    return str(get_unit_for_display(dim))
