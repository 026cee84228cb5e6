"""CPU time of a FORCE network in C++ over its size, with and without learning, on one core."""

from __future__ import annotations

import resource
from dataclasses import dataclass
from typing import Literal

import numpy as np
import xarray as xr

from snnlab.checking import require_positive
from snnlab.engine.brian import Engine
from snnlab.engine.settings import Cost
from snnlab.errors import UserError
from snnlab.files.describe import describe
from snnlab.networks.force import (
    ForceConfig,
    ForceSetup,
    Form,
    Plan,
    ProgramLoop,
    can_be_program,
    force_models,
    weights,
)
from snnlab.stimuli.signals.oscillators import sine

FIGURE = "scaling"
# Each measurement starts after this model time (s).
SETTLE = 0.5
QUICK = {"sizes": (100, 200), "seconds": 0.2, "repeats": 1}

COST = "CPU s per s of model time"
NAMES = {
    "size": ("number of neurons", "1"),
    "learning": ("cost of a run with RLS", COST),
    "frozen": ("cost of a run without RLS", COST),
    "rate_learning": ("mean rate of all neurons with RLS", "Hz"),
    "rate_frozen": ("mean rate of all neurons without RLS", "Hz"),
}


@dataclass(frozen=True)
class Config:
    """Settings of the measurement."""

    neuron: str = "lif"
    """{neurons}, or path/to/file.py:NAME"""
    sizes: tuple[int, ...] = (500, 1000, 2000, 4000, 8000)
    """numbers of neurons"""
    seconds: float = 2.0
    """model time of each measurement (s)"""
    repeats: int = 5
    """number of measurements of each size; the fastest one counts"""
    seed: int = 0
    """seed of all random streams"""
    target: Literal["auto", "cpp_standalone"] = "auto"
    """where the network runs; only the C++ program is measured"""


def settle(config: Config) -> Config:
    """Return the Config; raises UserError for settings that are not allowed."""
    require_positive(config, "seconds", "repeats")
    if len(config.sizes) < 2 or min(config.sizes) < 10 or sorted(set(config.sizes)) != list(config.sizes):
        raise UserError(f"sizes: expected at least two increasing integers >= 10, got {config.sizes}")
    setup = ForceConfig(neuron=config.neuron).setup
    if round(config.seconds / setup.dt) < setup.learn.step:
        raise UserError(f"seconds: expected at least one RLS interval, got {config.seconds}")
    return config


def models(config: Config) -> dict:
    """Return the models of the neuron."""
    return force_models(ForceConfig(neuron=config.neuron))


def cost(config: Config) -> Cost:
    """Return the expected cost of a run: twice each size, with repeats, after its program is built."""
    dt = ForceConfig(neuron=config.neuron).setup.dt
    steps = 2 * int((SETTLE + config.repeats * config.seconds) / dt)
    seconds = sum(steps * (4e-9 * n + 1e-12 * n**2) for n in config.sizes)
    return Cost(steps * len(config.sizes), 16 * max(config.sizes) ** 2 + 8 * steps, 30 + seconds)


def run(config: Config, engine: Engine) -> xr.Dataset:
    """Measure each size with and without RLS after the network has settled. Nothing is recorded.

    RLS uses the exact gain. With the undivided gain, the first updates grow with the number of neurons and synchronise
    networks of some thousand neurons.
    """
    if not engine.as_program():
        raise UserError("target: expected a C++ compiler and make, got none; this protocol measures the C++ program")
    setups = [ForceConfig(neuron=config.neuron, n=n).setup for n in config.sizes]
    if not can_be_program(setups[0].neuron, engine):
        raise UserError(
            f"neuron: expected a model whose variables are real numbers (for a C++ program), got {config.neuron}"
        )
    total = 2 * len(setups) * config.repeats * config.seconds
    learning, frozen, done = [], [], 0.0
    engine.show(done, total)
    for n, setup in zip(config.sizes, setups, strict=True):
        for learns, results in ((True, learning), (False, frozen)):
            results.append(_measure(config, engine, n, setup, learns))
            done += config.repeats * config.seconds
            engine.show(done, total)
    dataset = xr.Dataset(
        {
            "learning": ("size", [seconds for seconds, _ in learning]),
            "frozen": ("size", [seconds for seconds, _ in frozen]),
            "rate_learning": ("size", [hertz for _, hertz in learning]),
            "rate_frozen": ("size", [hertz for _, hertz in frozen]),
        },
        {"size": list(config.sizes)},
        {"dt": setups[0].dt, "rls_interval": setups[0].learn.step * setups[0].dt},
    )
    return describe(dataset, NAMES)


def measure(dataset: xr.Dataset) -> dict[str, float]:
    """Return the mean rate of the largest network. Times depend on the computer, so they are no measures."""
    last = dataset.isel(size=-1)
    return {
        f"mean rate with RLS, N = {int(last['size'])} (Hz)": float(last.rate_learning),
        f"mean rate without RLS, N = {int(last['size'])} (Hz)": float(last.rate_frozen),
    }


def _measure(config: Config, engine: Engine, n: int, setup: ForceSetup, learns: bool) -> tuple[float, float]:
    """Return CPU seconds per second of model time of the fastest repeat, with its start, and the mean rate in Hz."""
    settled, steps = round(SETTLE / setup.dt), round((SETTLE + config.seconds) / setup.dt)
    plan = Plan(
        dt=setup.dt,
        n_steps=steps,
        record=range(0),
        n_voltages=0,
        n_spikes=0,
        learn=range(settled, steps, setup.learn.step) if learns else range(0),
        teacher=sine,
        alpha=setup.alpha,
        gain="exact",
    )
    models = (setup.neuron, setup.synapse, *weights(ForceConfig(n=n), setup, engine))
    loop = ProgramLoop(*models, plan, engine, bias=setup.bias, form=Form())
    loop.show = lambda done: None
    loop.advance(0, settled)
    start, best = loop.memory(), np.inf
    for _ in range(config.repeats):
        loop.restore(start, settled)
        before = _children()
        loop.advance(settled, steps)
        best = min(best, _children() - before)
    spikes = loop.memory()["spike_count"] - start["spike_count"]
    return best / config.seconds, spikes.mean() / config.seconds


def _children() -> float:
    """Return the CPU seconds of all child processes so far."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
