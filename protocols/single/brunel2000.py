"""Four states of a sparse network of excitatory and inhibitory integrate-and-fire neurons (Brunel 2000, figure 8).

Neurons are leaky integrators. Each gets spikes of C_E excitatory and C_E/4 inhibitory neurons, drawn at random, and of
C_E independent Poisson processes from outside. A spike moves v by J, or by -g J if it is inhibitory, after a delay.
Two numbers decide about the state: g, and the outside rate over the rate that would bring v to the threshold alone.

The sources leave these points open. We chose:

- Time steps are 0.1 ms, the delay has 15 of them. Between spikes the equation is solved exactly, but spikes fall on
  steps. In the state SR two halves of the network fire in turns, each one delay and one step after the other. Its rate
  is therefore 1/(2 (D + dt)) = 312.5 Hz. It would rise to 333 Hz for dt = 0.
- In the refractory period v stays at the reset potential. Spikes that arrive then are lost.
- Each neuron has exactly C_E and C_E/4 different presynaptic neurons. It may be one of them itself, but its own spikes
  reach it in its refractory period and are lost.
- v starts evenly distributed between reset and threshold. The first 0.2 s are not measured.
- Outside spikes of a step are drawn from a binomial distribution (Brian2's PoissonInput).

The reduced preset has a fifth of the neurons, half of the synapses of each, and J twice as large, so that J C_E is as
published. (With a tenth of the synapses and ten times J, noise would be three times as large, and theory gives 38 Hz in
place of 6.5 Hz for SI slow.) Neurons share a quarter of their inputs in place of a tenth. The four states stay apart in
rate, regularity and frequency, which is what the reduced preset can show. It cannot show that AI is the least
synchronous of the irregular states: its rate fluctuates as much as that of SI fast.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import xarray as xr

from snnlab.analysis import mean_field, population, trains
from snnlab.checking import require_between, require_choices, require_positive, require_whole
from snnlab.engine.brian import Engine
from snnlab.engine.settings import Cost
from snnlab.errors import UserError
from snnlab.files.describe import describe
from snnlab.files.record import attribute
from snnlab.lab.claims import Check, Finding, Published, per_seed

INF = float("inf")
# State: g, outside rate over threshold rate; length of the run (s).
STATES = {"SR": (3.0, 2.0), "SI fast": (6.0, 4.0), "AI": (5.0, 2.0), "SI slow": (4.5, 0.9)}
SECONDS = {"SR": 0.7, "SI fast": 1.2, "AI": 1.2, "SI slow": 2.2}
PANELS = dict(zip(STATES, "ABCD", strict=True))
# The neuron (s, V).
NEURON = {"tau": 0.020, "threshold": 0.020, "reset": 0.010, "refractory": 0.002}
VARIANTS = {state: {"state": state} for state in STATES}
QUICK = {"n_e": 2000, "c_e": 500, "j": 0.2}
# It keeps every neuron and synapse, but not which kind of input dominates.
CONTROLS = {"other balance": {"control": "other balance"}}
FIGURE = "brunel2000"
# Start of the measured part, longest segment of the spectrum, width of a bin (s); band of the spectrum (Hz).
START, SEGMENT, BIN, BAND = 0.2, 0.5, 1e-3, (5.0, 1000.0)
# A train has at least this number of spikes to count for the CV.
FEWEST = 5
NAMES = {
    "time": ("start of a time step", "s"),
    "count_e": ("spikes of all excitatory neurons in a time step", "1"),
    "count_i": ("spikes of all inhibitory neurons in a time step", "1"),
}
RATE_E, RATE_I, CV = "rate of excitatory neurons (Hz)", "rate of inhibitory neurons (Hz)", "mean CV of intervals"
FREQUENCY, RATIO = "frequency of the population rate (Hz)", "frequency of the population rate / rate"
FLUCTUATION, SYNCHRONY = "fluctuation of the population rate, 1 ms bins", "synchrony (1: independent neurons)"
THEORY, THEORY_CV = "rate by mean-field theory (Hz)", "CV by mean-field theory"

SOURCE = "Brunel 2000, doi:10.1023/A:1008925309027"
# The paper could not be read. Its rates stand in two public programs that repeat figure 8 and agree; its
# frequencies stand in one of them. The rates for its theory (55.8, 38.0, 6.5 Hz) are those of ours.
READ = ("our model after it", "secondary", "Read in public programs that repeat figure 8. The paper has one network.")
PUBLISHED = {
    "SI fast": {RATE_E: 60.7, FREQUENCY: 180.0},
    "AI": {RATE_E: 37.7},
    "SI slow": {RATE_E: 5.5, FREQUENCY: 22.0},
}
# What the abstract says of the states; where "irregular" begins is ours.
SAYS = "the abstract: regular, irregular, slower than the oscillation; the border is ours"
CLAIMS = {
    "SR": {CV: (0.0, 0.1)},
    "SI fast": {CV: (0.25, INF), RATIO: (1.0, INF)},
    "AI": {CV: (0.25, INF)},
    "SI slow": {CV: (0.25, INF), RATIO: (1.0, INF)},
}
OURS = "our seeds 0 to 9, 95/95 % tolerance"
# Bands of the full scale; those of the reduced preset stand in brunel2000.bands.csv.
BANDS: dict[str, dict[str, tuple[float, float]]] = {
    "SI fast": {RATE_E: (58.1, 60.8), FREQUENCY: (164, 184), FLUCTUATION: (0.87, 1.11)},
    "AI": {RATE_E: (36.3, 37.8), FLUCTUATION: (0.0, 0.574)},
    "SI slow": {RATE_E: (4.7, 5.7), FREQUENCY: (14, 26), FLUCTUATION: (1.47, 2.30)},
}


@dataclass(frozen=True)
class Config:
    """Settings of the network. None means the value of the state."""

    state: Literal["SR", "SI fast", "AI", "SI slow"] = "AI"
    """synchronous regular, fast or slow synchronous irregular, or asynchronous irregular (figure 8 A, B, C, D)"""
    g: float | None = None
    """size of an inhibitory synapse over that of an excitatory one"""
    external: float | None = None
    """outside rate over the rate that brings v to the threshold by itself"""
    n_e: int = 10_000
    """number of excitatory neurons; a quarter as many inhibit"""
    c_e: int = 1000
    """number of excitatory synapses of a neuron, and of outside ones; a quarter as many inhibit"""
    j: float = 0.1
    """size of an excitatory synapse (mV)"""
    delay: float = 1.5
    """time from a spike to its effect (ms)"""
    dt: float = 0.1
    """time step (ms)"""
    seconds: float | None = None
    """length of the run (s); the first 0.2 s are not measured"""
    recorded: int | None = None
    """number of excitatory neurons whose spikes are stored; None means 500, or all if there are fewer"""
    control: Literal["none", "other balance"] = "none"
    """other balance: g = 3 where inhibition dominates (g > 4), else g = 5; runs of 0.7 s"""
    seed: int = 0
    """seed of all random streams"""
    target: Literal["cython", "numpy", "cpp_standalone"] = "cython"
    """where Brian2's generated code runs"""


