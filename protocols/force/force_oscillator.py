"""Spiking networks learn seven oscillations by FORCE (Nicola & Clopath 2017, supplementary oscillators)."""

from __future__ import annotations

from dataclasses import dataclass

import xarray as xr

from snnlab.engine.brian import Engine
from snnlab.files.record import attribute
from snnlab.lab.claims import Finding
from snnlab.networks.force import CONTROLS as CONTROLS
from snnlab.networks.force import train_force
from snnlab.protocols.force._shared import PUBLISHED, OscillatorConfig, settled, teacher
from snnlab.protocols.force._shared import QUICK as QUICK
from snnlab.protocols.force._shared import checks as checks
from snnlab.protocols.force._shared import measure as measure

FIGURE = "nicola2017_oscillators"


@dataclass(frozen=True)
class Config(OscillatorConfig):
    """Settings of the run; None means: the scripts' value for this task and neuron, else what the neuron states."""


VARIANTS = {f"{task}, {neuron}": {"task": task, "neuron": neuron} for task, neuron in PUBLISHED}


def run(config: Config, engine: Engine) -> xr.Dataset:
    """Train the network; see :func:`snnlab.train_force` for what the dataset holds."""
    config = settled(config)
    return train_force(config, teacher(config), engine)


def comparisons(datasets: list[xr.Dataset]) -> list[Finding]:
    """Share of seeds that meet every criterion, for each task and neuron."""
    cells: dict[tuple[str, str, str], list[bool]] = {}
    for dataset in datasets:
        config = attribute(dataset, "config")
        if dataset.attrs["condition"] == "default":
            key = (config["task"], config["neuron"], dataset.attrs["preset"])
            cells.setdefault(key, []).append(all(check.holds for check in checks(dataset)))
    return [
        Finding.share(f"{task}, {neuron}: share of seeds that succeed ({preset})", shares, "0: the controls")
        for (task, neuron, preset), shares in cells.items()
        if len(shares) >= 3
    ]
