"""Creation of a group of neurons from a model, with its input as an expression."""

from __future__ import annotations

from collections.abc import Collection

import brian2

from ..errors import UserError
from ..models.neuron import NeuronModel


def require_free_names(model: NeuronModel, taken: Collection[str]) -> None:
    """Raise UserError if a model uses a name that its network has, too."""
    own = set(brian2.Equations(model.equations).names) | set(model.parameters)
    for clash in sorted(own & set(taken)):
        raise UserError(f"neuron {model.name!r}: expected a name that the network does not use, got {clash!r}")


def population(
    model: NeuronModel,
    n: int,
    current: str,
    *,
    clock: brian2.Clock,
    equations: str = "",
    on_spike: str = "",
    constants: dict | None = None,
    reserved: Collection[str] = (),
    name: str = "neurons",
    order: int = 0,
    method: str = "euler",
) -> brian2.NeuronGroup:
    """Return a NeuronGroup of ``n`` neurons whose ``current`` is an expression.

    Parameters
    ----------
    equations, on_spike : str
        Equations and reset statements to add (synaptic states, spike counters).
    constants : dict
        Constants of the added equations.
    method : str
        Brian2's integrator: "euler" (published FORCE networks), "exact", "rk4", ...
    reserved : collection of str
        Names that the model may not use, in addition to those of the added equations.

    Raises
    ------
    UserError
        If a name is used both by the model and by the added equations, or an initial value has a wrong unit.
    """
    constants = dict(constants or {})
    added = brian2.Equations(equations)
    require_free_names(model, {*added.names, *constants, *reserved})
    kwargs = {}
    if model.threshold:
        kwargs["threshold"] = model.threshold
        kwargs["reset"] = "; ".join(part for part in (model.reset, on_spike) if part)
    if model.refractory is not None:
        kwargs["refractory"] = model.refractory
    try:
        group = brian2.NeuronGroup(
            n,
            brian2.Equations(f"{model.equations}\ncurrent = {current} : {model.current}") + added,
            method=method,
            namespace={**model.parameters, **constants},
            clock=clock,
            name=name,
            order=order,
            **kwargs,
        )
        for variable, expression in model.initial.items():
            getattr(group, variable).set_item(slice(None), expression, namespace={})
    except (
        brian2.equations.equations.EquationError,
        brian2.DimensionMismatchError,
        KeyError,
        TypeError,
        ValueError,
        SyntaxError,
    ) as error:
        raise UserError(f"neuron {model.name!r}: {' '.join(str(error).split())}") from error
    return group
