"""Rate units learn a sine, a sum of four sines and the Lorenz attractor by FORCE (Sussillo & Abbott 2009)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import xarray as xr

from snnlab.analysis import oscillations as osc
from snnlab.checking import require_between, require_choices, require_positive, require_probability
from snnlab.engine.brian import Engine
from snnlab.engine.settings import Cost, RunConfig
from snnlab.errors import UserError
from snnlab.files.describe import describe
from snnlab.files.record import attribute
from snnlab.lab.claims import Check, Finding, Published, per_seed
from snnlab.networks.rate import random_network, rate_cost, rate_models, train_rate
from snnlab.stimuli.signals.lorenz import SCALE, lorenz
from snnlab.stimuli.signals.oscillators import sine

FIGURE = "sussillo2009"
models = rate_models
INF = float("inf")
VARIANTS = {
    f"{task}, {rate}": {"task": task, "rate": rate}
    for rate in ("tanh", "sqrt")
    for task in ("sine", "four_sines", "lorenz")
}
QUICK = {"before": 0.5, "learn": 16.0, "after": 4.0}
# These are the controls, and the controls that differ from the default only after learning.
CONTROLS = {
    "no_recurrence": {"g": 0.0},
    "no_feedback": {"control": "no_feedback"},
    "permuted_decoder": {"control": "permuted_decoder"},
    "shuffled_teacher": {"control": "shuffled_teacher"},
}
AFTER_LEARNING = ("no_feedback", "permuted_decoder")
LEARNS = Published(
    source="Sussillo & Abbott 2009, doi:10.1016/j.neuron.2009.07.018",
    locator="examples of periodic outputs",
    kind="existence",
    claimed="A chaotic network of rate units learns periodic signals by FORCE and goes on alone.",
    value=None,
    unit="1",
    measure="output beside the teacher",
    basis="authors' program",
    text_read="full",
    note="The paper shows examples and states no error: the bar is our criterion. The figure is not noted here.",
)
ALIKE = {"bar": (0.95, INF), "bar_from": "our criterion"}
# Periods are in s. The Lorenz teacher has none.
PERIODS = {"sine": 0.6, "four_sines": 1.2}
LORENZ_UNIT = 0.5
NAMES = {
    "rate": ("rate of the traced units", "1"),
    "traced": ("index of a unit whose rate is recorded", "1"),
    "decoder": ("decoder at the end of the run", "1"),
    "change": ("size of each update of the decoder", "1"),
    "sign": ("sign of a unit's recurrent weights: 1 excites, -1 inhibits, 0 does both", "1"),
}


@dataclass(frozen=True)
class Config(RunConfig):
    """Settings of the run. Defaults follow Sussillo & Abbott 2009 and their script; the time constant is 10 ms."""

    task: Literal["sine", "four_sines", "lorenz"] = "four_sines"
    """the signal to learn"""
    rate: Literal["tanh", "sqrt"] = "tanh"
    """rate of a unit: tanh(x), or sqrt(x) for x > 0, the counterpart of theta neurons"""
    n: int = 1000
    """number of units"""
    p: float = 0.1
    """probability of a recurrent connection"""
    g: float = 1.5
    """gain of the recurrent weights, N(0, g^2/(p n)); above 1 tanh units are chaotic before learning"""
    q: float = 1.0
    """feedback weights are uniform in [-q, q]"""
    alpha: float = 1.0
    """RLS starts at P = alpha I"""
    tau: float = 10.0
    """time constant (ms)"""
    dt: float = 1.0
    """time step (ms)"""
    rls_steps: int = 2
    """steps between two RLS updates"""
    before: float = 2.0
    """time before learning (s)"""
    learn: float = 14.4
    """time of learning (s)"""
    after: float = 14.4
    """time after learning (s)"""
    control: Literal["none", "no_feedback", "permuted_decoder", "shuffled_teacher"] = "none"
    """control: feedback cut after learning, decoder permuted after learning, or teacher shuffled in time"""


def settle(config: Config) -> Config:
    """Check the values of a Config and return it."""
    require_choices(config)
    require_positive(config, "n", "alpha", "tau", "dt", "rls_steps", "learn")
    if config.task == "lorenz" and config.before + config.learn + config.after > 150:
        total = config.before + config.learn + config.after
        raise UserError(f"before, learn, after: expected a sum <= 150 s for the Lorenz attractor, got {total:g} s")
    for name in ("before", "after"):
        require_between(config, name, 0)
    for name in ("g", "q"):
        require_between(config, name, 0, 1e9)
    require_probability(config, "p")
    if config.dt >= config.tau or config.dt > 10:
        raise UserError(f"dt: expected a number < tau = {config.tau} ms and <= 10 ms, got {config.dt} ms")
    return config


def cost(config: Config) -> Cost:
    """Return the expected cost of a run."""
    steps = round((config.before + config.learn + config.after) / (config.dt * 1e-3))
    return rate_cost(config.n, steps, round(config.learn / (config.dt * 1e-3) / config.rls_steps))


def teacher(task: str, t: np.ndarray) -> np.ndarray:
    """Return the signal of a task at times t in s, shape (T, 1).

    ``sine``: 1.3 sin(2 pi t/0.6 s). ``four_sines``: 1.3/1.5 (s_1 + s_2/2 + s_3/6 + s_4/3), s_k = sin(2 pi k t/1.2 s),
    as in the authors' script. ``lorenz``: x/10. One unit of the system's time is 0.5 s, which is our choice: 50 time
    constants. (At 20 time constants, a free run leaves the teacher at once.)
    """
    if task == "sine":
        return 1.3 * sine(t, 1 / PERIODS["sine"])
    if task == "lorenz":
        return lorenz(t / LORENZ_UNIT, 300.0)[:, :1] * SCALE / 10
    parts = zip((1, 2, 3, 4), (1, 1 / 2, 1 / 6, 1 / 3), strict=True)
    return 1.3 / 1.5 * sum(size * sine(t, k / PERIODS["four_sines"]) for k, size in parts)


def run(config: Config, engine: Engine) -> xr.Dataset:
    """Train the network in numpy and return output, teacher, some rates and the decoder.

    Raises
    ------
    UserError
        For settings that are not allowed.
    """
    dt = config.dt * 1e-3
    first, stop, end = (round(sum(x) / dt) for x in _windows(config))
    learn = range(first, stop, config.rls_steps)
    if len(learn) < 2:
        raise UserError(f"learn: expected time for several updates, got {config.learn} s")
    times = np.arange(1, end + 1) * dt
    values = teacher(config.task, times)
    targets = values.copy()
    if config.control == "shuffled_teacher":
        targets[learn] = values[engine.rng("shuffle").permutation(learn)]
    size = (config.n, config.p, config.g, config.q, 1)
    network = random_network(*size, config.rate, config.tau * 1e-3, dt, engine)
    permuted = config.control == "permuted_decoder"
    arrays = train_rate(
        network,
        targets,
        learn,
        config.alpha,
        min(10, config.n),
        feedback_after=0.0 if config.control == "no_feedback" else 1.0,
        permutation=engine.rng("permute").permutation(config.n) if permuted else None,
    )
    dataset = xr.Dataset(
        {
            "output": (("time", "component"), arrays["output"]),
            "teacher": (("time", "component"), values),
            "rate": (("time", "traced"), arrays["rate"].astype(np.float32)),
            "decoder": (("unit", "component"), arrays["decoder"]),
            "change": ("update", arrays["change"]),
            # Each unit excites some units and inhibits others.
            "sign": ("unit", np.zeros(config.n, np.int8)),
        },
        {"time": times, "traced": np.arange(arrays["rate"].shape[1], dtype=np.int32)},
        {"learn_start": first * dt, "learn_stop": stop * dt, "seconds": end * dt, "n_neurons": config.n},
    )
    return describe(dataset, NAMES)


def _windows(config: Config) -> list[tuple[float, ...]]:
    return [(config.before,), (config.before, config.learn), (config.before, config.learn, config.after)]


def measure(dataset: xr.Dataset) -> dict[str, float]:
    """Return every measure of a run by name, relative to the teacher's standard deviation."""
    start, stop, end = (dataset.attrs[k] for k in ("learn_start", "learn_stop", "seconds"))
    time, output, target = (dataset[k].values for k in ("time", "output", "teacher"))
    scale = float(target.std())
    last = osc.end_of_learning(time, start, stop, 1.2)
    values = {"RMSE / sd of the teacher, end of learning": osc.rmse(output[last], target[last]) / scale}
    period = PERIODS.get(attribute(dataset, "config")["task"])
    if period is None or end - stop < 2.5 * period:
        return values
    free = osc.between(time, stop, INF)
    correlations, _ = osc.lag_correlations(output, target, float(time[1] - time[0]), stop, period, period / 2)
    values["best-lag correlation, worst period"] = float(correlations.min())
    values["free-run amplitude / the teacher's"] = float(output[free].std() / scale)
    return values


