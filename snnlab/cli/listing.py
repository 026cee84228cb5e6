"""What there is: protocols and figures by family, read without importing any of them."""

from __future__ import annotations

import ast
import re
import textwrap
from pathlib import Path

from ..errors import unknown
from ..lab.discovery import files

WIDTH, KINDS = 100, ("protocols", "figures")


def families() -> dict[str, str]:
    """Return each folder of protocols with its heading."""
    folders = {file.parent.name: file.parent for kind in KINDS for file in files(kind).values()}
    return {name: _summary(folder / "__init__.py").rstrip(".") for name, folder in sorted(folders.items())}


def listing(family: str | None = None) -> str:
    """Return one block a family: its heading, each protocol beside its figure, then figures that stand alone.

    Raises
    ------
    UserError
        For a family that does not exist.
    """
    known = families()
    if family is not None and family not in known:
        raise unknown("family", family, [*known], "snnlab list")
    chosen = known if family is None else {family: known[family]}
    return "\n\n".join("\n".join([f"{name} | {heading}", *_rows(name)]) for name, heading in chosen.items())


def _rows(family: str) -> list[str]:
    protocols, figures = ({k: v for k, v in files(kind).items() if v.parent.name == family} for kind in KINDS)
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
