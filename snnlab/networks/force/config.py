"""The settings of a FORCE run: a dataclass in plain numbers, and its resolution to models and SI values."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar, Literal, TypeVar

import brian2

from ...checking import require_choices, require_integer, require_positive, require_probability
from ...engine.settings import BrianConfig, Cost
from ...errors import UserError, unknown
from ...models.loading import find_model
from ...models.neuron import NeuronModel
from ...models.quantities import quantity, unit
from ...models.synapse import SynapseModel

Settled = TypeVar("Settled", bound="ForceConfig")
# Raised by hand when what FORCE runs compute changes: files of before are then not taken for it.
RESULTS_VERSION = 2
# Plain numbers of a Config are in the published units, which follow from the unit of the neuron's input.
_PUBLISHED = {
    "volt": {"g": "mV*second", "q": "mV", "bias": "mV", "alpha": "second**2"},
    "amp": {"g": "pA*ms", "q": "pA", "bias": "pA", "alpha": "ms**2"},
    "1": {"g": "second", "q": "1", "bias": "1", "alpha": "second**2"},
}
_MS = ("dt", "rls_interval")
# What a FORCE protocol breaks on purpose: condition -> settings.
CONTROLS = {
    "no_recurrence": {"g": 0.0},
    "no_feedback": {"control": "no_feedback"},
    "permuted_decoder": {"control": "permuted_decoder"},
    "shuffled_teacher": {"control": "shuffled_teacher"},
}
# Conditions that differ from the default only after learning.
AFTER_LEARNING = ("no_feedback", "permuted_decoder")


@dataclass(frozen=True)
class ForceConfig(BrianConfig):
    """Settings of a FORCE run.

    None means: the published value of a shipped neuron, or what a user's file states in its FORCE; where that leaves
    them out, rls_interval is 1 ms and zero_row_mean is True. :func:`settle_force` fills these in.
    """

    GROUPS: ClassVar = {
        "network": (
            "neuron", "n", "p", "g", "q", "bias", "zero_row_mean", "encoder", "parameters", "filter", "tau_rise",
            "tau_decay", "filter_scheme", "dt",
        ),
        "learning": ("learn_start", "learn_stop", "alpha", "rls_interval", "rls_gain", "rls_precision"),
        "recording": (
            "record_spikes", "record_voltages", "record_decoders", "record_interval", "record_start", "eigenvalues",
        ),
    }  # fmt: skip
    REST: ClassVar = (
        "p", "bias", "zero_row_mean", "encoder", "filter", "tau_rise", "tau_decay", "filter_scheme", "dt", "alpha",
        "rls_interval", "rls_precision", "checkpoint", *GROUPS["recording"],
    )  # fmt: skip
    NEUTRAL: ClassVar = ("eigenvalues", "record_spikes", "record_voltages", "record_decoders", "record_start")

    neuron: str = "izhikevich"
    """lif, if, qif, theta, izhikevich, izhikevich_b, izhikevich_c, or path/to/file.py:NAME"""
    filter: str = "double_exponential"
    """synaptic filter: double_exponential, exponential, or path/to/file.py:NAME"""
    parameters: tuple[str, ...] = ()
    """neuron parameters to change, each as name=value*unit, for example tau_m=20*ms"""
    n: int = 2000
    """number of neurons"""
    p: float = 0.1
    """probability of a recurrent connection"""
    g: float | None = None
    """gain G of the recurrent weights (mV s for inputs in volt, pA ms for amp, s for 1)"""
    q: float | None = None
    """size Q of the feedback weights (mV, pA or 1)"""
    alpha: float | None = None
    """RLS starts at P = alpha I (s^2; ms^2 for inputs in amp)"""
    bias: float | None = None
    """constant input to every neuron (mV, pA or 1)"""
    dt: float | None = None
    """time step (ms)"""
    rls_interval: float | None = None
    """time between two RLS updates (ms), a multiple of dt"""
    zero_row_mean: bool | None = None
    """subtract each neuron's mean input weight (2017 MATLAB: LIF and theta yes, Izhikevich no)"""
    tau_rise: float | None = None
    """rise time of the filter (ms)"""
    tau_decay: float | None = None
    """decay time of the filter (ms)"""
    encoder: Literal["uniform", "binary"] = "uniform"
    """feedback weights uniform in [-Q, Q] (2017 MATLAB) or -Q or Q at random"""
    filter_scheme: Literal["euler", "exponential"] = "euler"
    """leak of the filters: 1 - dt/tau (Brian2, area exactly 1) or exp(-dt/tau) (2017 MATLAB, area 1.003 to 1.014)"""
    rls_gain: Literal["undivided", "exact"] = "undivided"
    """weight step with P(t-1) r (2017 MATLAB) or P(t) r (the paper's formula)"""
    rls_precision: Literal["float64", "float32"] = "float64"
    """precision of P"""
    seconds: float = 15.0
    """length of the run (s)"""
    learn_start: float = 5.0
    """start of the learning window (s)"""
    learn_stop: float = 10.0
    """end of the learning window (s); equal to seconds: no free run"""
    checkpoint: float = 60.0
    """model time between two checkpoints (s); noise and output filters start anew there, so it is part of the run"""
    control: Literal["none", "no_feedback", "permuted_decoder", "shuffled_teacher"] = "none"
    """what to break: feedback or order of the decoder after learning, or the order of the teacher in time"""
    record_spikes: int = 200
    """number of neurons whose spikes are recorded"""
    record_voltages: int = 5
    """number of neurons whose first state variable is recorded"""
    record_decoders: int = 10
    """number of neurons whose decoder is recorded over time"""
    record_interval: float | None = None
    """time between two recorded samples (ms), a multiple of dt; None: the longest one up to 0.2 ms, or dt"""
    record_start: float = 0.0
    """time from which on outputs and voltages are recorded (s)"""
    eigenvalues: bool = False
    """compute the eigenvalues of the total weight matrix before and after (about 20 s of CPU at n = 2000)"""

    @cached_property
    def setup(self) -> ForceSetup:
        """Models, SI values and whole steps, looked up and checked once; raises UserError as :func:`settle_force`."""
        return _resolve(self)


