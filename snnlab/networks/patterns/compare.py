"""Comparison of the distances between outputs of a reservoir with the distances between its inputs."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import scipy
import threadpoolctl
import xarray as xr

from ...engine.brian import Engine
from ...errors import Diverged, UserError
from ...files.describe import Names, describe
from ...stimuli.pictures.patterns import patterns
from ..reservoir import spectral_radius
from .config import PatternConfig
from .reservoirs import KINDS, PatternReservoir

NAMES: Names = {
    "known": ("whether the sequences were learned or are new", None),
    "how": ("how the sequences are changed", None),
    "given": ("distance of the changed input from its own sequence, over that of two sequences", "1"),
    "distance": ("distance of the changed output from its own sequence's, over that of two sequences", "1"),
    "nearest": ("1 if the output is nearest to its own sequence's, 0 if not", "1"),
    "weights": ("weights of the synapses that learn", "1"),
    "presentations": ("rounds in which all sequences were shown", "1"),
    "change": ("distance of the weights from those at the start, over their norm", "1"),
    "radius": ("spectral radius of the weights", "1"),
}


def learn_sequences(config: PatternConfig, engine: Engine) -> tuple[PatternReservoir, np.ndarray, dict[str, float]]:
    """Return a reservoir that has learned random sequences, the sequences (count, frames, n), and numbers on learning.

    All sequences are shown in each round. Learning ends when the weights have changed by ``change``. Raises UserError
    if this takes more than ``most`` rounds.
    """
    rng = engine.rng("patterns")
    shape = (config.sequences, config.frames, config.inputs)
    sequences = patterns(config.sequences * config.frames, config.inputs, config.active, rng).reshape(shape)
    reservoir = KINDS[config.reservoir](config, sequences, engine)
    start, count, change = reservoir.w.copy(), 0, 0.0
    while config.plasticity != "none" and change < config.change:
        if count == config.most:
            raise UserError(
                f"eta: expected a rate that changes the weights by {config.change:g} in {config.most:,} rounds, got "
                f"{config.eta:g}, which changes them by {change:.3g}"
            )
        reservoir.learn()
        count += 1
        change = float(np.linalg.norm(reservoir.w - start) / np.linalg.norm(start))
        if not np.isfinite(change):
            rule = config.plasticity
            raise Diverged(f"diverged: plasticity {rule!r}: weights are not finite; a smaller eta may help")
    return reservoir, sequences, {"presentations": count, "change": change}


def compare_outputs(
    config: PatternConfig, engine: Engine, change: Callable[[np.ndarray, np.random.Generator], dict]
) -> xr.Dataset:
    """Let a reservoir learn sequences, and compare its outputs for changed learned and changed new sequences.

    ``change`` is a function from sequences of shape (count, frames, n) to {name: changed sequences}.

    Returns
    -------
    xarray.Dataset
        The variables of :func:`measure_distances` for ``known`` = learned and new; ``weights``, ``pre`` and ``post``
        (synapse); ``sign`` (neuron); ``presentations``, ``change`` and ``radius`` of these weights.
    """
    reservoir, sequences, how = learn_sequences(config, engine)
    matrix = scipy.sparse.csr_array((reservoir.w, (reservoir.post, reservoir.pre)), shape=(config.n, config.n))
    how["radius"] = spectral_radius(matrix)
    rng = engine.rng("test")
    new = patterns(len(sequences) * config.frames, config.inputs, config.active, rng).reshape(sequences.shape)
    with threadpoolctl.threadpool_limits(1):
        found = [measure_distances(reservoir.output, shown, change(shown, rng)) for shown in (sequences, new)]
    dataset = xr.concat(found, xr.IndexVariable("known", ["learned", "new"]))
    dataset["pre"], dataset["post"] = ("synapse", reservoir.pre), ("synapse", reservoir.post)
    dataset["weights"], dataset["sign"] = ("synapse", reservoir.w), ("neuron", reservoir.signs)
    return describe(dataset.assign({name: ((), value) for name, value in how.items()}), NAMES)


def measure_distances(
    output: Callable[[np.ndarray], np.ndarray], sequences: np.ndarray, others: dict[str, np.ndarray]
) -> xr.Dataset:
    """Return the distances between the outputs for changed sequences and for the original sequences.

    Parameters
    ----------
    output : function
        Function from sequences of shape (count, frames, n) to outputs of shape (count, units).
    sequences : array of shape (count, frames, n)
    others : dict
        Name -> changed sequences of the same shape.

    Returns
    -------
    xarray.Dataset
        ``given`` and ``distance`` (how, sequence): Euclidean distances of inputs and of outputs, each relative to the
        mean distance between two different ``sequences``. They are equal if outputs are the inputs. ``nearest`` (how,
        sequence): 1 if the output is nearer to the output for its own sequence than to any other.
    """
    own, flat = output(sequences), sequences.reshape(len(sequences), -1)
    different = ~np.eye(len(own), dtype=bool)
    unit, scale = (np.linalg.norm(x[:, None] - x[None], axis=2)[different].mean() for x in (own, flat))
    rows: dict[str, list[np.ndarray]] = {"given": [], "distance": [], "nearest": []}
    for changed in others.values():
        to = np.linalg.norm(output(changed)[:, None] - own[None], axis=2)
        rows["given"].append(np.linalg.norm(changed.reshape(flat.shape) - flat, axis=1) / scale)
        rows["distance"].append(np.diag(to) / unit)
        rows["nearest"].append((to.argmin(1) == np.arange(len(own))).astype(float))
    return xr.Dataset({k: (("how", "sequence"), np.array(v)) for k, v in rows.items()}, {"how": list(others)})


def average_changes(dataset: xr.Dataset, name: str, known: str, value: str = "distance") -> np.ndarray:
    """Return the mean over sequences for all changes whose name starts with ``name``, in their order."""
    names = [how for how in dataset.how.values if how.startswith(name)]
    return dataset[value].sel(known=known, how=names).mean("sequence").values
