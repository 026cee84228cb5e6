"""Parts that the protocols of oscillations share: settings of the authors' scripts, teachers, measures, criteria."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

import numpy as np
import xarray as xr

from snnlab.analysis import oscillations as osc
from snnlab.files.record import attribute
from snnlab.lab.claims import Check
from snnlab.networks.force import AFTER_LEARNING, FREE_RUN_SECONDS, ForceConfig, settle_force
from snnlab.stimuli.signals import oscillators

INF = float("inf")
Settled = TypeVar("Settled", bound="OscillatorConfig")
# Period of each teacher in s; those of van der Pol are 20/6.3807 and 20/11.6122 (periods for mu = 0.5 and 5).
PERIODS = {
    "sine": 0.2,
    "sawtooth": 0.2,
    "vdp_harmonic": 1 / 3.1345,
    "vdp_relaxation": 1 / 1.7223,
    "product": 0.5,
    "noisy_product": 0.5,
    "complex": 0.5,
}
_SHORT, _IZHIKEVICH = (15.0, 5.0, 10.0), (20.0, 5.0, 10.0)
# The settings are those of the authors' scripts (ModelDB 190565) for tau_decay = 20 ms: G, Q, alpha in the units of
# ForceConfig, and the length of the run and its learning window in s. In the scripts, only Izhikevich neurons learn the
# complex oscillator.
PUBLISHED = {
    ("sine", "lif"): (0.04, 10, 5e-6, _SHORT),
    ("sine", "theta"): (10, 1e4, 1e-5, _SHORT),
    ("sine", "izhikevich"): (5e3, 5e3, 2, _SHORT),
    ("sawtooth", "lif"): (0.1, 30, 2.5e-6, _SHORT),
    ("sawtooth", "theta"): (10, 1e4, 1e-5, _SHORT),
    ("sawtooth", "izhikevich"): (5e3, 4e3, 2, _SHORT),
    ("vdp_harmonic", "lif"): (0.05, 30, 2.5e-6, _SHORT),
    ("vdp_harmonic", "theta"): (10, 1e4, 1e-5, _SHORT),
    ("vdp_harmonic", "izhikevich"): (1e4, 9e3, 2, _SHORT),
    ("vdp_relaxation", "lif"): (0.05, 30, 2.5e-6, _SHORT),
    ("vdp_relaxation", "theta"): (15, 1e4, 1e-5, _SHORT),
    ("vdp_relaxation", "izhikevich"): (1e4, 2e4, 2, _SHORT),
    ("product", "lif"): (0.1, 30, 2.5e-6, (60.0, 5.0, 30.0)),
    ("product", "theta"): (25, 1e4, 1e-5, (80.0, 5.0, 55.0)),
    ("product", "izhikevich"): (1e4, 9e3, 2, _IZHIKEVICH),
    ("noisy_product", "lif"): (0.1, 30, 2.5e-6, (60.0, 5.0, 30.0)),
    ("noisy_product", "theta"): (15, 1e4, 1e-5, (80.0, 5.0, 55.0)),
    ("noisy_product", "izhikevich"): (1e4, 8e3, 2, _IZHIKEVICH),
    ("complex", "izhikevich"): (1e4, 1e4, 2, (50.0, 5.0, 25.0)),
}
"""(task, neuron) -> G, Q, alpha, (seconds, learn_start, learn_stop)"""

Task = Literal["sine", "sawtooth", "vdp_harmonic", "vdp_relaxation", "product", "noisy_product", "complex"]

# This is the reduced preset.
QUICK = {"n": 800, "seconds": 6.0, "learn_start": 0.5, "learn_stop": 3.5}
# These are our criteria, relative to the teacher.
SPEED, AMPLITUDE, CORRELATION = 0.05, 0.15, 0.9
# Teachers that cross 0 upwards once in a period, so that their frequency can be counted.
COUNTED = ("sine", "sawtooth", "vdp_harmonic", "vdp_relaxation")


@dataclass(frozen=True)
class OscillatorConfig(ForceConfig):
    """Settings of the run. None means the scripts' value for this task and neuron, or else the neuron file's value."""

    task: Task = "product"
    """the signal to learn"""
    seconds: float | None = None
    """length of the run (s)"""
    learn_start: float | None = None
    """start of the learning window (s)"""
    learn_stop: float | None = None
    """end of the learning window (s)"""


def settle(config: Settled, **stated: Any) -> Settled:
    """Return the Config with every field filled in: from the table, then from ``stated``, then from the neuron."""
    g, q, alpha, window = PUBLISHED.get((config.task, config.neuron), (None, None, None, _SHORT))
    windows = dict(zip(("seconds", "learn_start", "learn_stop"), window, strict=True))
    return settle_force(config, g=g, q=q, alpha=alpha, **windows, **stated)


def teacher(config: OscillatorConfig) -> Callable[[np.ndarray], np.ndarray]:
    """Return the signal of the task. Noise is drawn anew for each time step of the run."""
    if config.task in ("vdp_harmonic", "vdp_relaxation"):
        mu = 0.5 if config.task == "vdp_harmonic" else 5.0
        return lambda t: oscillators.van_der_pol(t, mu, config.seconds + 1)
    if config.task == "noisy_product":
        # As in the scripts, the noise is normal for LIF and theta neurons and uniform for Izhikevich neurons.
        kind = "uniform" if config.neuron == "izhikevich" else "normal"
        return oscillators.noisy(oscillators.product, config.setup.dt, 0.05, config.seed, kind)
    if config.task == "complex":
        return lambda t: oscillators.product(t, (2.0, 3.0, 7.0))
    return {"sine": oscillators.sine, "sawtooth": oscillators.sawtooth, "product": oscillators.product}[config.task]


def measure(dataset: xr.Dataset) -> dict[str, float]:
    """Return every measure of a run by name, relative to the teacher.

    In the free run, each period is compared at its best lag up to half a period. The drift of this lag gives the speed.
    """
    start, stop, end = (dataset.attrs[k] for k in ("learn_start", "learn_stop", "seconds"))
    period = PERIODS[attribute(dataset, "config")["task"]]
    every = max(1, round(1e-3 / float(dataset.time[1] - dataset.time[0])))
    time, output, target = (dataset[k].values[::every] for k in ("time", "output", "teacher"))
    dt = float(time[1] - time[0])
    scale = np.sqrt(target.var(0).mean())
    last = osc.end_of_learning(time, start, stop, 1.0)
    values = {"RMSE / sd of the teacher, end of learning": osc.rmse(output[last], target[last]) / scale}
    if end - stop < max(FREE_RUN_SECONDS, 2.5 * period):
        return values
    free = osc.between(time, stop, INF)
    correlations, lags = osc.lag_correlations(output, target, dt, stop, period, period / 2)
    unwrapped = np.unwrap(lags, period=period)
    slope = np.polyfit(np.arange(len(lags)) * period, unwrapped, 1)[0] if len(lags) > 1 else float("nan")
    values["free-run speed / the teacher's"] = 1 - float(slope)
    values["free-run amplitude / the teacher's"] = float(np.sqrt(output[free].var(0).mean()) / scale)
    values["best-lag correlation, median period"] = float(np.median(correlations))
    return values


def checks(dataset: xr.Dataset) -> list[Check]:
    """Return our criteria as checks, and the frequency of the teacher. No published errors exist for these tasks."""
    bands = [(0.0, 0.2), (1 - SPEED, 1 + SPEED), (1 - AMPLITUDE, 1 + AMPLITUDE), (CORRELATION, INF)]
    measured = measure(dataset)
    if dataset.attrs["condition"] in AFTER_LEARNING and len(measured) == 1:
        return []
    rows = [
        Check(what, value, *band, "our criterion, relative to the teacher")
        for (what, value), band in zip(measured.items(), bands, strict=False)
    ]
    task = attribute(dataset, "config")["task"]
    if task in COUNTED:
        found = osc.frequency(dataset.teacher.values[:, 0], float(dataset.time[1] - dataset.time[0]))
        low, high = 0.98 / PERIODS[task], 1.02 / PERIODS[task]
        rows.append(
            Check("frequency of the teacher (Hz)", found, low, high, "equations of the supplement; 2 % is ours")
        )
    return rows
