"""Models and SI values of a ForceConfig, with the published values of each neuron or the values of a user's file.

Source: Nicola & Clopath 2017, doi:10.1038/s41467-017-01827-3, the authors' scripts, ModelDB 190565. Comments mark the
values that are ours. A user's file states its values in a dict ``FORCE`` beside its model.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import brian2

from ... import neurons
from ...checking import require_choices, require_integer, require_positive, require_probability, require_types
from ...engine.population import require_free_names
from ...errors import UserError, unknown
from ...models.fields import require_dict
from ...models.loading import find_model
from ...models.neuron import NeuronModel
from ...models.quantities import in_unit, one_quantity, quantity, shown, unit
from ...models.synapse import SynapseModel
from .network import reserved_names

if TYPE_CHECKING:
    from .config import ForceConfig

# Plain numbers of a Config are in published units, which depend on the unit of the neuron's input.
_PUBLISHED = {
    "volt": {"g": "mV*second", "q": "mV", "bias": "mV", "alpha": "second**2"},
    "amp": {"g": "pA*ms", "q": "pA", "bias": "pA", "alpha": "ms**2"},
    "1": {"g": "second", "q": "1", "bias": "1", "alpha": "second**2"},
}
_MS = ("dt", "rls_interval", "tau_rise", "tau_decay", "record_interval")
_SECONDS = ("seconds", "learn_start", "learn_stop", "checkpoint", "record_start")
# The name of a file in snnlab/neurons -> gain G, size Q of the feedback, alpha, bias, time step, time between RLS
# updates, and whether each neuron's mean input weight is subtracted.
PUBLISHED: dict[str, dict[str, Any]] = {
    # These values are ours, found on seed 1. This neuron forgets less of its input than the leaky neuron, and its
    # weights are larger. With this bias it fires at 19 Hz. With g and q of the leaky neuron it does not learn the sine.
    "if": dict(
        g="0.1*mV*second",
        q="20*mV",
        alpha="5e-6*second**2",
        bias="5*mV",
        dt="0.05*ms",
        rls_interval="2.5*ms",
        zero_row_mean=True,
    ),
    # Values of figure 2 of the paper: the scripts for a filter of 2 and 20 ms. The bias is the threshold.
    "lif": dict(
        g="0.04*mV*second",
        q="10*mV",
        alpha="5e-6*second**2",
        bias="-40*mV",
        dt="0.05*ms",
        rls_interval="2.5*ms",
        zero_row_mean=True,
    ),
    # Values of the theta neuron times (pi tau_m / 1 s)^2, the factor between I and J.
    "qif": dict(
        g="0.01*second",
        q=10.0,
        alpha="1e-5*second**2",
        bias=0.0,
        dt="0.05*ms",
        rls_interval="1*ms",
        zero_row_mean=True,
    ),
    # Values of figure 2 of the paper: the script for a filter of 2 and 20 ms.
    "theta": dict(
        g="10*second",
        q=1e4,
        alpha="1e-5*second**2",
        bias=0.0,
        dt="0.01*ms",
        rls_interval="0.5*ms",
        zero_row_mean=True,
    ),
    # Values of the script of the sine.
    "izhikevich": dict(
        g="5e3*pA*ms",
        q="5e3*pA",
        alpha="2*ms**2",
        bias="1000*pA",
        dt="0.04*ms",
        rls_interval="0.8*ms",
        zero_row_mean=False,
    ),
    # Values of the script of the Ode to Joy.
    "izhikevich_b": dict(
        g="1e4*pA*ms",
        q="4e3*pA",
        alpha="2*ms**2",
        bias="1000*pA",
        dt="0.04*ms",
        rls_interval="4*ms",
        zero_row_mean=False,
    ),
    # Values of the script of the songbird.
    "izhikevich_c": dict(
        g="1.3e4*pA*ms",
        q="1e3*pA",
        alpha="2*ms**2",
        bias="1000*pA",
        dt="0.04*ms",
        rls_interval="4*ms",
        zero_row_mean=False,
    ),
}


def stated_values(module: ModuleType) -> dict:
    """Return the values in FORCE of a neuron's file, or the published values of a shipped neuron, or nothing."""
    file, folder = (Path(each.__file__ or "").resolve() for each in (module, neurons))
    shipped = PUBLISHED.get(file.stem, {}) if file.parent == folder.parent else {}
    stated = getattr(module, "FORCE", shipped)
    require_dict("neuron file", file.name, "FORCE", stated)
    return {
        name: quantity(value, f"FORCE: {name}") if isinstance(value, str) else value for name, value in stated.items()
    }


