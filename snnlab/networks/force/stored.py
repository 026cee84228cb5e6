"""What a stored FORCE network needs to go on: its state, its settings, and checked arguments."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, TypeAlias

import brian2
import numpy as np
import scipy
import xarray as xr

from ...checking import checked_numbers, require_whole
from ...errors import UserError
from ...files.record import attribute
from ...models.neuron import NeuronModel
from ...models.quantities import in_unit, number_in_unit
from ...models.synapse import SynapseModel
from .config import ForceConfig
from .setup import ForceSetup, learning_steps, recording_steps

Number: TypeAlias = "float | brian2.Quantity"
"""A plain number in the unit that the argument states, or a quantity."""
# The largest number of steps of one call, which records everything in memory.
MOST_STEPS = 10**9


def state_of(dataset: xr.Dataset) -> dict[str, np.ndarray]:
    """Return the neurons' variables at the end of a stored run (SI) by name."""
    return {str(k)[len("state_") :]: v.values for k, v in dataset.items() if str(k).startswith("state_")}


def memory_of(dataset: xr.Dataset, decoder: np.ndarray, fresh: bool) -> dict[str, np.ndarray]:
    """Return what a loop needs to continue a stored run with this decoder; without P if RLS starts anew (``fresh``).

    Raises
    ------
    UserError
        If P is needed and was not recorded, or the run did not end with its whole network.
    """
    if altered := json.loads(dataset.attrs.get("altered", "[]")):
        raise UserError(f"run file: expected a run that ends with its whole network, got changed {', '.join(altered)}")
    if not fresh and "p_lower" not in dataset:
        raise UserError(
            "run file: expected P of RLS, which a run with --record-p (record_p=True) holds, got none; fresh=True "
            "starts at P = alpha I"
        )
    dt = float(dataset.attrs["dt"])
    memory = {f"state_{name}": values for name, values in state_of(dataset).items()}
    if "state_lastspike" in memory:
        # The file counts from the end of the run. A spike comes at a multiple of dt, as in the run itself.
        memory["state_lastspike"] = (np.round(memory["state_lastspike"] / dt) + steps_of(dataset)) * dt
    memory |= {"spike_count": np.zeros(len(decoder), np.int32), "decoder_weight": decoder.copy()}
    memory |= {"feedback_gain": np.array([float(dataset.attrs["feedback"])])}
    return memory | ({} if fresh else {x: dataset[x].values for x in ("p_lower", "p_columns")})


def settings_of(
    dataset: xr.Dataset, seconds: Number, interval: Number | None, records: dict[str, int]
) -> tuple[ForceConfig, ForceSetup]:
    """Return the settings of a training of a stored run's network for further ``seconds``.

    ``interval`` (ms) is the time between two samples. ``records`` holds fields of ForceConfig: numbers of neurons.
    """
    used, dt, start = _used(dataset), float(dataset.attrs["dt"]), steps_of(dataset)
    stop, every = start + steps(dataset, seconds), used["rls_steps"]
    learn = learning_steps(start, stop, every)
    if not learn:
        raise UserError(f"seconds: expected at least one update of RLS, every {every * dt * 1e3:g} ms, got {seconds}")
    setup = ForceSetup(
        neuron=NeuronModel.from_dict(attribute(dataset, "neuron_model")),
        synapse=SynapseModel.from_dict(attribute(dataset, "synapse_model")),
        dt=dt,
        n_steps=stop,
        learn=learn,
        record=recorded(dataset, interval, start, stop),
        learn_stop=stop,
        **{name: used[name] for name in ("g", "q", "alpha", "bias", "zero_row_mean")},
    )
    require_counts(records)
    own = {name: used[name] for name in ("rls_gain", "rls_precision", "checkpoint")} | records
    config = ForceConfig(
        neuron=dataset.attrs["label"],
        n=dataset.sizes["neuron"],
        filter_scheme=dataset.attrs["filter_scheme"],
        record_p=True,
        **own,
    )
    return config, setup