@dataclass(frozen=True)
class ForceSetup:
    """A ForceConfig resolved: models, SI values and whole steps."""

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


def settle_force(config: Settled, **stated: Any) -> Settled:
    """Return a Config with every field filled in that is None and stands for a value; refuse what cannot be.

    First with the values that a protocol states, then with those of the neuron and the filter. Plain numbers stay in
    published units: a Config that is settled again is the same.

    Raises
    ------
    UserError
        For the first field that cannot be used.
    """
    config = _filled(config, stated)
    setup = config.setup
    units = published_units(setup.neuron.current) | dict.fromkeys(_MS, "ms")
    values = {name: getattr(setup, name) for name in ("g", "q", "bias", "alpha", "dt")}
    values["rls_interval"] = setup.learn.step * setup.dt
    values["record_interval"], units["record_interval"] = setup.record.step * setup.dt, "ms"
    for name in ("tau_rise", "tau_decay"):
        if name in setup.synapse.parameters:
            values[name], units[name] = float(setup.synapse.parameters[name]), "ms"
    plain = {name: _plain(value, float(unit(units[name]))) for name, value in values.items()}
    settled = _filled(config, plain | {"zero_row_mean": setup.zero_row_mean})
    # It stands for the same: nothing is looked up again.
    vars(settled)["setup"] = setup
    return settled


def force_cost(config: ForceConfig) -> Cost:
    """Return what a run of a settled Config will take; times are those of the C++ program of one output.

    Measured on one core of a Xeon: 4 ns a neuron and step, 0.4 ns an entry of P and update, 45 us a step more where
    Python runs the loop, 15 s for a program that is not built yet.
    """
    setup, n = config.setup, config.n
    loop = 45e-6 if config.target in ("cython", "numpy") else 0.0
    seconds = 15 + setup.n_steps * (4e-9 * n + loop) + len(setup.learn) * 4e-10 * n**2
    p = n**2 * (4 if config.rls_precision == "float32" else 8)
    return Cost(setup.n_steps, p + 16 * config.p * n**2 + 8 * len(setup.record), seconds)


def _filled(config: Settled, values: dict[str, Any]) -> Settled:
    """Return the Config with these values in the fields that are None."""
    changes = {name: value for name, value in values.items() if getattr(config, name) is None}
    return replace(config, **changes) if changes else config


def _plain(value: float, one: float) -> float:
    """Return a value in a unit, to twelve digits: 1.3e4 pA ms is 13000."""
    return float(f"{value / one:.12g}")


def force_models(config: ForceConfig) -> dict:
    """Return what the names in a settled Config stand for: its models."""
    setup = config.setup
    return {"force": RESULTS_VERSION, "neuron": setup.neuron.to_dict(), "synapse": setup.synapse.to_dict()}


def require_free_run(config: ForceConfig) -> None:
    """Raise UserError unless all that follows learning is recorded."""
    if config.record_start > config.learn_stop:
        raise UserError(
            f"record_start: expected at most learn_stop, {config.learn_stop:g} s, got {config.record_start:g}"
        )


def require_sampling(config: ForceConfig, step: float) -> None:
    """Refuse recordings of which no sample stands every ``step`` s."""
    setup = config.setup
    interval = setup.record.step * setup.dt
    if round(step / interval) < 1 or abs(step / interval - round(step / interval)) > 1e-6:
        raise UserError(f"record_interval: expected a part of {step * 1e3:g} ms, got {interval * 1e3:g} ms")


def published_units(current: str) -> dict[str, str]:
    """Return the units of the plain numbers g, q, bias and alpha for neurons with this unit of input."""
    for base, units in _PUBLISHED.items():
        if unit(current).has_same_dimensions(unit(base)):
            return units
    return {"g": f"{current}*second", "q": current, "bias": current, "alpha": "second**2"}


