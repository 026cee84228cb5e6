"""Excitatory and inhibitory neurons learn oscillations by FORCE under Dale's law (Nicola & Clopath 2017)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from snnlab.connectivity.dale import split_encoder
from snnlab.engine.brian import Engine
from snnlab.files.record import attribute
from snnlab.lab.claims import Check, Finding
from snnlab.lab.grouping import settings
from snnlab.networks.force import CONTROLS as CONTROLS
from snnlab.networks.force import TrainedNetwork, train_force
from snnlab.protocols.force import _shared as oscillator
from snnlab.protocols.force._shared import QUICK as QUICK


@dataclass(frozen=True)
class Config(oscillator.OscillatorConfig):
    """Settings of the run. None means the same as in force_oscillator; with Dale's law each row sums to zero."""

    neuron: str = "lif"
    """{neurons}, or path/to/file.py:NAME"""
    task: oscillator.Task = "sine"
    """the signal to learn"""
    dale: bool = True
    """whether every neuron is either excitatory or inhibitory; if not, the network is the one of force_oscillator"""
    excitatory: float = 0.5
    """share of excitatory neurons; at 0.8 the firing rate of our test network ran away"""


VARIANTS = {
    f"{task}{'' if dale else ', unconstrained'}": {"task": task, "dale": dale}
    for task in ("sine", "product")
    for dale in (True, False)
}
AGAINST = "weights of the total matrix against the sign of their column"
# At N = 800, this slope is within 0.6 % of 1 for seeds 0 to 9.
KEPT, MARGIN = "slope of learned weights on those without the split", 0.05


def settle(config: Config) -> Config:
    """Return the Config with every field filled in. With Dale's law, each row of recurrent weights sums to zero."""
    return oscillator.settle(config, zero_row_mean=True) if config.dale else oscillator.settle(config)


def run(config: Config, engine: Engine) -> xr.Dataset:
    """Train the network; see :func:`snnlab.train_force`. With Dale's law, ``sign`` (neuron) gives the populations."""
    return train_force(config, oscillator.teacher(config), engine, config.excitatory if config.dale else None)


def dale_law(dataset: xr.Dataset) -> dict[str, float]:
    """Return the number of weights that break Dale's law, and the slope of learned weights on those without the law.

    The split removes about half of the products eta phi and doubles the others, so that the slope is about 1.
    """
    net = TrainedNetwork(dataset)
    learned = split_encoder(net.encoder, net.signs) @ dataset.decoder_parts.values.T
    ordinary = net.encoder @ net.decoder.T
    against = ((net.recurrent.toarray() + learned) * net.signs < 0).sum()
    size = float((ordinary**2).sum())
    return {AGAINST: float(against), KEPT: float((learned * ordinary).sum()) / size if size else float("nan")}


def checks(dataset: xr.Dataset) -> list[Check]:
    """Return the checks of force_oscillator and, with Dale's law, those of :func:`dale_law`."""
    rows = oscillator.checks(dataset)
    if rows and "decoder_parts" in dataset:
        found = dale_law(dataset)
        rows.append(Check(AGAINST, found[AGAINST], 0, 0, "Dale's law"))
        rows.append(Check(KEPT, found[KEPT], 1 - MARGIN, 1 + MARGIN, "half of the products, doubled; our margin"))
    return rows


def comparisons(datasets: list[xr.Dataset]) -> list[Finding]:
    """Compare each measure with Dale's law with the same network without Dale's law."""
    groups: dict[tuple[str, ...], dict[bool, list[dict[str, float]]]] = {}
    for dataset in datasets:
        config = attribute(dataset, "config")
        if dataset.attrs["condition"] == "default":
            key = (config["task"], config["neuron"], dataset.attrs["preset"], settings(dataset, without=("dale",)))
            groups.setdefault(key, {}).setdefault(config["dale"], []).append(oscillator.measure(dataset))
    rows = []
    for (task, neuron, preset, _), pair in groups.items():
        if len(pair) < 2 or min(len(runs) for runs in pair.values()) < 3:
            continue
        for what in pair[True][0]:
            constrained, free = ([run[what] for run in pair[dale]] for dale in (True, False))
            name = f"{task}, {neuron} ({preset}): {what}"
            null = f"{np.mean(free):.3g}: without Dale's law"
            rows.append(Finding.over_seeds(f"{name}, Dale's law", constrained, null))
            text = f"{name}: Dale's law minus unconstrained"
            rows.append(Finding.difference(text, constrained, free, "0: no difference"))
    return rows