@dataclass(frozen=True)
class ForceSetup:
    """Models, SI values and numbers of steps of a ForceConfig."""

    neuron: NeuronModel
    synapse: SynapseModel
    g: float
    q: float
    alpha: float
    bias: float
    dt: float
    zero_row_mean: bool
    n_steps: int
    learn: range
    record: range
    learn_stop: int

    @property
    def weight_unit(self) -> brian2.Quantity:
        """The published unit of recurrent weights, current times time: mV s, pA ms or s."""
        return unit(published_units(self.neuron.current)["g"])

    @property
    def plain(self) -> dict[str, float | bool]:
        """The fields of a Config that a neuron or a filter can state, as plain numbers in published units."""
        units = published_units(self.neuron.current) | {"dt": "ms"}
        values = {name: plain_number(getattr(self, name), float(unit(one))) for name, one in units.items()}
        times = {"rls_interval": self.learn.step * self.dt, "record_interval": self.record.step * self.dt}
        times |= {k: float(v) for k, v in self.synapse.parameters.items() if k in ("tau_rise", "tau_decay")}
        milliseconds = {name: plain_number(value, float(brian2.ms)) for name, value in times.items()}
        return values | milliseconds | {"zero_row_mean": self.zero_row_mean}


def published_units(current: str) -> dict[str, str]:
    """Return the units of the plain numbers g, q, bias and alpha for a neuron whose input has this unit."""
    for base, units in _PUBLISHED.items():
        if unit(current).has_same_dimensions(unit(base)):
            return units
    return {"g": f"{current}*second", "q": current, "bias": current, "alpha": "second**2"}


def without_units(config: ForceConfig, given: dict[str, brian2.Quantity]) -> dict[str, Any]:
    """Return the fields of a Config that were given as quantities as plain numbers, in the units of the Config."""
    units = {f"{name}": "ms" for name in _MS} | dict.fromkeys(_SECONDS, "second")
    if not set(given) <= set(units):
        neuron, _ = find_model(config.neuron, "neuron", spiking=True)
        units |= published_units(neuron.current)
    return {name: in_unit(name, value, units.get(name, "1")) for name, value in given.items()}


def plain_number(value: float, one: float) -> float:
    """Return a value in the unit ``one``, to twelve digits: 1.3e4 pA ms is 13000."""
    return float(f"{value / one:.12g}")


# Numbers of steps beyond this are no machine integers.
_MOST_STEPS = 10**18
# Published weights and currents are at most 5000 in published units. Beyond 1e9, states have no physical meaning.
_BOUNDS = {"g": (0.0, 1e9), "q": (0.0, 1e9), "bias": (-1e9, 1e9)}


def resolve(config: ForceConfig) -> ForceSetup:
    """Check every field and return models and SI values.

    Raises
    ------
    UserError
        For the first field with a value that is not allowed.
    """
    require_types(config)
    require_integer(config, 1, "n")
    require_integer(config, 0, "record_spikes", "record_voltages", "record_decoders", "seed")
    require_positive(
        config, "alpha", "dt", "rls_interval", "tau_rise", "tau_decay", "seconds", "record_interval", "checkpoint"
    )
    require_probability(config, "p")
    require_choices(config)
    if not 0 <= config.learn_start < config.learn_stop <= config.seconds:
        raise UserError(
            f"learn_start, learn_stop: expected 0 <= learn_start < learn_stop <= seconds, "
            f"got {config.learn_start}, {config.learn_stop}, {config.seconds}"
        )
    neuron, module = find_model(config.neuron, "neuron", spiking=True)
    neuron = neuron.with_parameters(**_changes(config.parameters))
    synapse = _filter(config)
    require_free_names(neuron, reserved_names(synapse))
    values = _force_values(config, neuron, stated_values(module))
    dt = values["dt"]
    for name, tau in synapse.parameters.items():
        if name.startswith("tau") and dt >= float(tau):
            raise UserError(f"dt: expected a number < {name} = {float(tau) * 1e3:g} ms, got {dt * 1e3:g} ms")
    every = _steps(values["rls_interval"], dt, "rls_interval")
    first, stop = round(config.learn_start / dt), round(config.learn_stop / dt)
    n_steps = round(config.seconds / dt)
    if not 1 <= n_steps <= _MOST_STEPS:
        raise UserError(f"seconds: expected 1 to {_MOST_STEPS:.0e} steps of {dt * 1e3:g} ms, got {config.seconds} s")
    if stop - first <= every:
        raise UserError(f"rls_interval: expected several updates in the learning window, got one in {every} steps")
    return ForceSetup(
        neuron=neuron,
        synapse=synapse,
        g=values["g"],
        q=values["q"],
        alpha=values["alpha"],
        bias=values["bias"],
        dt=dt,
        zero_row_mean=values["zero_row_mean"],
        n_steps=n_steps,
        learn=learning_steps(first, stop, every),
        record=_recorded(config, dt, n_steps),
        learn_stop=stop,
    )


