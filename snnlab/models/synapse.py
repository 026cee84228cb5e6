"""A synaptic filter as data: equation text with parameters and a source. Nothing is built here."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection
from dataclasses import dataclass
from textwrap import dedent
from types import CodeType
from typing import Any, Literal

import brian2
import numpy as np

from ..errors import UserError, unknown
from .fields import require_parameters, require_syntax, require_texts
from .quantities import ALLOWED, dump, load, with_parameters
from .reserved import CONSTANTS, OF_FILTERS

_FUNCTIONS = ("exp", "log", "sqrt", "sin", "cos")


def _arithmetic(text: str, mode: Literal["eval", "exec"], assigned: Collection[str] = ()) -> CodeType | None:
    """Compile an expression, or assignments to these names; None if it holds more than arithmetic.

    The text may come from another person's run file.
    """
    source = dedent(text).strip()
    tree: ast.Expression | ast.Module
    try:
        tree = ast.parse(source, mode="eval") if mode == "eval" else ast.parse(source)
    except SyntaxError:
        return None
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            good = isinstance(node.func, ast.Name) and node.func.id in _FUNCTIONS and not node.keywords
        elif isinstance(node, ast.Assign | ast.AugAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            good = all(isinstance(target, ast.Name) and target.id in assigned for target in targets)
        elif isinstance(node, ast.Constant):
            good = type(node.value) in (int, float)
        else:
            good = isinstance(node, (*ALLOWED, ast.Module, ast.Store))
        if not good:
            return None
    return compile(tree, "<filter>", mode)


@dataclass(frozen=True)
class SynapseModel:
    """A linear synaptic filter as Brian2 equations, in the names ``s`` (its output) and any other states.

    Parameters
    ----------
    name : str
        The filter's name in messages and files.
    equations : str
        Linear differential equations. ``unit`` is the unit of the filtered quantity per second; the first
        state is called ``s``.
    on_spike : str
        Statement at a presynaptic spike of weight ``weight``. With unit area the mean of s is the firing rate.
    parameters : dict
        Constants as Brian2 quantities. Names that start with ``tau`` are times > 0.
    source : str
        Where equations and numbers come from.

    Raises
    ------
    UserError
        For equations or statements that cannot be read, equations without ``s``, undefined names, unused parameters.

    Example
    -------
    The alpha function t exp(-t/tau)/tau^2:

    >>> import snnlab
    >>> from brian2 import ms
    >>> alpha = snnlab.SynapseModel(
    ...     name="alpha",
    ...     equations='''
    ...     ds/dt = -s/tau + h : unit
    ...     dh/dt = -h/tau : unit/second
    ...     ''',
    ...     on_spike="h += weight/tau**2",
    ...     parameters=dict(tau=5*ms),
    ... )
    >>> alpha.jump("z", "phi")
    'h_z += phi/tau**2'
    """

    name: str
    equations: str
    on_spike: str
    parameters: dict
    source: str = ""

    def __post_init__(self):
        require_texts("filter", self, "equations", "on_spike")
        require_parameters("filter", self.name, self.parameters)
        for name in sorted(OF_FILTERS & {*self.states, *self.parameters}):
            raise UserError(
                f"filter {self.name!r}: expected a name that Brian2 and the network do not use, got {name!r}"
            )
        try:
            equations = brian2.Equations(self.named("s", "1"))
        except (brian2.equations.equations.EquationError, ValueError, SyntaxError) as error:
            raise UserError(
                f"filter {self.name!r}: equations: expected Brian2 equations, got {_one_line(error)}"
            ) from None
        if "s" not in equations.diff_eq_names:
            raise UserError(
                f"filter {self.name!r}: equations: expected a differential equation of 's', the output, got none"
            )
        self._check_names("equations", set(equations.identifiers) - set(self.state_names("s").values()))
        self._check_spike()
        used = set(re.findall(r"[A-Za-z_]\w*", self.equations + " " + self.on_spike))
        for name in sorted(set(self.parameters) - used):
            raise unknown(f"filter {self.name!r}: parameter", name, sorted(used & set(self.parameters)) or ["none"])

    def _check_spike(self) -> None:
        where = f"filter {self.name!r}: on_spike"
        require_syntax(where, self.on_spike, "exec", "s += weight/tau")
        names = set(re.findall(r"[A-Za-z_]\w*", self.on_spike))
        if "weight" not in names:
            raise UserError(f"{where}: expected 'weight' for the weight of a spike, got {self.on_spike!r}")
        self._check_names("on_spike", names - {"weight"})

    def _check_names(self, label: str, names: set[str]) -> None:
        """Raise UserError for names in a text that nothing defines."""
        known = {*self.states, *self.parameters, *CONSTANTS, *brian2.DEFAULT_FUNCTIONS, *brian2.DEFAULT_UNITS}
        for name in sorted(names - known):
            raise unknown(f"filter {self.name!r}: {label}: name", name, [*self.states, *self.parameters, "weight"])

    @property
    def states(self) -> list[str]:
        """Names of the states, the output ``s`` first."""
        names = re.findall(r"d(\w+)/dt\s*=", self.equations)
        return sorted(names, key=lambda name: name != "s")

    def state_names(self, output: str) -> dict[str, str]:
        """Return the names of the states where the filtered quantity is called ``output``: s -> z, h -> h_z."""
        return {s: output if s == "s" else f"{s}_{output}" for s in self.states}

    def _rename(self, text: str, names: dict[str, str]) -> str:
        return re.sub(r"\b(d?)([A-Za-z_]\w*)\b", lambda m: m.group(1) + names.get(m.group(2), m.group(2)), text)

    def named(self, output: str, per_second: str, leak: str = "") -> str:
        """Return the equations for a quantity called ``output`` of unit ``per_second``.

        With a suffix ``leak``, each leak ``-x/tau`` uses a constant ``tau<leak>`` instead (see filter schemes
        in :mod:`snnlab.networks.force.network`).
        """
        text = self._rename(self.equations, self.state_names(output) | {"unit": per_second})
        if leak:
            text = re.sub(r"-\s*(\w+)\s*/\s*(tau\w*)", rf"-\1/\2{leak}", text)
        return text

    def jump(self, output: str, weight: str, post: str = "") -> str:
        """Return the statement at a spike of weight ``weight``; ``post`` is the suffix of postsynaptic names."""
        names = {s: name + post for s, name in self.state_names(output).items()}
        return self._rename(self.on_spike, names | {"weight": weight})

    def step_matrix(self, dt: float, constants: dict[str, float], leak: str = "") -> np.ndarray | None:
        """Return A of one Euler step without spikes, states(t + dt) = A states(t), or None if there is no such matrix.

        ``constants`` holds the parameters and, with a suffix ``leak``, those of the filter scheme, in SI.
        """
        equations = brian2.Equations(self.named("s", "1", leak))
        names = list(self.state_names("s").values())
        found = [_arithmetic(equations[name].expr.code, "eval") for name in names]
        codes = [code for code in found if code is not None]
        if len(codes) < len(names):
            return None

        def step(states: np.ndarray) -> np.ndarray:
            values = _functions() | constants | dict(zip(names, states, strict=True))
            return states + dt * np.array([eval(code, {"__builtins__": {}}, values) for code in codes], float)

        try:
            matrix = np.stack([step(unit) for unit in np.eye(len(names))], axis=1)
            probe = np.linspace(-1.3, 0.7, len(names))
            linear = np.allclose(step(probe), matrix @ probe, rtol=1e-12, atol=1e-12) and not step(0 * probe).any()
        except (NameError, TypeError, ValueError, ArithmeticError):
            return None
        return matrix if linear else None

    def jump_vector(self) -> np.ndarray | None:
        """Return b of a spike, states += weight b (SI), or None if a spike changes the states in another way."""
        names = self.states
        constants = {key: float(value) for key, value in self.parameters.items()}
        code = _arithmetic(self.on_spike, "exec", names)
        if code is None:
            return None

        def after(states: np.ndarray, weight: float) -> np.ndarray:
            values = _functions() | constants | {"weight": weight} | dict(zip(names, states, strict=True))
            exec(code, {"__builtins__": {}}, values)
            return np.array([values[name] for name in names])

        try:
            jump, probe = after(np.zeros(len(names)), 1.0), np.linspace(-1.3, 0.7, len(names))
            linear = np.allclose(after(probe, -2.5), probe - 2.5 * jump, rtol=1e-12, atol=1e-12)
        except (NameError, TypeError, ValueError, ArithmeticError):
            return None
        return jump if linear else None

    def with_parameters(self, **overrides) -> SynapseModel:
        """Return the filter with some parameters changed; unknown names and other dimensions raise UserError."""
        return with_parameters(self, "filter", overrides)

    def to_dict(self) -> dict:
        """Return plain JSON values from which :meth:`from_dict` makes an equal filter."""
        return {
            "name": self.name,
            "equations": self.equations,
            "on_spike": self.on_spike,
            "parameters": dump(self.parameters),
            "source": self.source,
        }

    @classmethod
    def from_dict(cls, data: dict) -> SynapseModel:
        return cls(**data | {"parameters": load(data["parameters"])})


def _functions() -> dict[str, Any]:
    return {name: getattr(np, name) for name in _FUNCTIONS}


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