def settle(config: Config) -> Config:
    """Return the Config with the values of the state filled in."""
    require_choices(config)
    require_whole("n_e", config.n_e, 4, 10**7)
    require_whole("c_e", config.c_e, 4, config.n_e)
    g, external = STATES[config.state]
    seconds = SECONDS[config.state if config.control == "none" else "SR"]
    config = replace(
        config,
        g=g if config.g is None else config.g,
        external=external if config.external is None else config.external,
        seconds=seconds if config.seconds is None else config.seconds,
        recorded=min(500, config.n_e) if config.recorded is None else config.recorded,
    )
    require_positive(config, "external", "j", "delay", "dt")
    require_between(config, "g", 0)
    require_between(config, "dt", 0, 0.5)
    require_between(config, "seconds", START + 0.05)
    require_whole("recorded", config.recorded, 1, config.n_e)
    for name in ("n_e", "c_e"):
        if getattr(config, name) % 4:
            raise UserError(f"{name}: expected a multiple of 4, got {getattr(config, name)}")
    for name, value in (("delay", config.delay), ("refractory period", 1e3 * NEURON["refractory"])):
        if abs(value / config.dt - round(value / config.dt)) > 1e-6:
            raise UserError(f"dt: expected a whole number of steps in the {name} ({value:g} ms), got {config.dt} ms")
    # More than this, and the binomial counts of a step are no longer close to Poisson's.
    if (often := outside_rate(config) * config.dt * 1e-3) > 0.1:
        raise UserError(f"external: expected at most 0.1 spikes of an outside synapse in a step, got {often:.3g}")
    return config


def models(config: Config) -> dict:
    """Return the version of this network."""
    return {"brunel2000": 1}


def cost(config: Config) -> Cost:
    """Return the expected cost: memory of the synapses, and time for their spikes and to build Cython modules."""
    seconds, n = config.seconds or 1.2, 1.25 * config.n_e
    synapses, steps = n * 1.25 * config.c_e, round(seconds * 1e3 / config.dt)
    rate = 320.0 if balance(config) < 4 else 40.0
    start = 3 if config.target == "numpy" else 15
    spikes = synapses * (4e-7 + 15e-9 * rate * seconds)
    return Cost(steps, memory=20 * synapses, seconds=start + steps * n * 3e-8 + spikes)


def balance(config: Config) -> float:
    """Return the g that is used: a control has another one."""
    if config.control == "none":
        return config.g
    return 3.0 if config.g > 4 else 5.0


