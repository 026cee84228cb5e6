"""The window of the spatiotemporal learning rule: weight change against the time between two inputs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import xarray as xr

from snnlab.checking import require_choices, require_positive, require_whole
from snnlab.engine.brian import Engine
from snnlab.errors import UserError
from snnlab.files.describe import describe
from snnlab.lab.claims import Check
from snnlab.models.loading import find_rule
from snnlab.models.spike_rule import SpikeRule
from snnlab.networks.single import RESULTS_VERSION, weight_changes

FIGURE = "stlr_window"
QUICK = {"lags": (-10.0, 0.0, 2.0, 20.0), "periods": (2.0, 20.0), "inputs": (2, 3)}
DT = 0.5e-3
# So slow that weights are as good as constant while they are measured; a power of two.
SLOW = 2.0**-14
CLOSE = 1e-3
WEIGHT = 0.5
NAMES = {
    "summation": ("1 with temporal summation, 0 without", "1"),
    "inputs": ("number of inputs to the neuron, the measured one among them", "1"),
    "lag": ("time of the measured input's spikes minus that of the others", "ms"),
    "period": ("time between the spikes of an input that is alone", "ms"),
    "change": ("change of the measured synapse", "eta w_max"),
    "change_law": ("change of the measured synapse in closed form", "eta w_max"),
    "lone": ("change of a synapse that is alone", "eta w_max"),
}


@dataclass(frozen=True)
class Config:
    """Settings of the inputs."""

    lags: tuple[float, ...] = tuple(x / 2 for x in range(-60, 61))
    """by how much the input that is measured fires after the others (ms), multiples of 0.5 ms"""
    inputs: tuple[int, ...] = (2, 3)
    """inputs to the neuron, the measured one among them"""
    spikes: int = 3
    """of each input"""
    period: float = 40.0
    """between the spikes of an input (ms)"""
    periods: tuple[float, ...] = (1.0, 2.0, 5.0, 10.0, 20.0, 40.0)
    """between the spikes of an input that is alone (ms)"""
    theta1: float = 0.1
    """upper threshold; the lower one is -theta1"""
    tau_s: float = 50.0
    """temporal summation (ms), where there is one"""
    target: Literal["numpy", "cython"] = "numpy"
    """where Brian2's generated code runs; numpy needs no compilation, which would take longer than the run"""


def models(config: Config) -> dict:
    """Return the rule that is shown."""
    return {"single": RESULTS_VERSION, "rule": find_rule("stlr", SpikeRule).to_dict()}


def settle(config: Config) -> Config:
    """Check the values of a Config and return it."""
    require_choices(config)
    require_positive(config, "theta1", "tau_s")
    require_whole("spikes", config.spikes, 1, 1000)
    for count in config.inputs:
        require_whole("inputs", count, 2, 100)
    for name, low in (("lags", -1000), ("periods", 0.5)):
        values = getattr(config, name)
        if not values:
            raise UserError(f"{name}: expected at least one, got none")
        for value in values:
            _require_halves(name, value, low)
    _require_halves("period", config.period, 0.5)
    return config


def _require_halves(name: str, value: float, low: float) -> None:
    if not low <= value <= 1000 or abs(2 * value - round(2 * value)) > 1e-9:
        raise UserError(f"{name}: expected a multiple of 0.5 ms from {low} to 1000 ms, got {value}")


def run(config: Config, engine: Engine) -> xr.Dataset:
    """Let inputs to neurons that never fire bring trains of spikes, the measured one later or sooner than the others.

    Returns ``change`` (summation, inputs, lag) of the measured synapse, and ``lone`` (summation, period) of a synapse
    alone, in units of eta w_max, and ``change_law``: see :func:`law`.
    """
    starts = np.arange(config.spikes) * config.period / 1e3
    trials, silent = [], np.empty(0)
    for count in config.inputs:
        for lag in np.array(config.lags) / 1e3:
            measured, others = starts + max(0.0, lag), starts + max(0.0, -lag)
            trials.append(([measured, *[others] * (count - 1)], silent))
    lone = [([np.arange(10) * period / 1e3], silent) for period in config.periods]
    shape = (2, len(config.inputs), len(config.lags))
    change, laws, alone = np.empty(shape), np.empty(shape), np.empty((2, len(config.periods)))
    for summation in (0, 1):
        rule = set_rule(config, summation)
        found = weight_changes(rule, trials + lone, WEIGHT, DT, engine)[:, 0] / SLOW
        change[summation] = found[: len(trials)].reshape(shape[1:])
        alone[summation] = found[len(trials) :]
        laws[summation] = np.reshape([law(rule, *pre[:2], len(pre) - 1) for pre, _ in trials], shape[1:])
    dims = ("summation", "inputs", "lag")
    dataset = xr.Dataset(
        {"change": (dims, change), "change_law": (dims, laws), "lone": (("summation", "period"), alone)},
        {
            "summation": [0, 1],
            "inputs": list(config.inputs),
            "lag": np.array(config.lags),
            "period": np.array(config.periods),
        },
    )
    return describe(dataset, NAMES)


def set_rule(config: Config, summation: int) -> SpikeRule:
    """Return the rule as it is measured, with or without temporal summation."""
    from brian2 import ms

    return find_rule("stlr", SpikeRule).with_parameters(
        eta=SLOW, theta1=config.theta1, theta2=-config.theta1, summation=summation, tau_s=config.tau_s * ms
    )


def law(rule: SpikeRule, own: np.ndarray, others: np.ndarray, count: int) -> float:
    """Return the change in units of eta w_max for constant weights, from the times (s) at which spikes arrive.

    At each of the synapse's own spikes S = sum over its spikes up to then of exp(-age/tau_s) I, or I alone, with
    I = w^2 count times the sum over spikes of another input up to then of exp(-age/tau_c).
    """
    p = {name: float(value) for name, value in rule.parameters.items()}

    def filter_ages(now: np.ndarray, past: np.ndarray, tau: float) -> np.ndarray:
        age = now[:, None] - past[None, :]
        return np.where(age > -DT / 4, np.exp(-np.maximum(age, 0) / tau), 0.0)

    coincidence = count * WEIGHT**2 * filter_ages(own, others, p["tau_c"]).sum(1)
    summed = filter_ages(own, own, p["tau_s"]) @ coincidence if p["summation"] else coincidence
    up = (summed >= p["theta1"]) * np.tanh((summed - p["theta1"]) / abs(p["theta1"]))
    down = (summed <= p["theta2"]) * np.tanh((summed - p["theta2"]) / abs(p["theta1"]))
    return float((up + down).sum())


def measure(dataset: xr.Dataset) -> dict[str, float]:
    """Return the distance from the closed form, and the largest change of an input alone."""
    away = np.abs(dataset.change - dataset.change_law).max() / np.abs(dataset.change_law).max()
    return {
        "largest distance from the closed form": float(away),
        "largest change of an input alone": float(np.abs(dataset.lone).max()),
        "largest change": float(np.abs(dataset.change).max()),
    }


def checks(dataset: xr.Dataset) -> list[Check]:
    """Return whether the window is the closed form without postsynaptic spikes, and an input alone changes nothing."""
    values = measure(dataset)
    away, alone, _ = values
    return [
        Check(away, values[away], 0.0, CLOSE, f"learning rate of {SLOW:.1e}"),
        Check(alone, values[alone], 0.0, 0.0, "the rule: its own trace is left out"),
    ]
