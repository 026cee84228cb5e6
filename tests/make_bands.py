"""Make the bands of a reduced preset: `python tests/make_bands.py PROTOCOL [--seeds 0:10] [--fresh 10:30]`.

Runs the reduced preset of each variant over the seeds, makes 95/95 tolerance intervals of its measures, and runs the
fresh seeds. Bands that hold for the fresh seeds are written beside the protocol's file. The others are printed.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from snnlab.files.record import load
from snnlab.lab.discovery import files
from snnlab.lab.protocol import Protocol, find_protocol
from snnlab.lab.statistics.tolerance import bands, bands_file, holds_outside, row_of, write_bands


def seeds(text: str) -> range:
    first, _, last = text.partition(":")
    return range(int(first), int(last))


def measured(protocol: Protocol, overrides: dict, wanted: range, out: Path) -> dict[str, list[float]]:
    """Return the measures of runs over seeds; a stored run is read."""
    rows: dict[str, list[float]] = {}
    for seed in wanted if protocol.seeded else wanted[:1]:
        config = protocol.config(True, **overrides, **({"seed": seed} if protocol.seeded else {}))
        run = protocol.prepare(config, out)
        dataset = load(run.path) if run.path.is_file() else run.execute()
        values = {check.what: check.measured for check in protocol.checks(dataset)} | protocol.measure(dataset)
        for what, value in values.items():
            rows.setdefault(what, []).append(value)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("protocol")
    parser.add_argument("--seeds", type=seeds, default=range(10))
    parser.add_argument("--fresh", type=seeds, default=range(10, 30))
    parser.add_argument("--variants", nargs="*")
    parser.add_argument("--out", type=Path, default=Path("runs"))
    options = parser.parse_args()
    protocol = find_protocol(options.protocol)
    chosen = {k: v for k, v in protocol.variants.items() if options.variants is None or k in options.variants}
    # Variants of one reduced Config have one name.
    named = {protocol.variant(protocol.config(True, **overrides)): overrides for overrides in chosen.values()}
    stated = f"{options.seeds[0]} to {options.seeds[-1]}"
    rows = []
    for name, overrides in named.items():
        found = bands(measured(protocol, overrides, options.seeds, options.out))
        fresh = measured(protocol, overrides, options.fresh, options.out)
        for what, band in found.items():
            values = fresh.get(what, [])
            inside = sum(band.low <= value <= band.high for value in values)
            kept = holds_outside(inside, len(values))
            share = f"{inside} of {len(values)}"
            print(f"{'' if kept else 'NOT STATED '}{name}: {what}: {band.low:.4g} .. {band.high:.4g}, fresh: {share}")
            if kept:
                rows.append(row_of(name, what, band, stated, share))
    write_bands(bands_file(files("protocols")[protocol.name]), rows)


if __name__ == "__main__":
    main()
