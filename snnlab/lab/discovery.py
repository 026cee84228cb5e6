"""Protocol and figure files: found by name in whatever folder they stand; there is no registry to edit."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType

from ..errors import UserError


def files(kind: str) -> dict[str, Path]:
    """Return every protocol or figure file by its name, in whatever folder below ``kind`` it stands.

    Raises
    ------
    UserError
        If two files have the same name.
    """
    found: dict[str, Path] = {}
    for file in sorted(_folder(kind).rglob("*.py"), key=lambda file: (file.stem, file)):
        if file.name.startswith("_"):
            continue
        if file.stem in found:
            raise UserError(f"{kind}: two files are called {file.name}: {found[file.stem]} and {file}; rename one")
        found[file.stem] = file
    return found


def import_file(kind: str, name: str) -> ModuleType:
    """Import a protocol or figure file by its name."""
    path = files(kind)[name].relative_to(_folder(kind)).with_suffix("")
    return import_module(".".join(["snnlab", kind, *path.parts]))


def family(kind: str, name: str) -> str:
    """Return the folder that a protocol or figure file stands in."""
    return files(kind)[name].parent.name


@cache
def _folder(kind: str) -> Path:
    return Path(import_module(f"snnlab.{kind}").__path__[0])
