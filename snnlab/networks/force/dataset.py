"""The Dataset of a FORCE run: recordings, decoder, weights and the final state."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import scipy
import xarray as xr

from ...connectivity.dale import learned_weights
from ...files.describe import Names, describe
from ...models.quantities import si, unit
from .config import ForceConfig
from .plan import Plan, Recording, ends
from .program import ProgramLoop
from .runtime import RuntimeLoop
from .setup import ForceSetup, published_units

# If the time after learning is shorter than this (s), the free run is not measured.
FREE_RUN_SECONDS = 0.5
# Variables of a trained network, in addition to its recordings.
NAMES: Names = {
    "encoder": ("feedback weights of the output", None),
    "decoder": ("decoder at the end of the run", "s"),
    "decoder_trace": ("decoder of some neurons while the network learns", "s"),
    "learned": ("time of the update of the decoder", "s"),
    "read": ("index of a neuron whose decoder is recorded over time", "1"),
    "recurrent_post": ("index of the postsynaptic neuron of a recurrent synapse", "1"),
    "recurrent_pre": ("index of the presynaptic neuron of a recurrent synapse", "1"),
    "recurrent_weight": ("weight of a recurrent synapse, which does not learn", None),
    "decoder_parts": ("decoders of z+, then of z-, as the network has them", "s"),
    "p_lower": ("lower triangle of P of RLS, column after column", None),
    "p_columns": ("columns c of changes P - c c' that are still to be made", None),
    "drive_encoder": ("weights of the external signal", None),
    "drive_sample": ("sample of the external signal", "1"),
    "drive_component": ("component of the external signal that is active in the sample", "1"),
    "drive_amplitude": ("amplitude of the active component", "1"),
    "eigenvalues_before_real": ("real part of the eigenvalues of the recurrent weights", None),
    "eigenvalues_before_imag": ("imaginary part of the eigenvalues of the recurrent weights", None),
    "eigenvalues_after_real": ("real part of the eigenvalues of recurrent and learned weights together", None),
    "eigenvalues_after_imag": ("imaginary part of the eigenvalues of recurrent and learned weights together", None),
}


def run_dataset(
    config: ForceConfig,
    setup: ForceSetup,
    plan: Plan,
    loop: ProgramLoop | RuntimeLoop,
    recording: Recording,
    weights: tuple[scipy.sparse.csr_array, np.ndarray],
    resumed: int,
) -> xr.Dataset:
    """Return the Dataset of a finished run; see :func:`snnlab.train_force`.

    Parameters
    ----------
    weights : recurrent weights (n, n) and feedback weights (n, k), SI
    resumed : int
        Step from which an interrupted run was resumed. The run's CPU time does not include the time before.
    """
    dt, n, signs, decoder = setup.dt, config.n, plan.signs, loop.decoder
    recurrent, feedback = weights
    learned = ends(plan.decoder_updates, dt)
    dataset = (
        recording.dataset(plan, n, loop.dims[loop.voltage])
        .assign(
            teacher=(("time", "component"), recording.teacher),
            encoder=(("neuron", "component"), feedback, {"units": si(unit(setup.neuron.current).dim)}),
            decoder=(("neuron", "component"), decoder),
            decoder_trace=(("learned", "read", "component"), recording.decoders.astype(np.float32)),
            sign=("neuron", (signs if len(signs) else np.zeros(n)).astype(np.int8)),
        )
        .assign_coords(learned=("learned", learned), read=("read", np.arange(plan.decoder_rows, dtype=np.int32)))
    )
    dataset.update(_network_arrays(loop, recurrent, setup))
    if plan.drive is not None:
        dataset.update(plan.drive.arrays(si(unit(setup.neuron.current).dim)))
        dataset["drive_amplitude"].attrs["place"] = plan.drive_stop()
    if plan.keep_p:
        memory = loop.memory()
        dataset["p_lower"] = ("entry", memory["p_lower"], {"units": "s^2"})
        dataset["p_columns"] = (("neuron", "pending"), memory["p_columns"], {"units": "s"})
    if len(signs):
        dataset["decoder_parts"] = (("neuron", "part"), loop.parts)
    if config.eigenvalues:
        dataset.update(_eigenvalues(recurrent, learned_weights(feedback, decoder, signs), setup))
    dataset.attrs |= _attributes(config, setup, loop, resumed)
    dataset.attrs |= {"altered": json.dumps(plan.altered()), "note": _note(dataset, setup)}
    # Only a rebuilt network needs these variables. Membrane potentials are large, too.
    large = ("recurrent_", "state_", "p_", "voltage", "eigenvalues_")
    dataset.attrs["large"] = json.dumps([str(name) for name in dataset if str(name).startswith(large)])
    states = {f"state_{name}": (f"variable {name} of each neuron at the end of the run", None) for name in loop.dims}
    return describe(dataset, NAMES, states)


def _attributes(config: ForceConfig, setup: ForceSetup, loop: ProgramLoop | RuntimeLoop, resumed: int) -> dict:
    """Return the attributes: models, settings as they were used, and notes on the run."""
    dt = setup.dt
    return {
        "label": Path(config.neuron).name,
        "neuron_model": json.dumps(setup.neuron.to_dict()),
        "synapse_model": json.dumps(setup.synapse.to_dict()),
        "filter_scheme": config.filter_scheme,
        "equations": loop.equations,
        "published_units": json.dumps(published_units(setup.neuron.current)),
        "dt": dt,
        "bias": setup.bias,
        "learn_start": setup.learn.start * dt,
        "learn_stop": setup.learn_stop * dt,
        "seconds": setup.n_steps * dt,
        "feedback": loop.feedback,
        "resumed_at": resumed * dt,
        "n_neurons": config.n,
        "recorded_neurons": min(config.record_spikes, config.n),
        "used": json.dumps(
            {x: getattr(setup, x) for x in ("g", "q", "alpha", "bias", "dt", "zero_row_mean")}
            | {x: getattr(config, x) for x in ("rls_gain", "rls_precision", "checkpoint")}
            | {"rls_steps": setup.learn.step}
        ),
    }


def _note(dataset: xr.Dataset, setup: ForceSetup) -> str:
    """Return what a reader of the checks must know."""
    start, stop = setup.learn.start * setup.dt, setup.learn_stop * setup.dt
    learning = dataset.population_rate[(dataset.bin > start) & (dataset.bin <= stop)]
    notes = []
    if learning.size and not learning.any():
        notes.append("no neuron fires while the network learns, so it learns nothing: raise bias")
    if not free_run(setup):
        notes.append(f"the free run is shorter than {FREE_RUN_SECONDS:g} s and is not measured")
    return "; ".join(notes)


def free_run(setup: ForceSetup) -> bool:
    """Tell whether the run after the learning window is long enough to be measured."""
    return (setup.n_steps - setup.learn_stop) * setup.dt >= FREE_RUN_SECONDS


def _network_arrays(loop: ProgramLoop | RuntimeLoop, recurrent, setup: ForceSetup) -> dict:
    """Return weights and the final state, from which :func:`snnlab.load` rebuilds the network."""
    weights = recurrent.tocoo()
    arrays = {
        "recurrent_post": ("synapse", weights.row.astype(np.int32)),
        "recurrent_pre": ("synapse", weights.col.astype(np.int32)),
        "recurrent_weight": ("synapse", weights.data, {"units": si(setup.weight_unit.dim)}),
    }
    state = loop.state()
    if "lastspike" in state:
        state["lastspike"] -= setup.n_steps * setup.dt
    for name, values in state.items():
        arrays[f"state_{name}"] = ("neuron", values, {"units": si(loop.dims[name])})
    return arrays


def _eigenvalues(recurrent, learned: np.ndarray, setup: ForceSetup) -> dict:
    """Return eigenvalues of the recurrent matrix and of the total matrix G omega + Q eta phi', in published units."""
    scale = float(setup.weight_unit)
    dense = recurrent.toarray() / scale
    arrays = {}
    for name, matrix in {"before": dense, "after": dense + learned / scale}.items():
        values = np.linalg.eigvals(matrix)
        units = {"units": published_units(setup.neuron.current)["g"]}
        arrays[f"eigenvalues_{name}_real"] = ("eigenvalue", values.real, units)
        arrays[f"eigenvalues_{name}_imag"] = ("eigenvalue", values.imag, units)
    return arrays
