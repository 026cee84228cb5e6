"""The commands on stored runs: their checks again, and what differs between two of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import UserError
from ..files import record
from ..lab.claims import Check, checks_table
from ..lab.compare import compare as compare_runs
from ..lab.protocol import judge_again
from ..lab.run import controls_fail
from ..lab.tables import number, table

if TYPE_CHECKING:
    import xarray as xr

_CLAIMS = """usage: snnlab claims RUN.nc [RUN.nc ...] [--json]

The checks of each run, evaluated again by its protocol as it is now. Of a control, at least one must fail."""
_COMPARE = """usage: snnlab compare A.nc B.nc

What differs between two runs: settings, attributes and variables, with the largest difference, and the versions that
computed them. Exit status: 0 equal, 1 different (versions, machine and measured times do not count), 2 input error."""


def exit_status(dataset: xr.Dataset, checks: list[Check]) -> int:
    """Return the exit status of a run with these checks."""
    held = all(c.holds for c in checks) if dataset.attrs["condition"] == "default" else controls_fail(checks)
    return 0 if held else 3


def print_checks(dataset: xr.Dataset, checks: list[Check]) -> None:
    """Print the checks of a run with notes on controls and the reduced preset."""
    if dataset.attrs["condition"] != "default":
        print(f"control {dataset.attrs['condition']!r}: at least one of its checks must fail")
    if dataset.attrs.get("note"):
        print(dataset.attrs["note"])
    print(checks_table(checks) if checks else "no checks stated for these settings")
    if dataset.attrs["preset"] == "quick" and dataset.attrs["condition"] == "default" and exit_status(dataset, checks):
        print("reduced preset: checks that fail here may hold at the published scale, without --quick")


def claims(arguments: list[str]) -> int:
    """snnlab claims RUN.nc [RUN.nc ...] [--json]"""
    if {"-h", "--help"} & {*arguments}:
        print(_CLAIMS)
        return 0
    as_json, paths = "--json" in arguments, [a for a in arguments if a != "--json"]
    if not paths or any(path.startswith("-") for path in paths):
        raise UserError(f"claims: expected run files, and optionally --json, got {' '.join(paths) or 'none'}")
    # All files are read before the first line is printed.
    judged = [_judged(path) for path in paths]
    if as_json:
        found = [_as_json(path, *each) for path, each in zip(paths, judged, strict=True)]
        print(json.dumps(found[0] if len(found) == 1 else found))
    elif len(judged) == 1:
        ((run, checks, note),) = judged
        if note:
            print(note)
        print_checks(run, checks)
    else:
        names = [Path(path).stem for path in paths]
        for name, (_, _, note) in zip(names, judged, strict=True):
            if note:
                print(f"{name}: {note}")
        rows = [row for name, (run, checks, _) in zip(names, judged, strict=True) for row in _rows(name, run, checks)]
        print(table(rows, ("run", "condition", "seed", "", "check", "measured", "band")))
    return max(exit_status(run, checks) for run, checks, _ in judged)


def _judged(path: str) -> tuple[xr.Dataset, list[Check], str]:
    """Return the attributes of a run, its checks evaluated now, and a note if they could not be."""
    dataset = record.load(path)
    checks, note = judge_again(dataset)
    return dataset[[]], checks, note


def _as_json(path: str, dataset: xr.Dataset, checks: list[Check], note: str) -> dict:
    named = {"file": path, "protocol": dataset.attrs["protocol"], "condition": dataset.attrs["condition"]}
    seed = {"seed": int(dataset.attrs["seed"])} if "seed" in dataset.attrs else {}
    return {**named, **seed, "note": note, "checks": [c.to_dict() for c in checks]}


def _rows(name: str, dataset: xr.Dataset, checks: list[Check]) -> list[list[str]]:
    """Return a row for each check of a run, or one that says that it states none."""
    head = [name, dataset.attrs["condition"], str(dataset.attrs.get("seed", ""))]
    rows = [[*head, "holds" if c.holds else "FAILS", c.what, number(c.measured), c.band] for c in checks]
    return rows or [[*head, "", "states no checks", "", ""]]


def compare(arguments: list[str]) -> int:
    """snnlab compare A.nc B.nc"""
    if {"-h", "--help"} & {*arguments}:
        print(_COMPARE)
        return 0
    if len(arguments) != 2 or any(path.startswith("-") for path in arguments):
        raise UserError(f"compare: expected two run files, got {' '.join(arguments) or 'none'}")
    found = compare_runs(*map(record.load, arguments))
    print("\n".join(f"{name}  {path}" for name, path in zip("AB", arguments, strict=True)) + "\n")
    print(found.text())
    return 0 if found.equal else 1
