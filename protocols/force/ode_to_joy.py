"""A spiking network learns the first bar of the Ode to Joy by FORCE (Nicola & Clopath 2017, figure 3)."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import xarray as xr

from snnlab.engine.brian import Engine
from snnlab.errors import UserError
from snnlab.files.record import attribute
from snnlab.lab.claims import Check, Finding, Published, per_seed
from snnlab.lab.grouping import settings
from snnlab.networks.force import CONTROLS as CONTROLS
from snnlab.networks.force import (
    ForceConfig,
    melody,
    require_sampling,
    settle_force,
    train_force,
)
from snnlab.stimuli.sounds.music import ODE_TO_JOY

FIGURE = "nicola2017_ode_to_joy"
INF = float("inf")
FREE_SECONDS = 100.0
# These are the settings of the authors' script (ModelDB 190565), in the units of ForceConfig. Other neurons have their
# published values.
SETTINGS = {"izhikevich_b": {"g": 1e4, "q": 4e3, "alpha": 2, "rls_interval": 4.0}}


@dataclass(frozen=True)
class Config(ForceConfig):
    """Settings of the run. None means the value in SETTINGS for this neuron, or else the value in the neuron file."""

    neuron: str = "izhikevich_b"
    """{neurons} (published: izhikevich_b), or path/to/file.py:NAME"""
    n: int = 5000
    """number of neurons"""
    seconds: float | None = None
    """length of the run (s); None means 100 s after learning"""
    learn_start: float = 1.0
    """start of the learning window (s)"""
    learn_stop: float = 900.0
    """end of the learning window (s)"""
    record_interval: float | None = 2.0
    """time between two recorded samples (ms), a multiple of dt"""


PLAYS = Published(
    source="Nicola & Clopath 2017, doi:10.1038/s41467-017-01827-3",
    locator="figure 3; script in ModelDB 190565",
    kind="existence",
    claimed="A network learns the first bar of the Ode to Joy and plays it alone.",
    value=None,
    unit="1",
    measure="output beside the teacher",
    basis="authors' program",
    text_read="code",
    note="The paper states no number that we could read: how many notes must be right is our criterion.",
)
# The reduced preset takes less than a minute on one core. The network plays more notes right than chance, and the
# checks demand no more. With few neurons this needs stronger feedback and more updates.
QUICK = {"n": 1000, "q": 8e3, "rls_interval": 2.0, "learn_stop": 41.0, "seconds": 66.0}
NOTE = (
    "reduced preset: the network must learn and play more notes right than chance; speed, step and each note's curve "
    "are not checked"
)


def settle(config: Config) -> Config:
    """Return the Config with every field filled in; raise UserError if whole notes are not recorded."""
    if not 0 < config.learn_stop < INF:
        raise UserError(f"learn_stop: expected a number > 0, got {config.learn_stop}")
    config = settle_force(config, seconds=config.learn_stop + FREE_SECONDS, **SETTINGS.get(config.neuron, {}))
    require_sampling(config, melody.STEP)
    return config


def run(config: Config, engine: Engine) -> xr.Dataset:
    """Train the network; see :func:`snnlab.train_force` for what the dataset holds."""
    dataset = train_force(config, ODE_TO_JOY, engine)
    if reduced(asdict(config)) and not dataset.attrs["note"]:
        dataset.attrs["note"] = NOTE
    return dataset


def reduced(config: dict) -> bool:
    """Tell whether a stored Config has the size and the lengths of the reduced preset."""
    return all(config.get(name) == QUICK[name] for name in ("n", "learn_stop", "seconds"))


def measure(dataset: xr.Dataset) -> dict[str, float]:
    """Return every measure of a run by name: see :func:`snnlab.networks.force.melody.measure`."""
    return melody.measure(dataset)


def checks(dataset: xr.Dataset) -> list[Check]:
    """Return our criteria as checks. We could not read a number in the paper.

    The network of the reduced preset does not keep the melody. It must only learn, and play more notes right than the
    same notes in random order; see NOTE.
    """
    if reduced(attribute(dataset, "config")):
        measured, random = measure(dataset), "same notes in random order, at the lag that fits best"
        training, right = (measured[what] for what in (melody.TRAINING, melody.NOTES_RIGHT))
        return [
            Check(melody.TRAINING, training, 0.0, melody.RMSE, "our criterion"),
            Check(melody.NOTES_RIGHT, right, melody.chance()[0], INF, random),
        ]
    return [Check(what, *row, "our criterion") for what, row in melody.criteria(dataset).items()]


def comparisons(datasets: list[xr.Dataset]) -> list[Finding]:
    """Return the right notes and the mean correlation of the free run, for each length of learning."""
    groups: dict[tuple, list[tuple[xr.Dataset, dict[str, float]]]] = {}
    for dataset in datasets:
        if dataset.attrs["condition"] != "default":
            continue
        config, values = attribute(dataset, "config"), measure(dataset)
        if melody.NOTES_RIGHT in values:
            key = (config["neuron"], config["n"], melody.learned(dataset), settings(dataset))
            groups.setdefault(key, []).append((dataset, values))
    nulls = [f"{value:.2f}: notes in random order" for value in melody.chance()]
    rows = []
    for (neuron, n, seconds, _), found in sorted(groups.items(), key=lambda group: group[0]):
        seeds, runs = [run for run, _ in found], [values for _, values in found]
        name = f"{neuron}, N = {n}, learning for {seconds:g} s"
        right = per_seed(seeds, [values[melody.NOTES_RIGHT] for values in runs])
        null, against = nulls[0], melody.chance()[0]
        beside = {"published": PLAYS, "bar": (melody.NOTES, INF), "bar_from": "our round criterion"}
        rows.append(Finding.over_seeds(f"{name}: notes right", right, null, against=against, within=(0, 1), **beside))
        means = [np.mean([v for k, v in values.items() if k.startswith("correlation")]) for values in runs]
        if all(melody.IN_STEP in values for values in runs):
            anywhere = f"{ODE_TO_JOY.slot / ODE_TO_JOY.period:.2f}: going on from any place"
            in_step = per_seed(seeds, [values[melody.IN_STEP] for values in runs])
            rows.append(Finding.over_seeds(f"{name}: {melody.IN_STEP}", in_step, anywhere, within=(0, 1)))
        what, alike = f"{name}: mean correlation of the notes", per_seed(seeds, means)
        rows.append(Finding.over_seeds(what, alike, nulls[1], against=melody.chance()[1], within=(-1, 1)))
    return rows


def export(dataset: xr.Dataset, stem: Path) -> list[Path]:
    """Write the free run, if there is one, as sound to ``stem``.wav, and return the written files."""
    return melody.write_sound(dataset, stem)
