"""Plasticity rules as data: what a synapse sees, what it sums, how its weight changes. Nothing is built here."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from numbers import Real
from types import CodeType
from typing import Any, TypeAlias

import brian2
import numpy as np
import sympy

from ..checking import checked_rng
from ..errors import UserError, unknown
from .fields import require_dict, require_percentiles, require_texts
from .reserved import OF_RATE_RULES, WORDS

# Variables that a synapse between rate units may use: presynaptic, postsynaptic, and its own weight.
SEEN = ("x_pre", "x_mean_pre", "y_post", "u_post", "y_mean_post", "w")
# A factor of a product, as a function of the values of its variables.
Factor: TypeAlias = "Callable[[Mapping[str, np.ndarray | float]], np.ndarray | float]"


@dataclass(frozen=True)
class RateRule:
    r"""Plasticity between rate units: in every step, for every synapse from i to j,

    .. math:: S_{ij} \leftarrow \langle \mathrm{signal}_{ij} \rangle + k S_{ij}, \quad
        w_{ij} \leftarrow w_{ij} + \eta \, \mathrm{change}(S_{ij})

    with the mean over the images of a batch, and S = 0 before the first step of an image. Both texts are Brian2
    expressions without units.

    Parameters
    ----------
    name : str
        The rule's name in messages and files.
    signal : str
        Expression in ``w``, ``x_pre`` (what the presynaptic unit sent), ``y_post`` (activity of the postsynaptic unit),
        ``u_post`` (its recurrent input, the sum of all w x), ``x_mean_pre`` and ``y_mean_post`` (running means), and
        parameters.
    change : str
        Expression in ``summed`` (S), ``w``, parameters, ``randn()`` and ``rand()``.
    parameters : dict
        Name -> number. The parameter ``kept``, if given, is k, the share of S that is left after a step.
    percentiles : dict
        Parameters that are percentiles (0 to 100) of S in the network before learning, over synapses, steps and
        batches; see :func:`snnlab.networks.reservoir.calibrate`.
    source : str
        Where equations and numbers come from.

    Raises
    ------
    UserError
        For texts that cannot be read, undefined names, and parameters that are not used or are not numbers.

    Example
    -------
    >>> import numpy as np
    >>> import snnlab
    >>> rule = snnlab.RateRule("decaying", "x_pre*y_post", "summed - decay*w", dict(decay=0.5))
    >>> print(rule.statements())
    summed = (x_pre*y_post)
    w += eta*(summed - decay*w)
    >>> rule.change_of(summed=np.array([1.0, 0.0]), w=np.array([0.5, 0.5])).tolist()
    [0.75, -0.25]
    """

    name: str
    signal: str
    change: str = "summed"
    parameters: dict[str, float] = field(default_factory=dict)
    percentiles: dict[str, float] = field(default_factory=dict)
    source: str = ""

    def __post_init__(self):
        require_texts("plasticity", self, "signal", "change")
        require_dict("plasticity", self.name, "parameters", self.parameters)
        require_percentiles(self)
        where = f"plasticity {self.name!r}: "
        used = set()
        for name in sorted({*OF_RATE_RULES, *SEEN, *_language(), "randn", "rand"} & self.parameters.keys()):
            raise UserError(f"{where}parameter {name}: expected a name that has no meaning yet, got {name!r}")
        for label, known in (("signal", SEEN), ("change", ("summed", "w", "randn", "rand"))):
            text = getattr(self, label)
            names = _names(text, f"{where}{label}")
            for name in sorted(names - {*known, *self.parameters, *_language(), *WORDS}):
                raise unknown(f"{where}{label}: name", name, [*known, *self.parameters])
            used |= names
        for name, value in self.parameters.items():
            if isinstance(value, bool) or not isinstance(value, Real) or not np.isfinite(value):
                raise UserError(f"{where}parameter {name}: expected one finite number, got {value!r}")
            if name not in {*used, "kept"}:
                raise unknown(f"{where}parameter", name, sorted(used))
        if not 0 <= self.parameters.get("kept", 0) < 1:
            raise UserError(f"{where}parameter kept: expected a number from 0 to less than 1, got {self.kept}")

    @property
    def kept(self) -> float:
        """Share of S that is left after a step."""
        return float(self.parameters.get("kept", 0.0))

    def sees(self, name: str) -> bool:
        """Tell whether the signal names a variable."""
        return name in _names(self.signal, "signal")

    def with_parameters(self, **overrides: float) -> RateRule:
        """Return the rule with some parameters changed; unknown names raise UserError."""
        for name in overrides:
            if name not in self.parameters:
                raise unknown(f"plasticity {self.name!r}: parameter", name, list(self.parameters))
        return replace(self, parameters=self.parameters | overrides)

    def statements(self) -> str:
        """Return the Brian2 statements of a step, in ``w``, ``summed``, ``eta`` and the variables of the signal."""
        summed = f"({self.signal})" + (" + kept*summed" if self.kept else "")
        return f"summed = {summed}\nw += eta*({self.change})"

    def terms(self) -> list[Term] | None:
        """Return the signal as a sum of products of pre- and postsynaptic factors, or None if it is no such sum."""
        found: dict[tuple, sympy.Expr] = {}
        for product in sympy.Add.make_args(sympy.expand(_read(self.signal))):
            sides = {"pre": sympy.S.One, "post": sympy.S.One, "": sympy.S.One}
            for factor in sympy.Mul.make_args(product):
                names = {symbol.name for symbol in factor.free_symbols} - set(self.parameters)
                kinds = {name.rpartition("_")[2] if name != "w" else "" for name in names}
                if len(kinds) > 1:
                    return None
                sides[kinds.pop() if kinds else ""] *= factor
            key = (sides["pre"], sides["post"])
            found[key] = found.get(key, sympy.S.Zero) + sides[""]
        return [Term(*(self._function(e) for e in (pre, post, own))) for (pre, post), own in found.items()]

    def _function(self, expression: sympy.Expr) -> Factor | None:
        names = sorted(symbol.name for symbol in expression.free_symbols)
        if not names:
            value = float(expression)
            return None if value == 1 else lambda values: value
        function = sympy.lambdify(names, expression, "numpy")
        return lambda values: function(*(values[name] for name in names))

    def signal_of(self, values: dict[str, np.ndarray]) -> np.ndarray:
        """Return the signal for arrays of its variables."""
        return _evaluate(self.signal, values | self.parameters)

    def change_of(self, summed: np.ndarray, w: np.ndarray, rng: np.random.Generator | None = None) -> np.ndarray:
        """Return the change, before the learning rate, for arrays of synapses."""
        shape = np.shape(w)
        values = {
            "summed": summed,
            "w": w,
            "randn": lambda: checked_rng(rng).standard_normal(shape),
            "rand": lambda: checked_rng(rng).random(shape),
        }
        return _evaluate(self.change, values | self.parameters)

    def to_dict(self) -> dict:
        """Return plain JSON values of the rule."""
        return {k: getattr(self, k) for k in ("name", "signal", "change", "parameters", "percentiles", "source")}


@dataclass(frozen=True)
class Term:
    """A product of a presynaptic factor, a postsynaptic factor and a factor of the synapse; None is 1.

    Each factor is a function of {name: array or number}.
    """

    pre: Factor | None
    post: Factor | None
    own: Factor | None


def at_percentiles(rule, seen: np.ndarray):
    """Return a rate rule or spike rule with its percentile parameters set from the values seen.

    Raises
    ------
    UserError
        If a percentile is 0, which is no threshold: too few inputs coincide.
    """
    values = {name: float(np.percentile(seen, p)) for name, p in rule.percentiles.items()}
    for name, value in values.items():
        if value == 0:
            raise UserError(
                f"plasticity {rule.name!r}: parameter {name}: expected a percentile {rule.percentiles[name]:g} that is "
                "not 0, got 0; give more input or more synapses"
            )
    return rule.with_parameters(**values)


def _names(text: str, where: str) -> set[str]:
    try:
        ast.parse(text.strip(), mode="eval")
        _read(text)
    except Exception:
        raise UserError(f"{where}: expected a Brian2 expression such as x_pre*y_post, got {text!r}") from None
    return set(re.findall(r"(?<![\w.])[A-Za-z_]\w*", text))


def _read(text: str) -> sympy.Expr:
    return brian2.parsing.sympytools.str_to_sympy(text)


@cache
def _compiled(text: str) -> CodeType:
    return compile(brian2.parsing.rendering.NumpyNodeRenderer().render_expr(text), "<rule>", "eval")


@cache
def _language() -> dict[str, Any]:
    """Return the functions of Brian2 that numpy has under the same name, and the constants, by name."""
    functions = [name for name in brian2.DEFAULT_FUNCTIONS if callable(getattr(np, name, None))]
    names = {name: getattr(np, name) for name in (*functions, "logical_and", "logical_or", "logical_not")}
    # Conversions are functions of Brian2's language.
    conversions = dict.fromkeys(("int", "int_"), lambda x: np.asarray(x).astype(int))
    return names | {"pi": np.pi, "e": np.e} | conversions


def _evaluate(text: str, values: dict) -> np.ndarray:
    return eval(_compiled(text), {"__builtins__": {}}, _language() | values)
