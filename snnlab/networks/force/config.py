"""The settings of a FORCE run in plain numbers, and the values of settings that are None."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self, TypeVar

from ...engine.settings import BrianConfig, Cost
from ...errors import UserError

if TYPE_CHECKING:
    from .setup import ForceSetup

Settled = TypeVar("Settled", bound="ForceConfig")
# This number is raised by hand when the results of FORCE runs change, so that older run files are not reused.
RESULTS_VERSION = 2
# The controls of a FORCE protocol: condition -> settings.
CONTROLS = {
    "no_recurrence": {"g": 0.0},
    "no_feedback": {"control": "no_feedback"},
    "permuted_decoder": {"control": "permuted_decoder"},
    "shuffled_teacher": {"control": "shuffled_teacher"},
}
# These conditions differ from the default only after learning.
AFTER_LEARNING = ("no_feedback", "permuted_decoder")


@dataclass(frozen=True)
class ForceConfig(BrianConfig):
    """Settings of a FORCE run.

    None means the published value of a shipped neuron, or the value in FORCE of a user's file. If the file states no
    value, rls_interval is 1 ms and zero_row_mean is True. :func:`settle_force` fills these values in. The defaults are
    those of the authors' script of the sine (Nicola & Clopath 2017, figure 2; ModelDB 190565). A Brian2 quantity may be
    given for every number with a unit: ``dt=0.05*ms`` is ``dt=0.05``.

    Example
    -------
    >>> import snnlab
    >>> config = snnlab.ForceConfig(neuron="lif", n=500)
    >>> config.g, config.settle().g, config.settle().cost().steps
    (None, 0.04, 300000)
    """

    GROUPS: ClassVar = {
        "network": (
            "neuron", "n", "p", "g", "q", "bias", "zero_row_mean", "encoder", "parameters", "filter", "tau_rise",
            "tau_decay", "filter_scheme", "dt",
        ),
        "learning": ("learn_start", "learn_stop", "alpha", "rls_interval", "rls_gain", "rls_precision"),
        "recording": (
            "record_spikes", "record_voltages", "record_decoders", "record_interval", "record_start", "record_p",
            "eigenvalues",
        ),
    }  # fmt: skip
    REST: ClassVar = (
        "p", "bias", "zero_row_mean", "encoder", "filter", "tau_rise", "tau_decay", "filter_scheme", "dt", "alpha",
        "rls_interval", "rls_precision", "checkpoint", *GROUPS["recording"],
    )  # fmt: skip
    NEUTRAL: ClassVar = (
        "eigenvalues", "record_spikes", "record_voltages", "record_decoders", "record_start", "record_p",
    )  # fmt: skip
    ADDED: ClassVar = ("record_p",)

    neuron: str = "izhikevich"
    """{neurons}, or path/to/file.py:NAME"""
    filter: str = "double_exponential"
    """synaptic filter: {filters}, or path/to/file.py:NAME"""
    parameters: tuple[str, ...] = ()
    """changed parameters of the neuron, each as name=value*unit, for example tau_m=20*ms"""
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
    """whether each neuron's mean input weight is subtracted (2017 MATLAB: LIF and theta yes, Izhikevich no)"""
    tau_rise: float | None = None
    """rise time of the filter (ms)"""
    tau_decay: float | None = None
    """decay time of the filter (ms)"""
    encoder: Literal["uniform", "binary"] = "uniform"
    """feedback weights: uniform in [-Q, Q] (2017 MATLAB), or binary, -Q or Q at random"""
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
    """end of the learning window (s); if equal to seconds, there is no free run"""
    checkpoint: float = 60.0
    """model time between two checkpoints (s); it affects the results, because noise and output filters restart there"""
    control: Literal["none", "no_feedback", "permuted_decoder", "shuffled_teacher"] = "none"
    """control: feedback cut after learning, decoder permuted after learning, or teacher shuffled in time"""
    record_spikes: int = 200
    """number of neurons whose spikes are recorded"""
    record_voltages: int = 5
    """number of neurons whose first state variable is recorded"""
    record_decoders: int = 10
    """number of neurons whose decoder is recorded over time"""
    record_interval: float | None = None
    """time between two recorded samples (ms), a multiple of dt; None means the longest one up to 0.2 ms, or dt"""
    record_start: float = 0.0
    """time from which outputs and membrane potentials are recorded (s)"""
    record_p: bool = False
    """whether to record P of RLS, with which training can be continued (n (n + 1)/2 numbers: 16 MB at n = 2000)"""
    eigenvalues: bool = False
    """whether to compute the eigenvalues of the total weight matrix before and after (20 s of CPU time at n = 2000)"""

    def __post_init__(self):
        """Take a Brian2 quantity wherever a number with a unit is meant."""
        if given := {name: value for name, value in vars(self).items() if hasattr(value, "dim")}:
            from .setup import without_units

            for name, value in without_units(self, given).items():
                object.__setattr__(self, name, value)

    @cached_property
    def setup(self) -> ForceSetup:
        """Models, SI values and numbers of steps, checked once; raises UserError as in :func:`settle_force`."""
        # Neuron models need Brian2, but settings alone do not.
        from .setup import resolve

        return resolve(self)

    def settle(self) -> Self:
        """Return the Config with its open fields filled in: see :func:`settle_force`."""
        return settle_force(self)

    def models(self) -> dict:
        """Return what the names in the settled Config stand for: see :func:`force_models`."""
        return force_models(self)

    def cost(self) -> Cost:
        """Return the expected cost of a run of the settled Config: see :func:`force_cost`."""
        return force_cost(self)


