"""Windows of pair STDP, triplet STDP and Hebb's rule: weight change against spike timing, at simulated synapses."""

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

FIGURE = "stdp_window"
QUICK = {"lags": (-20.0, -5.0, 5.0, 20.0), "frequencies": (10.0, 40.0), "pairings": 5}
RULES = ("stdp", "triplet", "hebb")
NAMES = {
    "rule": ("learning rule", None),
    "lag": ("time of the postsynaptic spike minus that of the presynaptic one", "ms"),
    "order": ("which neuron of a pair fires first", None),
    "frequency": ("pairs of spikes per second", "Hz"),
    "window": ("change of the weight by one pair of spikes", "w_max"),
    "window_law": ("change of the weight by one pair of spikes in closed form", "w_max"),
    "trains": ("change of the weight by a train of pairs", "w_max"),
    "trains_law": ("change of the weight by a train of pairs in closed form", "w_max"),
}
# The closed forms use these numbers of the sources, and not those of the rules: Song, Miller & Abbott 2000 (STDP), and
# Table 3 of Pfister & Gerstner 2006, all-to-all, minimal (triplet); times in s. No source has numbers for Hebb's rule.
PUBLISHED = {
    "stdp": {"ratio": 1.05, "tau_plus": 0.020, "tau_minus": 0.020},
    "triplet": {
        "a2_plus": 0.0, "a3_plus": 6.5e-3, "a2_minus": 7.1e-3, "a3_minus": 0.0,
        "tau_plus": 0.0168, "tau_minus": 0.0337, "tau_x": 0.101, "tau_y": 0.114,
    },
}  # fmt: skip
# This allows for rounding errors of sums of at most some thousand terms below 1.
CLOSE = 1e-9
# The bounds are so wide and the learning rate is so small that no weight reaches a bound in this number of pairings.
# For more pairings, the rate is smaller. Both are powers of two, so that division by them has no rounding error.
FREE, SLOW, PAIRINGS = 1024.0, 0.125, 60
# This is the time step (s).
DT = 0.5e-3


@dataclass(frozen=True)
class Config:
    """Settings of the pairings."""

    lags: tuple[float, ...] = tuple(float(x) for x in range(-80, 81, 4) if x)
    """t_post - t_pre (ms), multiples of 0.5 ms"""
    frequencies: tuple[float, ...] = (2.0, 5.0, 10.0, 20.0, 30.0, 40.0, 50.0)
    """numbers of pairs per s, in trains of pairs"""
    train_lag: float = 10.0
    """t_post - t_pre of the pairs in trains (ms); trains with the other order have -train_lag"""
    pairings: int = PAIRINGS
    """number of pairs in a train"""
    target: Literal["numpy", "cython"] = "numpy"
    """where Brian2's generated code runs; numpy is faster here, because compilation takes longer than the run"""


def models(config: Config) -> dict:
    """Return the measured rules."""
    return {"single": RESULTS_VERSION} | {name: find_rule(name, SpikeRule).to_dict() for name in RULES}


def settle(config: Config) -> Config:
    """Check the values of a Config and return it."""
    require_choices(config)
    require_positive(config, "train_lag")
    require_whole("pairings", config.pairings, 1, 1000)
    for name in ("lags", "frequencies"):
        values = getattr(config, name)
        if not values or not np.isfinite(values).all():
            raise UserError(f"{name}: expected at least one finite number, got {values}")
    for lag in (*config.lags, config.train_lag):
        if abs(lag / 0.5 - round(lag / 0.5)) > 1e-9 or not 0.5 <= abs(lag) <= 1000:
            raise UserError(f"lags: expected multiples of 0.5 ms with sizes from 0.5 to 1000 ms, got {lag}")
    for frequency in config.frequencies:
        if not 1e-3 <= frequency <= 500 / config.train_lag:
            most = 500 / config.train_lag
            raise UserError(f"frequencies: expected numbers from 0.001 to {most:g} Hz for a train_lag of "
                            f"{config.train_lag} ms, got {frequency}")  # fmt: skip
    return config


def cost(config: Config) -> Cost:
    """Return the expected cost of a run. The train with the lowest frequency takes longest."""
    longest = (config.pairings - 1) / min(config.frequencies) + config.train_lag / 1e3
    last = max(longest, *(abs(lag) / 1e3 for lag in config.lags))
    return pairing_cost(last, DT, len(config.lags) + 2 * len(config.frequencies), len(RULES))


