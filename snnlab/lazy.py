"""Imports on first use: public names of a package, and modules that a command may not need."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from importlib import import_module
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import find_spec, module_from_spec
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from importlib.abc import Loader
else:
    # importlib.abc imports many modules that help does not need.
    Loader = object


def public(package: str, names: dict[str, str]) -> tuple[Callable[[str], Any], Callable[[], list[str]], list[str]]:
    """Return ``__getattr__``, ``__dir__`` and ``__all__`` of a package.

    Importing the package then costs nothing. ``names`` maps each public name to the module that holds it. A name that
    equals its module is the module itself.

    Example
    -------
    ``__getattr__, __dir__, __all__ = public(__name__, {"ForceConfig": "config", "train_force": "train"})``
    """

    def getattribute(name: str) -> Any:
        if name not in names:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        module = import_module(f"{package}.{names[name]}")
        return module if name == names[name] else getattr(module, name)

    return getattribute, lambda: sorted({*names, *vars(sys.modules[package])}), list(names)


# Postponed modules by name, postponed modules whose import has begun, and functions to call after an import.
_postponed: dict[str, _Postponed] = {}
_due: dict[str, _Postponed] = {}
_after: dict[str, list[Callable[[], None]]] = {}
_lock = threading.Lock()


def postpone(*names: str) -> None:
    """Let ``import name`` cost nothing until the module is used.

    Each module is put into ``sys.modules`` at once. It is imported on the first access to an attribute, which includes
    ``from name import x`` and ``import name.part``. The object stays the same, so earlier references to it are valid. A
    module that is already imported, or that is missing, is not changed.

    Parameters
    ----------
    *names : str
        Names of top-level modules and packages.

    Example
    -------
    >>> postpone("mailbox")
    >>> import mailbox
    >>> "Maildir" in vars(mailbox), callable(mailbox.Maildir), "Maildir" in vars(mailbox)
    (False, True, True)
    """
    if _Finder not in sys.meta_path:
        sys.meta_path.insert(0, _Finder)
    for name in names:
        spec = None if name in sys.modules else find_spec(name)
        if spec is not None and isinstance(spec.loader, SourceFileLoader):
            module = _Postponed(name)
            vars(module).update(vars(module_from_spec(spec)))
            # An import of a part reads __path__ first. Without it, this access imports the package.
            vars(module).pop("__path__", None)
            sys.modules[name] = _postponed[name] = module


def after_import(name: str, call: Callable[[], None]) -> Callable[[], None]:
    """Call a function after a postponed module is imported, or at once if no module of this name is postponed.

    Returns a function that cancels the call.
    """
    with _lock:
        waits = name in _postponed
        if waits:
            _after.setdefault(name, []).append(call)
    if not waits:
        call()

    def off() -> None:
        if call in _after.get(name, ()):
            _after[name].remove(call)

    return off


class _Postponed(ModuleType):
    """A module that is imported on the first access to an attribute."""

    def __getattr__(self, name: str) -> Any:
        module = _load(self.__name__)
        # During its import, it is an ordinary module that still lacks later names.
        return ModuleType.__getattribute__(self, name) if module is self else getattr(module, name)

    def __dir__(self) -> list[str]:
        module = _load(self.__name__)
        return [*ModuleType.__dir__(self)] if module is self else dir(module)


def _load(name: str) -> ModuleType:
    """Import a module, which may be postponed."""
    with _lock:
        module = _postponed.pop(name, None)
        if module is not None and sys.modules.get(name) is module:
            _due[name] = module
            del sys.modules[name]
    loaded = import_module(name)
    for call in _after.pop(name, ()) if module is not None else ():
        call()
    return loaded


class _Finder:
    """Finds postponed modules whose import is due, and parts that their package has already imported."""

    @staticmethod
    def find_spec(name: str, path: object = None, target: ModuleType | None = None) -> ModuleSpec | None:
        if (module := _due.pop(name, None)) is not None:
            spec = module.__spec__
            if spec is not None:
                spec.loader = _Given(module, spec.loader)
            return spec
        if target is None and name in sys.modules:
            # The import of this part imported its package, which imported the part. The part must not run twice.
            return ModuleSpec(name, _Given(sys.modules[name]))
        return None


class _Given(Loader):
    """A loader that returns an existing module. If it has the module's own loader, it also executes the module."""

    def __init__(self, module: ModuleType, loader: Any = None):
        self._module, self._loader, self._spec = module, loader, module.__spec__

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        if self._loader is not None and spec.submodule_search_locations is not None:
            self._module.__path__ = spec.submodule_search_locations
        return self._module

    def exec_module(self, module: ModuleType) -> None:
        module.__spec__ = self._spec
        if self._loader is not None and self._spec is not None:
            self._spec.loader = self._loader
            self._loader.exec_module(module)
            if type(self._module) is _Postponed:
                module.__class__ = ModuleType
