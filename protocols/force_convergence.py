"""How the error of FORCE falls with the number of neurons, for spiking and rate networks (Nicola & Clopath 2017)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args, get_type_hints

import numpy as np
import xarray as xr

from snnlab.analysis import oscillations as osc
from snnlab.claims import Check, Finding
from snnlab.engine import Engine
from snnlab.errors import require_positive, unknown
from snnlab.networks.force_config import ForceConfig
from snnlab.networks.force_training import train_force
from snnlab.networks.rate import RATES, random_network, train_rate
from snnlab.record import attribute
from snnlab.stimuli.oscillators import sine

FIGURE = "force_convergence"
FREQUENCY = 5.0
SIZES = (125, 250, 500, 1000, 2000)
NETWORKS = ("lif", "theta", "izhikevich", *RATES)
# In s: before learning, learning, after learning. Of rate units: time step, steps per update.
BEFORE, LEARN, AFTER = 1.0, 5.0, 4.0
DT, RLS_STEPS = 1e-3, 2


@dataclass(frozen=True)
class Config:
    """Settings of the run; all others are those of force_sine and rate_force."""

    network: Literal["lif", "theta", "izhikevich", "tanh", "sqrt"] = "theta"
    """spiking neurons, or rate units: tanh (Sussillo & Abbott 2009), sqrt (counterpart of theta neurons)"""
    n: int = 1000
    """number of neurons or units"""
    seed: int = 0
    """one seed for every random stream"""
    target: Literal["auto", "cython", "numpy", "cpp_standalone"] = "auto"
    """where Brian2's generated code runs; rate units run in numpy"""

    def identity(self) -> dict:
        """Return what the settings stand for: see :meth:`ForceConfig.identity`."""
        _check(self)
        return {} if self.network in RATES else _spiking(self).identity()


VARIANTS = {f"{name}, N = {n}": {"network": name, "n": n} for name in NETWORKS for n in SIZES}
QUICK = {"network": "tanh", "n": 250}
TRAINING, AFTERWARDS = "RMSE / sd of the teacher, end of learning", "error after learning / sd of the teacher"


def _check(config: Config) -> None:
    networks = list(get_args(get_type_hints(Config)["network"]))
    if config.network not in networks:
        raise unknown("network", config.network, networks)
    require_positive(config, "n")


def _spiking(config: Config) -> ForceConfig:
    # With the exact gain: the step of the undivided one grows with N.
    return ForceConfig(
        neuron=config.network,
        n=config.n,
        rls_gain="exact",
        seconds=BEFORE + LEARN + AFTER,
        learn_start=BEFORE,
        learn_stop=BEFORE + LEARN,
        seed=config.seed,
        target=config.target,
        record_spikes=0,
        record_voltages=1,
        record_interval=1.0,
    )


def run(config: Config, engine: Engine) -> xr.Dataset:
    """Train a network of this size on a sine of 5 Hz, 5 s long, and let it go on alone for 4 s.

    Returns ``output`` and ``teacher`` (time, component), every ms.

    Raises
    ------
    UserError
        For settings that cannot be used.
    """
    _check(config)
    if config.network not in RATES:
        dataset = train_force(_spiking(config), lambda t: sine(t, FREQUENCY), engine)
        return dataset[["output", "teacher"]].assign_attrs(dataset.attrs)
    start, stop, end = (round(t / DT) for t in (BEFORE, BEFORE + LEARN, BEFORE + LEARN + AFTER))
    times = np.arange(1, end + 1) * DT
    teacher = sine(times, FREQUENCY)
    # p, g, q, tau and alpha of rate_force.
    network = random_network(config.n, 0.1, 1.5, 1.0, 1, config.network, 10e-3, DT, engine)
    arrays = train_rate(network, teacher, range(start, stop, RLS_STEPS), 1.0, traced=0)
    return xr.Dataset(
        {"output": (("time", "component"), arrays["output"]), "teacher": (("time", "component"), teacher)},
        {"time": ("time", times, {"units": "s"})},
        {"learn_start": BEFORE, "learn_stop": BEFORE + LEARN, "seconds": end * DT, "n_neurons": config.n},
    )


def measure(dataset: xr.Dataset) -> dict[str, float]:
    """Return both errors of a run; after learning each period is compared at its best lag."""
    time, output, teacher = (dataset[k].values for k in ("time", "output", "teacher"))
    last = osc.end_of_learning(time, BEFORE, BEFORE + LEARN, 1.0)
    period, scale = 1 / FREQUENCY, float(teacher.std())
    outputs, teachers, _ = osc.aligned(output, teacher, float(time[1] - time[0]), BEFORE + LEARN, period, period / 2)
    return {
        TRAINING: osc.rmse(output[last], teacher[last]) / scale,
        AFTERWARDS: osc.rmse(outputs, teachers) / scale,
    }


def checks(dataset: xr.Dataset) -> list[Check]:
    """Return none: small networks are there to fail."""
    return []


def slopes(datasets: list[xr.Dataset]) -> dict[str, dict[str, list[float]]]:
    """Return, for each network and error, the slope of log error over log N of every seed that has three sizes."""
    errors: dict[tuple[str, int], list[tuple[int, dict[str, float]]]] = {}
    for dataset in datasets:
        config = attribute(dataset, "config")
        errors.setdefault((config["network"], config["seed"]), []).append((config["n"], measure(dataset)))
    result: dict[str, dict[str, list[float]]] = {}
    for (network, _), runs in sorted(errors.items()):
        if len({n for n, _ in runs}) >= 3:
            for what in (TRAINING, AFTERWARDS):
                x, y = np.log([n for n, _ in runs]), np.log([values[what] for _, values in runs])
                result.setdefault(network, {}).setdefault(what, []).append(float(np.polyfit(x, y, 1)[0]))
    return result


def findings(datasets: list[xr.Dataset]) -> list[Finding]:
    """The slope of each error over the size, for each network."""
    return [
        Finding.over_seeds(f"{network}: slope of log ({what}) over log N", each, "0: size does not matter")
        for network, rows in slopes(datasets).items()
        for what, each in rows.items()
        if len(each) >= 3
    ]
