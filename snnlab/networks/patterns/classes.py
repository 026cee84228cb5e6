"""Do outputs of a reservoir lie further apart than its inputs, or closer? What separation and completion share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import xarray as xr
from scipy.sparse import csr_array
from threadpoolctl import threadpool_limits

from ...checking import require_between, require_choices, require_positive, require_whole
from ...engine.brian import Engine
from ...errors import Diverged, UserError
from ...stimuli.pictures.patterns import patterns
from ..reservoir import spectral_radius
from .reservoirs import KINDS, PatternReservoir, rule_of


@dataclass(frozen=True)
class PatternConfig:
    """Settings of a reservoir, of its plasticity and of the sequences of patterns that it learns."""

    reservoir: Literal["rate", "spiking"] = "rate"
    """leaky rate units, or integrate-and-fire neurons as in liquid_mnist"""
    plasticity: str = "none"
    """how recurrent weights learn: none, hebb, stlr, random_walk, oja, covariance, ... of rate units; none, stdp,
    triplet, hebb, stlr, random_walk of spiking ones; or path/to/rule.py:NAME"""
    change: float = 0.5
    """how far weights go, in units of their norm: rules are compared where they have changed as much"""
    eta: float = 1e-3
    """learning rate of the rule"""
    most: int = 20_000
    """rounds, each of all sequences, after which learning is given up"""
    n: int = 200
    """units"""
    density: float = 0.1
    """share of pairs with a connection"""
    radius: float = 0.9
    """spectral radius of the weights before learning, of rate units"""
    leak: float = 0.3
    """a, the share of a step, of rate units"""
    w_in: float = 0.3
    """largest input weight, of rate units"""
    inputs: int = 100
    """bits of a pattern"""
    active: int = 20
    """ones of a pattern"""
    frames: int = 5
    """patterns of a sequence"""
    hold: int = 3
    """steps of a pattern; of 5 ms between spiking neurons"""
    sequences: int = 20
    """sequences that are learned"""
    seed: int = 0
    """seed of all randomness"""
    target: Literal["auto", "cython", "numpy", "cpp_standalone"] = "auto"
    """where code of spiking neurons runs; auto is C++ standalone if there is a compiler"""

    def identity(self) -> dict:
        """Return what the settings stand for: the rule."""
        rule = rule_of(self)
        return {} if rule is None else {"rule": rule.to_dict()}


def check(config: PatternConfig) -> None:
    """Raise UserError for a setting that cannot be."""
    require_choices(config)
    require_positive(config, "change", "eta", "leak", "w_in")
    for name, low in (
        ("n", 10 if config.reservoir == "spiking" else 2),
        ("inputs", 4),
        ("frames", 2),
        ("hold", 1),
        ("sequences", 2),
        ("most", 1),
    ):
        require_whole(name, getattr(config, name), low, 1_000_000)
    require_between(config, "radius", 0)
    if config.plasticity != "none" and config.reservoir == "rate" and not config.radius:
        raise UserError("radius: expected more than 0 for weights that change by a share of their norm, got 0")
    require_whole("active", config.active, 2, config.inputs // 2)
    if not 0 < config.density <= 1 or config.leak > 1:
        name = "leak" if config.leak > 1 else "density"
        raise UserError(f"{name}: expected a number above 0 up to 1, got {getattr(config, name)}")


def learned(config: PatternConfig, engine: Engine) -> tuple[PatternReservoir, np.ndarray, dict[str, float]]:
    """Return a reservoir that has learned random sequences, the sequences (count, frames, n), and how it came there.

    All sequences are shown in each round; it ends when weights have changed by ``change``. Raises UserError if that
    takes more than ``most`` rounds.
    """
    check(config)
    rng = engine.rng("patterns")
    shape = (config.sequences, config.frames, config.inputs)
    sequences = patterns(config.sequences * config.frames, config.inputs, config.active, rng).reshape(shape)
    reservoir = KINDS[config.reservoir](config, sequences, engine)
    start, count, change = reservoir.w.copy(), 0, 0.0
    while config.plasticity != "none" and change < config.change:
        if count == config.most:
            raise UserError(
                f"eta: expected a rate with which weights change by {config.change:g} in {config.most:,} rounds, got "
                f"{config.eta:g}, with which they change by {change:.3g}"
            )
        reservoir.learn()
        count += 1
        change = float(np.linalg.norm(reservoir.w - start) / np.linalg.norm(start))
        if not np.isfinite(change):
            raise Diverged(f"plasticity {config.plasticity!r}: weights are not finite; take a smaller eta")
    return reservoir, sequences, {"presentations": count, "change": change}


def compare(
    config: PatternConfig, engine: Engine, change: Callable[[np.ndarray, np.random.Generator], dict]
) -> xr.Dataset:
    """Let a reservoir learn sequences and return what it makes of changed ones, beside those of new sequences.

    ``change`` turns sequences of shape (count, frames, n) into {name: changed sequences}.

    Returns
    -------
    xarray.Dataset
        What :func:`apart` returns for ``known`` = learned and new; ``weights``, ``pre``, ``post`` (synapse);
        ``presentations``, ``change``, ``radius`` of these weights.
    """
    reservoir, sequences, how = learned(config, engine)
    matrix = csr_array((reservoir.w, (reservoir.post, reservoir.pre)), shape=(config.n, config.n))
    how["radius"] = spectral_radius(matrix)
    rng = engine.rng("test")
    new = patterns(len(sequences) * config.frames, config.inputs, config.active, rng).reshape(sequences.shape)
    with threadpool_limits(1):
        found = [apart(reservoir.output, shown, change(shown, rng)) for shown in (sequences, new)]
    dataset = xr.concat(found, xr.IndexVariable("known", ["learned", "new"]))
    dataset["pre"], dataset["post"] = ("synapse", reservoir.pre), ("synapse", reservoir.post)
    dataset["weights"] = ("synapse", reservoir.w)
    return dataset.assign({name: ((), value) for name, value in how.items()})


def apart(
    output: Callable[[np.ndarray], np.ndarray], sequences: np.ndarray, others: dict[str, np.ndarray]
) -> xr.Dataset:
    """Return how far outputs of changed sequences are from those of the sequences themselves.

    Parameters
    ----------
    output : function
        Sequences of shape (count, frames, n) -> outputs of shape (count, units).
    sequences : array of shape (count, frames, n)
    others : dict
        Name -> changed sequences of the same shape.

    Returns
    -------
    xarray.Dataset
        ``given`` and ``distance`` (how, sequence): Euclidean distance of inputs and of outputs, each in units of its
        mean between two different ``sequences``; equal where outputs are the inputs. ``nearest`` (how, sequence): 1
        where the output is nearer to that of its own sequence than to that of any other.
    """
    own, flat = output(sequences), sequences.reshape(len(sequences), -1)
    different = ~np.eye(len(own), dtype=bool)
    unit, scale = (np.linalg.norm(x[:, None] - x[None], axis=2)[different].mean() for x in (own, flat))
    rows = {"given": [], "distance": [], "nearest": []}
    for changed in others.values():
        to = np.linalg.norm(output(changed)[:, None] - own[None], axis=2)
        rows["given"].append(np.linalg.norm(changed.reshape(flat.shape) - flat, axis=1) / scale)
        rows["distance"].append(np.diag(to) / unit)
        rows["nearest"].append((to.argmin(1) == np.arange(len(own))).astype(float))
    return xr.Dataset({k: (("how", "sequence"), np.array(v)) for k, v in rows.items()}, {"how": list(others)})


def family(dataset: xr.Dataset, name: str, known: str, value: str = "distance") -> np.ndarray:
    """Return the mean over sequences for all changes whose name starts so, in their order."""
    names = [how for how in dataset.how.values if how.startswith(name)]
    return dataset[value].sel(known=known, how=names).mean("sequence").values