def run(config: Config, engine: Engine) -> xr.Dataset:
    """Let pairs of a presynaptic and a postsynaptic neuron fire at given times, one pair for every lag and frequency.

    Returns the weight changes in units of w_max: ``window`` (rule, lag) by one pair of spikes, and ``trains`` (rule,
    order, frequency) by a train of pairs. ``window_law`` and ``trains_law`` are the closed forms; see :func:`law`.
    """
    lags, orders = np.array(config.lags), ("pre first", "post first")
    pairs = [single(lag) for lag in lags / 1e3]
    signs = {"pre first": 1, "post first": -1}
    trains = [
        train(signs[order] * config.train_lag / 1e3, frequency, config.pairings)
        for order in orders
        for frequency in config.frequencies
    ]
    window, laws = np.empty((2, len(RULES), len(lags)))
    repeated, repeated_law = np.empty((2, len(RULES), len(orders), len(config.frequencies)))
    slow = SLOW / 2.0 ** max(0, np.ceil(np.log2(config.pairings / PAIRINGS)))
    for index, name in enumerate(RULES):
        rule = find_rule(name, SpikeRule)
        scale = rule.numbers["w_max"]
        free = rule.with_parameters(w_max=FREE, eta=slow * rule.numbers["eta"])
        # Some rules have learning rates in units of w_max.
        unit = slow * (FREE if "w_max" in rule.on_pre + rule.on_post else scale)
        changes = weight_changes(free, [([pre], post) for pre, post in pairs + trains], FREE / 2, DT, engine)[:, 0]
        window[index] = changes[: len(pairs)] / unit
        repeated[index] = changes[len(pairs) :].reshape(repeated[index].shape) / unit
        laws[index] = [law(rule, *pair) for pair in pairs]
        repeated_law[index] = np.reshape([law(rule, *each) for each in trains], repeated[index].shape)
    dims = ("rule", "order", "frequency")
    dataset = xr.Dataset(
        {
            "window": (("rule", "lag"), window),
            "window_law": (("rule", "lag"), laws),
            "trains": (dims, repeated),
            "trains_law": (dims, repeated_law),
        },
        {
            "rule": list(RULES),
            "lag": lags,
            "order": list(orders),
            "frequency": np.array(config.frequencies),
        },
    )
    return describe(dataset, NAMES)


def single(lag: float) -> tuple[np.ndarray, np.ndarray]:
    """Return times (s) of a presynaptic and of a postsynaptic spike."""
    return np.array([max(0.0, -lag)]), np.array([max(0.0, lag)])


def train(lag: float, frequency: float, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return times (s) of a train of pairs. Periods are rounded to the time step."""
    pre, post = single(lag)
    starts = np.arange(count) * round(1 / frequency / DT) * DT
    return pre + starts, post + starts


def law(rule: SpikeRule, pre: np.ndarray, post: np.ndarray) -> float:
    """Return the change by spikes at these times (s), in units of w_max: a sum over all pairs or triplets of spikes.

    Parameters that a source states are its own; the learning rate is that of the rule.

    If both neurons fire in one time step, the presynaptic spike counts as the earlier one.
    """
    p = {name: float(value) for name, value in rule.parameters.items()} | PUBLISHED.get(rule.name, {})
    lag = post[:, None] - pre[None, :]
    first, late = lag >= -DT / 4, lag < -DT / 4

    def kernel(elapsed: np.ndarray, tau: str) -> np.ndarray:
        return np.exp(-np.abs(elapsed) / p[tau])

    if rule.name == "hebb":
        return p["eta"] * float(kernel(lag, "tau").sum())
    if rule.name == "stdp":
        up, down = (first * kernel(lag, "tau_plus")).sum(), (late * kernel(lag, "tau_minus")).sum()
        return p["eta"] * float(up - p["ratio"] * down)
    before = {"o": _before(post, p["tau_y"]), "r": _before(pre, p["tau_x"])}
    up = first * kernel(lag, "tau_plus") * (p["a2_plus"] + p["a3_plus"] * before["o"][:, None])
    down = late * kernel(lag, "tau_minus") * (p["a2_minus"] + p["a3_minus"] * before["r"][None, :])
    return p["eta"] * float(up.sum() - down.sum())


def _before(times: np.ndarray, tau: float) -> np.ndarray:
    """Return the trace of all earlier spikes of a neuron at each of its spikes."""
    elapsed = times[:, None] - times[None, :]
    return np.where(elapsed > DT / 4, np.exp(-np.maximum(elapsed, 0) / tau), 0).sum(1)


def measure(dataset: xr.Dataset) -> dict[str, float]:
    """Return the distances from the closed form, in units of the largest change."""
    values = {}
    for rule in dataset.rule.values:
        for name in ("window", "trains"):
            found, wanted = dataset[name].sel(rule=rule), dataset[f"{name}_law"].sel(rule=rule)
            # If no change is expected, there is no largest change.
            away = float(np.abs(found - wanted).max() / (np.abs(wanted).max() or 1.0))
            values[f"{rule}, {name}: largest distance from the closed form"] = away
    return values


def checks(dataset: xr.Dataset) -> list[Check]:
    """Return the checks that simulated synapses agree with the sums over spikes for the published parameters."""
    return [Check(what, away, 0.0, CLOSE, "rounding; published parameters") for what, away in measure(dataset).items()]