def outside_rate(config: Config) -> float:
    """Return the rate (Hz) of one of the C_E outside processes of a neuron."""
    return config.external * NEURON["threshold"] / (config.j * 1e-3 * config.c_e * NEURON["tau"])


def run(config: Config, engine: Engine) -> xr.Dataset:
    """Run the network from random potentials. Its objects are Brian2's, as in any script."""
    from brian2 import Hz, Network, NeuronGroup, PoissonInput, PopulationRateMonitor, SpikeMonitor, Synapses, ms, mV

    # The equations see these names.
    tau, theta, v_r, tau_rp = 20 * ms, 20 * mV, 10 * mV, 2 * ms  # noqa: F841
    n_e, n_i, c_e, J = config.n_e, config.n_e // 4, config.c_e, config.j * mV
    g, c_i = balance(config), c_e // 4  # noqa: F841 (equations and connections see them)
    cells = NeuronGroup(
        n_e + n_i,
        "dv/dt = -v/tau : volt (unless refractory)",
        threshold="v > theta",
        reset="v = v_r",
        refractory=tau_rp,
        method="exact",
        dt=config.dt * ms,
    )
    cells.v = "v_r + rand()*(theta - v_r)"
    excitatory, inhibitory = cells[:n_e], cells[n_e:]
    excite = Synapses(excitatory, cells, on_pre="v += J", delay=config.delay * ms, dt=config.dt * ms)
    inhibit = Synapses(inhibitory, cells, on_pre="v -= g*J", delay=config.delay * ms, dt=config.dt * ms)
    excite.connect(i="k for k in sample(N_pre, size=c_e)")
    inhibit.connect(i="k for k in sample(N_pre, size=c_i)")
    outside = PoissonInput(cells, "v", c_e, outside_rate(config) * Hz, J)
    spikes = SpikeMonitor(cells[: config.recorded])
    rates = [PopulationRateMonitor(group) for group in (excitatory, inhibitory)]
    network = Network(cells, excite, inhibit, outside, spikes, rates)
    engine.run(network, config.seconds, cells.clock)

    step = config.dt * 1e-3
    counts = [
        np.rint(np.array(rate.rate) * size * step).astype(int) for rate, size in zip(rates, (n_e, n_i), strict=True)
    ]
    dataset = xr.Dataset(
        {
            "count_e": ("time", counts[0]),
            "count_i": ("time", counts[1]),
            "spike_time": ("spike", np.array(spikes.t)),
            "spike_neuron": ("spike", np.array(spikes.i)),
        },
        {"time": np.arange(len(counts[0])) * step, "recorded": np.arange(config.recorded)},
    )
    return describe(dataset, NAMES)


def inputs(config: dict, g: float, rate: float) -> tuple[float, float]:
    """Return mean and strength of the noise (V) of a neuron's input if all neurons fire at a rate (Hz) like Poisson's.

    mean = C_E J tau (nu_ext + nu (1 - g/4)), noise = J sqrt(C_E tau (nu_ext + nu (1 + g^2/4)))
    """
    c, j, tau = config["c_e"], config["j"] * 1e-3, NEURON["tau"]
    outside = config["external"] * NEURON["threshold"] / (j * c * tau)
    return c * j * tau * (outside + rate * (1 - g / 4)), j * (c * tau * (outside + rate * (1 + g**2 / 4))) ** 0.5


def theory(config: dict, g: float) -> tuple[float, float]:
    """Return rate (Hz) and CV of neurons that get the noise that they cause, if they fire independently."""
    rate = mean_field.self_consistent_rate(lambda nu: inputs(config, g, nu), **NEURON)
    return rate, mean_field.cv(*inputs(config, g, rate), **NEURON)


def measure(dataset: xr.Dataset) -> dict[str, float]:
    """Return every measure of a run by name, from 0.2 s on.

    The population is all neurons. The frequency is that of the largest power from 5 to 1000 Hz (Welch, segments of
    0.5 s, so that it is a multiple of 2 Hz). The CV is the mean over recorded neurons with at least five spikes. The
    fluctuation is standard deviation over mean. Synchrony is the variance of the population's count over that of
    independent neurons with the same trains. The theory supposes independent neurons that fire like Poisson's. Neurons
    fire more regularly, so that the noise from inside is weaker than there, and the CV is below that of the theory.
    """
    config = attribute(dataset, "config")
    step, n_e, n_i = config["dt"] * 1e-3, config["n_e"], config["n_e"] // 4
    first = round(START / step)
    parts = [dataset[name].values[first:] for name in ("count_e", "count_i")]
    counts, length = sum(parts), len(parts[0]) * step
    bins = population.binned(counts, round(BIN / step))
    spikes = trains.recorded(dataset)
    single = trains.counts(*spikes, START, START + len(bins) * BIN, len(bins))
    rate = counts.sum() / (n_e + n_i) / length
    frequency = population.peak_frequency(*population.spectrum(counts, step, SEGMENT), *BAND)
    expected = theory(config, config["g"])
    return {
        RATE_E: parts[0].sum() / n_e / length,
        RATE_I: parts[1].sum() / n_i / length,
        CV: mean_cv(spikes),
        FREQUENCY: frequency,
        RATIO: frequency / rate if rate > 0 else float("nan"),
        FLUCTUATION: population.fluctuation(bins),
        SYNCHRONY: population.synchrony(bins, single, n_e + n_i),
        THEORY: expected[0],
        THEORY_CV: expected[1],
    }


