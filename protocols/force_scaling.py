"""CPU time of a FORCE network in C++ over its size, with and without learning, on one core."""

from __future__ import annotations

import resource
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import xarray as xr

from snnlab.connectivity import encoder, sparse_random
from snnlab.engine import Engine
from snnlab.errors import UserError, require_positive
from snnlab.networks.force_config import ForceConfig, ForceSetup, resolve
from snnlab.networks.force_program import ProgramLoop
from snnlab.networks.recording import Plan
from snnlab.stimuli.oscillators import sine

FIGURE = "scaling"
QUICK = {"sizes": (100, 200), "seconds": 0.2, "repeats": 1}


@dataclass(frozen=True)
class Config:
    """What is measured."""

    neuron: str = "lif"
    """a neuron model, as for force_sine"""
    sizes: tuple[int, ...] = (500, 1000, 2000, 4000, 8000)
    """numbers of neurons"""
    seconds: float = 2.0
    """model time of each measurement (s)"""
    repeats: int = 3
    """measurements of each size; the fastest counts"""
    seed: int = 0
    """one seed for every random stream"""
    target: Literal["auto", "cpp_standalone"] = "auto"
    """where it runs: this measures the C++ program"""


def run(config: Config, engine: Engine) -> xr.Dataset:
    """Run each size with RLS from the first step on, and without; nothing is recorded."""
    require_positive(config, "seconds", "repeats")
    if len(config.sizes) < 2 or min(config.sizes) < 10 or sorted(set(config.sizes)) != list(config.sizes):
        raise UserError(f"sizes: expected at least two numbers >= 10 that rise, got {config.sizes}")
    if not engine.as_program():
        raise UserError("target: expected a C++ compiler and make: this protocol measures the C++ program")
    setups = [resolve(ForceConfig(neuron=config.neuron, n=n)) for n in config.sizes]
    runs = [(n, setup, learns) for n, setup in zip(config.sizes, setups, strict=True) for learns in (True, False)]
    total = len(runs) * config.repeats * config.seconds
    seconds = []
    for part, run in enumerate(runs):
        before = part * config.repeats * config.seconds
        seconds.append(_seconds(config, engine, *run, lambda done, before=before: engine.show(before + done, total)))
    costs = np.reshape(seconds, (-1, 2)) / config.seconds
    units = {"units": "CPU s per s of model time"}
    return xr.Dataset(
        {"learning": ("size", costs[:, 0], units), "frozen": ("size", costs[:, 1], units)},
        {"size": list(config.sizes)},
        {"dt": setups[0].dt, "rls_interval": setups[0].learn.step * setups[0].dt, "repeats": config.repeats},
    )


def _seconds(config: Config, engine: Engine, n: int, setup: ForceSetup, learns: bool, show: Callable) -> float:
    """CPU seconds of the fastest of some runs; ``show`` is told how many s of model time are done."""
    steps = round(config.seconds / setup.dt)
    learn = range(0, steps, setup.learn.step) if learns else range(0)
    plan = Plan(
        dt=setup.dt,
        n_steps=steps,
        record=range(0),
        n_voltages=0,
        n_spikes=0,
        learn=learn,
        teacher=sine,
        alpha=setup.alpha,
        gain="undivided",
    )
    recurrent = sparse_random(n, 0.1, setup.g, engine.rng("recurrent"), setup.zero_row_mean)
    feedback = encoder(n, 1, setup.q, engine.rng("encoder"))
    models = (setup.neuron, setup.synapse, recurrent, feedback)
    loop = ProgramLoop(*models, plan, engine, bias=setup.bias, scheme="euler", folded=False)
    start = loop.memory()
    best = np.inf
    for repeat in range(config.repeats):
        loop.show = lambda done, repeat=repeat: show(repeat * config.seconds + done)
        loop.restore(start, 0)
        before = _children()
        loop.advance(0, steps)
        best = min(best, _children() - before)
    return best


def _children() -> float:
    """CPU seconds of all child processes so far."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
