"""The STDP window of a dynamic Boltzmann machine, measured at simulated synapses (Osogami & Otsuka 2015)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import xarray as xr

from snnlab.checking import require_choices, require_whole
from snnlab.engine.brian import Engine
from snnlab.engine.settings import Cost
from snnlab.engine.tasks import Task
from snnlab.errors import UserError
from snnlab.files.describe import describe
from snnlab.lab.claims import Check
from snnlab.networks.boltzmann import (
    DT,
    Boltzmann,
    BoltzmannNetwork,
    DybmRule,
    boltzmann_models,
    checked_delays,
    fresh_state,
)

FIGURE = "dybm_stdp_window"
QUICK = {"delays": (1, 4), "longest_lag": 6}
# The control uses beta in reverse order and gamma in the wrong energy. It learns nothing at delays of 1.
CONTROLS = {"jdybm": {"variant": "jdybm"}}
# This allows for rounding errors of the largest traces, mu^-8 = 65536 for mu = 0.25.
CLOSE = 1e-9
# The learning rate is so small that learning changes no probability: the window is the limit of small steps. It is a
# power of two, so that division by it has no rounding error.
RATE = 2.0**-200
NAMES = {
    "delay": ("delay of the synapse", "steps"),
    "lag": ("time of the postsynaptic spike minus that of the presynaptic one", "steps"),
    "lam": ("decay rate of a synaptic trace", "1"),
    "mu": ("decay rate of a neural trace", "1"),
    "ltp": ("change of u by one pair over the learning rate", "1"),
    "ltd": ("change of v by one pair over the learning rate", "1"),
    "ltp_weight": ("energy that u = 1 takes from the two spikes", "1"),
    "ltd_weight": ("energy that v = 1 takes from the two spikes", "1"),
    "ltp_law": ("change of u by one pair in closed form", "1"),
    "ltd_law": ("change of v by one pair in closed form", "1"),
}
# Each part of a window belongs to one kind of weight and its decay rates.
PARTS = {"ltp": ("u", "lam"), "ltd": ("v", "mu")}


@dataclass(frozen=True)
class Config:
    """Settings of the pairings."""

    delays: tuple[int, ...] = (1, 3, 5, 9)
    """delays of the synapse (steps); a window is measured for each delay"""
    longest_lag: int = 20
    """largest lag between the two spikes of a pair, in both directions (steps)"""
    lam: tuple[float, ...] = DybmRule.lam
    """decay rates of the synaptic traces"""
    mu: tuple[float, ...] = DybmRule.mu
    """decay rates of the neural traces and of the spikes under way"""
    chance: float = 0.1
    """probability that a neuron fires without any past spikes; it sets the bias; windows do not depend on it"""
    timing: Literal["consistent", "literal"] = "consistent"
    """consistent: a spike that arrives now counts as arrived; literal: it does not, as equation 4 is printed"""
    variant: Literal["paper", "jdybm"] = "paper"
    """the paper's equations, or what the authors' program does instead"""
    target: Literal["numpy", "cython"] = "numpy"
    """where Brian2's generated code runs; numpy is faster here, because compilation takes longer than the run"""

    def rule(self) -> DybmRule:
        """Return the learning rule; raises UserError for settings that are not allowed."""
        require_choices(self)
        if not self.delays:
            raise UserError("delays: expected at least one delay, got none")
        for delay in self.delays:
            checked_delays(np.full((1, 1), delay))
        require_whole("longest_lag", self.longest_lag, 1, 100)
        if not 0 < self.chance < 1:
            raise UserError(f"chance: expected a number between 0 and 1, got {self.chance}")
        settings = {name: getattr(self, name) for name in ("lam", "mu", "timing", "variant")}
        return DybmRule(optimizer="sgd", rate=RATE, **settings)


def settle(config: Config) -> Config:
    """Check the values of a Config and return it."""
    config.rule()
    return config


def models(config: Config) -> dict:
    """Return the version of the machines' program. The settings tell everything else."""
    return boltzmann_models()