def mean_cv(spikes: trains.Spikes) -> float:
    """Return the mean coefficient of variation of the intervals of neurons with at least five measured spikes."""
    late = [train[train >= START] for train in trains.trains(*spikes)]
    values = [trains.cv_isi(train) for train in late if len(train) >= FEWEST]
    return float(np.mean(values)) if values else float("nan")


def checks(dataset: xr.Dataset) -> list[Check]:
    """Return the checks of the state: bands of its preset, or for other sizes what the source says about the state."""
    config, measured = attribute(dataset, "config"), measure(dataset)
    if (config["g"], config["external"]) != STATES[config["state"]]:
        return []
    rows = [Check(name, measured[name], *band, SAYS) for name, band in CLAIMS[config["state"]].items()]
    if config["state"] == "SR":
        turn = 1e3 / (config["delay"] + config["dt"])
        rows += [
            Check(FREQUENCY, measured[FREQUENCY], 0.99 * turn, 1.01 * turn, "closed form: volleys, D + dt apart"),
            Check(RATE_E, measured[RATE_E], 0.495 * turn, 0.505 * turn, "closed form: one volley in two"),
        ]
    if config["state"] == "AI" and dataset.attrs["preset"] == "full":
        low, high = 0.9 * measured[THEORY], 1.1 * measured[THEORY]
        rows.append(Check(RATE_I, measured[RATE_I], low, high, "mean-field theory; 10 % is our margin"))
    bands = BANDS.get(config["state"], {}) if dataset.attrs["preset"] == "full" else {}
    return rows + [Check(name, measured[name], *band, OURS) for name, band in bands.items()]


def findings(datasets: list[xr.Dataset]) -> list[Finding]:
    """Return rate, frequency, regularity and synchrony of a state over its networks, beside the published numbers."""
    config = attribute(datasets[0], "config")
    state, measures = config["state"], [measure(dataset) for dataset in datasets]
    if (config["g"], config["external"]) != STATES[state]:
        return []

    def values(name: str):
        return per_seed(datasets, [measured[name] for measured in measures])

    rows = []
    for name, number in PUBLISHED.get(state, {}).items():
        claim = f"{name}: {number:g} in a simulation of the source."
        beside = Published(SOURCE, f"figure 8{PANELS[state]}", "number", claim, number, "Hz", name, *READ)
        bar = (0.9 * number, 1.1 * number)
        from_ = "within 10 %: a round criterion for one network of the source"
        rows.append(Finding.over_seeds(name, values(name), "a description", beside, bar=bar, bar_from=from_))
    if state.startswith("SI"):
        claim = "Single neurons fire irregularly, typically at rates lower than the frequency of the population."
        beside = Published(SOURCE, "abstract", "direction", claim, None, "1", RATIO, READ[0], "abstract")
        rows.append(Finding.over_seeds(RATIO, values(RATIO), 1.0, beside, bar=(1.0, INF), bar_from="the direction"))
    rows += [
        Finding.over_seeds(CV, values(CV), "0: a clock; 1: Poisson"),
        Finding.over_seeds(FLUCTUATION, values(FLUCTUATION), "0: a constant rate"),
        Finding.over_seeds(SYNCHRONY, values(SYNCHRONY), 1.0),
    ]
    return rows


def comparisons(runs: list[xr.Dataset]) -> list[Finding]:
    """Return how much less the population rate fluctuates in AI than in other irregular states, at full scale."""
    found: dict[str, list[xr.Dataset]] = {}
    for run in runs:
        if run.attrs["condition"] == "default" and run.attrs["preset"] == "full":
            found.setdefault(attribute(run, "config")["state"], []).append(run)
    values = {
        state: per_seed(group, [measure(run)[FLUCTUATION] for run in group])
        for state, group in found.items()
        if state != "SR"
    }
    return [
        Finding.difference(f"{FLUCTUATION}: {state} minus AI", values[state], values["AI"], 0.0)
        for state in ("SI fast", "SI slow")
        if {state, "AI"} <= set(values)
    ]
