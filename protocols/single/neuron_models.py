"""LIF and Izhikevich neurons under noisy currents, and the f-I curve of every model against its analytic law."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import brian2
import numpy as np
import xarray as xr

from snnlab.analysis import rate_laws
from snnlab.checking import require_between, require_finite, require_positive, require_whole
from snnlab.engine.brian import Engine
from snnlab.engine.settings import Cost
from snnlab.files.describe import Names, describe
from snnlab.lab.claims import Check
from snnlab.models.loading import find_model
from snnlab.models.quantities import si, unit
from snnlab.networks.single import RESULTS_VERSION, RateCurve, Trace

FIGURE = "neuron_models"
QUICK = {"seconds": 1.5, "points": 9}
# This is the largest input of each curve (SI). The smallest input is a little below rheobase.
RANGES = {
    "if": (-2e-3, 25e-3),
    "lif": (-42e-3, -10e-3),
    "qif": (-1.0, 10.0),
    "theta": (-500.0, 1e4),
    "sqrt_rate": (-500.0, 1e4),
    "izhikevich": (800e-12, 4000e-12),
    "izhikevich_b": (800e-12, 4000e-12),
    "izhikevich_c": (100e-12, 3000e-12),
}
# Theta neurons need the time step of their network: at J = 10^4 the phase passes 0 at 2 10^5 rad/s.
STEPS_MS = {"if": 0.05, "lif": 0.05, "qif": 0.05, "theta": 0.01, "sqrt_rate": 0.05}
IZHIKEVICH_MS = 0.04
# Time steps of the traces (s).
TRACE_STEPS = {"lif": 0.05e-3, "izhikevich": 0.04e-3}


@dataclass(frozen=True)
class Config:
    """Settings of the traces and curves."""

    lif_mean: float = -35.0
    """mean of the current of the LIF neuron, which is drawn anew each step: N(5, 10) - 40 (mV)"""
    lif_sd: float = 10.0
    """standard deviation of the current of the LIF neuron (mV)"""
    lif_seconds: float = 0.1
    """length of the LIF trace (s)"""
    izhikevich_mean: float = 1100.0
    """mean of the current of the Izhikevich neuron: N(100, 300) + 1000 (pA)"""
    izhikevich_sd: float = 300.0
    """standard deviation of the current of the Izhikevich neuron (pA)"""
    izhikevich_seconds: float = 1.0
    """length of the Izhikevich trace (s)"""
    seconds: float = 2.5
    """length of the f-I measurements (s)"""
    points: int = 25
    """number of inputs on each f-I curve"""
    seed: int = 0
    """seed of all random streams"""
    target: Literal["cython", "numpy", "cpp_standalone"] = "numpy"
    """where Brian2's generated code runs; numpy is faster here, because compilation takes longer than the run"""


def models(config: Config) -> dict:
    """Return the models, ranges and time steps, which belong to the identity of a run."""
    found = {name: find_model(name, "neuron")[0].to_dict() for name in RANGES}
    return {"single": RESULTS_VERSION, "models": found, "ranges": RANGES, "steps": STEPS_MS}


def settle(config: Config) -> Config:
    """Check the values of a Config and return it."""
    require_positive(config, "seconds")
    for name, dt in TRACE_STEPS.items():
        require_between(config, f"{name}_seconds", dt)
    require_finite(config, "lif_mean", "izhikevich_mean")
    for name in ("lif_sd", "izhikevich_sd"):
        require_between(config, name, 0)
    require_whole("points", config.points, 2, 100_000)
    return config


def cost(config: Config) -> Cost:
    """Return the expected cost of a run, measured for numpy on one core of an EPYC."""
    dts = [*TRACE_STEPS.values(), *(STEPS_MS.get(name, IZHIKEVICH_MS) * 1e-3 for name in RANGES)]
    steps = int(sum(_length(config) / dt for dt in dts))
    return Cost(steps, 8 * 6 * steps, 3 + steps * (4.5e-5 + 1e-8 * config.points))


def _length(config: Config) -> float:
    """Return the length (s) of the simulation: traces and curves share it."""
    return max(config.seconds, config.lif_seconds, config.izhikevich_seconds)