def cost(config: Config) -> Cost:
    """Return the expected cost of a run, measured for numpy on one core of an EPYC."""
    rates = len(config.lam) + len(config.mu)
    # Each trial has two neurons for every lag, and synapses between all of them.
    trial = 2 * config.longest_lag + 1
    steps, pairs = len(config.delays) * (3 + rates) * trial, (2 * trial) ** 2
    return Cost(steps, 8 * 4 * rates * pairs, 2 + steps * (3e-4 + 1.2e-7 * pairs))


def run(config: Config, engine: Engine) -> xr.Dataset:
    """Let neurons i and j of each pair fire once at a lag t_j - t_i, and measure the change of the synapse i to j.

    One machine holds a pair for every lag. All other weights are 0. The windows have the shape (delay, lag, rate):

    - ``ltp`` and ``ltd``, the windows of learning: the change of u and v, in units of the learning rate, by plain
      gradient ascent from weights of 0. From the change when both neurons fire, the changes when i fires alone and when
      j fires alone are subtracted. The subtraction removes the effect of the expected rate and leaves the pairing.
    - ``ltp_weight`` and ``ltd_weight``, the windows of weights: the decrease of the energy of the two spikes by u = 1
      or v = 1. A value below 0 means inhibition. Learning follows the gradient: u increases, and v, which inhibits,
      decreases.

    Variables that end in ``_law`` are the closed form of the paper's equations, for both variants.
    """
    rule = config.rule()
    lags = np.arange(-config.longest_lag, config.longest_lag + 1)
    weighted = [(name, m) for name, rates in (("u", rule.lam), ("v", rule.mu)) for m in range(1, len(rates) + 1)]
    trials = [
        *(Trial(delay, fire) for delay in config.delays for fire in ("both", "pre", "post")),
        *(Trial(delay, "both", *weight) for delay in config.delays for weight in weighted),
    ]
    shown = dict(zip(trials, _show(trials, config, rule, lags, engine), strict=True))
    dataset = xr.Dataset(coords={"delay": ("delay", list(config.delays)), "lag": ("lag", lags)})
    for part, (name, rates) in PARTS.items():
        learning, weights = np.empty((2, len(config.delays), len(lags), len(getattr(rule, rates))))
        for index, delay in enumerate(config.delays):
            both, pre, post = (shown[Trial(delay, fire)] for fire in ("both", "pre", "post"))
            for m in range(1, learning.shape[2] + 1):
                key = f"{name}_{m}"
                learning[index, :, m - 1] = (both.learned[key] - pre.learned[key] - post.learned[key]) / RATE
                with_synapse = shown[Trial(delay, "both", name, m)]
                weights[index, :, m - 1] = both.energy - with_synapse.energy
        dims = ("delay", "lag", rates)
        dataset = dataset.assign_coords({rates: (rates, list(getattr(rule, rates)))})
        dataset[part], dataset[f"{part}_weight"] = (dims, learning), (dims, weights)
        dataset[f"{part}_law"] = (dims, law(part, dataset, config.timing))
    return describe(dataset, NAMES)


@dataclass(frozen=True)
class Trial:
    """One trial of all pairs: the delay, the neurons that fire, and the weight that is 1; without one, pairs learn."""

    delay: int
    fire: Literal["both", "pre", "post"]
    weight: str = ""
    m: int = 0


@dataclass(frozen=True)
class _Shown:
    """Result of a trial: energies of the spikes of each pair, and the weights of its synapse; shapes (lag,)."""

    energy: np.ndarray
    learned: dict[str, np.ndarray]


