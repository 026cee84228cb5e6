"""The window of the spatiotemporal learning rule: weight change against the time between two inputs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import xarray as xr

from snnlab.checking import require_choices, require_positive, require_whole
from snnlab.engine.brian import Engine
from snnlab.engine.settings import Cost
from snnlab.errors import UserError
from snnlab.files.describe import describe
from snnlab.lab.claims import Check
from snnlab.models.loading import find_rule
from snnlab.models.spike_rule import SpikeRule
from snnlab.networks.single import RESULTS_VERSION, pairing_cost, weight_changes

FIGURE = "stlr_window"
QUICK = {"lags": (-10.0, 0.0, 2.0, 20.0), "periods": (2.0, 20.0), "inputs": (2, 3)}
DT = 0.5e-3
# Learning is so slow that the weights are practically constant during the measurement. The rate is a power of two.
SLOW = 2.0**-14
CLOSE = 1e-3
WEIGHT = 0.5
# Number of spikes of an input that is alone.
LONE = 10
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
    """time of the measured input's spikes minus time of the others' spikes (ms), multiples of 0.5 ms"""
    inputs: tuple[int, ...] = (2, 3)
    """numbers of inputs to the neuron, including the measured one"""
    spikes: int = 3
    """number of spikes of each input"""
    period: float = 40.0
    """time between two spikes of an input (ms)"""
    periods: tuple[float, ...] = (1.0, 2.0, 5.0, 10.0, 20.0, 40.0)
    """times between two spikes of a single input (ms)"""
    theta1: float = 0.1
    """upper threshold; the lower one is -theta1"""
    tau_s: float = 50.0
    """time constant of temporal summation (ms)"""
    target: Literal["numpy", "cython"] = "numpy"
    """where Brian2's generated code runs; numpy is faster here, because compilation takes longer than the run"""


def models(config: Config) -> dict:
    """Return the measured rule."""
    return {"single": RESULTS_VERSION, "rule": find_rule("stlr", SpikeRule).to_dict()}


def settle(config: Config) -> Config:
    """Check the values of a Config and return it."""
    require_choices(config)
    require_positive(config, "theta1", "tau_s")
    require_whole("spikes", config.spikes, 1, 1000)
    for name in ("inputs", "lags", "periods"):
        if not getattr(config, name):
            raise UserError(f"{name}: expected at least one number, got none")
    for count in config.inputs:
        require_whole("inputs", count, 2, 100)
    for name, low in (("lags", -1000), ("periods", 0.5)):
        for value in getattr(config, name):
            _require_halves(name, value, low)
    _require_halves("period", config.period, 0.5)
    return config


def _require_halves(name: str, value: float, low: float) -> None:
    if not low <= value <= 1000 or abs(2 * value - round(2 * value)) > 1e-9:
        raise UserError(f"{name}: expected a multiple of 0.5 ms from {low} to 1000 ms, got {value}")


def cost(config: Config) -> Cost:
    """Return the expected cost of a run without and with temporal summation."""
    pairs = (config.spikes - 1) * config.period + max(map(abs, config.lags))
    last = max(pairs, (LONE - 1) * max(config.periods)) / 1e3
    trials = len(config.inputs) * len(config.lags) + len(config.periods)
    return pairing_cost(last, DT, trials * max(config.inputs), 2)


def run(config: Config, engine: Engine) -> xr.Dataset:
    """Send spike trains through the inputs of neurons that never fire, with the measured input earlier or later.

    Returns the weight changes in units of eta w_max: ``change`` (summation, inputs, lag) of the measured synapse, and
    ``lone`` (summation, period) of a single synapse. ``change_law`` is the closed form; see :func:`law`.
    """
    starts = np.arange(config.spikes) * config.period / 1e3
    trials, silent = [], np.empty(0)
    for count in config.inputs:
        for lag in np.array(config.lags) / 1e3:
            measured, others = starts + max(0.0, lag), starts + max(0.0, -lag)
            trials.append(([measured, *[others] * (count - 1)], silent))
    lone = [([np.arange(LONE) * period / 1e3], silent) for period in config.periods]
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
    """Return the measured rule, with or without temporal summation."""
    from brian2 import ms

    return find_rule("stlr", SpikeRule).with_parameters(
        eta=SLOW, theta1=config.theta1, theta2=-config.theta1, summation=summation, tau_s=config.tau_s * ms
    )


def law(rule: SpikeRule, own: np.ndarray, others: np.ndarray, count: int) -> float:
    """Return the change in units of eta w_max for constant weights, from the times (s) of the arriving spikes.

    At each of the synapse's own spikes, I = w^2 count times the sum of exp(-age/tau_c) over the past spikes of another
    input. With temporal summation, S = the sum of exp(-age/tau_s) I over the synapse's past spikes. Without it, S = I.
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
    """Return the distance from the closed form, and the largest change of a single input."""
    away = np.abs(dataset.change - dataset.change_law).max() / np.abs(dataset.change_law).max()
    return {
        "largest distance from the closed form": float(away),
        "largest change of an input alone": float(np.abs(dataset.lone).max()),
        "largest change": float(np.abs(dataset.change).max()),
    }


def checks(dataset: xr.Dataset) -> list[Check]:
    """Return the checks that the window equals the closed form, and that a single input changes nothing."""
    values = measure(dataset)
    away, alone, _ = values
    return [
        Check(away, values[away], 0.0, CLOSE, f"learning rate of {SLOW:.1e}"),
        Check(alone, values[alone], 0.0, 0.0, "the rule: its own trace is left out"),
    ]
