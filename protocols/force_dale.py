"""Excitatory and inhibitory neurons learn oscillations by FORCE under Dale's law (Nicola & Clopath 2017)."""

from __future__ import annotations

from dataclasses import dataclass

import xarray as xr

from snnlab.claims import Check, Finding
from snnlab.engine import Engine
from snnlab.networks.force_config import CONTROLS as CONTROLS
from snnlab.networks.force_config import completed
from snnlab.networks.force_training import train_force
from snnlab.networks.trained import TrainedNetwork
from snnlab.protocols import force_oscillator as oscillator
from snnlab.record import attribute


@dataclass(frozen=True)
class Config(oscillator.Config):
    """Settings of the run; None means what it means for force_oscillator, and that each row's sum is zero."""

    neuron: str = "lif"
    """lif, theta, izhikevich, ..., or path/to/file.py:NAME"""
    task: oscillator.Task = "sine"
    """the signal to learn"""
    dale: bool = True
    """whether every neuron only excites or only inhibits; without, the network is that of force_oscillator"""
    excitatory: float = 0.5
    """share of excitatory neurons; far from 0.5 the network runs away (see snnlab/networks/dale.py)"""


VARIANTS = {
    f"{task}{'' if dale else ', unconstrained'}": {"task": task, "dale": dale}
    for task in ("sine", "product")
    for dale in (True, False)
}
QUICK = oscillator.QUICK
AGAINST = "weights of the total matrix against the sign of their column"


def run(config: Config, engine: Engine) -> xr.Dataset:
    """Train the network; see :func:`snnlab.train_force`. With Dale's law ``sign`` (neuron) tells the populations."""
    config = completed(oscillator.settled(config), zero_row_mean=True)
    return train_force(config, oscillator.teacher(config), engine, config.excitatory if config.dale else None)


def against_dale(dataset: xr.Dataset) -> int:
    """Return how many entries of G omega + Q eta phi', as the network has it, are against the sign of their column."""
    net = TrainedNetwork(dataset)
    return int((net.total_weights() * net.signs < 0).sum())


def checks(dataset: xr.Dataset) -> list[Check]:
    """Return the criteria of force_oscillator and, with Dale's law, that no weight breaks it."""
    rows = oscillator.checks(dataset)
    if "sign" in dataset:
        rows.append(Check(AGAINST, against_dale(dataset), 0, 0, "Dale's law"))
    return rows


def findings(datasets: list[xr.Dataset]) -> list[Finding]:
    """Each measure with Dale's law against the same network without it, for each task and neuron."""
    groups: dict[tuple[str, str, str], dict[bool, list[dict[str, float]]]] = {}
    for dataset in datasets:
        config = attribute(dataset, "config")
        if dataset.attrs["condition"] == "default":
            pair = groups.setdefault((config["task"], config["neuron"], dataset.attrs["preset"]), {})
            pair.setdefault(config["dale"], []).append(oscillator.measure(dataset))
    rows = []
    for (task, neuron, preset), pair in groups.items():
        if len(pair) < 2 or min(len(runs) for runs in pair.values()) < 3:
            continue
        for what in pair[True][0]:
            constrained, free = ([run[what] for run in pair[dale]] for dale in (True, False))
            name = f"{task}, {neuron} ({preset}): {what}"
            rows.append(Finding.over_seeds(f"{name}, Dale's law", constrained, "see the difference"))
            text = f"{name}: Dale's law minus unconstrained"
            rows.append(Finding.difference(text, constrained, free, "0: no difference"))
    return rows
