"""Bands of a reduced preset: 95/95 tolerance intervals of its measures over tuning seeds.

A 95/95 tolerance interval contains at least 95 % of all runs, with 95 % confidence (Howe 1969). The bands of a
protocol stand beside its file, in ``<protocol>.bands.csv``. They are checks of its reduced preset and narrow the
protocol's own checks of the same measures. A correct run leaves a band of ten seeds with a probability of about 1 % if
the measure is normal on its scale. Twenty fresh seeds are tried; a band that too few of them hold is not stated.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ...errors import UserError, in_one_line
from ..claims import Check

COVERAGE = CONFIDENCE = 0.95
FIELDS = ("variant", "measure", "low", "high", "scale", "seeds", "fresh")


class Tolerance(NamedTuple):
    """A tolerance interval, and the scale on which the values count as normal."""

    low: float
    high: float
    scale: str


def tolerance_interval(values: Sequence[float]) -> Tolerance:
    """Return the two-sided 95/95 tolerance interval of a sample.

    It is the mean -+ k times the standard deviation, with Howe's factor k, on a scale that depends on the values alone.
    Values between 0 and 1, such as shares and correlations, are taken as log(x / (1 - x)), other positive values as
    log(x), and all others as they are.

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
    '0.81 .. 0.99 (log(x/(1-x)))'
    """
    x = np.asarray(values, float)
    if x.ndim != 1 or x.size < 3 or not np.isfinite(x).all():
        raise UserError(f"values: expected at least 3 finite numbers, got {values}")
    if (x > 0).all() and (x < 1).all():
        low, high = _normal(np.log(x / (1 - x)))
        return Tolerance(1 / (1 + np.exp(-low)), 1 / (1 + np.exp(-high)), "log(x/(1-x))")
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
    """Return the band of each measure. A measure that is equal in all seeds, or not finite in one, has none."""
    usable = {what: values for what, values in measured.items() if np.isfinite(values).all() and np.ptp(values) > 0}
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


def row_of(variant: str, measure: str, band: Tolerance, seeds: str, fresh: str = "") -> dict[str, str]:
    """Return a row for :func:`write_bands`, with five digits. ``fresh`` says how many other seeds lie inside."""
    values = (variant, measure, f"{band.low:.5g}", f"{band.high:.5g}", band.scale, seeds, fresh)
    return dict(zip(FIELDS, values, strict=True))


def read_bands(path: Path) -> dict[tuple[str, str], tuple[float, float, str]]:
    """Return (variant, measure) -> (low, high, where the band comes from); empty where there is no file.

    Raises
    ------
    UserError
        For a file that :func:`write_bands` did not write.
    """
    if not path.is_file():
        return {}
    source = "our seeds {}, 95/95 % tolerance"
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return {
                (row["variant"], row["measure"]): (float(row["low"]), float(row["high"]), source.format(row["seeds"]))
                for row in csv.DictReader(file)
            }
    except (OSError, ValueError, KeyError, TypeError, csv.Error) as error:
        columns = ", ".join(FIELDS)
        raise UserError(f"{path}: expected bands with the columns {columns}, got {in_one_line(error)}") from None


def with_bands(
    checks: list[Check], measured: dict[str, float], variant: str, bands: dict[tuple[str, str], tuple]
) -> list[Check]:
    """Return the checks of a run of the reduced preset: bands first, each within the protocol's own band."""
    stated = {what: band for (name, what), band in bands.items() if name == variant and what in measured}
    own = {check.what: check for check in checks}
    rows = [_within(Check(what, measured[what], *band), own.get(what)) for what, band in stated.items()]
    return rows + [check for check in checks if check.what not in stated]


def _within(band: Check, own: Check | None) -> Check:
    """Return a band, cut off where the protocol's own check is narrower."""
    if own is None or own.low > band.high or own.high < band.low:
        return own or band
    low, high = max(band.low, own.low), min(band.high, own.high)
    if (low, high) == (own.low, own.high):
        return own
    source = band.source if (low, high) == (band.low, band.high) else f"{own.source}; {band.source}"
    return Check(band.what, band.measured, low, high, source)
