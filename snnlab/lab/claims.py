"""Checks (must hold for every seed) and findings (statistics over seeds), and how they are printed."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from numbers import Real
from typing import Any, TypeAlias, TypedDict, Unpack

import numpy as np

from ..errors import UserError
from .published import Published, Verdict, judge
from .statistics import intervals
from .statistics.intervals import Estimate
from .tables import number, show_band, table

# If a study compares more findings with a number than this, their p values are corrected.
MANY = 5


@dataclass(frozen=True)
class Check:
    """One claim that every run must meet: ``low <= measured <= high``.

    ``source`` says where the band comes from. A measured value that is not finite never holds.

    Raises
    ------
    UserError
        For values that are no numbers, or ``low`` above ``high``.

    Example
    -------
    >>> import snnlab
    >>> check = snnlab.Check("rate (Hz)", measured=12.0, low=5.0, high=20.0, source="our criterion")
    >>> check.holds, check.band
    (True, '5 .. 20')
    """

    what: str
    measured: float
    low: float
    high: float
    source: str

    def __post_init__(self):
        for name in ("measured", "low", "high"):
            value = getattr(self, name)
            try:
                object.__setattr__(self, name, value if isinstance(value, Real) else float(_scalar(value)))
            except (TypeError, ValueError):
                text = " ".join(repr(value).split())
                raise UserError(f"check {self.what!r}: {name}: expected a number, got {text:.60}") from None
        if math.isnan(self.low) or math.isnan(self.high):
            raise UserError(f"check {self.what!r}: expected a band of two numbers, got {self.low} and {self.high}")

    @property
    def holds(self) -> bool:
        return bool(math.isfinite(self.measured) and self.low <= self.measured <= self.high)

    @property
    def band(self) -> str:
        return show_band(self.low, self.high)

    def to_dict(self) -> dict:
        """Return plain JSON values. Infinite bounds become null; a measured value that is not finite becomes text."""
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


def _scalar(value: Any) -> Any:
    """Return an array without dimensions as its number; raises TypeError for text and for larger arrays."""
    if isinstance(value, str | bytes) or np.ndim(value) != 0:
        raise TypeError
    return np.asarray(value)


class Beside(TypedDict, total=False):
    """Optional fields of a finding that is compared with a :class:`Published`; see :class:`Finding`."""

    bar: tuple[float, float]
    bar_from: str
    condition: str
    scan: str
    missing: str


# One value for each run, in order of the runs or by seed.
Values: TypeAlias = "Sequence[float] | np.ndarray | Mapping[int, float]"


@dataclass(frozen=True)
class Finding:
    """A statistic over runs: a value with its 95 % confidence interval, its null, and any published value.

    Four class methods make a finding. Their ``values`` hold one number for each run, in order of the runs or as {seed:
    value}. ``null`` is the value that is expected without an effect, as text or as a number. ``published`` is the claim
    of a source. The fields of :class:`Beside` are optional keywords. If ``null`` is a number, the finding is tested
    against it, which gives ``p``. If ``null`` is text, the number can be given as ``against``. Intervals are Student's,
    Welch's or exact binomial intervals; :mod:`snnlab.lab.statistics.intervals` shows their coverage.

    Example
    -------
    >>> import snnlab
    >>> points = {100: 0.5, 101: 0.7, 102: 0.6}
    >>> found = snnlab.Finding.over_seeds("points that learning adds", points, "0: none", against=0)
    >>> round(found.value, 2), round(found.low, 2), found.interval, found.seeds, round(found.p, 3)
    (0.6, 0.35, "Student's t", (100, 101, 102), 0.009)
    """

    what: str
    value: float
    low: float
    high: float
    n: int
    null: str
    published: Published | str = "none"
    interval: str = intervals.NONE
    """method by which ``low`` and ``high`` were computed; none for one run"""
    against: float | None = None
    """the null as a number"""
    p: float | None = None
    """p value of the two-sided test of this finding against the null, without correction"""
    values: tuple = ()
    """one value for each run; for a difference, the values of the first and of the second group"""
    seeds: tuple | None = None
    """seeds of ``values``, if they were given by seed"""
    bar: tuple[float, float] | None = None
    """range of values that count as the published value; from the source's spread or precision, or a round criterion"""
    bar_from: str = ""
    """where the bar comes from"""
    condition: str = ""
    """condition of this finding that the source does not have"""
    scan: str = ""
    """undocumented settings of the source that were scanned"""
    missing: str = ""
    """data, text or code that a test of the claim needs but that are not public"""

    def __post_init__(self):
        if self.bar is not None and not (self.bar[0] < self.bar[1] or self.bar[0] == self.bar[1] < math.inf):
            raise UserError(f"bar: expected (low, high) with low <= high, got {self.bar}")

    def to_dict(self) -> dict:
        """Return plain JSON values. Empty optional fields are left out; numbers that are not finite become text."""
        optional = ("seeds", "bar", "bar_from", "condition", "scan", "missing", "against")
        row = {field.name: getattr(self, field.name) for field in fields(self)}
        row = {name: value for name, value in row.items() if name not in optional or value not in (None, "")}
        if isinstance(self.published, Published):
            row["published"] = self.published.to_dict()
        return _plain(row)

    def judge(self, full_scale: bool, corrected: float | None = None) -> Verdict | None:
        """Return the verdict on a published claim; see :func:`snnlab.lab.published.judge`."""
        return judge(self, full_scale, corrected)

    @classmethod
    def over_seeds(
        cls,
        what: str,
        values: Values,
        null: str | float,
        published: Published | str = "none",
        *,
        against: float | None = None,
        within: tuple[float, float] | None = None,
        **beside: Unpack[Beside],
    ) -> Finding:
        """Return the mean of one value per seed, with Student's interval.

        ``within`` holds the bounds of the quantity, such as (0, 1) for a share or (-1, 1) for a correlation. The
        interval is cut there, and the name of its method says so.
        """
        found, seeds = _split(values)
        text, against = _null(null, against)
        estimate = intervals.estimate_mean(found, against)
        if within is not None:
            if not (within[0] <= found.min() and found.max() <= within[1]) and np.isfinite(found).all():
                raise UserError(f"within: expected bounds that hold all values, got {within} for {what!r}")
            estimate = intervals.cut(estimate, *within)
        return cls(what=what, null=text, published=published, **_fields(estimate, found, seeds, beside))

    @classmethod
    def ratio(
        cls,
        what: str,
        values: Values,
        null: str | float,
        published: Published | str = "none",
        *,
        against: float | None = 1.0,
        **beside: Unpack[Beside],
    ) -> Finding:
        """Return the geometric mean of one ratio > 0 per seed; this is :meth:`over_seeds` of its logarithm."""
        found, seeds = _split(values)
        text, against = _null(null, against)
        logs = intervals.estimate_mean(np.log(found), None if against is None else math.log(against))
        value, low, high = (float(np.exp(x)) for x in logs[:3])
        estimate = logs._replace(value=value, low=low, high=high, against=against)
        return cls(what=what, null=text, published=published, **_fields(estimate, found, seeds, beside))

    @classmethod
    def share(
        cls,
        what: str,
        succeeded: Values | Sequence[bool],
        null: str | float,
        published: Published | str = "none",
        *,
        against: float | None = None,
        **beside: Unpack[Beside],
    ) -> Finding:
        """Return the share of seeds that succeed, with the exact binomial interval (Clopper & Pearson 1934).

        Unlike a bootstrap interval, it has a width > 0 when all seeds agree. Only a null between 0 and 1 is tested,
        because one success is enough to exclude 0.
        """
        found, seeds = _split(succeeded)
        text, against = _null(null, against)
        against = against if against is not None and 0 < against < 1 else None
        estimate = intervals.estimate_share(found.tolist(), against)
        return cls(what=what, null=text, published=published, **_fields(estimate, found, seeds, beside))

    @classmethod
    def difference(
        cls,
        what: str,
        first: Values,
        second: Values,
        null: str | float,
        published: Published | str = "none",
        *,
        against: float | None = 0.0,
        **beside: Unpack[Beside],
    ) -> Finding:
        """Return mean(first) - mean(second) of independent groups, with Welch's interval; n is the smaller size."""
        (one, seeds), (other, others) = _split(first), _split(second)
        text, against = _null(null, against)
        estimate = intervals.estimate_difference(one, other, against)
        of_first = _fields(estimate, one, seeds, beside)
        both = {"values": (of_first["values"], tuple(other.tolist())), "n": min(one.size, other.size)}
        both["seeds"] = None if seeds is None or others is None else (seeds, others)
        return cls(what=what, null=text, published=published, **of_first | both)


