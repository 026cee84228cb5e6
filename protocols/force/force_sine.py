"""A spiking network learns a 5 Hz sine by FORCE and then runs freely (Nicola & Clopath 2017, figure 2)."""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np
import xarray as xr

from snnlab.analysis import oscillations as osc
from snnlab.checking import require_positive
from snnlab.engine.brian import Engine
from snnlab.files.record import attribute
from snnlab.lab.claims import Check, Finding, Published, per_seed
from snnlab.lab.grouping import given, settings
from snnlab.networks.force import (
    AFTER_LEARNING,
    FREE_RUN_SECONDS,
    ForceConfig,
    settle_force,
    train_force,
)
from snnlab.networks.force import CONTROLS as CONTROLS
from snnlab.stimuli.signals.oscillators import sine
from snnlab.stimuli.signals.teacher import require_changes, teacher_digest, teacher_from

INF = float("inf")


@dataclass(frozen=True)
class Config(ForceConfig):
    """Settings of the run. None means the published value of the neuron, or the value in FORCE of your neuron file."""

    teacher: str = "sine"
    """sine, or path/to/teacher.csv, .txt or .npy (time, then components), or path/to/file.py:function"""
    frequency: float = 5.0
    """frequency of the sine (Hz); other teachers have their own"""

    def models(self) -> dict:
        """Return what the names in the settled Config stand for, with a digest of the teacher's file."""
        digest = teacher_digest(self.teacher)
        return super().models() | ({"teacher": digest} if digest else {})


VARIANTS = {name: {"neuron": name} for name in ("lif", "theta", "izhikevich")}
QUICK = {"n": 800, "seconds": 4.5, "learn_start": 0.5, "learn_stop": 2.5}
FIGURE = "nicola2017_fig2"

# These are the names of the measures in the order in which they are printed.
RATES = ("rate before learning (Hz)", "rate while learning (Hz)", "rate after learning (Hz)")
TRAINING = "RMSE, last 1 s of learning"
# In a free run shorter than 2 s, each window is half of the run.
FREE = ("free-run frequency (Hz)", "free-run amplitude", "worst best-lag correlation, 1 s windows")
DRIFT = "phase drift (cycles/s)"
# A teacher whose phase drifts by more than this share of its frequency has no steady frequency.
STEADY = 0.02

_OCTAVE = "authors' MATLAB in Octave, {} seeds (ModelDB 190565)"
BANDS = {
    ("full", "lif"): (
        _OCTAVE.format(8),
        [(18.2, 19.0), (22.0, 23.4), (22.0, 23.4), (0.014, 0.030), (4.87, 5.15), (0.95, 1.05), (0.93, INF)],
    ),
    ("full", "izhikevich"): (
        _OCTAVE.format(4),
        [(4.6, 5.5), (35.5, 40.0), (33.5, 39.5), (0.007, 0.015), (4.87, 5.08), (0.91, 1.02), (0.97, INF)],
    ),
    # The last band is one-sided, of log(1 - r).
    ("full", "theta"): (
        _OCTAVE.format(6),
        [(7.71, 8.07), (25.0, 27.1), (24.9, 27.2), (0.0113, 0.0227), (4.89, 5.09), (0.966, 1.039), (0.968, INF)],
    ),
}
# Rates, error and free run are compared with the authors' scripts. For each neuron: number of runs of its script, range
# of each measure over these runs, and the bar within which our value counts as the same.
PROGRAM = "Nicola & Clopath 2017, doi:10.1038/s41467-017-01827-3, scripts run by us in GNU Octave"
_SEEN = {
    "lif": (
        8,
        [(18.53, 18.67), (22.57, 22.85), (22.53, 22.94), (0.0190, 0.0254), (4.965, 5.102), (0.988, 1.015)],
        BANDS["full", "lif"][1][:-1],
    ),
    "izhikevich": (
        4,
        [(4.98, 5.15), (37.4, 38.3), (35.9, 37.3), (0.0099, 0.0117), (4.950, 4.992), (0.955, 0.971)],
        BANDS["full", "izhikevich"][1][:-1],
    ),
    "theta": (
        6,
        [(7.87, 7.93), (25.81, 26.35), (25.80, 26.39), (0.0162, 0.0173), (4.975, 5.002), (0.995, 1.009)],
        BANDS["full", "theta"][1][:-1],
    ),
}
_DRIFTS = {"lif": 0.046, "izhikevich": 0.023}
# For settings without published or measured bands, we use these criteria relative to the teacher.
GENERIC_RMSE, GENERIC_CORRELATION, GENERIC_FREQUENCY, GENERIC_AMPLITUDE = 0.2, 0.9, 0.05, 0.15