def _resolve(config: ForceConfig) -> ForceSetup:
    """Check every field and return models and SI values.

    Raises
    ------
    UserError
        For the first field that cannot be used; the message names it and says what was expected.
    """
    from .published import stated_values

    require_integer(config, 1, "n")
    require_integer(config, 0, "record_spikes", "record_voltages", "record_decoders", "seed")
    require_positive(
        config, "alpha", "dt", "rls_interval", "tau_rise", "tau_decay", "seconds", "record_interval", "checkpoint"
    )
    require_probability(config, "p")
    require_choices(config)
    for name, least in {"g": 0.0, "q": 0.0, "bias": -float("inf")}.items():
        value = getattr(config, name)
        if value is not None and not (least <= value and abs(value) < float("inf")):
            raise UserError(f"{name}: expected a finite number{' >= 0' if least == 0 else ''}, got {value}")
    if not 0 <= config.learn_start < config.learn_stop <= config.seconds:
        raise UserError(
            f"learn_start, learn_stop: expected 0 <= learn_start < learn_stop <= seconds, "
            f"got {config.learn_start}, {config.learn_stop}, {config.seconds}"
        )
    neuron, module = find_model(config.neuron, "neuron")
    if not neuron.threshold:
        raise UserError(f"neuron: {neuron.name!r} does not spike; expected a model with a threshold")
    neuron = neuron.with_parameters(**_changes(config.parameters))
    synapse = _filter(config)
    values = _force_values(config, neuron, stated_values(module))
    dt = values["dt"]
    for name, tau in synapse.parameters.items():
        if name.startswith("tau") and dt >= float(tau):
            raise UserError(f"dt: expected less than {name} = {float(tau) * 1e3:g} ms, got {dt * 1e3:g} ms")
    every = _steps(values["rls_interval"], dt, "rls_interval")
    first, stop = round(config.learn_start / dt), round(config.learn_stop / dt)
    n_steps = round(config.seconds / dt)
    if n_steps < 1:
        raise UserError(f"seconds: expected at least one step of {dt * 1e3:g} ms, got {config.seconds} s")
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
        learn=range(-(-first // every) * every, max(first, stop - 1), every),
        record=_recorded(config, dt, n_steps),
        learn_stop=stop,
    )


def _recorded(config: ForceConfig, dt: float, n_steps: int) -> range:
    if not 0 <= config.record_start < config.seconds:
        raise UserError(f"record_start: expected 0 <= record_start < seconds, got {config.record_start}")
    every = recording_steps(config.record_interval, dt)
    steps = range(int(config.record_start / dt / every + 1e-6) * every, n_steps, every)
    if len(steps) < 2:
        raise UserError(f"record_start: expected at least two samples before {config.seconds:g} s, got {len(steps)}")
    return steps


def recording_steps(interval: float | None, dt: float) -> int:
    """Return the steps between two samples; ``interval`` in ms (None: the most that fit in 0.2 ms), dt in s."""
    if interval is None:
        return max(1, int(0.2e-3 / dt + 1e-6))
    if not 0 < interval <= 10:
        raise UserError(f"record_interval: expected more than 0 and at most 10 ms, got {interval:g}")
    return _steps(interval * 1e-3, dt, "record_interval")


def _changes(parameters: tuple[str, ...]) -> dict[str, brian2.Quantity]:
    changes = {}
    for text in parameters:
        name, equals, value = text.partition("=")
        if not equals or not name.strip().isidentifier():
            raise UserError(f"parameters: expected name=value*unit, got {text!r}")
        changes[name.strip()] = quantity(value, f"parameters: {name.strip()}")
    return changes


def _filter(config: ForceConfig) -> SynapseModel:
    synapse, _ = find_model(config.filter, "filter")
    times = {k: getattr(config, k) for k in ("tau_rise", "tau_decay") if getattr(config, k) is not None}
    return synapse.with_parameters(**{k: v * brian2.ms for k, v in times.items()})


def _force_values(config: ForceConfig, neuron: NeuronModel, stated: dict) -> dict:
    """SI values of g, q, alpha, bias, dt and rls_interval: the Config's, else those stated for the neuron."""
    units = published_units(neuron.current) | {name: "ms" for name in _MS}
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
            value = brian2.Quantity(defaults[name])
            if not value.has_same_dimensions(unit(published)):
                raise UserError(
                    f"{name}: FORCE of neuron {neuron.name!r} states {value}, expected a value in {published}"
                )
            # As a Config holds it.
            values[name] = _plain(float(value), one) * one
        else:
            raise UserError(f"{name}: neuron {neuron.name!r} states no FORCE value; give --{name} (in {published})")
    if not values["alpha"] > 0:
        raise UserError(f"alpha: expected a value > 0, got {values['alpha']}")
    if not values["dt"] > 0:
        raise UserError(f"dt: expected a value > 0, got {values['dt']}")
    values["zero_row_mean"] = defaults["zero_row_mean"] if config.zero_row_mean is None else config.zero_row_mean
    return values


def _steps(seconds: float, dt: float, field: str) -> int:
    steps = seconds / dt
    if round(steps) < 1 or abs(steps - round(steps)) > 1e-6 * steps:
        raise UserError(f"{field}: expected a multiple of dt = {dt * 1e3:g} ms, got {seconds * 1e3:g} ms")
    return round(steps)
