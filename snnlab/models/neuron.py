"""A neuron as data: equation text, threshold, reset, parameters with units, a source. Nothing is built here."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import brian2

from ..errors import UserError, unknown
from .quantities import dump, load, require_parameters, unit, with_parameters
from .reserved import CONSTANTS, OF_NEURONS


@dataclass(frozen=True)
class NeuronModel:
    """A point neuron (or rate unit) as Brian2 equations.

    Parameters
    ----------
    name : str
        The model's name in messages and files.
    equations : str
        Brian2 differential equations; the summed input enters as ``current``.
    current : str
        The unit that ``current`` has, without a prefix: "amp", "volt", "1", ...
    parameters : dict
        Constants of the equations, as Brian2 quantities. Names that start with ``tau`` are times > 0.
    initial : dict
        State variable -> Brian2 expression of its initial value (``rand()`` and ``randn()`` may appear).
    threshold, reset : str
        Spike condition and reset statements. Both are empty for a rate unit.
    refractory : Quantity, optional
        Refractory period, for equations marked ``(unless refractory)``.
    peak : Quantity, optional
        The value up to which figures draw a spike; the state itself is reset at threshold.
    source : str
        Where equations and numbers come from.

    Raises
    ------
    UserError
        For equations that cannot be read, undefined names, unused parameters, a ``tau`` that is not > 0. Brian2 checks
        units when a network is built.

    Example
    -------
    >>> import snnlab
    >>> from brian2 import ms, mV
    >>> leaky = snnlab.NeuronModel(
    ...     name="leaky",
    ...     equations="dv/dt = (current - v)/tau : volt",
    ...     current="volt",
    ...     threshold="v > v_threshold",
    ...     reset="v = 0*mV",
    ...     parameters=dict(tau=10*ms, v_threshold=15*mV),
    ... )
    >>> leaky.states, leaky.with_parameters(tau=20*ms).parameters["tau"]
    (['v'], 20. * msecond)
    """

    name: str
    equations: str
    current: str
    parameters: dict
    initial: dict = field(default_factory=dict)
    threshold: str = ""
    reset: str = ""
    refractory: brian2.Quantity | None = None
    peak: brian2.Quantity | None = None
    source: str = ""

    def __post_init__(self):
        if float(unit(self.current)) != 1.0:
            raise UserError(
                f"neuron {self.name!r}: current: expected a unit without prefix such as amp, got {self.current}"
            )
        try:
            equations = brian2.Equations(self.equations)
        except (brian2.equations.equations.EquationError, ValueError, SyntaxError) as error:
            raise UserError(
                f"neuron {self.name!r}: equations: expected Brian2 equations, got {_one_line(error)}"
            ) from None
        states = equations.names
        for name in sorted(OF_NEURONS & ({*states, *self.parameters})):
            raise UserError(f"neuron {self.name!r}: expected a name that Brian2 does not use, got {name!r}")
        text = " ".join([self.threshold, self.reset, *map(str, self.initial.values())])
        used = set(equations.identifiers) | set(re.findall(r"[A-Za-z_]\w*", text))
        if "current" not in used:
            raise UserError(
                f"neuron {self.name!r}: equations: expected 'current' for the input, got equations without it"
            )
        known = {*states, *self.parameters, "current", "int", "not", "and", "or", "True", "False"}
        for name in sorted(used - known - CONSTANTS - set(brian2.DEFAULT_FUNCTIONS) - set(brian2.DEFAULT_UNITS)):
            raise UserError(f"neuron {self.name!r}: equations: expected parameters or states, got the name {name!r}")
        for name in sorted(set(self.parameters) - used):
            raise unknown(
                f"neuron {self.name!r}: parameter", name, sorted(used - set(states) - set(brian2.DEFAULT_FUNCTIONS))
            )
        for name in self.initial:
            if name not in states:
                raise unknown(f"neuron {self.name!r}: initial", name, list(states))
        require_parameters("neuron", self.name, self.parameters)

    @property
    def states(self) -> list[str]:
        """Names of the variables with a differential equation."""
        return sorted(brian2.Equations(self.equations).diff_eq_names)

    def with_parameters(self, **overrides) -> NeuronModel:
        """Return the model with some parameters changed; unknown names and other dimensions raise UserError."""
        return with_parameters(self, "neuron", overrides)

    def to_dict(self) -> dict:
        """Return plain JSON values from which :meth:`from_dict` makes an equal model."""
        times = {k: getattr(self, k) for k in ("refractory", "peak") if getattr(self, k) is not None}
        return {
            "name": self.name,
            "equations": self.equations,
            "current": self.current,
            "threshold": self.threshold,
            "reset": self.reset,
            "parameters": dump(self.parameters),
            "initial": dict(self.initial),
            "quantities": dump(times),
            "source": self.source,
        }

    @classmethod
    def from_dict(cls, data: dict) -> NeuronModel:
        data = dict(data)
        quantities = load(data.pop("quantities"))
        return cls(**data | {"parameters": load(data["parameters"])} | quantities)


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
