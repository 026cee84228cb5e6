"""Find models by name, by file or by module; there is no registry to edit."""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import importlib.util
import pkgutil
import sys
from pathlib import Path
from types import ModuleType

from .errors import UserError, unknown


def load_file(path: str | Path, field: str) -> ModuleType:
    """Import a Python file by path and register it in ``sys.modules``, as dataclasses and pickling need.

    Raises
    ------
    UserError
        If the file does not exist or fails to import; the message starts with ``field``.
    """
    path = Path(path).expanduser().resolve()
    if not path.is_file():
        raise UserError(f"{field}: no file {str(path)!r}")
    if path.suffix != ".py":
        raise UserError(f"{field}: expected a Python file, got {str(path)!r}")
    name = f"snnlab_user_{path.stem}_{hashlib.sha256(str(path).encode()).hexdigest()[:8]}"
    module = ModuleType(name)
    module.__file__ = str(path)
    sys.modules[name] = module
    try:
        # Not through importlib, whose bytecode cache can hold the file as it was a moment ago.
        exec(compile(path.read_bytes(), str(path), "exec"), module.__dict__)
    except UserError:
        del sys.modules[name]
        raise
    except Exception as error:
        del sys.modules[name]
        raise UserError(f"{field}: {path.name} cannot be imported: {type(error).__name__}: {error}") from None
    return module


def is_file_spec(spec: str) -> bool:
    """Tell whether a specification names a file, optionally with ``:name`` behind it."""
    return spec.partition(":")[0].endswith((".py", ".csv")) or "/" in spec


def open_spec(spec: str, field: str) -> tuple[ModuleType, str]:
    """Return the module and the name (may be empty) of ``path/to/file.py:NAME`` or ``package.module:NAME``."""
    place, _, name = spec.partition(":")
    if is_file_spec(place):
        return load_file(place, field), name
    try:
        return importlib.import_module(place), name
    except Exception as error:
        raise UserError(f"{field}: module {place!r} cannot be imported: {type(error).__name__}: {error}") from None


def find_model(spec: str, kind: str) -> tuple[object, ModuleType]:
    """Return a model and the module it stands in.

    Parameters
    ----------
    spec : str
        A file name in :mod:`snnlab.neurons` or :mod:`snnlab.synapses`; ``path/to/file.py``, which must hold one
        model; or ``path/to/file.py:NAME`` or ``package.module:NAME``.
    kind : {"neuron", "filter"}

    Raises
    ------
    UserError
        For unknown names (with the nearest), files that cannot be imported, files without a model.
    """
    from .models import NeuronModel, SynapseModel

    package, cls = {"neuron": ("snnlab.neurons", NeuronModel), "filter": ("snnlab.synapses", SynapseModel)}[kind]
    return _find(spec, kind, package, cls)


def find_rule(spec: str, cls: type, others: tuple[str, ...] = ()) -> object | None:
    """Return a plasticity rule of a class, such as :class:`snnlab.rules.RateRule`, as :func:`find_model` finds models.

    A name is that of the rule, in any file of :mod:`snnlab.plasticity`; "none" is None, as are names that the caller
    knows by itself, ``others``.
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


def _find(spec: str, kind: str, package: str, cls: type) -> tuple[object, ModuleType]:
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
    # A file that builds on a shipped model means its own.
    shipped = [id(v) for k, m in sys.modules.items() if k.startswith(f"{package}.") for v in vars(m).values()]
    models = {k: v for k, v in models.items() if id(v) not in shipped} or models
    if len(models) > 1:
        raise UserError(f"{kind}: {spec} holds {', '.join(sorted(models))}; say which, as {spec}:{sorted(models)[0]}")
    return next(iter(models.values())), module


def _no_model(kind: str, spec: str, cls: type) -> UserError:
    return UserError(f"{kind}: {spec.partition(':')[0]} holds no {cls.__name__}")


def content_hash(spec: str) -> str:
    """Return a short hash of the file that a specification names, empty if it names none."""
    place, colon, _ = spec.partition(":")
    path = Path(place).expanduser()
    if colon and not is_file_spec(spec):
        with contextlib.suppress(ImportError, ValueError):
            found = importlib.util.find_spec(place)
            path = Path(found.origin) if found and found.origin else path
    if path.suffix in (".py", ".csv") and path.is_file():
        return hashlib.sha256(path.read_bytes()).hexdigest()[:16]
    return ""
