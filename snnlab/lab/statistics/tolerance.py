"""Bands of a reduced preset: 95/95 tolerance intervals of its measures over tuning seeds.

A 95/95 tolerance interval contains at least 95 % of all runs, with 95 % confidence (Howe 1969). The bands of a
protocol stand beside its file, in ``<protocol>.bands.csv``. They are checks of its reduced preset. A correct run leaves
a band of ten seeds with a probability of about 1 % if the measure is normal on its scale. Twenty fresh seeds are tried;
a band that too few of them hold is not stated.

A band narrows the protocol's own check of the same measure if the reduced preset meets this check. If it does not, the
reduced preset states the band alone, and nothing if there is no band.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ...errors import UserError, in_one_line
from ..claims import Check

COVERAGE = CONFIDENCE = 0.95
# A limit of a share that is as near to 0 or 1 includes it.
NEAR = 0.01
# Measures of the computer begin with these words.
_COMPUTER = ("CPU time", "wall time", "memory of the process")
FIELDS = ("variant", "measure", "low", "high", "scale", "seeds", "fresh", "own")


class Tolerance(NamedTuple):
    """A tolerance interval, and the scale on which the values count as normal."""

    low: float
    high: float
    scale: str


def tolerance_interval(values: Sequence[float]) -> Tolerance:
    """Return the two-sided 95/95 tolerance interval of a sample.

    It is the mean -+ k times the standard deviation, with Howe's factor k, on a scale that depends on the values alone.
    Values between 0 and 1, such as shares and correlations, are taken as log(x / (1 - x)), other positive values as
    log(x), and all others as they are. A limit of such a share that is within 0.01 of 0 or 1 is 0 or 1.

    Parameters
    ----------
    values : array of shape (n,)
        One finite value for each seed, n >= 3.

    Raises
    ------
    UserError
        For fewer than three values, or values that are not finite.

    Example
    -------
    >>> low, high, scale = tolerance_interval([0.95, 0.96, 0.97, 0.96, 0.98])
    >>> f"{low:.2f} .. {high:.2f} ({scale})"
    '0.81 .. 1.00 (log(x/(1-x)))'
    """
    x = np.asarray(values, float)
    if x.ndim != 1 or x.size < 3 or not np.isfinite(x).all():
        raise UserError(f"values: expected at least 3 finite numbers, got {values}")
    if (x > 0).all() and (x < 1).all():
        low, high = (1 / (1 + np.exp(-limit)) for limit in _normal(np.log(x / (1 - x))))
        # A share can be 0 or 1, though its logarithm cannot.
        return Tolerance(low if low > NEAR else 0.0, high if high < 1 - NEAR else 1.0, "log(x/(1-x))")
    if (x > 0).all():
        low, high = _normal(np.log(x))
        return Tolerance(np.exp(low), np.exp(high), "log(x)")
    return Tolerance(*_normal(x), "x")


def _normal(x: np.ndarray) -> tuple[float, float]:
    from scipy.stats import chi2, norm

    n, freedom = x.size, x.size - 1
    k = norm.ppf((1 + COVERAGE) / 2) * np.sqrt(freedom * (1 + 1 / n) / chi2.ppf(1 - CONFIDENCE, freedom))
    return float(x.mean() - k * x.std(ddof=1)), float(x.mean() + k * x.std(ddof=1))


def bands(measured: dict[str, list[float]]) -> dict[str, Tolerance]:
    """Return the band of each measure.

    A measure has none if it is equal in all seeds up to rounding (1e-9), not finite in one, or tells of the computer.
    """
    usable = {
        what: values
        for what, values in measured.items()
        if np.isfinite(values).all() and np.ptp(values) > 1e-9 and not what.startswith(_COMPUTER)
    }
    return {what: tolerance_interval(values) for what, values in usable.items()}


def bands_file(protocol_file: Path) -> Path:
    """Return the path of a protocol's bands."""
    return protocol_file.with_suffix(".bands.csv")


def holds_outside(inside: int, n: int) -> bool:
    """Tell whether a band holds for seeds that did not make it: a binomial test does not say that < 95 % lie inside."""
    from scipy.stats import binom

    return bool(binom.cdf(inside, n, COVERAGE) > 1 - CONFIDENCE)


def write_bands(path: Path, rows: list[dict[str, str]]) -> None:
    """Write bands, a row for each variant and measure with the values of FIELDS."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, FIELDS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def row_of(
    variant: str, measure: str, band: Tolerance | None, seeds: str, fresh: str = "", own: bool | None = None
) -> dict[str, str]:
    """Return a row for :func:`write_bands`, with five digits.

    ``fresh`` says how many other seeds lie inside. ``own`` tells whether the reduced preset meets the protocol's own
    check of this measure (None: there is no such check).
    """
    low, high, scale = ("", "", "") if band is None else (f"{band.low:.5g}", f"{band.high:.5g}", band.scale)
    met = "" if own is None else "met" if own else "not met"
    return dict(zip(FIELDS, (variant, measure, low, high, scale, seeds, fresh, met), strict=True))


class Band(NamedTuple):
    """A row of a file of bands."""

    limits: tuple[float, float] | None
    """low and high; None: no band is stated"""
    source: str
    """where the band comes from"""
    own: bool
    """whether the protocol's own check of the measure, if there is one, is stated by the reduced preset"""


def read_bands(path: Path) -> dict[tuple[str, str], Band]:
    """Return (variant, measure) -> band; empty where there is no file.

    Raises
    ------
    UserError
        For a file that :func:`write_bands` did not write.
    """
    if not path.is_file():
        return {}
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return {(row["variant"], row["measure"]): _band(row) for row in csv.DictReader(file)}
    except (OSError, ValueError, KeyError, TypeError, csv.Error) as error:
        columns = ", ".join(FIELDS)
        raise UserError(f"{path}: expected bands with the columns {columns}, got {in_one_line(error)}") from None


def _band(row: dict[str, str]) -> Band:
    limits = (float(row["low"]), float(row["high"])) if row["low"] else None
    return Band(limits, f"our seeds {row['seeds']}, 95/95 % tolerance", row["own"] != "not met")


def with_bands(
    checks: list[Check], measured: dict[str, float], variant: str, bands: dict[tuple[str, str], Band]
) -> list[Check]:
    """Return the checks of a run of the reduced preset: bands first, then the protocol's own checks without a band."""
    stated = {what: band for (name, what), band in bands.items() if name == variant and what in measured}
    own = {check.what: check for check in checks}
    rows = [_stated(what, measured[what], band, own.get(what)) for what, band in stated.items()]
    return [row for row in rows if row] + [check for check in checks if check.what not in stated]


def _stated(what: str, value: float, band: Band, own: Check | None) -> Check | None:
    """Return the check of one measure: its band, cut off at the protocol's own check if the preset meets this one."""
    if band.limits is None:
        return own if band.own else None
    check = Check(what, value, *band.limits, band.source)
    if own is None:
        return check
    if not band.own:
        return replace(check, source=f"{band.source}; at full scale {own.band} ({own.source})")
    low, high = max(check.low, own.low), min(check.high, own.high)
    if (low, high) == (own.low, own.high):
        return own
    source = band.source if (low, high) == band.limits else f"{own.source}; {band.source}"
    return Check(what, value, low, high, source)