def per_seed(runs: Sequence, values: Iterable[float]) -> Values:
    """Return values by seed of the runs, or in order of the runs if the seeds are not known or not distinct."""
    seeds, found = [run.attrs.get("seed") for run in runs], list(values)
    if len(found) != len(seeds):
        raise UserError(f"values: expected {len(seeds)} numbers, one for each run, got {len(found)}")
    if None in seeds or len(set(seeds)) < len(seeds):
        return found
    return {int(seed): value for seed, value in zip(seeds, found, strict=True)}


def _split(values: Any) -> tuple[np.ndarray, tuple[int, ...] | None]:
    """Return values as an array, and their seeds if they are given."""
    seeds = tuple(int(seed) for seed in values) if isinstance(values, Mapping) else None
    found = np.asarray(list(values.values()) if isinstance(values, Mapping) else values, float)
    if found.ndim != 1 or not found.size:
        raise UserError(f"values: expected at least one number, one for each seed, got shape {found.shape}")
    return found, seeds


def _null(null: str | float, against: float | None) -> tuple[str, float | None]:
    return (number(float(null)), float(null)) if isinstance(null, Real) else (str(null), against)


def _fields(estimate: Estimate, values: np.ndarray, seeds: Any, beside: Any) -> dict[str, Any]:
    """Return the fields of a finding that follow from its values, and its optional fields."""
    return estimate._asdict() | {"n": values.size, "values": tuple(values.tolist()), "seeds": seeds} | beside


