"""Claims of sources, and the verdict on a finding that is compared with a claim."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

from ..checking import require_choices
from ..errors import UserError
from .tables import number

if TYPE_CHECKING:
    from .claims import Finding

# A claim has at most this number of words. A finding over fewer seeds than this cannot contradict a source.
MOST_WORDS, ENOUGH_SEEDS = 25, 10
# With a corrected p of at least this value, the direction is undecided.
LEVEL = 0.05
REPRODUCED = "reproduced"
CONDITIONALLY = "reproduced under a condition"
NOT_REPRODUCED = "not reproduced here"
UNDECIDED = "undecided"
NOT_TESTABLE = "not testable"
NO_BAR = "no bar was set"


@dataclass(frozen=True)
class Published:
    """One claim of a source.

    Raises
    ------
    UserError
        For more than 25 words, an unknown kind, basis or text, or a value that does not fit the kind.

    Example
    -------
    >>> import snnlab
    >>> claim = snnlab.Published(
    ...     source="Osogami & Otsuka 2015, doi:10.1038/srep14149",
    ...     locator="two sequences",
    ...     kind="number",
    ...     claimed="Blocks until both sequences are recalled, one machine.",
    ...     value=1_785_845,
    ...     unit="blocks",
    ...     measure="blocks until a block needs no training",
    ...     basis="authors' program",
    ...     text_read="secondary",
    ... )
    >>> print(claim)
    1,785,845 blocks (Osogami & Otsuka 2015)
    """

    source: str
    """authors, year and DOI or address"""
    locator: str
    """figure, table, equation, section or file in the source"""
    kind: Literal["number", "direction", "existence"]
    """kind of claim: a value, which of two values is larger, or whether something happens at all"""
    claimed: str
    """the claim in at most 25 words"""
    value: float | tuple[float, float] | None
    """the published number or range; None for a claim without one"""
    unit: str
    """unit of ``value``; 1 for a number without dimension"""
    measure: str
    """the measured quantity"""
    basis: Literal["authors' program", "text", "abstract", "our model after it"]
    """source of our settings"""
    text_read: Literal["full", "abstract", "caption", "code", "secondary"]
    """the part of the source that we could read"""
    note: str = ""
    """further information, for example what is not known"""

    def __post_init__(self):
        require_choices(self)
        if (count := len(self.claimed.split())) > MOST_WORDS or not count:
            raise UserError(f"claimed: expected 1 to {MOST_WORDS} words, got {count}")
        if (self.kind == "number") != (self.value is not None):
            raise UserError(f"value: expected {'a number' if self.value is None else 'None'}, got {self.value}")

    def to_dict(self) -> dict:
        """Return plain JSON values."""
        return asdict(self) | ({"value": list(self.value)} if isinstance(self.value, tuple) else {})

    def __str__(self) -> str:
        parts = self.value if isinstance(self.value, tuple) else (self.value,)
        value = " .. ".join(number(part) for part in parts if part is not None)
        unit = "" if self.unit in ("", "1") else f" {self.unit}"
        return f"{value + unit if value else self.claimed} ({self.source.partition(', ')[0]})"


class Verdict(NamedTuple):
    """A verdict and its reason."""

    word: str
    why: str


def judge(finding: Finding, full_scale: bool, corrected: float | None = None) -> Verdict | None:
    """Return the verdict on a finding that is compared with a :class:`Published`; None for other findings.

    The bar is the range of values that count as the same. It is set before the runs and does not depend on them.

    ============================  ==================================================================================
    verdict                       condition
    ============================  ==================================================================================
    reproduced                    the 95 % interval lies within the bar
    reproduced under a condition  the same, but the finding names a condition, the scale is not the published one, or
                                  there are fewer than ten seeds
    not reproduced here           the interval lies outside the bar, the source's full text or program was read, the
                                  scale is the published one, there are ten seeds or more, and the settings that the
                                  source does not document were scanned
    undecided                     all other cases
    not testable                  data, text or code that a test needs are missing
    ============================  ==================================================================================

    Parameters
    ----------
    finding : Finding
        A finding with ``published``, and with ``bar``, ``condition``, ``scan`` and ``missing`` if they are known.
    full_scale : bool
        Whether the runs have the published scale.
    corrected : float, optional
        p value corrected for the number of comparisons of the study. It decides about a direction.
    """
    if not isinstance(finding.published, Published):
        return None
    if finding.missing or not math.isfinite(finding.value):
        return Verdict(NOT_TESTABLE, finding.missing or "nothing could be measured")
    if finding.bar is None:
        return Verdict(UNDECIDED, NO_BAR)
    if finding.interval == "none":
        return Verdict(UNDECIDED, "one run has no interval")
    if math.isnan(finding.low) or math.isnan(finding.high):
        return Verdict(UNDECIDED, "the interval could not be computed")
    within = _within(finding, finding.bar, finding.published.kind)
    if finding.high >= finding.bar[0] and finding.low <= finding.bar[1] and not within:
        return Verdict(UNDECIDED, "the interval spans the bar")
    if finding.published.kind == "direction" and corrected is not None and corrected >= LEVEL:
        return Verdict(UNDECIDED, f"p = {corrected:.2g} after correction for the number of comparisons")
    if within:
        few = "" if finding.n >= ENOUGH_SEEDS else f"fewer than {ENOUGH_SEEDS} seeds"
        reasons = [finding.condition, "" if full_scale else "the scale is not the published one", few]
        condition = "; ".join(reason for reason in reasons if reason)
        return Verdict(CONDITIONALLY if condition else REPRODUCED, condition or "the interval lies within the bar")
    open_questions = {
        "the source's text or program was not read": finding.published.text_read in ("full", "code"),
        "the scale is not the published one": full_scale,
        f"fewer than {ENOUGH_SEEDS} seeds": finding.n >= ENOUGH_SEEDS,
        "settings that the source does not document were not scanned": bool(finding.scan),
    }
    left = "; ".join(why for why, settled in open_questions.items() if not settled)
    if left:
        return Verdict(UNDECIDED, f"the interval lies outside the bar, but {left}")
    return Verdict(NOT_REPRODUCED, f"the interval lies outside the bar; scanned: {finding.scan}")


def _within(finding: Finding, bar: tuple[float, float], kind: str) -> bool:
    """Tell whether the interval lies within the bar. An interval that touches the null shows no direction."""
    low, high = bar
    if kind == "direction":
        return low < finding.low and finding.high < high
    return low <= finding.low and finding.high <= high
