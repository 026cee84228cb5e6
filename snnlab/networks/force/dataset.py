"""Write what a FORCE run computed as a Dataset: recordings, decoder, weights and the final state."""

from __future__ import annotations

import json

import numpy as np
import xarray as xr
from scipy.sparse import csr_array

from ...models.quantities import unit
from .config import ForceConfig, ForceSetup, published_units
from .dale import learned_weights
from .plan import Plan, Recording, ends, si
from .program import ProgramLoop
from .runtime import RuntimeLoop

# With less time after learning than this (s) nothing is claimed about a free run.
FREE_RUN_SECONDS = 0.5


def run_dataset(
    config: ForceConfig,
    setup: ForceSetup,
    plan: Plan,
    loop: ProgramLoop | RuntimeLoop,
    recording: Recording,
    weights: tuple[csr_array, np.ndarray],
    resumed: int,
) -> xr.Dataset:
    """Return the Dataset of a run that is done: see :func:`snnlab.train_force`.

    Parameters
    ----------
    weights : recurrent weights (n, n) and feedback weights (n, k), SI
    resumed : int
        Step at which an earlier attempt was taken up. What was computed before is not in the run's CPU time.
    """
    dt, n, signs, decoder = setup.dt, config.n, plan.signs, loop.decoder
    recurrent, feedback = weights
    learned = ends(plan.decoder_updates, dt)
    dataset = (
        recording.dataset(plan, n, loop.dims[loop.voltage])
        .assign(
            teacher=(("time", "component"), recording.teacher, {"units": "1"}),
            encoder=(("neuron", "component"), feedback, {"units": si(unit(setup.neuron.current).dim)}),
            decoder=(("neuron", "component"), decoder, {"units": "s"}),
            decoder_trace=(("learned", "read", "component"), recording.decoders.astype(np.float32), {"units": "s"}),
        )
        .assign_coords(learned=("learned", learned, {"units": "s"}))
    )
    dataset.update(_network_arrays(loop, recurrent, setup))
    if plan.drive is not None:
        dataset.update(plan.drive.arrays(si(unit(setup.neuron.current).dim)))
    if len(signs):
        dataset["sign"] = ("neuron", signs.astype(np.int8), {"long_name": "1 excites, -1 inhibits"})
        labels = {"units": "s", "long_name": "decoders of z+, then of z-, as the network has them"}
        dataset["decoder_parts"] = (("neuron", "part"), loop.parts, labels)
    if config.eigenvalues:
        dataset.update(_eigenvalues(recurrent, learned_weights(feedback, decoder, signs), setup))
    dataset.attrs |= _attributes(config, setup, loop, resumed)
    return dataset


def _attributes(config: ForceConfig, setup: ForceSetup, loop: ProgramLoop | RuntimeLoop, resumed: int) -> dict:
    """Models, settings as they were used, and what the run is."""
    dt = setup.dt
    return {
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
        "note": "" if free_run(setup) else "the run ends with its learning window: no free run, and no claim about one",
        "n_neurons": config.n,
        "recorded_neurons": min(config.record_spikes, config.n),
        "used": json.dumps({x: getattr(setup, x) for x in ("g", "q", "alpha", "bias", "dt", "zero_row_mean")}),
    }


def free_run(setup: ForceSetup) -> bool:
    """Tell whether enough of the run follows the learning window to make claims about it."""
    return (setup.n_steps - setup.learn_stop) * setup.dt >= FREE_RUN_SECONDS


def _network_arrays(loop: ProgramLoop | RuntimeLoop, recurrent, setup: ForceSetup) -> dict:
    """Weights and the final state: what :func:`snnlab.load` rebuilds the network from."""
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
    """Eigenvalues of the recurrent matrix and of the total matrix G omega + Q eta phi', in the published unit."""
    scale = float(setup.weight_unit)
    dense = recurrent.toarray() / scale
    arrays = {}
    for name, matrix in {"before": dense, "after": dense + learned / scale}.items():
        values = np.linalg.eigvals(matrix)
        units = {"units": published_units(setup.neuron.current)["g"]}
        arrays[f"eigenvalues_{name}_real"] = ("eigenvalue", values.real, units)
        arrays[f"eigenvalues_{name}_imag"] = ("eigenvalue", values.imag, units)
    return arrays