def _plain(value: Any) -> Any:
    """Return a value with lists for tuples and text for numbers that are not finite."""
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(each) for each in value]
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def count_comparisons(findings: Sequence[Finding]) -> int:
    """Return the number of findings that are tested against a number."""
    return sum(finding.p is not None for finding in findings)


def correct_p(findings: Sequence[Finding]) -> list[float | None]:
    """Return the p value of each finding of a study, corrected by Holm's method.

    It is None for a finding that is not tested against a number, and for all findings if at most five are tested.
    """
    tested = [k for k, finding in enumerate(findings) if finding.p is not None]
    corrected: list[float | None] = [None] * len(findings)
    if len(tested) > MANY:
        for k, p in zip(tested, intervals.correct_by_holm([findings[k].p or 0.0 for k in tested]), strict=True):
            corrected[k] = p
    return corrected


def rows_of(findings: Sequence[tuple[str, Finding]], reduced: Collection[str] = ()) -> list[dict]:
    """Return (variant, finding) of a study as plain JSON values, with Holm's p and the verdict if there are any.

    ``reduced`` names the variants that do not have the published scale.
    """
    rows = []
    for (variant, finding), p in zip(findings, correct_p([finding for _, finding in findings]), strict=True):
        row = ({"variant": variant} if variant else {}) | finding.to_dict()
        row |= {} if p is None else {"p_holm": p}
        verdict = finding.judge(variant not in reduced, p)
        rows.append(row | ({"verdict": verdict.word, "why": verdict.why} if verdict else {}))
    return rows


def checks_table(checks: Sequence[Check]) -> str:
    """Return the checks of one run as a table: verdict, name, measured value, band, and source of the band."""
    rows = [("holds" if c.holds else "FAILS", c.what, number(c.measured), c.band, c.source) for c in checks]
    return table(rows, ("", "check", "measured", "band", "where the band comes from"))


def measures_table(values: dict[str, float]) -> str:
    """Return named numbers as a table."""
    return table([(what, number(value)) for what, value in values.items()], ("measured", ""))


def _interval(finding: Finding) -> str:
    if finding.n == 1 and finding.low == finding.high:
        return "none: one seed"
    if finding.interval == intervals.EQUAL:
        return "none: all seeds are equal"
    return f"{number(finding.low)} .. {number(finding.high)}"


def findings_table(findings: Sequence[tuple[str, Finding]], reduced: Collection[str] = ()) -> str:
    """Return (variant, finding) as a table: value, 95 % interval, number of seeds, null, p, published value, verdict.

    The table has columns for variant, p, Holm's p and verdict only if a finding has them. ``reduced`` names the
    variants that do not have the published scale.
    """
    corrected = correct_p([finding for _, finding in findings])
    holm = f"p (Holm over {count_comparisons([finding for _, finding in findings])})"
    rows = []
    for (variant, f), p in zip(findings, corrected, strict=True):
        judged = f.judge(variant not in reduced, p)
        row = {"variant": variant, "finding": f.what, "value": number(f.value), "95 % interval": _interval(f)}
        row |= {"by": f.interval, "seeds": str(f.n), "null": f.null, "p": "" if f.p is None else f"{f.p:.2g}"}
        row |= {holm: "" if p is None else f"{p:.2g}", "published": str(f.published)}
        rows.append(row | {"verdict": f"{judged.word}: {judged.why}" if judged else ""})
    optional = ("variant", "p", holm, "verdict")
    shown = [name for name in rows[0] if name not in optional or any(row[name] for row in rows)] if rows else []
    return table([[row[name] for name in shown] for row in rows], shown)
