"""Find models by name, by file or by module; there is no registry to edit."""

from __future__ import annotations

import importlib
import pkgutil
import sys
from types import ModuleType
from typing import Literal, Protocol, TypeVar, overload

from ..errors import UserError, unknown
from ..files.python import is_file_spec, open_spec
from .neuron import NeuronModel
from .synapse import SynapseModel


class _Named(Protocol):
    @property
    def name(self) -> str: ...


Model = TypeVar("Model")
Rule = TypeVar("Rule", bound=_Named)


@overload
def find_model(spec: str, kind: Literal["neuron"]) -> tuple[NeuronModel, ModuleType]: ...
@overload
def find_model(spec: str, kind: Literal["filter"]) -> tuple[SynapseModel, ModuleType]: ...
def find_model(spec: str, kind: Literal["neuron", "filter"]) -> tuple[NeuronModel | SynapseModel, ModuleType]:
    """Return a model and the module that defines it.

    Parameters
    ----------
    spec : str
        A file name in :mod:`snnlab.neurons` or :mod:`snnlab.synapses`; ``path/to/file.py``, which must hold one
        model; or ``path/to/file.py:NAME`` or ``package.module:NAME``.
    kind : {"neuron", "filter"}

    Raises
    ------
    UserError
        For unknown names (the message gives the nearest ones), files that cannot be imported, files without a model.
    """
    if kind == "neuron":
        return _find(spec, kind, "snnlab.neurons", NeuronModel)
    return _find(spec, kind, "snnlab.synapses", SynapseModel)


def find_rule(spec: str, cls: type[Rule], others: tuple[str, ...] = ()) -> Rule | None:
    """Return a plasticity rule of a class, such as RateRule, as :func:`find_model` finds models.

    A name is the name of a rule in any file of :mod:`snnlab.plasticity`. The result is None for "none" and for
    ``others``, names that only the caller knows.
    """
    if spec in ("none", *others):
        return None
    package = "snnlab.plasticity"
    if ":" in spec or is_file_spec(spec):
        return _find(spec, "plasticity", package, cls)[0]
    names = [m.name for m in pkgutil.iter_modules(importlib.import_module(package).__path__)]
    modules = [importlib.import_module(f"{package}.{name}") for name in names]
    rules = {rule.name: rule for module in modules for rule in vars(module).values() if isinstance(rule, cls)}
    if spec not in rules:
        raise unknown("plasticity", spec, ["none", *others, *rules])
    return rules[spec]


def _find(spec: str, kind: str, package: str, cls: type[Model]) -> tuple[Model, ModuleType]:
    if ":" not in spec and not is_file_spec(spec):
        names = [m.name for m in pkgutil.iter_modules(importlib.import_module(package).__path__)]
        if spec not in names:
            raise unknown(kind, spec, names)
        module = importlib.import_module(f"{package}.{spec}")
        return getattr(module, spec.upper()), module
    module, name = open_spec(spec, kind)
    models = {k: v for k, v in vars(module).items() if isinstance(v, cls)}
    if name:
        if name not in models:
            raise unknown(kind, name, list(models)) if models else _no_model(kind, spec, cls)
        return models[name], module
    if not models:
        raise _no_model(kind, spec, cls)
    # A file may import a shipped model; then only its own models count.
    shipped = [id(v) for k, m in sys.modules.items() if k.startswith(f"{package}.") for v in vars(m).values()]
    models = {k: v for k, v in models.items() if id(v) not in shipped} or models
    if len(models) > 1:
        raise UserError(
            f"{kind}: expected one of {', '.join(sorted(models))}, as in {spec}:{sorted(models)[0]}, got {spec}"
        )
    return next(iter(models.values())), module


def _no_model(kind: str, spec: str, cls: type) -> UserError:
    return UserError(
        f"{kind}: expected a file with a {cls.__name__}, got {spec.partition(':')[0]}, which holds no {cls.__name__}"
    )
