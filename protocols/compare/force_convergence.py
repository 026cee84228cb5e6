"""How the error of FORCE falls with the number of neurons, for spiking and rate networks (Nicola & Clopath 2017)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import xarray as xr

from snnlab.analysis import oscillations as osc
from snnlab.checking import require_between, require_choices, require_positive
from snnlab.engine.brian import Engine
from snnlab.engine.settings import BrianConfig, Cost
from snnlab.errors import UserError
from snnlab.files.describe import describe
from snnlab.files.record import attribute
from snnlab.lab.claims import Check, Finding, Published
from snnlab.networks.force import ForceConfig, force_cost, force_models, train_force
from snnlab.networks.rate import RATES, random_network, rate_cost, rate_models, train_rate
from snnlab.stimuli.signals.oscillators import sine

FIGURE = "force_convergence"
FREQUENCY = 5.0
SIZES = (125, 250, 500, 1000, 2000)
NETWORKS = ("lif", "theta", "izhikevich", *RATES)
# Time before learning (s), and time step of rate units (s).
BEFORE, DT = 1.0, 1e-3
# Rate units have the settings of rate_force (Sussillo & Abbott 2009): connectivity, gain, size of the feedback, time
# constant (s), steps between two RLS updates, initial P.
P, G, Q, TAU, RLS_STEPS, ALPHA = 0.1, 1.5, 1.0, 10e-3, 2, 1.0


@dataclass(frozen=True)
class Config(BrianConfig):
    """Settings of the run. All other settings are the defaults of force_sine and rate_force."""

    network: Literal["lif", "theta", "izhikevich", "tanh", "sqrt"] = "theta"
    """spiking neurons, or rate units: tanh (Sussillo & Abbott 2009), sqrt (counterpart of theta neurons)"""
    n: int = 1000
    """number of neurons or units"""
    learn: float = 5.0
    """time of learning (s)"""
    after: float = 4.0
    """time after learning (s)"""


VARIANTS = {f"{name}, N = {n}": {"network": name, "n": n} for name in NETWORKS for n in SIZES}
QUICK = {"learn": 1.5, "after": 1.0}
FALLS = Published(
    source="Nicola & Clopath 2017, doi:10.1038/s41467-017-01827-3",
    locator="supplement",
    kind="direction",
    claimed="The error of spiking and of rate networks falls as they grow.",
    value=None,
    unit="1",
    measure="error over the number of neurons",
    basis="our model after it",
    text_read="secondary",
    note="The number of the figure and the task are not known to us: ours is the sine.",
)
TRAINING, AFTERWARDS = "RMSE / sd of the teacher, end of learning", "error after learning / sd of the teacher"


def settle(config: Config) -> Config:
    """Check the values of a Config and return it."""
    require_choices(config)
    require_positive(config, "n", "learn", "after")
    if config.after < 2 / FREQUENCY or config.learn < 2 / FREQUENCY:
        raise UserError(
            f"learn, after: expected at least two periods, {2 / FREQUENCY} s, got {config.learn}, {config.after}"
        )
    for name in ("learn", "after"):
        require_between(config, name, 0.0, 1e12)
    return config


def models(config: Config) -> dict:
    """Return the models that the name of a network refers to."""
    return rate_models() if config.network in RATES else force_models(_spiking(config))


def cost(config: Config) -> Cost:
    """Return the expected cost of a run."""
    if config.network not in RATES:
        return force_cost(_spiking(config))
    steps = round((BEFORE + config.learn + config.after) / DT)
    return rate_cost(config.n, steps, round(config.learn / DT / RLS_STEPS))


def _spiking(config: Config) -> ForceConfig:
    # The exact gain is used because the step of the undivided gain grows with N.
    return ForceConfig(
        neuron=config.network,
        n=config.n,
        rls_gain="exact",
        seconds=BEFORE + config.learn + config.after,
        learn_start=BEFORE,
        learn_stop=BEFORE + config.learn,
        seed=config.seed,
        target=config.target,
        record_spikes=0,
        record_voltages=1,
        record_interval=1.0,
    )


def run(config: Config, engine: Engine) -> xr.Dataset:
    """Train a network of this size on a sine of 5 Hz, then let it run freely.

    Returns ``output`` and ``teacher`` (time, component), every ms.

    Raises
    ------
    UserError
        For settings that are not allowed.
    """
    if config.network not in RATES:
        dataset = train_force(_spiking(config), lambda t: sine(t, FREQUENCY), engine)
        return dataset[["output", "teacher"]].assign_attrs(dataset.attrs)
    start, stop, end = np.rint(np.cumsum([BEFORE, config.learn, config.after]) / DT).astype(int)
    times = np.arange(1, end + 1) * DT
    teacher = sine(times, FREQUENCY)
    network = random_network(config.n, P, G, Q, 1, config.network, TAU, DT, engine)
    arrays = train_rate(network, teacher, range(start, stop, RLS_STEPS), ALPHA, traced=0)
    dataset = xr.Dataset(
        {"output": (("time", "component"), arrays["output"]), "teacher": (("time", "component"), teacher)},
        {"time": times},
        {"learn_start": start * DT, "learn_stop": stop * DT, "seconds": end * DT, "n_neurons": config.n},
    )
    return describe(dataset)


def measure(dataset: xr.Dataset) -> dict[str, float]:
    """Return both errors of a run. After learning, each period is compared at its best lag."""
    time, output, teacher = (dataset[k].values for k in ("time", "output", "teacher"))
    start, stop = dataset.attrs["learn_start"], dataset.attrs["learn_stop"]
    last = osc.end_of_learning(time, start, stop, 1.0)
    period, scale = 1 / FREQUENCY, float(teacher.std())
    return {
        TRAINING: osc.rmse(output[last], teacher[last]) / scale,
        AFTERWARDS: osc.aligned_error(output, teacher, float(time[1] - time[0]), stop, period),
    }


def checks(dataset: xr.Dataset) -> list[Check]:
    """Return no checks, because small networks are expected to fail."""
    return []


def slopes(datasets: list[xr.Dataset]) -> dict[str, dict[str, list[float]]]:
    """Return the slope of log error over log N for each network, error and seed with at least three sizes below 1.

    A size with an error of 1 or more is left out: it is no better than an output of 0 and follows no power law.
    """
    errors: dict[tuple[str, int, str], list[tuple[int, dict[str, float]]]] = {}
    for dataset in datasets:
        config = attribute(dataset, "config")
        key = (config["network"], config["seed"], dataset.attrs["preset"])
        errors.setdefault(key, []).append((config["n"], measure(dataset)))
    result: dict[str, dict[str, list[float]]] = {}
    for (network, *_), runs in sorted(errors.items()):
        for what in (TRAINING, AFTERWARDS):
            useful = [(n, values[what]) for n, values in runs if values[what] < 1]
            if len({n for n, _ in useful}) >= 3:
                x, y = np.log(useful).T
                result.setdefault(network, {}).setdefault(what, []).append(float(np.polyfit(x, y, 1)[0]))
    return result


def comparisons(datasets: list[xr.Dataset]) -> list[Finding]:
    """Return the slope of each error over the network size."""
    return [
        Finding.over_seeds(
            f"{network}: slope of log ({what}) over log N",
            each,
            "0: size does not matter",
            FALLS,
            against=0,
            bar=(-np.inf, 0.0),
            bar_from="the sign",
        )
        for network, rows in slopes(datasets).items()
        for what, each in rows.items()
        if len(each) >= 3
    ]