def _used(dataset: xr.Dataset) -> dict[str, Any]:
    """Return the settings of a stored run that training needs: SI values, and ``rls_steps`` between two updates."""
    used = attribute(dataset, "used")
    if "rls_steps" in used:
        return used
    # Older files hold the settings of RLS in their Config only.
    config = attribute(dataset, "config")
    names = ("rls_interval", "rls_gain", "rls_precision", "checkpoint", "zero_row_mean")
    if any(config.get(name) is None for name in names):
        raise UserError("run file: expected the settings of RLS, got an older file without them; run it again")
    return {x: config[x] for x in names} | {"rls_steps": round(config["rls_interval"] * 1e-3 / used["dt"])} | used


def steps_of(dataset: xr.Dataset) -> int:
    """Return the number of steps of a stored run."""
    return round(float(dataset.attrs["seconds"]) / float(dataset.attrs["dt"]))


def steps(dataset: xr.Dataset, seconds: Number) -> int:
    """Return a time in steps of a stored run."""
    dt = float(dataset.attrs["dt"])
    found = round(number_in_unit("seconds", seconds, "second", 0, above=True) / dt)
    if not 1 <= found <= MOST_STEPS:
        raise UserError(f"seconds: expected 1 to {MOST_STEPS:,} steps of {dt * 1e3:g} ms, got {seconds}")
    return found


def recorded(dataset: xr.Dataset, interval: Number | None, start: int, stop: int) -> range:
    """Return the recorded steps from ``start`` on; ``interval`` in ms."""
    every = None if interval is None else number_in_unit("record_interval", interval, "ms", 0, above=True)
    step = recording_steps(every, float(dataset.attrs["dt"]))
    return range(-(-start // step) * step, stop, step)


def require_counts(records: dict[str, int]) -> None:
    """Raise UserError unless these are numbers of neurons."""
    for name, value in records.items():
        require_whole(name, value, 0, 10**9)


def seed(value: Any) -> int:
    """Return a seed; raises UserError for anything else."""
    require_whole("seed", value, 0, 2**63 - 1)
    return int(value)


def matrix(values: Any, n: int, one: str) -> scipy.sparse.csr_array:
    """Return recurrent weights as a sparse array of shape (n, n); raises UserError for anything else."""
    values = in_unit("recurrent", values, one)
    if not scipy.sparse.issparse(values):
        return scipy.sparse.csr_array(checked_numbers("recurrent", values, (n, n)))
    if values.shape != (n, n):
        raise UserError(f"recurrent: expected finite numbers of shape {(n, n)}, got shape {values.shape}")
    found = scipy.sparse.csr_array(values)
    # Numbers of another kind are refused, because a conversion would bend them.
    found.data = checked_numbers("recurrent", found.data, found.data.shape)
    return found


def indices(silence: Iterable[int], n: int) -> np.ndarray:
    """Return the indices of the neurons in a lesion, which is given as indices or as a mask of n neurons."""
    if not isinstance(silence, Iterable) or isinstance(silence, str):
        raise UserError(f"silence: expected neuron indices or a mask, got {silence!r}")
    try:
        silent = np.asarray(silence if isinstance(silence, np.ndarray) else list(silence))
    except ValueError:
        raise UserError("silence: expected integers or a mask, got rows of different lengths") from None
    if silent.size and silent.dtype.kind not in "bui":
        raise UserError(f"silence: expected integers or a mask, got {silent.ravel().tolist()[0]!r}")
    if silent.ndim != 1 or (silent.dtype == bool and len(silent) != n):
        raise UserError(f"silence: expected indices, or a mask of shape ({n},), got shape {silent.shape}")
    silent = np.flatnonzero(silent) if silent.dtype == bool else np.unique(silent.astype(int))
    if silent.size and not (0 <= silent[0] and silent[-1] < n):
        raise UserError(f"silence: expected integers from 0 to {n - 1}, got {silent[0]} to {silent[-1]}")
    return silent
