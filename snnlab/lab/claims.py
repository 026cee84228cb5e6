"""Checks (must hold for every seed) and findings (statistics over seeds), and how they are printed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

import numpy as np

# Bootstraps of fewer values are much too narrow.
FEW = 10


@dataclass(frozen=True)
class Check:
    """One claim that every run must meet: ``low <= measured <= high``.

    ``source`` says where the band comes from. A measured value that is not finite never holds.
    """

    what: str
    measured: float
    low: float
    high: float
    source: str

    @property
    def holds(self) -> bool:
        return bool(math.isfinite(self.measured) and self.low <= self.measured <= self.high)

    @property
    def band(self) -> str:
        return _band(self.low, self.high)

    def to_dict(self) -> dict:
        """Return plain JSON values; infinite bounds become null, a measured value that is not finite a string."""
        row = asdict(self) | {"holds": self.holds}
        for key in ("low", "high"):
            row[key] = float(row[key]) if math.isfinite(row[key]) else None
        row["measured"] = float(self.measured) if math.isfinite(self.measured) else str(float(self.measured))
        return row

    @classmethod
    def from_dict(cls, row: dict) -> Check:
        return cls(
            what=row["what"],
            measured=float(row["measured"]),
            low=-math.inf if row["low"] is None else row["low"],
            high=math.inf if row["high"] is None else row["high"],
            source=row["source"],
        )


@dataclass(frozen=True)
class Finding:
    """A statistic over runs: value with a 95 % confidence interval, beside its null and any published value."""

    what: str
    value: float
    low: float
    high: float
    n: int
    null: str
    published: str = "none"

    def to_dict(self) -> dict:
        row = asdict(self)
        return {k: (v if not isinstance(v, float) or math.isfinite(v) else str(v)) for k, v in row.items()}

    @classmethod
    def over_seeds(cls, what: str, values: Sequence[float], null: str, published: str = "none") -> Finding:
        """Return the mean of one value per seed, with a percentile bootstrap (9999 resamples, fixed seed).

        Of fewer than ten values with Student's t: their bootstrap is too narrow (of three it covers the mean in 71 %).
        """
        values = np.asarray(values, float)
        if 1 < values.size < FEW:
            low, high = values.mean() + _student(values.size - 1, values.var(ddof=1) / values.size)
        else:
            draws = np.random.default_rng(0).choice(values, (9999, values.size))
            low, high = np.percentile(draws.mean(1), [2.5, 97.5])
        return cls(what, float(values.mean()), float(low), float(high), values.size, null, published)

    @classmethod
    def ratio(cls, what: str, values: Sequence[float], null: str, published: str = "none") -> Finding:
        """Return the geometric mean of one ratio > 0 per seed: :meth:`over_seeds` of its logarithm."""
        logs = cls.over_seeds(what, np.log(values), null, published)
        return replace(logs, **{name: float(np.exp(getattr(logs, name))) for name in ("value", "low", "high")})

    @classmethod
    def share(cls, what: str, succeeded: Sequence[bool], null: str, published: str = "none") -> Finding:
        """Return the share of seeds that succeed, with the exact binomial interval (Clopper & Pearson 1934).

        Unlike a bootstrap it does not shrink to a point where all seeds agree.
        """
        from scipy.stats import binomtest

        result = binomtest(sum(map(bool, succeeded)), len(succeeded))
        low, high = result.proportion_ci(0.95, "exact")
        return cls(what, float(result.statistic), float(low), float(high), len(succeeded), null, published)

    @classmethod
    def difference(
        cls, what: str, first: Sequence[float], second: Sequence[float], null: str, published: str = "none"
    ) -> Finding:
        """Return mean(first) - mean(second), both groups resampled independently (9999 resamples, fixed seed).

        Where one has fewer than ten values with Welch's t.
        """
        first, second = np.asarray(first, float), np.asarray(second, float)
        n = min(first.size, second.size)
        if 1 < n < FEW:
            parts = np.array([x.var(ddof=1) / x.size for x in (first, second)])
            freedom = parts.sum() ** 2 / (parts**2 / [first.size - 1, second.size - 1]).sum() if parts.any() else n - 1
            low, high = first.mean() - second.mean() + _student(freedom, parts.sum())
        else:
            rng = np.random.default_rng(0)
            draws = rng.choice(first, (9999, first.size)).mean(1) - rng.choice(second, (9999, second.size)).mean(1)
            low, high = np.percentile(draws, [2.5, 97.5])
        return cls(what, float(first.mean() - second.mean()), float(low), float(high), n, null, published)


def _student(freedom: float, variance: float) -> np.ndarray:
    """Return how far a 95 % interval of Student's t goes down and up from a mean of this variance."""
    from scipy.stats import t

    return np.sqrt(variance) * t.ppf([0.025, 0.975], freedom)


def number(x: float) -> str:
    """Return a number as text: four digits, but whole numbers up to ten million with all of theirs."""
    return f"{x:,.0f}" if 1e3 <= abs(x) <= 1e7 and x == round(x) else f"{x:.4g}"


def _band(low: float, high: float) -> str:
    if math.isinf(low):
        return f"<= {number(high)}"
    if math.isinf(high):
        return f">= {number(low)}"
    return f"{number(low)} .. {number(high)}"


def table(rows: Sequence[Sequence[str]], header: Sequence[str]) -> str:
    """Return rows of text as columns of equal width under a header."""
    columns = list(zip(header, *rows, strict=True))
    widths = [max(len(cell) for cell in column) for column in columns]
    lines = ["  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip() for row in [header, *rows]]
    return "\n".join(lines)


def checks_table(checks: Sequence[Check]) -> str:
    """Return the checks of one run as a table: verdict, what, measured beside the band, where the band is from."""
    rows = [("holds" if c.holds else "FAILS", c.what, number(c.measured), c.band, c.source) for c in checks]
    return table(rows, ("", "check", "measured", "band", "where the band comes from"))


def measures_table(values: dict[str, float]) -> str:
    """Return numbers by name as a table."""
    return table([(what, number(value)) for what, value in values.items()], ("measured", ""))


def _interval(finding: Finding) -> str:
    if finding.n == 1 and finding.low == finding.high:
        return "none: one seed"
    return f"{number(finding.low)} .. {number(finding.high)}"


def findings_table(findings: Sequence[tuple[str, Finding]]) -> str:
    """Return (variant, finding) as a table: value, 95 % interval, number of seeds, null, published value.

    The variant is a column where any is named.
    """
    header = ("variant", "finding", "value", "95 % interval", "seeds", "null", "published")
    rows = [(v, f.what, number(f.value), _interval(f), str(f.n), f.null, f.published) for v, f in findings]
    first = 0 if any(variant for variant, _ in findings) else 1
    return table([row[first:] for row in rows], header[first:])