def learning_steps(first: int, stop: int, every: int) -> range:
    """Return the steps of RLS in a window. As in the scripts, the last step of the window is not one of them."""
    return range(-(-first // every) * every, max(first, stop - 1), every)


def _recorded(config: ForceConfig, dt: float, n_steps: int) -> range:
    if not 0 <= config.record_start < config.seconds:
        raise UserError(f"record_start: expected 0 <= record_start < seconds, got {config.record_start}")
    every = recording_steps(config.record_interval, dt)
    steps = range(int(config.record_start / dt / every + 1e-6) * every, n_steps, every)
    if len(steps) < 2:
        raise UserError(f"record_start: expected at least two samples before {config.seconds:g} s, got {len(steps)}")
    return steps


def recording_steps(interval: float | None, dt: float) -> int:
    """Return the steps between two samples; ``interval`` in ms (None means the longest up to 0.2 ms), dt in s."""
    if interval is None:
        return max(1, int(0.2e-3 / dt + 1e-6))
    if not 0 < interval <= 10:
        raise UserError(f"record_interval: expected a number > 0 and <= 10 ms, got {interval:g}")
    return _steps(interval * 1e-3, dt, "record_interval")


def _changes(parameters: tuple[str, ...]) -> dict[str, brian2.Quantity]:
    changes = {}
    for text in parameters:
        name, equals, value = text.partition("=")
        if not equals or not name.strip().isidentifier():
            raise UserError(f"parameters: expected name=value*unit, got {text!r}")
        if name.strip() in changes:
            raise UserError(f"parameters: expected each parameter once, got {name.strip()} twice")
        changes[name.strip()] = quantity(value, f"parameters: {name.strip()}")
    return changes


def _filter(config: ForceConfig) -> SynapseModel:
    synapse, _ = find_model(config.filter, "filter")
    times = {k: getattr(config, k) for k in ("tau_rise", "tau_decay") if getattr(config, k) is not None}
    return synapse.with_parameters(**{k: v * brian2.ms for k, v in times.items()})


def _force_values(config: ForceConfig, neuron: NeuronModel, stated: dict) -> dict:
    """Return SI values of g, q, alpha, bias, dt and rls_interval, from the Config or else from the neuron's values."""
    units = published_units(neuron.current) | {name: "ms" for name in ("dt", "rls_interval")}
    defaults = {"rls_interval": 1 * brian2.ms, "zero_row_mean": True} | stated
    for name in defaults:
        if name not in units and name != "zero_row_mean":
            raise unknown("FORCE", name, [*units, "zero_row_mean"])
    values = {}
    for name, published in units.items():
        given = getattr(config, name)
        one = float(unit(published))
        if given is not None:
            values[name] = float(given) * one
        elif name in defaults:
            value = one_quantity(defaults[name])
            if value is None or not value.has_same_dimensions(unit(published)):
                raise UserError(
                    f"{name}: expected a value in {published} in FORCE of neuron {neuron.name!r}, got "
                    f"{shown(defaults[name])}"
                )
            # The value is rounded like a plain number in a Config.
            values[name] = plain_number(float(value), one) * one
        else:
            raise UserError(
                f"{name}: expected --{name} (in {published}), since neuron {neuron.name!r} has no value in FORCE"
            )
        low, high = _BOUNDS.get(name, (-float("inf"), float("inf")))
        if not low <= (number := plain_number(values[name], one)) <= high:
            raise UserError(f"{name}: expected a number >= {low:g} and <= {high:g}, got {number}")
    if not values["alpha"] > 0:
        raise UserError(f"alpha: expected a number > 0, got {values['alpha']}")
    if not values["dt"] > 0:
        raise UserError(f"dt: expected a number > 0, got {values['dt']}")
    values["zero_row_mean"] = defaults["zero_row_mean"] if config.zero_row_mean is None else config.zero_row_mean
    if not isinstance(values["zero_row_mean"], bool):
        raise UserError(f"zero_row_mean: expected True or False in FORCE, got {shown(values['zero_row_mean'])}")
    return values


def _steps(seconds: float, dt: float, field: str) -> int:
    steps = seconds / dt
    if round(steps) < 1 or abs(steps - round(steps)) > 1e-6 * steps:
        raise UserError(f"{field}: expected a multiple of dt = {dt * 1e3:g} ms, got {seconds * 1e3:g} ms")
    return round(steps)