def settle(config: Config) -> Config:
    """Return the Config with every field filled in."""
    require_positive(config, "frequency")
    settled = settle_force(config)
    if config.teacher != "sine":
        learn, dt = settled.setup.learn, settled.setup.dt
        require_changes(teacher_from(config.teacher), (learn.start + 1) * dt, learn.stop * dt, learn.step * dt)
    return settled


def run(config: Config, engine: Engine) -> xr.Dataset:
    """Train the network; see :func:`snnlab.train_force` for what the dataset holds."""
    teacher = (lambda t: sine(t, config.frequency)) if config.teacher == "sine" else teacher_from(config.teacher)
    return train_force(config, teacher, engine)


def measure(dataset: xr.Dataset) -> dict[str, float]:
    """Return every measure of a run by name. A run that ends with its learning window has no free-run measures."""
    start, stop, end = (dataset.attrs[k] for k in ("learn_start", "learn_stop", "seconds"))
    rate, bins = dataset.population_rate.values, dataset.bin.values
    time, output, teacher = dataset.time.values, dataset.output.values, dataset.teacher.values
    dt = float(time[1] - time[0])
    last = osc.end_of_learning(time, start, stop, 1.0)
    values = {
        RATES[0]: _mean(rate[osc.between(bins, 0, start)]),
        RATES[1]: _mean(rate[osc.between(bins, start, stop)]),
        TRAINING: osc.rmse(output[last], teacher[last]),
    }
    if end - stop < FREE_RUN_SECONDS:
        return values
    free = osc.between(time, stop, np.inf)
    values[RATES[2]] = _mean(rate[osc.between(bins, stop, np.inf)])
    values[FREE[0]] = osc.frequency(output[free, 0], dt)
    values[FREE[1]] = osc.amplitude(output[free, 0])
    window = min(1.0, (end - stop) / 2)
    correlations, _ = osc.lag_correlations(output, teacher, dt, stop, window)
    values[FREE[2]] = float(correlations.min()) if len(correlations) else float("nan")
    drift = _drift(attribute(dataset, "config"), output[free, 0], teacher[free, 0], teacher[:, 0], dt)
    return values | ({} if drift is None else {DRIFT: drift})


def _drift(config: dict, output: np.ndarray, teacher: np.ndarray, whole: np.ndarray, dt: float) -> float | None:
    """Return the phase drift of a free run against its teacher; None for a teacher without a steady frequency.

    The frequency of a user's teacher is read from the teacher in the ``whole`` run.
    """
    if config["teacher"] == "sine":
        return osc.phase_drift(output, dt, config["frequency"])
    frequency = osc.frequency(whole, dt)
    if not np.isfinite(frequency):
        return None
    own = osc.phase_drift(teacher, dt, frequency)
    return osc.phase_drift(output, dt, frequency) - own if abs(own) < STEADY * frequency else None


def checks(dataset: xr.Dataset) -> list[Check]:
    """Return the checks that apply: published bands at published settings, else criteria relative to the teacher.

    A control is checked by the criteria, because it could leave a published band by being better.
    """
    config, measured = attribute(dataset, "config"), measure(dataset)
    preset, condition = dataset.attrs["preset"], dataset.attrs["condition"]
    names = [*RATES, TRAINING, *FREE]
    source, bands = BANDS.get((preset, config["neuron"]), (None, None))
    if condition in AFTER_LEARNING and FREE[0] not in measured:
        return []
    if bands is None or condition != "default" or config["teacher"] != "sine" or config["frequency"] != 5.0:
        source, bands = "our criterion, relative to the teacher" + _shortened(dataset), _generic(dataset, config)
    rows = dict(zip(names, bands, strict=True))
    stated = {name: band for name, band in rows.items() if band is not None and name in measured}
    return [Check(name, measured[name], *band, source) for name, band in stated.items()]


def _shortened(dataset: xr.Dataset) -> str:
    """Return a note on windows that are shorter than the names of the measures say."""
    start, stop, end = (dataset.attrs[k] for k in ("learn_start", "learn_stop", "seconds"))
    windows = [(stop - start) / 2, *([(end - stop) / 2] if end - stop >= FREE_RUN_SECONDS else [])]
    short = [f"{window:.3g}" for window in windows if window < 1]
    return f"; windows of {' and '.join(short)} s" if short else ""


def _generic(dataset: xr.Dataset, config: dict) -> list[tuple[float, float] | None]:
    scale = float(np.sqrt(dataset.teacher.var("time").mean()))
    frequency = amplitude = None
    if config["teacher"] == "sine":
        f = config["frequency"]
        frequency = (f * (1 - GENERIC_FREQUENCY), f * (1 + GENERIC_FREQUENCY))
        amplitude = (1 - GENERIC_AMPLITUDE, 1 + GENERIC_AMPLITUDE)
    error = (0.0, GENERIC_RMSE * scale) if scale > 0 else None
    return [None, None, None, error, frequency, amplitude, (GENERIC_CORRELATION, INF)]


