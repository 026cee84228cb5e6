"""Text of numbers, bands and tables."""

from __future__ import annotations

import math
from collections.abc import Sequence


def number(x: float) -> str:
    """Return a number as text with four digits, or with all digits for integers up to ten million."""
    return f"{x:,.0f}" if 1e3 <= abs(x) <= 1e7 and x == round(x) else f"{x:.4g}"


def show_band(low: float, high: float) -> str:
    """Return a band as text. One side may be infinite."""
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


def size(size: float) -> str:
    """Return a number of bytes as text."""
    for unit, length in (("PiB", 2**50), ("TiB", 2**40), ("GiB", 2**30), ("MiB", 2**20)):
        if size >= length:
            return f"{size / length:.3g} {unit}"
    return f"{size / 2**10:.3g} KiB"


def duration(seconds: float) -> str:
    """Return a rough time as text."""
    for unit, length in (("years", 365 * 86400), ("days", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:,.{0 if seconds >= 10 * length else 1}f} {unit}"
    return f"{max(seconds, 1):.0f} s"
