"""A neuron as data: equation text, threshold, reset, parameters with units, a source. Nothing is built here."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import brian2

from ..errors import UserError, unknown
from .fields import as_text, require_dict, require_parameters, require_quantity, require_syntax, require_texts
from .quantities import dump, load, one_quantity, shown, unit, with_parameters
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
        State variable -> its initial value: a quantity, or a Brian2 expression, in which ``rand()`` and ``randn()`` may
        appear. The model keeps a quantity as an expression.
    threshold, reset : str
        Spike condition and reset statements. Both are empty for a rate unit.
    refractory : Quantity or str, optional
        Refractory period >= 0, for equations marked ``(unless refractory)``, or the condition under which a neuron is
        refractory, such as ``"v > -20*mV"``, or an expression of the period.
    peak : Quantity, optional
        The value up to which figures draw a spike, in the unit of a state; the state itself is reset at threshold.
    source : str
        Where equations and numbers come from.

    Raises
    ------
    UserError
        For a field of another kind, equations that cannot be read, undefined names, unused parameters, a ``tau`` that
        is not > 0. Brian2 checks units when a network is built.

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
    refractory: brian2.Quantity | str | None = None
    peak: brian2.Quantity | None = None
    source: str = ""

    def __post_init__(self):
        require_texts("neuron", self, "equations", "current", "threshold", "reset")
        require_parameters("neuron", self.name, self.parameters)
        require_dict("neuron", self.name, "initial", self.initial)
        where = f"neuron {self.name!r}: "
        texts = {key: as_text(f"{where}initial {key}", value) for key, value in self.initial.items()}
        object.__setattr__(self, "initial", texts)
        if float(unit(self.current, f"{where}current")) != 1.0:
            raise UserError(f"{where}current: expected a unit without prefix such as amp, got {self.current}")
        try:
            equations = brian2.Equations(self.equations)
        except (brian2.equations.equations.EquationError, ValueError, SyntaxError) as error:
            raise UserError(f"{where}equations: expected Brian2 equations, got {_one_line(error)}") from None
        states = equations.names
        for name in sorted(OF_NEURONS & ({*states, *self.parameters})):
            raise UserError(f"{where}expected a name that Brian2 does not use, got {name!r}")
        for name in self.initial:
            if name not in states:
                raise unknown(f"{where}initial", name, list(states))
        self._check_spike()
        self._check_names(equations)
        self._check_times(equations)

    def _check_spike(self) -> None:
        """Raise UserError for a condition or a reset that cannot be read, and for what a rate unit cannot have."""
        where = f"neuron {self.name!r}: "
        if self.threshold:
            require_syntax(f"{where}threshold", self.threshold, "eval", "v > -50*mV")
        else:
            for name, value, none in (("reset", self.reset, ""), ("refractory", self.refractory, None)):
                if value is not none and value != none:
                    raise UserError(f"{where}{name}: expected none without a threshold, got {shown(value)}")
        require_syntax(f"{where}reset", self.reset, "exec", "v = -65*mV")
        if isinstance(self.refractory, str):
            require_syntax(f"{where}refractory", self.refractory, "eval", "v > -20*mV")

    def _check_names(self, equations: brian2.Equations) -> None:
        """Raise UserError for a name that a field uses and nothing defines, and for a parameter that none uses."""
        where = f"neuron {self.name!r}: "
        states = equations.names
        refractory = self.refractory if isinstance(self.refractory, str) else ""
        fields = {"threshold": self.threshold, "reset": self.reset, "refractory": refractory}
        fields |= {f"initial {key}": text for key, text in self.initial.items()}
        names = {"equations": set(equations.identifiers)}
        names |= {field: set(re.findall(r"(?<![\w.])[A-Za-z_]\w*", text)) for field, text in fields.items()}
        if "current" not in set.union(*names.values()):
            raise UserError(f"{where}equations: expected 'current' for the input, got equations without it")
        known = {*states, *self.parameters, "current", "int", "not", "and", "or", "True", "False"}
        known |= CONSTANTS | set(brian2.DEFAULT_FUNCTIONS) | set(brian2.DEFAULT_UNITS)
        for place, found in names.items():
            for name in sorted(found - known):
                raise UserError(f"{where}{place}: expected parameters or states, got the name {name!r}")
        used = set.union(*names.values())
        for name in sorted(set(self.parameters) - used):
            raise unknown(f"{where}parameter", name, sorted(used - set(states) - set(brian2.DEFAULT_FUNCTIONS)))

    def _check_times(self, equations: brian2.Equations) -> None:
        """Raise UserError for a refractory period that is no time and no condition, and for a peak of a wrong unit."""
        where = f"neuron {self.name!r}: "
        if self.refractory is not None and not isinstance(self.refractory, str):
            require_quantity(f"{where}refractory", self.refractory, brian2.second.dim, least=0, like="2*ms")
        if self.peak is not None:
            states = sorted(equations.diff_eq_names, key=lambda name: (name != "v", name))
            dims = [equations[name].dim for name in states] or [unit(self.current).dim]
            size = one_quantity(self.peak)
            if size is None or size.dim not in dims:
                require_quantity(f"{where}peak", self.peak, dims[0])

    @property
    def states(self) -> list[str]:
        """Names of the variables with a differential equation."""
        return sorted(brian2.Equations(self.equations).diff_eq_names)

    def with_parameters(self, **overrides) -> NeuronModel:
        """Return the model with some parameters changed; unknown names and other dimensions raise UserError."""
        return with_parameters(self, "neuron", overrides)

    def to_dict(self) -> dict:
        """Return plain JSON values from which :meth:`from_dict` makes an equal model."""
        times = {k: getattr(self, k) for k in ("refractory", "peak")}
        texts = {k: v for k, v in times.items() if isinstance(v, str)}
        return texts | {
            "name": self.name,
            "equations": self.equations,
            "current": self.current,
            "threshold": self.threshold,
            "reset": self.reset,
            "parameters": dump(self.parameters),
            "initial": dict(self.initial),
            "quantities": dump({k: v for k, v in times.items() if v is not None and k not in texts}),
            "source": self.source,
        }

    @classmethod
    def from_dict(cls, data: dict) -> NeuronModel:
        data = dict(data)
        quantities = load(data.pop("quantities"))
        return cls(**data | {"parameters": load(data["parameters"])} | quantities)


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
