"""A spiking reservoir (liquid state machine) on MNIST: no plasticity, STDP, Hebb or STLR between excitatory neurons."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from snnlab.engine.brian import Engine
from snnlab.files.record import attribute
from snnlab.lab.claims import Check, Finding, per_seed
from snnlab.lab.grouping import by_name, settings
from snnlab.networks.liquid import READOUTS, LiquidConfig, train_liquid

FIGURE = "liquid_mnist"
CONTROLS = {"shuffled_labels": {"control": "shuffled_labels"}}
QUICK = {
    "plasticity": "stlr",
    "images": "digits",
    "n": 100,
    "learned_images": 200,
    "held_out": 200,
    "calibration_images": 60,
}
VARIANTS = {rule: {"plasticity": rule} for rule in ("none", "stdp", "hebb", "stlr")}
# A mean firing rate (Hz) must lie in this range. The criterion is ours.
RATES = (1.0, 50.0)
GAINED = "accuracy of the liquid over that of pixels"
LIQUID = "accuracy of liquid (%)"


@dataclass(frozen=True)
class Config(LiquidConfig):
    """Settings of the run."""


def run(config: Config, engine: Engine) -> xr.Dataset:
    """Build and calibrate a liquid, let it learn, and read it out; see :func:`snnlab.networks.liquid.train_liquid`."""
    return train_liquid(config, engine)


def measure(dataset: xr.Dataset) -> dict[str, float]:
    """Return accuracies, rates, and the change of the weights."""
    values = {f"accuracy of {name} (%)": 100 * float(dataset.accuracy.sel(readout=name)) for name in READOUTS}
    values["rate (Hz)"] = float(dataset.rate.sel(readout="liquid"))
    if dataset.sizes["chunk"]:
        values["highest rate while learning (Hz)"] = float(dataset.learning_rate.max())
        values["change of weights"] = float(dataset.change)
    return values


def checks(dataset: xr.Dataset) -> list[Check]:
    """Return the checks that rates stay in range during and after learning, and that the liquid beats the pixels."""
    source = "criterion: neither silent nor running away"
    rates = np.append(dataset.learning_rate, dataset.rate.sel(readout="liquid"))
    values = measure(dataset)
    gained = values[LIQUID] - values["accuracy of pixels (%)"]
    return [
        Check("lowest mean rate (Hz)", float(rates.min()), *RATES, source),
        Check("highest mean rate (Hz)", float(rates.max()), *RATES, source),
        Check(GAINED, gained, 0.0, 100.0, "baseline: ridge readout of pixels, same images"),
    ]


def comparisons(datasets: list[xr.Dataset]) -> list[Finding]:
    """Return the gain through recurrence, the gain of each rule over no plasticity at the same seed, weight changes."""
    runs = [run for run in datasets if run.attrs.get("condition", "default") == "default"]
    groups = by_name(runs, _title, lambda run: settings(run, _OWN if _config(run)["plasticity"] == "none" else ()))
    networks = {title: {_network(run): measure(run) for run in group} for title, group in groups.items()}
    silent = [title for title, group in groups.items() if _config(group[0])["plasticity"] == "none"]
    none = {network: values[LIQUID] for title in silent for network, values in networks[title].items()}
    rows = []
    for title, group in groups.items():
        if len(group) < 3:
            continue
        accuracy = {network: values[LIQUID] for network, values in networks[title].items()}
        right = list(accuracy.values())
        rows.append(Finding.over_seeds(f"{title}: accuracy (%)", right, "10: chance", against=10, within=(0, 100)))
        if title in silent:
            added = [values[LIQUID] - values["accuracy of uncoupled (%)"] for values in networks[title].values()]
            rows.append(Finding.over_seeds(f"{title}: points that recurrence adds", added, "0: nothing", against=0))
            continue
        added = [accuracy[network] - none[network] for network in accuracy if network in none]
        if len(added) >= 3:
            what = f"{title}: points over no plasticity"
            rows.append(Finding.over_seeds(what, added, "0: no plasticity", against=0))
        changes = per_seed(group, [float(run.change) for run in group])
        rows.append(Finding.over_seeds(f"{title}: change of weights", changes, "0: none"))
    return rows


def _config(run: xr.Dataset) -> dict:
    return attribute(run, "config")


def _title(run: xr.Dataset) -> str:
    config = _config(run)
    return f"{config['images']}, n = {config['n']}, {config['code']}, {config['plasticity']}"


# These settings have no effect without plasticity.
_OWN = ("plasticity", "eta", "learned_images")


def _network(run: xr.Dataset) -> tuple[str, int]:
    """Return the settings and the seed that are equal for runs that differ only in their plasticity."""
    return settings(run, _OWN), int(_config(run)["seed"])
