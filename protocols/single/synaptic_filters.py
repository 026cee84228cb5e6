"""Impulse responses of the single and double exponential synaptic filter against their closed forms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import brian2
import numpy as np
import xarray as xr

from snnlab.checking import require_positive
from snnlab.engine.brian import Engine
from snnlab.engine.settings import Cost
from snnlab.errors import UserError
from snnlab.files.describe import describe
from snnlab.lab.claims import Check
from snnlab.models.loading import find_model
from snnlab.networks.single import RESULTS_VERSION, FilterResponse

FIGURE = "synaptic_filters"
QUICK: dict = {}
FILTERS = ("exponential", "double_exponential")
NAMES = {"time": ("time since the spike", "s")} | {
    f"{name}{law}": (f"response of the {name.replace('_', ' ')} filter to one spike{text}", "1/s")
    for name in FILTERS
    for law, text in (("", ""), ("_law", " in closed form"))
}


@dataclass(frozen=True)
class Config:
    """Settings of the impulse responses."""

    tau_rise: float = 2.0
    """rise time (ms)"""
    tau_decay: float = 20.0
    """decay time (ms)"""
    dt: float = 0.05
    """time step (ms)"""
    seconds: float = 0.1
    """length of the recorded response (s); the area is computed over 20 decay times"""
    target: Literal["cython", "numpy", "cpp_standalone"] = "numpy"
    """where Brian2's generated code runs; numpy is faster here, because compilation takes longer than the run"""


def models(config: Config) -> dict:
    """Return the filters."""
    return {"single": RESULTS_VERSION} | {name: find_model(name, "filter")[0].to_dict() for name in FILTERS}


def settle(config: Config) -> Config:
    """Check the values of a Config and return it."""
    require_positive(config, "tau_rise", "tau_decay", "dt", "seconds")
    if config.dt >= min(config.tau_rise, config.tau_decay):
        raise UserError(f"dt: expected a number < tau_rise and < tau_decay, got {config.dt} ms")
    if config.seconds < 2e-3 * config.dt:
        raise UserError(f"seconds: expected at least two steps of dt, got {config.seconds}")
    return config


def cost(config: Config) -> Cost:
    """Return the expected cost of a run, measured for numpy on one core of a Xeon."""
    steps = int(_length(config) / (config.dt * 1e-3))
    return Cost(steps, 8 * 6 * steps, 2 + 8e-5 * steps)


def _length(config: Config) -> float:
    """Return the length (s) of the responses, of which the area is computed."""
    return max(config.seconds, 20e-3 * max(config.tau_rise, config.tau_decay))


def run(config: Config, engine: Engine) -> xr.Dataset:
    """Give each filter one spike of weight 1 at time 0."""
    dt = config.dt * 1e-3
    responses = {}
    for name in FILTERS:
        model, _ = find_model(name, "filter")
        taus = {tau: getattr(config, tau) * brian2.ms for tau in model.parameters}
        responses[name] = FilterResponse(model.with_parameters(**taus), dt, name)
    objects = [o for response in responses.values() for o in response.objects]
    engine.run(brian2.Network(objects), _length(config), objects[0].clock, namespace={})
    dataset = xr.Dataset()
    for name, response in responses.items():
        s = response.response()
        dataset[name] = ("time", s)
        dataset[f"{name}_law"] = ("time", law(name, np.arange(len(s)) * dt, config))
    return describe(dataset.assign_coords(time=np.arange(len(s)) * dt), NAMES)


def law(name: str, t: np.ndarray, config: Config) -> np.ndarray:
    """Return the continuous impulse response (1/s) at times t (s) after the spike."""
    rise, decay = config.tau_rise * 1e-3, config.tau_decay * 1e-3
    if name == "exponential":
        return np.exp(-t / decay) / decay
    if abs(rise - decay) < 1e-9 * decay:
        return t * np.exp(-t / decay) / decay**2
    return (np.exp(-t / decay) - np.exp(-t / rise)) / (decay - rise)


def checks(dataset: xr.Dataset) -> list[Check]:
    """Return the checks that the area is 1 and that the distance from the closed form is within Euler's error.

    With an area of 1, the mean of a filtered spike train is the firing rate.
    """
    dt = float(dataset.time[1] - dataset.time[0])
    rows = []
    for name in FILTERS:
        s, expected = dataset[name].values, dataset[f"{name}_law"].values
        rows.append(Check(f"{name}: area", float(s.sum() * dt), 1 - 1e-6, 1 + 1e-6, "forward Euler sums to exactly 1"))
        worst = float(np.abs(s - expected).max() / expected.max())
        rows.append(
            Check(f"{name}: largest distance from the closed form / peak", worst, 0.0, 0.03, "order dt/tau_rise")
        )
    return rows
