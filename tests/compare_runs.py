"""Compare the arrays of two folders of runs: `python tests/compare_runs.py BEFORE AFTER [--first SECONDS --rtol 1e-9]`.

Two runs are a pair if their settings settle to the same today (with seed, target and condition). Attributes do not
count, nor do variables that only AFTER has. Arrays must be equal bit for bit, but for those that hold measured times.
With --first, arrays over time are compared over that many seconds alone, up to a relative difference. Prints one line
for each pair that differs and for each run without a partner; exit status 1 if there is any.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
import xarray as xr

from snnlab.lab.protocol import find_protocol
from snnlab.lab.run import stored_config

# Seconds of CPU and wall time.
MEASURED = ("cpu", "wall", "cpu_seconds", "wall_seconds", "seconds", "memory", "learning_seconds", "readout_seconds")


def runs(folder: Path) -> dict[str, Path]:
    """Return run files by what they computed: the name that a run of these settings has today."""
    found = {}
    for path in sorted(folder.glob("*.nc")):
        with xr.open_dataset(path, engine="h5netcdf") as dataset:
            protocol = find_protocol(dataset.attrs["protocol"])
            found[protocol.prepare(stored_config(protocol, dataset)).path.name] = path
    return found


def differences(before: Path, after: Path, first: float | None = None, rtol: float = 0.0) -> list[str]:
    """Return one line for each array of two runs that is not the same."""
    a, b = (xr.load_dataset(path, engine="h5netcdf") for path in (before, after))
    if first is not None:
        a, b = (each.sel(time=each.time <= first) if "time" in each.dims else each for each in (a, b))
        names = [name for name in a.variables if "time" in a[name].dims]
    else:
        names = list(a.variables)
    lines = [f"{name}: only before" for name in set(a.variables) - set(b.variables)]
    for name in names:
        if name in MEASURED or name not in b.variables:
            continue
        x, y = a[name].values, b[name].values
        if x.shape != y.shape or x.dtype != y.dtype:
            lines.append(f"{name}: {x.dtype}{x.shape} and {y.dtype}{y.shape}")
        elif x.dtype.kind == "f" and rtol:
            if not np.allclose(x, y, rtol=rtol, atol=rtol * np.abs(x).max(initial=0), equal_nan=True):
                lines.append(f"{name}: differs by up to {np.nanmax(np.abs(x - y)):.3g}")
        elif x.dtype.kind == "f":
            if x.tobytes() != y.tobytes():
                lines.append(f"{name}: differs by up to {np.nanmax(np.abs(x - y)):.3g}")
        elif not (x == y).all():
            lines.append(f"{name}: differs")
    return lines


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("before", type=Path)
    parser.add_argument("after", type=Path)
    parser.add_argument("--first", type=float, default=None)
    parser.add_argument("--rtol", type=float, default=0.0)
    options = parser.parse_args(arguments)
    before, after = runs(options.before), runs(options.after)
    wrong = 0
    for key in sorted(before.keys() & after.keys()):
        if lines := differences(before[key], after[key], options.first, options.rtol):
            wrong += 1
            print(f"{before[key].name} and {after[key].name}: {'; '.join(lines)}")
    for key in sorted(before.keys() ^ after.keys()):
        print(f"without a partner: {(before | after)[key].name}")
    print(f"{len(before.keys() & after.keys())} pairs, {wrong} differ, {len(before.keys() ^ after.keys())} alone")
    return 1 if wrong or before.keys() ^ after.keys() else 0


if __name__ == "__main__":
    sys.exit(main())
