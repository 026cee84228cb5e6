"""Protocol and figure files, which are found by name in any folder. There is no registry to edit."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType

from ..errors import UserError


def files(kind: str) -> dict[str, Path]:
    """Return every protocol or figure file by its name, from all folders below ``kind``.

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
            raise UserError(f"{kind}: expected different file names, got {found[file.stem]} and {file}")
        found[file.stem] = file
    return found


def import_file(kind: str, name: str) -> ModuleType:
    """Import a protocol or figure file by its name."""
    path = files(kind)[name].relative_to(_folder(kind)).with_suffix("")
    return import_module(".".join(["snnlab", kind, *path.parts]))


def family(kind: str, name: str) -> str:
    """Return the folder of a protocol or figure file."""
    return files(kind)[name].parent.name


@cache
def _folder(kind: str) -> Path:
    return Path(import_module(f"snnlab.{kind}").__path__[0])
