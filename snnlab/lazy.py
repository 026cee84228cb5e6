"""Public names of a package, imported on first use: importing a room costs nothing, `snnlab list` stays light."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any


def public(package: str, names: dict[str, str]) -> tuple[Callable[[str], Any], Callable[[], list[str]], list[str]]:
    """Return ``__getattr__``, ``__dir__`` and ``__all__`` of a package.

    ``names`` tells for each public name the module of the package that holds it; a name that equals its module is that
    module itself.

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
