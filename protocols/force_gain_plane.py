"""Where FORCE learns, and where chaos begins, in the plane of the gains G and Q (Nicola & Clopath 2017)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from snnlab.analysis import chaos
from snnlab.analysis import oscillations as osc
from snnlab.claims import Check, Finding
from snnlab.connectivity import encoder, sparse_random
from snnlab.engine import Engine
from snnlab.errors import UserError
from snnlab.networks.force_config import ForceConfig, resolve
from snnlab.networks.force_training import make_loop, train_force
from snnlab.networks.perturbation import moved_spike
from snnlab.networks.recording import Plan
from snnlab.record import attribute
from snnlab.stimuli.oscillators import sine

FREQUENCY = 5.0
# Of the perturbations: how long the network runs before the first, how long each is followed, by how much a spike is
# delayed, time constant of the distance, time between two distances (s).
SETTLE, FOLLOWED, DELAY, TAU, STEP = 1.0, 0.5, 1e-3, 20e-3, 5e-3


@dataclass(frozen=True)
class Config(ForceConfig):
    """Settings of the run; None means: the value that the neuron's file states in its FORCE."""

    neuron: str = "lif"
    """lif, theta, izhikevich, ..., or path/to/file.py:NAME"""
    seconds: float = 10.0
    """length of the run (s)"""
    learn_start: float = 1.0
    """start of the learning window (s)"""
    learn_stop: float = 6.0
    """end of the learning window (s)"""
    perturbations: int = 5
    """number of moved spikes; 0: none, and no exponent"""


# Published G and Q, and what they are multiplied with in the study.
PUBLISHED = {"lif": (0.04, 10.0), "theta": (10.0, 1e4), "izhikevich": (5e3, 5e3)}
G_FACTORS, Q_FACTORS = (0.01, 0.1, 0.25, 0.5, 1.0, 2.0), (0.25, 0.5, 1.0, 2.0, 4.0)
VARIANTS = {
    f"{neuron}, G x {x:g}, Q x {y:g}": {"neuron": neuron, "g": x * g, "q": y * q}
    for neuron, (g, q) in PUBLISHED.items()
    for x in G_FACTORS
    for y in Q_FACTORS
}
QUICK = {"n": 800, "seconds": 4.0, "learn_start": 0.5, "learn_stop": 2.5, "perturbations": 2}
ERROR, EXPONENT = "error after learning / sd of the teacher", "growth of a moved spike (1/s)"
# Our criterion: learned.
LEARNED = 0.3


def run(config: Config, engine: Engine) -> xr.Dataset:
    """Train the network on a sine of 5 Hz; then follow moved spikes in the same network as it was before learning.

    Adds ``distance`` (perturbation, delay) and ``distance_of_unrelated`` (perturbation) to what
    :func:`snnlab.train_force` returns: see :func:`snnlab.analysis.chaos.spike_distance`. Before learning the decoder
    is 0, so they do not depend on Q. A network that is or falls silent has no spike to move, and no distance.
    """
    if config.perturbations < 0:
        raise UserError(f"perturbations: expected an integer >= 0, got {config.perturbations}")
    dataset = train_force(config, lambda t: sine(t, FREQUENCY), engine)
    return dataset.assign(_distances(config, engine)) if config.perturbations else dataset


def _distances(config: Config, engine: Engine) -> dict:
    setup = resolve(config)
    dt, n = setup.dt, config.n
    recurrent = sparse_random(n, config.p, setup.g, engine.rng("recurrent"), setup.zero_row_mean)
    settle, followed, delay = (round(x / dt) for x in (SETTLE, FOLLOWED, DELAY))
    n_steps = settle + config.perturbations * followed
    # A network of the same kind as the one that learned, so that no other program is built.
    feedback = encoder(n, 1, setup.q, engine.rng("encoder"), config.encoder)
    loop = make_loop(config, setup, recurrent, feedback, Plan(dt, n_steps, range(0), 0, n), engine)
    before = loop.advance(0, settle)
    times = np.arange(STEP, FOLLOWED + STEP / 2, STEP)
    columns, distances, unrelated = recurrent.tocsc(), [], []
    for start in range(settle, n_steps, followed):
        if not len(before.spike_steps):
            return {}
        moved, before = moved_spike(loop, columns, setup.synapse, before, start, start + followed, delay)
        pair = [(steps * dt, neurons) for steps, neurons in (moved.reference, moved.perturbed)]
        distances.append(chaos.spike_distance(*pair, moved.step * dt + times, TAU, n))
        # Both halves of the reference, one on top of the other.
        (when, who), middle = pair[0], start * dt + FOLLOWED / 2
        late = when >= middle
        halves = (when[~late], who[~late]), (when[late] - FOLLOWED / 2, who[late])
        unrelated.append(chaos.spike_distance(*halves, start * dt + np.array([FOLLOWED / 2]), TAU, n)[-1])
    labels = {"units": "1", "long_name": "distance of the spike trains of both copies"}
    return {
        "distance": (("perturbation", "delay"), np.array(distances), labels),
        "distance_of_unrelated": (("perturbation",), np.array(unrelated), {"units": "1"}),
        "delay": ("delay", times, {"units": "s", "long_name": "time since the moved spike"}),
    }


