"""Find models by name, by file or by module; there is no registry to edit."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any, Literal, Protocol, TypeVar, overload

from ..errors import UserError, unknown
from ..files.python import is_file_spec, open_spec
from .names import FOLDERS
from .neuron import NeuronModel
from .synapse import SynapseModel


class _Model(Protocol):
    @property
    def name(self) -> str: ...


Model = TypeVar("Model", bound=_Model)
_CLASSES: dict[str, type[Any]] = {"neuron": NeuronModel, "filter": SynapseModel}


@overload
def find_model(spec: str, kind: Literal["neuron"], spiking: bool = False) -> tuple[NeuronModel, ModuleType]: ...
@overload
def find_model(spec: str, kind: Literal["filter"], spiking: bool = False) -> tuple[SynapseModel, ModuleType]: ...
def find_model(
    spec: str, kind: Literal["neuron", "filter"], spiking: bool = False
) -> tuple[NeuronModel | SynapseModel, ModuleType]:
    """Return a model and the module that defines it.

    Parameters
    ----------
    spec : str
        The ``name`` of a model in any file of :mod:`snnlab.neurons` or :mod:`snnlab.synapses`; ``path/to/file.py``,
        which must hold one model; or ``path/to/file.py:NAME`` or ``package.module:NAME``.
    kind : {"neuron", "filter"}
    spiking : bool
        Whether the neuron must have a threshold. Rate units are then neither offered nor accepted.

    Raises
    ------
    UserError
        For unknown names (the message gives the nearest ones), files that cannot be imported, files without a model.
    """
    model: NeuronModel | SynapseModel
    model, module = _find(spec, kind, _CLASSES[kind], usable=lambda each: not spiking or bool(each.threshold))
    if spiking and isinstance(model, NeuronModel) and not model.threshold:
        raise UserError(f"neuron: expected a model with a threshold, got {model.name!r}, which does not spike")
    return model, module


def find_rule(spec: str, cls: type[Model], others: tuple[str, ...] = ()) -> Model | None:
    """Return a plasticity rule of a class, such as RateRule, as :func:`find_model` finds models.

    A name is the ``name`` of a rule in any file of :mod:`snnlab.plasticity`. The result is None for "none" and for
    the names in ``others``, which only the caller knows.
    """
    if spec in ("none", *others):
        return None
    return _find(spec, "plasticity", cls, others=("none", *others))[0]


def shipped_models(kind: Literal["neuron", "filter"]) -> dict[str, NeuronModel | SynapseModel]:
    """Return all neurons or filters that are shipped, by name."""
    found: dict[str, tuple[Any, ModuleType]] = _shipped(_CLASSES[kind])
    return {name: model for name, (model, _) in found.items()}


def _find(
    spec: str,
    kind: str,
    cls: type[Model],
    others: tuple[str, ...] = (),
    usable: Callable[[Any], bool] = lambda model: True,
) -> tuple[Model, ModuleType]:
    """Return a model and its module. An error offers the names of usable models, and ``others``."""
    if ":" not in spec and not is_file_spec(spec):
        return _find_shipped(spec, kind, cls, others, usable)
    module, name = open_spec(spec, kind)
    models = {k: v for k, v in vars(module).items() if isinstance(v, cls)}
    if name in models:
        return models[name], module
    if not models:
        raise _no_model(kind, spec, cls)
    models = {k: v for k, v in models.items() if usable(v)} or models
    if name:
        raise unknown(kind, name, list(models))
    # A file may import a shipped model; then only its own models count.
    package = f"{_package(cls)}."
    shipped = [id(v) for k, m in sys.modules.items() if k.startswith(package) for v in vars(m).values()]
    models = {k: v for k, v in models.items() if id(v) not in shipped} or models
    if len(models) > 1:
        raise UserError(
            f"{kind}: expected one of {', '.join(sorted(models))}, as in {spec}:{sorted(models)[0]}, got {spec}"
        )
    return next(iter(models.values())), module


def _find_shipped(
    spec: str, kind: str, cls: type[Model], others: tuple[str, ...], usable: Callable[[Any], bool]
) -> tuple[Model, ModuleType]:
    # Most models stand in the file of their name. The other files are then not imported.
    found = _shipped(cls, [spec] if spec in _files(cls) else [])
    if spec not in found:
        found = _shipped(cls)
    if spec not in found:
        raise unknown(kind, spec, [*others, *(name for name, (model, _) in found.items() if usable(model))])
    return found[spec]


def _package(cls: type) -> str:
    """Return the package in which shipped models of a class stand."""
    return f"snnlab.{FOLDERS[cls.__name__]}"


def _files(cls: type) -> list[str]:
    return [module.name for module in pkgutil.iter_modules(importlib.import_module(_package(cls)).__path__)]


def _shipped(cls: type[Model], files: list[str] | None = None) -> dict[str, tuple[Model, ModuleType]]:
    """Return shipped models of a class in some files (None: all files), by name, with the modules they stand in."""
    modules = [importlib.import_module(f"{_package(cls)}.{each}") for each in (_files(cls) if files is None else files)]
    found: dict[str, tuple[Model, ModuleType]] = {}
    for module in modules:
        # A module may import a model that stands in another file.
        imported = _imported(module)
        for variable, model in vars(module).items():
            if isinstance(model, cls) and variable not in imported:
                if found.setdefault(model.name, (model, module))[0] is not model:
                    both = f"{found[model.name][1].__name__} and {module.__name__}"
                    raise UserError(f"name: expected one model of a name, got {model.name!r} in {both}")
    return found


def _imported(module: ModuleType) -> set[str]:
    """Return the names that a module takes from other modules."""
    nodes = ast.walk(ast.parse(inspect.getsource(module)))
    return {alias.asname or alias.name for node in nodes if isinstance(node, ast.ImportFrom) for alias in node.names}


def _no_model(kind: str, spec: str, cls: type) -> UserError:
    return UserError(
        f"{kind}: expected a file with a {cls.__name__}, got {spec.partition(':')[0]}, which holds no {cls.__name__}"
    )
