"""Make the bands of a reduced preset: `python tests/make_bands.py PROTOCOL [--seeds 0:10] [--fresh 10:30]`.

Runs the reduced preset of each variant over the seeds, makes 95/95 tolerance intervals of its measures, and runs the
fresh seeds. Bands that hold for the fresh seeds are written beside the protocol's file, with a note whether the reduced
preset meets the protocol's own check of the measure. Bands that do not hold, and own checks that are not met, are
printed.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from snnlab.files.record import load
from snnlab.lab.discovery import files
from snnlab.lab.protocol import Protocol, find_protocol
from snnlab.lab.statistics.tolerance import bands, bands_file, holds_outside, row_of, write_bands

# A band is stated if at least so many fresh seeds were tried.
TRIED = 20


def seeds(text: str) -> range:
    first, _, last = text.partition(":")
    return range(int(first), int(last))


def measured(protocol: Protocol, overrides: dict, wanted: range, out: Path) -> tuple[dict, dict]:
    """Return measure -> values and own check -> whether it holds, over seeds; a stored run is read."""
    values: dict[str, list[float]] = {}
    held: dict[str, list[bool]] = {}
    for seed in wanted if protocol.seeded else wanted[:1]:
        config = protocol.config(True, **overrides, **({"seed": seed} if protocol.seeded else {}))
        run = protocol.prepare(config, out)
        dataset = load(run.path) if run.path.is_file() else run.execute()
        checks = protocol.checks(dataset)
        for check in checks:
            held.setdefault(check.what, []).append(check.holds)
        for what, value in ({check.what: check.measured for check in checks} | protocol.measure(dataset)).items():
            values.setdefault(what, []).append(value)
    return values, held


def rows_for(protocol: Protocol, name: str, overrides: dict, options: argparse.Namespace) -> list[dict[str, str]]:
    """Return the rows of a variant: a band that holds for the fresh seeds, or an own check that is not met."""
    values, held = measured(protocol, overrides, options.seeds, options.out)
    fresh, fresh_held = measured(protocol, overrides, options.fresh, options.out)
    found, rows = bands(values), []
    for what in values:
        band, share, met = found.get(what), "", None
        if what in held:
            shares = held[what], fresh_held.get(what, [])
            met = all(shares[0]) and holds_outside(sum(shares[1]), len(shares[1]))
            if not met:
                print(f"NOT MET {name}: {what}: own check, {sum(map(sum, shares))} of {sum(map(len, shares))}")
        if band is not None:
            tried = fresh.get(what, [])
            inside = sum(band.low <= value <= band.high for value in tried)
            share = f"{inside} of {len(tried)}"
            kept = len(tried) >= TRIED and holds_outside(inside, len(tried))
            print(f"{'' if kept else 'NOT STATED '}{name}: {what}: {band.low:.4g} .. {band.high:.4g}, fresh: {share}")
            band = band if kept else None
        if band is not None or met is False:
            stated = f"{options.seeds[0]} to {options.seeds[-1]}"
            rows.append(row_of(name, what, band, stated, share if band else "", met))
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("protocol")
    parser.add_argument("--seeds", type=seeds, default=range(10))
    parser.add_argument("--fresh", type=seeds, default=range(10, 30))
    parser.add_argument("--variants", nargs="*", help="names of variants (all)")
    parser.add_argument("--out", type=Path, default=Path("runs"))
    options = parser.parse_args()
    protocol = find_protocol(options.protocol)
    path = bands_file(files("protocols")[protocol.name])
    path.unlink(missing_ok=True)  # The protocol's own checks are wanted here, without bands.
    protocol = find_protocol(options.protocol)
    chosen = {k: v for k, v in protocol.variants.items() if options.variants is None or k in options.variants}
    # Variants of one reduced Config have one name.
    named = {protocol.variant(protocol.config(True, **overrides)): overrides for overrides in chosen.values()}
    rows = [row for name, overrides in named.items() for row in rows_for(protocol, name, overrides, options)]
    if rows:
        write_bands(path, rows)


if __name__ == "__main__":
    main()
