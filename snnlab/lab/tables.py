"""Numbers, bands and rows of text as they are printed."""

from __future__ import annotations

import math
from collections.abc import Sequence


def number(x: float) -> str:
    """Return a number as text: four digits, but whole numbers up to ten million with all of theirs."""
    return f"{x:,.0f}" if 1e3 <= abs(x) <= 1e7 and x == round(x) else f"{x:.4g}"


def show_band(low: float, high: float) -> str:
    """Return a band as text; one side may be open."""
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