def followed(dataset: xr.Dataset) -> float:
    """Return the time in s until the free run differs by one sd of the teacher, at most the length of the free run."""
    time, output, target = (dataset[k].values for k in ("time", "output", "teacher"))
    free = osc.between(time, dataset.attrs["learn_stop"], INF)
    off = np.flatnonzero(np.abs(output[free] - target[free]) > target.std())
    return float(time[free][off[0]] if len(off) else time[-1]) - dataset.attrs["learn_stop"]


def checks(dataset: xr.Dataset) -> list[Check]:
    """Return our criteria as checks. The paper shows examples without errors. A chaotic free run has no criteria."""
    measured = measure(dataset)
    if dataset.attrs["condition"] in AFTER_LEARNING and len(measured) == 1:
        return []
    bands = {"RMSE": (0.0, 0.1), "best-lag": (0.95, INF), "free-run": (0.9, 1.1)}
    return [
        Check(what, value, *bands[what.split()[0]], "our criterion, relative to the teacher")
        for what, value in measured.items()
    ]


def comparisons(datasets: list[xr.Dataset]) -> list[Finding]:
    """Return each measure over seeds, for each task, rate function and size, and the time of following for Lorenz."""
    groups: dict[tuple, list[tuple[xr.Dataset, dict[str, float]]]] = {}
    horizon = "time until the free run is off by one sd (s)"
    for dataset in datasets:
        config = attribute(dataset, "config")
        if dataset.attrs["condition"] == "default":
            values = measure(dataset)
            if config["task"] not in PERIODS and dataset.attrs["seconds"] > dataset.attrs["learn_stop"]:
                values[horizon] = followed(dataset)
            groups.setdefault((config["task"], config["rate"], config["n"], config["g"]), []).append((dataset, values))
    rows = []
    for (task, rate, n, g), runs in groups.items():
        if len(runs) < 3:
            continue
        for what in runs[0][1]:
            null, against = ("1: an output of 0", 1.0) if what.startswith("RMSE") else ("none", None)
            values = per_seed([run for run, _ in runs], [measured[what] for _, measured in runs])
            claim = {"published": LEARNS, **ALIKE} if what.startswith("best-lag") and rate == "tanh" else {}
            name = f"{task}, {rate}, N = {n}, g = {g:g}: {what}"
            rows.append(Finding.over_seeds(name, values, null, against=against, **claim))
    return rows