def settle_force(config: Settled, **stated: Any) -> Settled:
    """Check the values of a Config and return it with a value for every field that was None.

    The values come first from ``stated`` (the protocol), then from the neuron and the filter. Plain numbers stay in
    published units, so settling a Config twice changes nothing.

    Raises
    ------
    UserError
        For the first field with a value that is not allowed.

    Example
    -------
    >>> import snnlab
    >>> theta = snnlab.settle_force(snnlab.ForceConfig(neuron="theta"), q=5e3)
    >>> theta.g, theta.q, theta.tau_decay
    (10.0, 5000.0, 20.0)
    >>> snnlab.settle_force(snnlab.ForceConfig(n=0))
    Traceback (most recent call last):
    snnlab.errors.UserError: n: expected an integer >= 1, got 0
    """
    config = _filled(config, stated)
    setup = config.setup
    settled = _filled(config, setup.plain)
    # The filled Config has the same models and values, so the setup is reused.
    vars(settled)["setup"] = setup
    return settled


def force_cost(config: ForceConfig) -> Cost:
    """Return the expected cost of a run of a settled Config with one output in C++.

    Measured on one core of a Xeon: 4 ns per neuron and step, 0.4 ns per entry of P and update, 45 us more per step if
    Python runs the loop, and 15 s to build a new program. Numpy builds nothing and starts in 3 s; it takes 70 us per
    step and 16 ns per neuron and step, measured on one core of an EPYC.
    """
    setup, n = config.setup, config.n
    start, step, neuron = {"numpy": (3, 70e-6, 16e-9), "cython": (15, 45e-6, 4e-9)}.get(config.target, (15, 0.0, 4e-9))
    seconds = start + setup.n_steps * (neuron * n + step) + _count(setup.learn) * 4e-10 * n**2
    p = n**2 * (4 if config.rls_precision == "float32" else 8)
    return Cost(setup.n_steps, p + 16 * config.p * n**2 + 8 * _count(setup.record), seconds)


def _count(steps: range) -> int:
    """Return the length of a range, which may be too long for ``len``."""
    return max(0, -((steps.start - steps.stop) // steps.step))


def _filled(config: Settled, values: dict[str, Any]) -> Settled:
    """Return the Config with these values in the fields that are None."""
    changes = {name: value for name, value in values.items() if getattr(config, name) is None}
    return replace(config, **changes) if changes else config


def force_models(config: ForceConfig) -> dict:
    """Return the data and models that a settled Config names: its models.

    Example
    -------
    >>> import snnlab
    >>> models = snnlab.force_models(snnlab.ForceConfig(neuron="lif").settle())
    >>> models["neuron"]["threshold"], models["synapse"]["on_spike"]
    ('v > v_threshold', 'h += weight/(tau_rise*tau_decay)')
    """
    setup = config.setup
    return {"force": RESULTS_VERSION, "neuron": setup.neuron.to_dict(), "synapse": setup.synapse.to_dict()}


def require_free_run(config: ForceConfig) -> None:
    """Raise UserError unless the whole time after learning is recorded."""
    if config.record_start > config.learn_stop:
        raise UserError(
            f"record_start: expected a number <= learn_stop = {config.learn_stop:g} s, got {config.record_start:g}"
        )


def require_sampling(config: ForceConfig, step: float) -> None:
    """Raise UserError unless a sample is recorded every ``step`` s."""
    setup = config.setup
    interval = setup.record.step * setup.dt
    if round(step / interval) < 1 or abs(step / interval - round(step / interval)) > 1e-6:
        raise UserError(f"record_interval: expected a divisor of {step * 1e3:g} ms, got {interval * 1e3:g} ms")
