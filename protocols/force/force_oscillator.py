"""Spiking networks learn seven oscillations by FORCE (Nicola & Clopath 2017, supplementary oscillators)."""

from __future__ import annotations

from dataclasses import dataclass

import xarray as xr

from snnlab.engine.brian import Engine
from snnlab.files.record import attribute
from snnlab.lab.claims import Finding, Published, per_seed
from snnlab.networks.force import CONTROLS as CONTROLS
from snnlab.networks.force import train_force
from snnlab.protocols.force._shared import PUBLISHED, OscillatorConfig, teacher
from snnlab.protocols.force._shared import QUICK as QUICK
from snnlab.protocols.force._shared import checks as checks
from snnlab.protocols.force._shared import measure as measure
from snnlab.protocols.force._shared import settle as settle

FIGURE = "nicola2017_oscillators"


@dataclass(frozen=True)
class Config(OscillatorConfig):
    """Settings of the run. None means the scripts' value for this task and neuron, or else the neuron file's value."""


VARIANTS = {f"{task}, {neuron}": {"task": task, "neuron": neuron} for task, neuron in PUBLISHED}


def run(config: Config, engine: Engine) -> xr.Dataset:
    """Train the network; see :func:`snnlab.train_force` for what the dataset holds."""
    return train_force(config, teacher(config), engine)


def comparisons(datasets: list[xr.Dataset]) -> list[Finding]:
    """Return the share of seeds that meet every criterion, for each task and neuron."""
    cells: dict[tuple[str, str, str], tuple[list[xr.Dataset], list[bool]]] = {}
    for dataset in datasets:
        config = attribute(dataset, "config")
        if dataset.attrs["condition"] == "default":
            key = (config["task"], config["neuron"], dataset.attrs["preset"])
            runs, succeeded = cells.setdefault(key, ([], []))
            runs.append(dataset)
            succeeded.append(all(check.holds for check in checks(dataset)))
    return [
        Finding.share(
            f"{task}, {neuron}: share of seeds that succeed ({preset})",
            per_seed(runs, succeeded),
            "0: the controls",
            _published(task, neuron) if (task, neuron) in PUBLISHED else "none",
            bar=(0.5, 1.0),
            bar_from="our round criterion: more networks than not",
        )
        for (task, neuron, preset), (runs, succeeded) in cells.items()
        if len(runs) >= 3
    ]


def _published(task: str, neuron: str) -> Published:
    """Return the claim that the authors' script shows for a task and a neuron."""
    return Published(
        source="Nicola & Clopath 2017, doi:10.1038/s41467-017-01827-3",
        locator="supplementary figure of oscillators; scripts in ModelDB 190565",
        kind="existence",
        claimed=f"A network of {neuron} neurons learns the oscillation {task} and goes on alone.",
        value=None,
        unit="1",
        measure="output beside the teacher",
        basis="authors' program",
        text_read="code",
        note="No error is published: when a network succeeds is our criterion.",
    )