def run(config: Config, engine: Engine) -> xr.Dataset:
    """Drive single neurons by noise, drawn anew each step, and each model by constant inputs."""
    noisy = {
        "lif": (config.lif_mean * 1e-3, config.lif_sd * 1e-3, config.lif_seconds),
        "izhikevich": (config.izhikevich_mean * 1e-12, config.izhikevich_sd * 1e-12, config.izhikevich_seconds),
    }
    traces, values = {}, {}
    for name, (mean, sd, length) in noisy.items():
        dt = TRACE_STEPS[name]
        values[name] = mean + sd * engine.rng(name).standard_normal(round(length / dt))
        traces[name] = Trace(find_model(name, "neuron")[0], values[name], dt, f"{name}_noise")
    curves, inputs = {}, {}
    for name, (low, high) in RANGES.items():
        inputs[name] = np.linspace(low, high, config.points)
        dt = STEPS_MS.get(name, IZHIKEVICH_MS) * 1e-3
        curves[name] = RateCurve(find_model(name, "neuron")[0], inputs[name], dt, name)
    objects = [o for part in (*traces.values(), *curves.values()) for o in part.objects]
    engine.run(brian2.Network(objects), _length(config), objects[0].clock, namespace={})

    dataset = xr.Dataset()
    for name, trace in traces.items():
        n, dt = len(values[name]), TRACE_STEPS[name]
        dataset[f"{name}_current"] = (f"{name}_time", values[name])
        dataset = dataset.assign_coords({f"{name}_time": np.arange(n) * dt})
        for state, x in trace.states().items():
            dataset[f"{name}_{state}"] = (f"{name}_time", x[:n])
        spikes = trace.spikes()
        dataset[f"{name}_spikes"] = (f"{name}_spike", spikes[spikes < n * dt])
    for name, curve in curves.items():
        dataset[f"{name}_input"] = ("point", inputs[name])
        dataset[f"{name}_rate"] = ("point", curve.rates())
        dataset[f"{name}_law"] = ("point", law(name, inputs[name]))
    return describe(dataset, _names(traces, curves))


def _names(traces: Iterable[str], curves: Iterable[str]) -> Names:
    """Return names and units of the variables. Inputs and states have the units of the model."""
    names = {}
    for name in traces:
        model, _ = find_model(name, "neuron")
        dims = brian2.Equations(model.equations).dimensions
        names |= {
            f"{name}_time": ("time since the start of the trace", "s"),
            f"{name}_current": (f"noisy input of the {name} neuron", si(unit(model.current).dim)),
            f"{name}_spikes": (f"time of a spike of the {name} neuron", "s"),
        }
        names |= {
            f"{name}_{state}": (f"variable {state} of the {name} neuron", si(dims[state])) for state in model.states
        }
    for name in curves:
        model, _ = find_model(name, "neuron")
        names |= {
            f"{name}_input": (f"constant input of the {name} neuron", si(unit(model.current).dim)),
            f"{name}_rate": (f"rate of the {name} neuron", "Hz"),
            f"{name}_law": (f"rate of the {name} neuron in closed form", "Hz"),
        }
    return names


def law(name: str, inputs: np.ndarray) -> np.ndarray:
    """Return the analytic rate (Hz) of a model for constant inputs (SI)."""
    model, _ = find_model(name, "neuron")
    p = {key: float(value) for key, value in model.parameters.items()}
    if name in ("lif", "if"):
        function = rate_laws.leaky if name == "lif" else rate_laws.perfect
        return function(inputs, p["tau_m"], p["v_threshold"], p["v_reset"], float(model.refractory))
    if name == "qif":
        return rate_laws.quadratic(inputs, p["tau_m"], p["v_peak"], p["v_reset"])
    if name in ("theta", "sqrt_rate"):
        return rate_laws.square_root(inputs, 1 / p["tau"] if name == "theta" else p["F"])
    return rate_laws.izhikevich_adiabatic(inputs, **p)


def checks(dataset: xr.Dataset) -> list[Check]:
    """Return the distance of each curve from its law, where the law gives at least 20 Hz.

    Above 20 Hz, an interval has 1000 steps or fewer.
    """
    rows = []
    for name in RANGES:
        rate, expected = dataset[f"{name}_rate"].values, dataset[f"{name}_law"].values
        used = expected >= (0.1 if name == "sqrt_rate" else 20)
        worst = float(np.max(np.abs(rate[used] / expected[used] - 1)))
        # An interval 1/f has whole steps, which gives a relative error f dt. Euler's error has the same order.
        if name == "sqrt_rate":
            band, source = 1e-6, "exact in the steady state"
        elif name.startswith("izhikevich"):
            band, source = 0.05, "adiabatic law: u varies little within an interval"
        else:
            band, source = 0.02, "exact law; Euler and whole steps"
        rows.append(Check(f"{name}: largest relative distance from the f-I law", worst, 0.0, band, source))
    return rows
