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

import xarray as xr

from snnlab.lab.compare import variable_differences
from snnlab.lab.protocol import find_protocol
from snnlab.lab.run import stored_config


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
        a, b = (each[[name for name in each.variables if "time" in each[name].dims]] for each in (a, b))
    return [
        f"{each.name}: {each.what}" + (f" by up to {each.absolute:.3g}" if each.what == "differs" else "")
        for each in variable_differences(a, b)
        if each.what != "only in B" and not (rtol and each.relative <= rtol)
    ]


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