def comparisons(datasets: list[xr.Dataset]) -> list[Finding]:
    """Return phase drift and error of each network over its seeds, and compare Izhikevich with LIF at the same preset.

    Runs form one group if all their settings except the seed and the recordings are equal. Controls are left out.
    Without recurrence (G = 0), LIF and Izhikevich networks are silent, because their bias is the rheobase. RLS then
    never starts, so this control says nothing about recurrent dynamics. Theta neurons learn without recurrence.
    """
    groups: dict[str, dict[int, xr.Dataset]] = {}
    for dataset in datasets:
        config = attribute(dataset, "config")
        if dataset.attrs["condition"] == "default" and config["teacher"] == "sine":
            groups.setdefault(settings(dataset), {})[int(dataset.attrs["seed"])] = dataset
    rows, full = [], {}
    for key, runs in groups.items():
        if len(runs) < 3:
            continue
        config, first = json.loads(key), next(iter(runs.values()))
        measures = [measure(dataset) for dataset in runs.values()]
        at_scale = first.attrs["preset"] == "full"
        name = config["neuron"] if at_scale else f"{config['neuron']}, {_changes(next(iter(runs.values())))}"
        if at_scale:
            full[config["neuron"]] = dict(zip(runs, measures, strict=True))
        if at_scale and config["neuron"] in _SEEN:
            rows += _beside_scripts(config["neuron"], list(runs.values()), measures)
        drift = [m[DRIFT] for m in measures if DRIFT in m]
        if len(drift) == len(measures):
            by_seed = per_seed(list(runs.values()), drift)
            what = f"{name}: phase drift (cycles/s)"
            rows.append(Finding.over_seeds(what, by_seed, "0: no systematic drift", against=0))
            sizes = per_seed(list(runs.values()), np.abs(drift))
            what = "size of the phase drift (cycles/s)"
            published = _of_scripts(name, 1, what, _DRIFTS[name]) if name in _DRIFTS else "none"
            rows.append(Finding.over_seeds(f"{name}: {what}", sizes, "a description", published))
        null = f"{np.sqrt(0.5):.3f}: an output of 0"
        errors = per_seed(list(runs.values()), [m[TRAINING] for m in measures])
        rows.append(Finding.over_seeds(f"{name}: RMSE at the end of learning", errors, null, against=np.sqrt(0.5)))
    if {"lif", "izhikevich"} <= set(full):
        for what, better, worse in ((TRAINING, "izhikevich", "lif"), (FREE[2], "lif", "izhikevich")):
            pair = [{seed: m[what] for seed, m in full[name].items()} for name in (worse, better)]
            text = f"{what}: {worse} minus {better} (> 0: Izhikevich is cleaner)"
            rows.append(Finding.difference(text, *pair, "0: no difference", "Izhikevich looks cleaner (a remark)"))
    return rows


def _of_scripts(neuron: str, count: int, what: str, value: float | tuple[float, float]) -> Published:
    """Return the values of a measure in ``count`` runs of the authors' script for a neuron, as a claim."""
    unit = what.rpartition("(")[2].removesuffix(")") if what.endswith(")") else "1"
    numbers = " to ".join(f"{x:g}" for x in (value if isinstance(value, tuple) else (value,)))
    claimed = f"{what}: {numbers} in {count} run{'s' if count > 1 else ''} of the script."
    locator = f"ModelDB 190565, sine of 5 Hz, {neuron}"
    note = "The scripts are unmodified except for the random seed and the plots. No value of the paper could be read."
    return Published(PROGRAM, locator, "number", claimed, value, unit, what, "authors' program", "code", note)


def _beside_scripts(neuron: str, runs: list[xr.Dataset], measures: list[dict[str, float]]) -> list[Finding]:
    """Compare rates, error and free run of a neuron's networks at the published scale with the authors' script."""
    count, seen, bars = _SEEN[neuron]
    source = f"about the 95/95 % tolerance interval of {count} runs of the script, and 1 % for the filter's scheme"
    return [
        Finding.over_seeds(
            f"{neuron}: {what}",
            per_seed(runs, [m[what] for m in measures]),
            "a description",
            _of_scripts(neuron, count, what, value),
            bar=bar,
            bar_from=source,
        )
        for what, value, bar in zip([*RATES, TRAINING, *FREE[:2]], seen, bars, strict=True)
        if all(what in m for m in measures)
    ]


def _changes(run: xr.Dataset) -> str:
    """Return the settings that were given, for the name of a finding; those that only record are left out."""
    kept = {*attribute(run, "neutral"), "neuron"} if "neutral" in run.attrs else {"neuron", "seed", "target"}
    return ", ".join(f"{k}={v}" for k, v in given(run).items() if v is not None and k not in kept) or "custom"


def _mean(x: np.ndarray) -> float:
    return float(np.mean(x)) if len(x) else float("nan")
