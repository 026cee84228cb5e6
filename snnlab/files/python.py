"""Import of the user's Python files by path."""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

from ..errors import UserError


def load_file(path: str | Path, field: str) -> ModuleType:
    """Import a Python file by path and register it in ``sys.modules``, which dataclasses and pickling need.

    Raises
    ------
    UserError
        If the file does not exist or fails to import; the message starts with ``field``.
    """
    path = Path(path).expanduser().resolve()
    if not path.is_file():
        raise UserError(f"{field}: expected a Python file, got no file {str(path)!r}")
    if path.suffix != ".py":
        raise UserError(f"{field}: expected a Python file, got {str(path)!r}")
    name = f"snnlab_user_{path.stem}_{hashlib.sha256(str(path).encode()).hexdigest()[:8]}"
    module = ModuleType(name)
    module.__file__ = str(path)
    sys.modules[name] = module
    try:
        # importlib is not used, because its bytecode cache may hold an older version of the file.
        exec(compile(path.read_bytes(), str(path), "exec"), module.__dict__)
    except UserError:
        del sys.modules[name]
        raise
    except Exception as error:
        del sys.modules[name]
        raise UserError(f"{field}: {path.name} cannot be imported: {type(error).__name__}: {error}") from None
    return module


def is_file_spec(spec: str) -> bool:
    """Tell whether a specification is the path of a file, optionally followed by ``:name``."""
    return spec.partition(":")[0].endswith((".py", ".csv")) or "/" in spec


def open_spec(spec: str, field: str) -> tuple[ModuleType, str]:
    """Return the module and the name (or "") of ``path/to/file.py:NAME`` or ``package.module:NAME``."""
    place, _, name = spec.partition(":")
    if is_file_spec(place):
        return load_file(place, field), name
    try:
        return importlib.import_module(place), name
    except Exception as error:
        raise UserError(f"{field}: module {place!r} cannot be imported: {type(error).__name__}: {error}") from None


def content_hash(spec: str) -> str:
    """Return a short hash of the file in a specification, or "" if it is not the path of a file."""
    place, colon, _ = spec.partition(":")
    path = Path(place).expanduser()
    if colon and not is_file_spec(spec):
        with contextlib.suppress(ImportError, ValueError):
            found = importlib.util.find_spec(place)
            path = Path(found.origin) if found and found.origin else path
    if path.suffix in (".py", ".csv") and path.is_file():
        return hashlib.sha256(path.read_bytes()).hexdigest()[:16]
    return ""