def exponent(dataset: xr.Dataset) -> float:
    """Return the rate (1/s) at which the difference grows that one moved spike makes; NaN for a silent network.

    If the spike changes no other, it is forgotten with the time constant of the distance: -50/s.
    """
    if "distance" not in dataset:
        return float("nan")
    saturated = float(dataset.distance_of_unrelated.mean())
    return chaos.growth_rate(dataset["delay"].values, dataset.distance.values, saturated)


def measure(dataset: xr.Dataset) -> dict[str, float]:
    """Return error and exponent of a run; each period of the free run is compared at its best lag."""
    period, stop = 1 / FREQUENCY, dataset.attrs["learn_stop"]
    every = max(1, round(1e-3 / float(dataset.time[1] - dataset.time[0])))
    time, output, target = (dataset[k].values[::every] for k in ("time", "output", "teacher"))
    outputs, targets, _ = osc.aligned(output, target, float(time[1] - time[0]), stop, period, period / 2)
    values = {}
    if len(outputs):
        values[ERROR] = float(np.sqrt(((outputs - targets) ** 2).mean() / target.var(0).mean()))
    if "perturbations" in (config := attribute(dataset, "config")) and config["perturbations"]:
        values[EXPONENT] = exponent(dataset)
    return values


def checks(dataset: xr.Dataset) -> list[Check]:
    """Return our criterion at the published gains; that other points do not learn is what the study is about."""
    measured, (x, y) = measure(dataset), factors(attribute(dataset, "config"))
    return [Check(ERROR, measured[ERROR], 0.0, LEARNED, "our criterion")] if ERROR in measured and x == y == 1 else []


def factors(config: dict) -> tuple[float, float]:
    """Return G and Q of a run over the published ones; NaN for a neuron that has none."""
    published = PUBLISHED.get(config["neuron"], (np.nan, np.nan))
    given = (published[i] if config[name] is None else config[name] for i, name in enumerate("gq"))
    return tuple(round(value / unit, 6) for value, unit in zip(given, published, strict=True))


def findings(datasets: list[xr.Dataset]) -> list[Finding]:
    """For each neuron: from which G on a moved spike grows, from which G on the network learns, and both together."""
    planes: dict[tuple[str, str], dict[int, list[tuple[float, dict[str, float]]]]] = {}
    for dataset in datasets:
        config, measured = attribute(dataset, "config"), measure(dataset)
        if config["neuron"] in PUBLISHED and {ERROR, EXPONENT} <= set(measured):
            plane = planes.setdefault((config["neuron"], dataset.attrs["preset"]), {})
            plane.setdefault(int(dataset.attrs["seed"]), []).append((factors(config)[0], measured))
    rows = []
    for (neuron, preset), plane in planes.items():
        if len(plane) < 3 or min(len(points) for points in plane.values()) < 2:
            continue
        values: dict[str, list[float]] = {}
        for points in plane.values():
            chaotic = {g for g, measured in points if measured[EXPONENT] > 0}
            learned = {g for g, measured in points if measured[ERROR] <= LEARNED}
            values.setdefault("smallest G at which a moved spike grows", []).append(min(chaotic, default=np.nan))
            values.setdefault("smallest G that learns with some Q", []).append(min(learned, default=np.nan))
            for what, inside in (("grows", True), ("does not grow", False)):
                errors = [measured[ERROR] for g, measured in points if (g in chaotic) == inside]
                if errors:
                    name = f"share of points that learn where a moved spike {what}"
                    values.setdefault(name, []).append(float(np.mean(np.array(errors) <= LEARNED)))
        for what, each in values.items():
            null = "1: the published G" if what.startswith("smallest") else "0: an output of 0"
            rows.append(Finding.over_seeds(f"{neuron} ({preset}): {what}", each, null))
    return rows