def _show(trials: list[Trial], config: Config, rule: DybmRule, lags: np.ndarray, engine: Engine) -> list[_Shown]:
    """Run the trials one after another, each from silence. Neuron i of a pair has an even index, and j is the next."""
    n, steps = 2 * len(lags), 2 * config.longest_lag + 1
    bias = np.full(n, np.log(config.chance / (1 - config.chance)))
    still = Boltzmann(np.ones((n, n)), bias, np.zeros((n, n, len(rule.lam))), np.zeros((n, n, len(rule.mu))), rule)
    pre, post = np.arange(0, n, 2), np.arange(1, n, 2)
    fires = np.empty(n, int)
    fires[pre], fires[post] = config.longest_lag, config.longest_lag + lags
    net, silence = BoltzmannNetwork(still), fresh_state(still)
    energy, found = np.zeros(n), []

    def begin(trial: Trial) -> None:
        for names in net.names.values():
            for name in names:
                net.view(name)[:] = silence[name].ravel()
        net.view("delay_steps")[:] = trial.delay
        if trial.weight:
            net.view(f"{trial.weight}_{trial.m}").reshape(n, n)[pre, post] = 1
        net.view("learning")[...] = not trial.weight
        energy[:] = 0
        show(trial, 0)

    def show(trial: Trial, at: int) -> None:
        x = fires == at
        for name, silent in (("pre", post), ("post", pre)):
            x[silent] &= trial.fire != name
        net.view("target")[:] = x

    def step(now: int) -> None:
        number, at = divmod(now, steps)
        fired = net.view("x") == 1
        energy[fired] = net.view("energy")[fired]
        if at + 1 < steps:
            show(trials[number], at + 1)
            return
        names = [name for name in net.names["synapses"] if name.startswith(("u_", "v_"))]
        learned = {name: net.view(name).reshape(n, n)[pre, post] for name in names}
        found.append(_Shown(energy[pre] + energy[post], learned))
        if number + 1 < len(trials):
            begin(trials[number + 1])

    begin(trials[0])
    total = len(trials) * steps
    engine.run(net.network, total * DT, net.clock, [Task(range(total), step)], namespace={})
    return found


def law(part: str, dataset: xr.Dataset, timing: str = "consistent", variant: str = "paper") -> np.ndarray:
    """Return a window of learning in closed form, shape (delay, lag, rate), with D = t_post - t_pre and the delay d.

    ltp: lambda^(D - d + 1) for D >= d; with the timing "literal" lambda^(D - d) for D > d.
    ltd: -mu^-D for D < d, except D = 0, where neither spike comes after the other. It is one exponential: spikes under
    way give the part D > 0, and the neuron's own spikes give the part D < 0. In the variant "jdybm", spikes under way
    give -mu^-(d - D), and ltp is 0 for d = 1. The windows of weights are the same, except that "jdybm" has no window
    for D < 0.
    """
    lag, delay = dataset.lag.values[None, :, None], dataset.delay.values[:, None, None]
    rate = dataset[PARTS[part][1]].values[None, None, :]
    if part == "ltp":
        since = np.broadcast_to(lag - delay - (timing == "literal"), (*np.broadcast_shapes(lag.shape, delay.shape),))
        arrives = (since >= 0) & ((delay > 1) | (variant == "paper"))
        return np.where(arrives, rate ** np.maximum(since + 1, 0), 0.0)
    power = np.where((lag > 0) & (variant == "jdybm"), delay - lag, lag + 0 * delay)
    # Powers beyond the delay can be large and are not used.
    return -np.where((lag < delay) & (lag != 0), rate ** -np.where(lag < delay, power, 0).astype(float), 0.0)


def checks(dataset: xr.Dataset) -> list[Check]:
    """Return the checks that the windows of learning and of weights equal the closed form at every delay."""
    rows = []
    for delay in dataset.delay.values:
        chosen = dataset.sel(delay=delay)
        for part in PARTS:
            worst = max(float(np.abs(chosen[part + kind] - chosen[f"{part}_law"]).max()) for kind in ("", "_weight"))
            what = f"{part.upper()}, delay {delay}: largest distance from the closed form"
            rows.append(Check(what, worst, 0.0, CLOSE, "rounding"))
    return rows


def measure(dataset: xr.Dataset) -> dict[str, float]:
    """Return the largest distances from the closed form over all delays."""
    values = {}
    for part in PARTS:
        for kind, of in (("", "learning"), ("_weight", "weights")):
            away = np.abs(dataset[f"{part}{kind}"] - dataset[f"{part}_law"])
            values[f"{part.upper()}, window of {of}: largest distance from the closed form"] = float(away.max())
    return values
