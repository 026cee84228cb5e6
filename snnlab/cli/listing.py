"""The list of protocols and figures by family. The files are read without being imported."""

from __future__ import annotations

import ast
import re
import textwrap
from pathlib import Path

from ..errors import unknown
from ..lab.discovery import files

WIDTH, KINDS = 100, ("protocols", "figures")


def families(*found: dict[str, Path]) -> dict[str, str]:
    """Return the heading of each folder of these files: name -> path."""
    folders = {file.parent.name: file.parent for each in found for file in each.values()}
    return {name: _summary(folder / "__init__.py").rstrip(".") for name, folder in sorted(folders.items())}


def listing(family: str | None = None) -> str:
    """Return one block for each family: its heading, each protocol with its figure, then figures without a protocol.

    Raises
    ------
    UserError
        For a family that does not exist.
    """
    found = [files(kind) for kind in KINDS]
    known = families(*found)
    if family is not None and family not in known:
        raise unknown("family", family, [*known], "snnlab list")
    chosen = known if family is None else {family: known[family]}
    return "\n\n".join("\n".join([f"{name} | {heading}", *_rows(name, *found)]) for name, heading in chosen.items())


def _rows(family: str, *found: dict[str, Path]) -> list[str]:
    protocols, figures = ({k: v for k, v in each.items() if v.parent.name == family} for each in found)
    rows = []
    for name, file in protocols.items():
        drawn = _figure(file)
        figures.pop(drawn, None)
        rows += _row(f"{name}  (figure {drawn})" if drawn else name, file)
    for name, file in figures.items():
        rows += _row(f"figure {name}", file)
    return rows


def _row(name: str, file: Path) -> list[str]:
    return [f"  {name}", *textwrap.wrap(_summary(file), WIDTH, initial_indent=" " * 6, subsequent_indent=" " * 6)]


def _figure(file: Path) -> str:
    found = re.search(r'^FIGURE = "(\w+)"', file.read_text(encoding="utf-8"), re.MULTILINE)
    return found[1] if found else ""


def _summary(file: Path) -> str:
    """Return the first line of a file's docstring, without its source in brackets."""
    docstring = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
    return re.sub(r" \([^()]*\d{4}[^()]*\)", "", docstring.partition("\n")[0]).replace("?.", "?")
