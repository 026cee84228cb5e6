"""A trained network, rebuilt from its run file alone and ready to continue."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import brian2
import numpy as np
import scipy
import xarray as xr

from ...analysis.spectra import outliers
from ...checking import checked_numbers
from ...connectivity.dale import learned_weights, split_decoder, split_encoder
from ...engine.brian import Engine
from ...errors import UserError
from ...files.record import attribute, save_own
from ...files.record import load as load_run
from ...models.neuron import NeuronModel
from ...models.quantities import in_unit, number_in_unit, shown, si, unit
from ...models.synapse import SynapseModel
from ...stimuli.signals.teacher import Teacher
from . import stored
from .drive import TICKS, Drive, ticks
from .folding import worth_folding
from .network import Form
from .phases import Phase
from .plan import Plan
from .runtime import RuntimeLoop
from .train import go_on


def load(path: str | Path) -> TrainedNetwork:
    """Return the trained network of a run file; raises UserError if the file holds no network.

    Example
    -------
    ``snnlab run force_sine`` writes such a file, as do these lines:

    >>> import snnlab
    >>> from pathlib import Path
    >>> from tempfile import mkdtemp
    >>> from snnlab.lab.protocol import find_protocol
    >>> sine = find_protocol("force_sine")
    >>> size = dict(neuron="lif", n=20, dt=0.5, seconds=0.3, learn_start=0.1, learn_stop=0.2, target="numpy")
    >>> path, run = sine.execute(sine.config(**size), Path(mkdtemp()))
    >>> snnlab.load(path)
    <TrainedNetwork: 20 lif neurons, 1 output(s), from force_sine>
    """
    return TrainedNetwork(load_run(path))


class TrainedNetwork:
    """Weights, decoder, equations and final state of a FORCE run. :meth:`run` and :meth:`train` start from this state.

    Attributes
    ----------
    dataset : xarray.Dataset
        The stored run.
    decoder, encoder : arrays of shape (n, k)
        Decoder in s and encoder in the SI unit of the neuron's input. They may be changed before a run, also to a
        Brian2 quantity.
    recurrent : scipy.sparse array of shape (n, n)
        Weights [post, pre] (SI). A plain array or a quantity may be assigned, too.
    signs : array of shape (n,)
        1 or -1 for each neuron of a network with Dale's law, else empty; see :mod:`snnlab.connectivity.dale`.
    hdts : Drive or None
        The external signal that drove the network during learning.

    Raises
    ------
    UserError
        If the run holds no network, or an assigned array has another shape, another unit, or NaN.

    Example
    -------
    >>> import numpy as np
    >>> import snnlab
    >>> config = snnlab.ForceConfig(neuron="lif", n=20, dt=0.5, seconds=0.3, learn_start=0.1, learn_stop=0.2)
    >>> with snnlab.Engine("numpy") as engine:
    ...     run = snnlab.train_force(config, lambda t: np.sin(2*np.pi*5*t), engine)
    >>> net = snnlab.TrainedNetwork(run)
    >>> after = net.run(0.05, silence=range(20), target="numpy")
    >>> after.output.shape, float(abs(after.output).max())
    ((100, 1), 0.0)
    """

    def __init__(self, dataset: xr.Dataset):
        if "neuron_model" not in dataset.attrs or "decoder" not in dataset:
            raise UserError(f"run file: expected a run with a trained network, got one of {_origin(dataset)}")
        self.dataset = dataset
        self.neuron = NeuronModel.from_dict(attribute(dataset, "neuron_model"))
        self.synapse = SynapseModel.from_dict(attribute(dataset, "synapse_model"))
        self._shape = dataset.decoder.shape
        self.decoder, self.encoder = dataset.decoder.values.copy(), dataset.encoder.values.copy()
        # Without Dale's law, the sign is 0. Files of version 0.1.0 do not store it.
        signs = dataset["sign"].values.astype(float) if "sign" in dataset else np.zeros(0)
        self.signs = signs if signs.any() else np.zeros(0)
        self.hdts = Drive.from_arrays(dataset) if "drive_encoder" in dataset else None
        n, where = self._shape[0], (dataset.recurrent_post.values, dataset.recurrent_pre.values)
        self.recurrent = scipy.sparse.csr_array((dataset.recurrent_weight.values, where), shape=(n, n))

    def __setattr__(self, name: str, value: Any) -> None:
        """Check and convert weights, so that an error names the array where it is assigned."""
        current = self.neuron.current if name in ("encoder", "recurrent") else "1"
        if name == "recurrent":
            value = stored.matrix(value, self._shape[0], "second" if current == "1" else f"{current}*second")
        elif name in ("decoder", "encoder"):
            value = checked_numbers(name, in_unit(name, value, "second" if name == "decoder" else current), self._shape)
        super().__setattr__(name, value)

    def __repr__(self) -> str:
        n, k = self._shape
        return f"<TrainedNetwork: {n} {self.neuron.name} neurons, {k} output(s), from {_origin(self.dataset)}>"

    def save(self, path: str | Path) -> Path:
        """Write the network and its run to a file that :func:`snnlab.load` reads; return the path.

        Weights that were changed by hand are stored as they are.

        Raises
        ------
        UserError, MachineError
            UserError for a path that is no file name. MachineError if the file cannot be written.

        Example
        -------
        >>> import numpy as np
        >>> import snnlab
        >>> from pathlib import Path
        >>> from tempfile import mkdtemp
        >>> config = snnlab.ForceConfig(neuron="lif", n=20, dt=0.5, seconds=0.3, learn_start=0.1, learn_stop=0.2)
        >>> with snnlab.Engine("numpy") as engine:
        ...     run = snnlab.train_force(config, lambda t: np.sin(2*np.pi*5*t), engine)
        >>> snnlab.load(snnlab.TrainedNetwork(run).save(Path(mkdtemp()) / "sine.nc"))
        <TrainedNetwork: 20 lif neurons, 1 output(s), from no protocol>
        """
        weights = self.recurrent.tocoo()
        stored = {
            "decoder": (("neuron", "component"), self.decoder),
            "encoder": (("neuron", "component"), self.encoder),
            "recurrent_post": ("synapse", weights.row.astype(np.int32)),
            "recurrent_pre": ("synapse", weights.col.astype(np.int32)),
            "recurrent_weight": ("synapse", weights.data),
        }
        dataset = self.dataset.drop_dims("synapse")
        for name, (dims, values) in stored.items():
            dataset[name] = (dims, values, self.dataset[name].attrs)
        # What a protocol says of its run need not be true of the network.
        of_protocol = ("protocol", "protocol_file", "condition", "preset", "variant", "given", "checks", "measures")
        dataset.attrs = {name: value for name, value in dataset.attrs.items() if name not in of_protocol}
        return save_own(dataset, path)

    def total_weights(self) -> np.ndarray:
        """Return G omega + Q eta phi', shape (n, n), after Dale's law if the network has it (SI)."""
        return self.recurrent.toarray() + learned_weights(self.encoder, self.decoder, self.signs)

    def outliers(self) -> np.ndarray:
        """Return the eigenvalues of the total weights outside 1.1 times the disc of the recurrent weights (SI).

        They are predicted from a few small matrices, largest first; see :func:`snnlab.analysis.spectra.outliers`. The
        disc has the radius of the circular law, which is the norm of the recurrent weights over sqrt(n).
        """
        encoder, decoder = split_encoder(self.encoder, self.signs), split_decoder(self.decoder, self.signs)
        radius = np.sqrt((self.recurrent.data**2).sum() / len(decoder))
        if radius == 0:
            values = np.linalg.eigvals(decoder.T @ encoder)
            return values[np.argsort(-np.abs(values))]
        return outliers(self.recurrent, encoder, decoder, radius)

    def run(
        self,
        seconds: stored.Number,
        *,
        silence: Iterable[int] = (),
        feedback: float | None = None,
        drive: brian2.TimedArray | None = None,
        speed: float = 1.0,
        record_interval: stored.Number | None = None,
        record_spikes: int = 200,
        record_voltages: int = 5,
        seed: int = 0,
        target: str = "cython",
        progress: bool = False,
    ) -> xr.Dataset:
        """Run the network with frozen weights from the final state of the stored run.

        Parameters
        ----------
        seconds : float or Quantity
            Length in s. Time starts at 0, which is the end of the stored run.
        silence : indices or boolean mask
            Neurons whose spikes reach no other neuron (a lesion). Their own spikes are still recorded.
        feedback : float
            Gain of the feedback; 0 cuts it. The default is the gain at the end of the stored run.
        drive : TimedArray
            Additional input to all neurons, shape (T,), or to each neuron, shape (T, n), in the unit of their input.
        speed : float
            Speed of the signal that drove the network during learning, if there was one: 2 is twice as fast, -1 is
            backward. The signal restarts.
        record_interval : float or Quantity
            Time between two samples in ms, a multiple of dt. None means the longest one up to 0.2 ms, or dt.
        record_spikes, record_voltages : int
            Number of neurons, the first ones, whose spikes and membrane potentials are recorded.

        Returns
        -------
        xarray.Dataset
            ``output``, ``voltage``, ``population_rate`` and spikes, as in :func:`snnlab.train_force`. The attributes
            state the conditions: ``silence``, ``feedback``, ``speed``, ``drive``, ``seconds``, ``seed``, ``target`` and
            ``file``, the run that was loaded. The values of a drive are in the variable ``drive``.

        Raises
        ------
        UserError
            For values that are not allowed: the line names the argument.
        """
        dt, n = float(self.dataset.attrs["dt"]), self._shape[0]
        silent, n_steps = stored.indices(silence, n), stored.steps(self.dataset, seconds)
        stored.require_counts({"record_spikes": record_spikes, "record_voltages": record_voltages})
        gain = self.dataset.attrs["feedback"] if feedback is None else feedback
        speed, gain = in_unit("speed", speed, "1"), number_in_unit("feedback", gain, "1")
        ticks(speed)
        phase = Phase(0.0, speed=speed, feedback=gain, silent=silent)
        record = stored.recorded(self.dataset, record_interval, 0, n_steps)
        recorded = (min(record_voltages, n), min(record_spikes, n))
        plan = Plan(dt, n_steps, record, *recorded, drive=self.hdts, signs=self.signs)
        self._require_finite()
        with Engine(target, stored.seed(seed), progress) as engine:
            engine.require_python()
            loop = self._loop(plan, engine, drive, phase.alive(n))
            loop.enter(phase, 0, 0)
            dataset = loop.advance(0, n_steps).dataset(plan, n, loop.dims[loop.voltage])
            dataset.attrs = {
                "what": "a trained network with frozen weights",
                "network": repr(self),
                "file": str(self.dataset.encoding.get("source", "")),
                "silence": json.dumps(silent.tolist()),
                "speed": float(speed),
                "feedback": gain,
                "drive": "" if drive is None else f"every {float(drive.dt):g} s, shape {drive.values.shape}",
                "seconds": n_steps * dt,
                "dt": dt,
                "seed": engine.seed,
                "target": engine.used,
            }
        if drive is not None:
            labels = {"long_name": "additional input", "units": si(drive.dim)}
            dataset["drive"] = (("drive_row", "neuron")[: drive.values.ndim], drive.values, labels)
        return dataset

    def train(
        self,
        teacher: Teacher,
        seconds: stored.Number,
        *,
        fresh: bool = False,
        record_interval: stored.Number | None = None,
        record_spikes: int = 200,
        record_voltages: int = 5,
        record_decoders: int = 10,
        seed: int | None = None,
        target: str = "auto",
        progress: bool = False,
    ) -> TrainedNetwork:
        r"""Train the network further, from the final state of the stored run, and return the network after it.

        .. math:: q = P r, \quad k = q / (1 + r^T q), \quad \phi \leftarrow \phi - k (z - \hat z)^T, \quad
                  P \leftarrow P - q k^T

        RLS continues with the decoder :math:`\phi` and with P of the stored run, or with ``fresh`` from P = alpha I.
        All settings are those of the stored run, also the gain of RLS, drive and feedback. With P, the result is that
        of one longer run. It is equal bit for bit on one target if the longer run has a checkpoint at this time.

        Parameters
        ----------
        teacher : callable
            Function of times in s, shape (T,), that returns values of shape (T,) or (T, k). Time continues: it starts
            at ``dataset.attrs["seconds"]``, the end of the stored run.
        seconds : float or Quantity
            Time of learning in s. Use :meth:`run` for a free run afterwards.
        fresh : bool
            Whether RLS starts anew at P = alpha I. The first steps are then large, so that a new teacher is learned
            fast; an old one may be forgotten.
        record_interval : float or Quantity
            Time between two samples in ms, a multiple of dt. None means the longest one up to 0.2 ms, or dt.
        record_spikes, record_voltages, record_decoders : int
            Number of neurons, the first ones, that are recorded.
        seed : int
            Seed of noise. None means that of the stored run.
        target : {"auto", "cython", "numpy", "cpp_standalone"}
            Where the network runs; auto means as a C++ program if possible.

        Returns
        -------
        TrainedNetwork
            Its ``dataset`` is that of :func:`snnlab.train_force` for this time, with P (``p_lower``, ``p_columns``).

        Raises
        ------
        UserError, Diverged
            UserError if the run did not record P (``record_p`` of its Config) and ``fresh`` is False, if it ended with
            silent neurons or a permuted decoder, for a teacher with another number of components, and for other values
            that are not allowed. Diverged during the run.

        Example
        -------
        >>> import numpy as np
        >>> import snnlab
        >>> size = dict(neuron="lif", n=20, dt=0.5, seconds=0.2, learn_start=0.1, learn_stop=0.2, record_p=True)
        >>> with snnlab.Engine("numpy") as engine:
        ...     run = snnlab.train_force(snnlab.ForceConfig(**size), lambda t: np.sin(2*np.pi*5*t), engine)
        >>> net = snnlab.TrainedNetwork(run).train(lambda t: np.sin(2*np.pi*5*t), 0.1, target="numpy")
        >>> float(net.dataset.time[0].round(6)), float(net.dataset.time[-1].round(6))
        (0.2005, 0.3)

        Reference: Nicola & Clopath 2017, doi:10.1038/s41467-017-01827-3; Sussillo & Abbott 2009,
        doi:10.1016/j.neuron.2009.07.018.
        """
        records = {"record_spikes": record_spikes, "record_voltages": record_voltages}
        records |= {"record_decoders": record_decoders}
        config, setup = stored.settings_of(self.dataset, seconds, record_interval, records)
        memory, start = stored.memory_of(self.dataset, self.decoder, fresh), stored.steps_of(self.dataset)
        self._require_finite()
        place = 0 if self.hdts is None else self.dataset.drive_amplitude.attrs.get("place", start * TICKS)
        plan = {"start": start, "signs": self.signs, "drive": self.hdts, "drive_from": int(place)}
        with Engine(
            target, stored.seed(self.dataset.attrs.get("seed", 0) if seed is None else seed), progress
        ) as engine:
            dataset = go_on(config, setup, teacher, engine, (self.recurrent, self.encoder), memory, **plan)
        dataset.attrs["file"] = str(self.dataset.encoding.get("source", ""))
        return TrainedNetwork(dataset)

    def _require_finite(self) -> None:
        """Raise UserError for weights that became NaN or infinite by a change in place."""
        for name, values in (("decoder", self.decoder), ("encoder", self.encoder), ("recurrent", self.recurrent.data)):
            checked_numbers(name, values, values.shape)

    def _loop(self, plan: Plan, engine: Engine, drive: brian2.TimedArray | None, alive: np.ndarray) -> RuntimeLoop:
        """Return the network in the final state of the stored run, without filtered spikes where ``alive`` is 0."""
        state, (n, k) = stored.state_of(self.dataset), self._shape
        for name in self.synapse.state_names("r").values():
            state[name] = state[name] * alive
        folded = not len(self.signs) and worth_folding(n, k, None)
        loop = RuntimeLoop(
            self.neuron,
            self.synapse,
            self.recurrent,
            self.encoder,
            plan,
            engine,
            bias=float(self.dataset.attrs["bias"]),
            form=Form(self.dataset.attrs["filter_scheme"], plan.drive is not None, folded),
            drive=self._drive(drive),
            constants={} if drive is None else {"drive": drive},
        )
        loop.net.set_state(state)
        loop.net.set_decoder(split_decoder(self.decoder, self.signs))
        return loop

    def _drive(self, drive: brian2.TimedArray | None) -> str:
        if drive is None:
            return ""
        expected = unit(self.neuron.current)
        if not isinstance(drive, brian2.TimedArray):
            raise UserError(f"drive: expected a brian2.TimedArray in {self.neuron.current}, got {shown(drive)}")
        if drive.dim != expected.dim:
            raise UserError(f"drive: expected a TimedArray in {self.neuron.current}, got {drive.dim}")
        if drive.values.ndim == 1:
            return "drive(t)"
        if drive.values.shape[1] != len(self.decoder):
            raise UserError(f"drive: expected shape (T,) or (T, {len(self.decoder)}), got {drive.values.shape}")
        return "drive(t, i)"


def _origin(dataset: xr.Dataset) -> str:
    return str(dataset.attrs.get("protocol") or "no protocol")
