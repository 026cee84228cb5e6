"""Plasticity between spiking neurons as data: Brian2 synapse text. Nothing is built here."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field
from textwrap import dedent

import brian2

from ..errors import UserError, unknown
from .fields import require_parameters, require_percentiles, require_syntax, require_texts
from .quantities import dump, load, with_parameters
from .reserved import IN_SYNAPSES, OF_SYNAPSES


@dataclass(frozen=True)
class SpikeRule:
    r"""Plasticity between spiking neurons: how spikes change a synapse of weight ``w``.

    Every time step runs, in this order:

    1. ``on_arrival`` for every synapse whose presynaptic neuron fires, plastic or not, so that sums over arriving
       spikes are complete;
    2. ``on_pre`` for the plastic ones among them, then w is clipped to [0, w_max];
    3. ``on_post`` for every plastic synapse whose postsynaptic neuron fires, then w is clipped.

    Parameters
    ----------
    name : str
        The rule's name in messages and files.
    equations : str
        Equations of the variables of a synapse, except ``w : 1``.
    on_arrival, on_pre, on_post : str
        Brian2 statements. ``on_arrival`` may change variables x of the postsynaptic neuron, as ``x_post``; its ``w``
        has the sign of the presynaptic neuron. The other two may change variables of the synapse.
    neuron : str
        Equations of the variables that the rule needs in postsynaptic neurons.
    parameters : dict
        Constants as Brian2 quantities or numbers; those whose names start with ``tau`` are times > 0. ``w_max`` must be
        among them. Learning rates are called ``eta``.
    percentiles : dict
        Parameters that are percentiles (0 to 100), over arriving spikes, of the variable ``calibrated`` after
        ``on_pre``, in a network before learning.
    calibrated : str
        A variable of a synapse.
    source : str
        Where equations and numbers come from.

    Raises
    ------
    UserError
        For texts that cannot be read, undefined names, and parameters that are not used or are not numbers.

    Example
    -------
    >>> import snnlab
    >>> from brian2 import ms
    >>> rule = snnlab.SpikeRule(
    ...     "potentiation",
    ...     equations="dx/dt = -x/tau : 1 (event-driven)",
    ...     on_pre="x += 1",
    ...     on_post="w += eta*x",
    ...     parameters=dict(eta=0.01, tau=20*ms, w_max=1.0),
    ... )
    >>> rule.variables, rule.pathways()["on_post"]
    (['x'], {'fire': 'w += eta*x\nw = clip(w, 0, w_max)'})
    """

    name: str
    equations: str = ""
    on_arrival: str = ""
    on_pre: str = ""
    on_post: str = ""
    neuron: str = ""
    parameters: dict = field(default_factory=dict)
    percentiles: dict[str, float] = field(default_factory=dict)
    calibrated: str = ""
    source: str = ""

    def __post_init__(self):
        texts = ("equations", "on_arrival", "on_pre", "on_post", "neuron", "calibrated")
        require_texts("plasticity", self, *texts)
        require_parameters("plasticity", self.name, self.parameters)
        require_percentiles(self)
        where = f"plasticity {self.name!r}: "
        own, behind = (self._variables(label) for label in ("equations", "neuron"))
        for key in self.parameters:
            if key in {*own, *behind, "w"}:
                raise UserError(f"{where}parameter {key}: expected a name that no variable has, got {key!r}")
        for name in sorted(OF_SYNAPSES & ({*own, *behind, *self.parameters} - {"w"})):
            raise UserError(f"{where}expected a name that Brian2 and sympy do not use, got {name!r}")
        if not self.parameters.get("w_max", 0) > 0:
            raise UserError(
                f"{where}parameters: expected w_max, a number > 0, got {self.parameters.get('w_max', 'none')}"
            )
        posts = {f"{name}_post" for name in behind}
        changed = {"on_arrival": posts, "on_pre": {"w", *own}, "on_post": {"w", *own}}
        used = self._names("equations", own) | self._names("neuron", behind)
        for label, allowed in changed.items():
            text = getattr(self, label)
            require_syntax(f"{where}{label}", text, "exec", "w += eta*x")
            for statement in ast.parse(dedent(text).strip()).body:
                targets = getattr(statement, "targets", None) or [getattr(statement, "target", None)]
                if not isinstance(statement, ast.Assign | ast.AugAssign) or not isinstance(targets[0], ast.Name):
                    raise UserError(f"{where}{label}: expected statements such as w += eta*x, got {text!r}")
                if targets[0].id not in allowed:
                    raise unknown(f"{where}{label}: variable to change", targets[0].id, sorted(allowed))
            used |= self._names(label, posts if label == "on_arrival" else {*own, *posts})
        for name in sorted(set(self.parameters) - used - {"w_max"}):
            raise unknown(f"{where}parameter", name, sorted(used & set(self.parameters)) or ["none"])
        if bool(self.percentiles) != bool(self.calibrated) or self.calibrated not in {"", *own}:
            raise unknown(f"{where}calibrated", self.calibrated, sorted(own))

    def _variables(self, label: str) -> list[str]:
        """Return the names of the variables in equations; raise UserError if they cannot be read."""
        try:
            return sorted(brian2.Equations(getattr(self, label)).names)
        except (brian2.equations.equations.EquationError, ValueError, SyntaxError) as error:
            message = " ".join(str(error).split())
            raise UserError(f"plasticity {self.name!r}: {label}: expected Brian2 equations, got {message}") from None

    def _names(self, label: str, variables: set[str] | list[str]) -> set[str]:
        """Return the names that a text uses; raise UserError for undefined ones."""
        text = getattr(self, label)
        if label in ("equations", "neuron"):
            equations = brian2.Equations(text)
            names = set(equations.identifiers)
        else:
            names = set(re.findall(r"(?<![\w.])[A-Za-z_]\w*", text))
        known = {*variables, *self.parameters, *IN_SYNAPSES, *brian2.DEFAULT_FUNCTIONS, *brian2.DEFAULT_UNITS}
        for name in sorted(names - known):
            raise unknown(f"plasticity {self.name!r}: {label}: name", name, [*variables, *self.parameters, "w"])
        return names

    @property
    def variables(self) -> list[str]:
        """Names of the variables of a synapse, except ``w``."""
        return self._variables("equations")

    @property
    def neuron_variables(self) -> list[str]:
        """Names of the variables that the rule needs in postsynaptic neurons."""
        return self._variables("neuron")

    @property
    def numbers(self) -> dict[str, float]:
        """Parameters without a unit that only synapses use; they can be changed in a built network."""
        behind = brian2.Equations(self.neuron).identifiers if self.neuron else ()
        return {k: float(v) for k, v in self.parameters.items() if _pure(v) and k not in behind}

    @property
    def constants(self) -> dict:
        """All other parameters."""
        return {k: v for k, v in self.parameters.items() if k not in self.numbers}

    @property
    def model(self) -> str:
        """Brian2 equations of a synapse."""
        return "\n".join(["w : 1", self.equations, *(f"{name} : 1 (shared, constant)" for name in self.numbers)])

    def pathways(self, effect: str = "") -> dict[str, dict[str, str]]:
        """Return on_pre and on_post of Brian2's Synapses, by pathway.

        Pathways "arrive", "learn" and "fire" must have orders that rise in this sequence. ``effect`` is what an
        arriving spike does to the postsynaptic neuron.
        """
        clip = "w = clip(w, 0, w_max)"
        first = [part for part in (effect, self.on_arrival) if part]
        before = {"arrive": "\n".join(first)} if first else {}
        if self.on_pre:
            before["learn"] = f"{self.on_pre}\n{clip}"
        return {"on_pre": before, "on_post": {"fire": f"{self.on_post}\n{clip}"} if self.on_post else {}}

    def with_parameters(self, **overrides) -> SpikeRule:
        """Return the rule with some parameters changed; unknown names and other units raise UserError."""
        return with_parameters(self, "plasticity", overrides)

    def to_dict(self) -> dict:
        """Return plain JSON values from which :meth:`from_dict` makes an equal rule."""
        texts = (
            "name",
            "equations",
            "on_arrival",
            "on_pre",
            "on_post",
            "neuron",
            "percentiles",
            "calibrated",
            "source",
        )
        return {key: getattr(self, key) for key in texts} | {"parameters": dump(self.parameters)}

    @classmethod
    def from_dict(cls, data: dict) -> SpikeRule:
        return cls(**data | {"parameters": load(data["parameters"])})


def _pure(value) -> bool:
    """Tell whether a parameter has no unit."""
    return bool(brian2.is_dimensionless(value))
