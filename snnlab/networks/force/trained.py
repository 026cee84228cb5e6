"""A trained network, rebuilt from its run file alone and ready to continue."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import brian2
import numpy as np
import scipy
import xarray as xr

from ...analysis.spectra import outliers
from ...engine.brian import Engine
from ...errors import UserError
from ...files.record import attribute
from ...files.record import load as load_run
from ...models.neuron import NeuronModel
from ...models.quantities import unit
from ...models.synapse import SynapseModel
from .dale import learned_weights, split_decoder, split_encoder
from .drive import Drive, ticks
from .folding import worth_folding
from .network import Form
from .phases import Phase
from .plan import Plan
from .runtime import RuntimeLoop
from .setup import recording_steps


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
    """Weights, decoder, equations and final state of a FORCE run. Each :meth:`run` starts from this state.

    Attributes
    ----------
    dataset : xarray.Dataset
        The stored run.
    decoder, encoder : arrays of shape (n, k)
        Decoder in s and encoder in the SI unit of the neuron's input. They may be changed before a run.
    recurrent : scipy.sparse array of shape (n, n)
        Weights [post, pre] (SI).
    signs : array of shape (n,)
        1 or -1 for each neuron of a network with Dale's law, else empty; see :mod:`snnlab.networks.force.dale`.
    hdts : Drive or None
        The external signal that drove the network during learning.

    Raises
    ------
    UserError
        If the run holds no network.

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
            raise UserError(f"run file: expected a run with a trained network, got one of {dataset.attrs['protocol']}")
        self.dataset = dataset
        self.neuron = NeuronModel.from_dict(attribute(dataset, "neuron_model"))
        self.synapse = SynapseModel.from_dict(attribute(dataset, "synapse_model"))
        self.decoder = dataset.decoder.values.copy()
        self.encoder = dataset.encoder.values.copy()
        # Without Dale's law, the sign is 0. Files of version 0.1.0 do not store it.
        signs = dataset["sign"].values.astype(float) if "sign" in dataset else np.zeros(0)
        self.signs = signs if signs.any() else np.zeros(0)
        self.hdts = Drive.from_arrays(dataset) if "drive_encoder" in dataset else None
        n = len(self.decoder)
        where = (dataset.recurrent_post.values, dataset.recurrent_pre.values)
        self.recurrent = scipy.sparse.csr_array((dataset.recurrent_weight.values, where), shape=(n, n))

    def __repr__(self) -> str:
        n, k = self.decoder.shape
        return f"<TrainedNetwork: {n} {self.neuron.name} neurons, {k} output(s), from {self.dataset.attrs['protocol']}>"

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
        seconds: float,
        *,
        silence: Iterable[int] = (),
        feedback: float | None = None,
        drive: brian2.TimedArray | None = None,
        speed: float = 1.0,
        record_interval: float | None = None,
        record_spikes: int = 200,
        record_voltages: int = 5,
        seed: int = 0,
        target: str = "cython",
        progress: bool = False,
    ) -> xr.Dataset:
        """Run the network with frozen weights from the final state of the stored run.

        Parameters
        ----------
        seconds : float
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
        record_interval : float
            Time between two samples in ms, a multiple of dt. None means the longest one up to 0.2 ms, or dt.

        Returns
        -------
        xarray.Dataset
            ``output``, ``voltage``, ``population_rate`` and spikes, as in :func:`snnlab.train_force`.

        Raises
        ------
        UserError
            For indices that do not exist, or a drive of the wrong unit or shape.
        """
        n = len(self.decoder)
        silent = _indices(silence, n)
        if not 0 < seconds < float("inf"):
            raise UserError(f"seconds: expected a number > 0, got {seconds}")
        ticks(speed)
        dt = float(self.dataset.attrs["dt"])
        with Engine(target, seed, progress) as engine:
            engine.require_python()
            n_steps = round(seconds / dt)
            record = range(0, n_steps, recording_steps(record_interval, dt))
            recorded = (min(record_voltages, n), min(record_spikes, n))
            plan = Plan(dt, n_steps, record, *recorded, drive=self.hdts, signs=self.signs)
            loop = self._loop(plan, engine, drive, Phase(0.0, silent=silent).alive(n))
            feedback = float(self.dataset.attrs["feedback"]) if feedback is None else feedback
            loop.enter(Phase(0.0, speed=speed, feedback=feedback, silent=silent), 0, 0)
            return loop.advance(0, n_steps).dataset(plan, n, loop.dims[loop.voltage])

    def _loop(self, plan: Plan, engine: Engine, drive: brian2.TimedArray | None, alive: np.ndarray) -> RuntimeLoop:
        """Return the network in the final state of the stored run, without filtered spikes where ``alive`` is 0."""
        state = {str(k)[len("state_") :]: v.values for k, v in self.dataset.items() if str(k).startswith("state_")}
        n, k = self.encoder.shape
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
            raise UserError(f"drive: expected a brian2.TimedArray in {self.neuron.current}, got {drive!r}")
        if drive.dim != expected.dim:
            raise UserError(f"drive: expected a TimedArray in {self.neuron.current}, got {drive.dim}")
        if drive.values.ndim == 1:
            return "drive(t)"
        if drive.values.shape[1] != len(self.decoder):
            raise UserError(f"drive: expected shape (T,) or (T, {len(self.decoder)}), got {drive.values.shape}")
        return "drive(t, i)"


def _indices(silence: Iterable[int], n: int) -> np.ndarray:
    """Return the indices of the neurons in a lesion, which is given as indices or as a mask of n neurons."""
    if not isinstance(silence, Iterable):
        raise UserError(f"silence: expected neuron indices or a mask, got {silence!r}")
    silent = np.asarray(silence if isinstance(silence, np.ndarray) else list(silence))
    if silent.size and silent.dtype.kind not in "bui":
        raise UserError(f"silence: expected integers or a mask, got {silent.flat[0]!r}")
    silent = np.flatnonzero(silent) if silent.dtype == bool else np.unique(silent.astype(int))
    if silent.size and not (0 <= silent[0] and silent[-1] < n):
        raise UserError(f"silence: expected integers from 0 to {n - 1}, got {silent[0]} to {silent[-1]}")
    return silent
