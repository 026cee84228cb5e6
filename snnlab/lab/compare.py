"""What differs between two run files: settings, attributes, variables, and the versions that computed them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from ..equality import equal
from ..errors import UserError
from ..files import record
from .grouping import given
from .tables import number, table

if TYPE_CHECKING:
    import xarray as xr

# Variables with seconds of CPU and wall time, and with memory: they differ between two runs of the same settings.
MEASURED = ("cpu", "wall", "cpu_seconds", "wall_seconds", "seconds", "memory", "learning_seconds", "readout_seconds")
# Attributes that are compared in another form, that tell when, where and from which file a run was computed, or that
# follow from the settings.
_OTHER = (
    "Conventions", "format_version", "config", "given", "neutral", "versions", "git_commit", "machine",
    "created", "protocol_file", "wall_seconds", "cpu_seconds", "resumed_at", "checks", "measures",
    "target", "seed", "variant", "condition", "preset", "label",
)  # fmt: skip


@dataclass(frozen=True)
class Difference:
    """A variable that two runs do not share bit for bit, or with other dimensions or units."""

    name: str
    what: str
    """"differs", "only in A", "only in B", or types and shapes, dimensions or units if these differ"""
    absolute: float = float("nan")
    """largest absolute difference; infinite if only one value is not finite"""
    relative: float = float("nan")
    """the same, divided by the largest finite absolute value in both runs"""


@dataclass(frozen=True)
class Comparison:
    """What differs between run A and run B, as rows of (name, value in A, value in B)."""

    settings: list[tuple[str, str, str]] = field(default_factory=list)
    """settled values; ", given" follows a name whose given values differ as well"""
    attributes: list[tuple[str, str, str]] = field(default_factory=list)
    versions: list[tuple[str, str, str]] = field(default_factory=list)
    """versions, commit and machine: they do not count"""
    variables: list[Difference] = field(default_factory=list)
    same: int = 0
    """number of variables that are equal bit for bit"""
    skipped: list[str] = field(default_factory=list)
    """variables that are not compared, because they hold measured times or memory"""

    @property
    def equal(self) -> bool:
        """Whether settings, attributes and variables are equal."""
        return not (self.settings or self.attributes or self.variables)

    def text(self) -> str:
        """Return the differences as tables."""
        parts = [
            table(rows, (what, "A", "B"))
            for what, rows in (("setting", self.settings), ("attribute", self.attributes))
            if rows
        ]
        if self.variables:
            rows = [(d.name, d.what, *map(_shown, (d.absolute, d.relative))) for d in self.variables]
            parts.append(table(rows, ("variable", "", "largest difference", "relative")))
        if self.versions:
            parts.append(table(self.versions, ("computed with (does not count)", "A", "B")))
        verdict = "the runs are equal" if self.equal else "the runs differ"
        skipped = f"; not compared: {', '.join(self.skipped)}" if self.skipped else ""
        return "\n\n".join([*parts, f"{verdict}; {self.same} variables are equal bit for bit{skipped}"])


def compare(a: xr.Dataset, b: xr.Dataset) -> Comparison:
    """Compare two runs.

    Times and memory that a run measured do not count, nor do versions, machine, date, checks and measures, which the
    arrays and the protocol decide.
    """
    variables = variable_differences(a, b)
    names = {name for name in a.variables if name in b.variables and name not in MEASURED}
    return Comparison(
        settings=_settings(a, b),
        attributes=_rows(*({k: v for k, v in run.attrs.items() if k not in _OTHER} for run in (a, b))),
        versions=_rows(*map(_versions, (a, b))),
        variables=variables,
        same=len(names - {difference.name for difference in variables}),
        skipped=[name for name in MEASURED if name in a.variables or name in b.variables],
    )


def variable_differences(a: xr.Dataset, b: xr.Dataset) -> list[Difference]:
    """Return each variable and coordinate that is not the same; those with measured times and memory do not count."""
    found = []
    for name in map(str, dict.fromkeys([*a.variables, *b.variables])):
        if name in MEASURED:
            continue
        if name not in b.variables or name not in a.variables:
            found.append(Difference(name, "only in B" if name in b.variables else "only in A"))
        elif difference := _difference(name, a.variables[name], b.variables[name]):
            found.append(difference)
    return found


def _difference(name: str, a: xr.Variable, b: xr.Variable) -> Difference | None:
    x, y = a.values, b.values
    if x.shape != y.shape or x.dtype.kind != y.dtype.kind or (x.dtype != y.dtype and x.dtype.kind not in "OU"):
        return Difference(name, f"{x.dtype}{list(x.shape)} and {y.dtype}{list(y.shape)}")
    if a.dims != b.dims:
        return Difference(name, f"dimensions {', '.join(map(str, a.dims))} and {', '.join(map(str, b.dims))}")
    if a.attrs.get("units") != b.attrs.get("units"):
        return Difference(name, f"units {a.attrs.get('units')} and {b.attrs.get('units')}")
    if x.dtype.kind not in "OU" and x.tobytes() == y.tobytes():
        return None
    if x.dtype.kind not in "fciub":
        other = int((x != y).sum())
        return Difference(name, f"differs in {other} of {x.size} values") if other else None
    # A double does not hold every integer of 64 bits.
    x, y = (each.astype({"c": complex, "f": float}.get(each.dtype.kind, np.longdouble)) for each in (x, y))
    both = np.isfinite(x) & np.isfinite(y)
    same = both | (x == y) | (np.isnan(x) & np.isnan(y))
    absolute = float(np.abs(x[both] - y[both]).max(initial=0)) if same.all() else float("inf")
    scale = float(max(np.abs(x[both]).max(initial=0), np.abs(y[both]).max(initial=0)))
    return Difference(name, "differs", absolute, absolute / scale if scale else 0.0)


def _settings(a: xr.Dataset, b: xr.Dataset) -> list[tuple[str, str, str]]:
    """Return the fields of the Configs that differ as settled, and mark those whose given values differ as well."""
    try:
        stated = {name for name, *_ in _rows(given(a), given(b))}
        settled = _rows(record.attribute(a, "config"), record.attribute(b, "config"))
    except (KeyError, ValueError, SyntaxError):
        raise UserError("run file: expected the settings of a run in the attribute config, got none to read") from None
    return [(f"{name}, given" if name in stated else name, first, second) for name, first, second in settled]


def _versions(run: xr.Dataset) -> dict[str, Any]:
    found = json.loads(run.attrs.get("versions", "{}"))
    return found | {name: run.attrs[name] for name in ("git_commit", "machine") if name in run.attrs}


def _rows(a: dict, b: dict) -> list[tuple[str, str, str]]:
    """Return (name, value in A, value in B) of each value that differs."""
    names: Iterable[str] = dict.fromkeys([*a, *b])
    return [(name, _text(a, name), _text(b, name)) for name in names if not _same(a, b, name)]


def _same(a: dict, b: dict, name: str) -> bool:
    return name in a and name in b and equal(a[name], b[name])


def _text(values: dict, name: str) -> str:
    if name not in values:
        return "-"
    text = " ".join(str(values[name]).split())
    return text if len(text) <= 40 else f"{text[:37]}..."


def _shown(x: float) -> str:
    return "" if np.isnan(x) else number(x) if np.isfinite(x) else "not finite in one"
