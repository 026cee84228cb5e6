"""Tables in text files: numbers in columns, with names above them or without."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ..errors import UserError

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
# What begins like a number is no name.
_NUMERIC = re.compile(r"[+-]?(\.?\d|nan$|inf)", re.IGNORECASE)
_NOT_FINITE = re.compile(r"[+-]?(nan|inf|infinity)", re.IGNORECASE)
# Units of time in s.
_UNITS = {
    1.0: "s sec secs second seconds 秒",
    1e-3: "ms msec msecs millis millisecond milliseconds ミリ秒",
    1e-6: "us µs μs usec usecs microsecond microseconds",
    1e-9: "ns nsec nanosecond nanoseconds",
    60.0: "min mins minute minutes 分",
    3600.0: "h hr hrs hour hours",
}
UNITS = {name: size for size, names in _UNITS.items() for name in names.split()}
_TIMES = {"t", "time", "times", "timestamp", "timestamps", "stamp", "zeit", "temps", "tiempo", "tempo", "時間", "時刻"}
# Names of columns that count rows.
_COUNTS = set("index idx sample samples frame frames step steps row rows number nr no id bin bins tick ticks".split())


@dataclass(frozen=True)
class Table:
    """The rows of a text file as cells."""

    names: list[str]
    """cells of the header; empty without one"""
    rows: list[list[str]]


def read_text(path: Path, field: str, expected: str) -> str:
    """Return the text of a file in UTF-8, with or without a byte order mark.

    Raises
    ------
    UserError
        If the file cannot be read or is not UTF-8; the message starts with ``field``.
    """
    try:
        if path.exists() and not path.is_file():
            # A device or a pipe may never end.
            raise OSError("it is no file")
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        reason = "it is not UTF-8"
    except OSError as error:
        reason = error.strerror or str(error)
    raise UserError(f"{field}: expected {expected}, got {str(path)!r}: {reason}")


def read_table(path: Path, field: str, expected: str) -> Table:
    """Return the table of a text file.

    The first line decides what separates cells: a tab, a semicolon, a comma, or else blanks. Empty lines, and lines
    that begin with # or %, are no rows. The header is what stands above the first row of numbers; otherwise it is the
    last comment, if this has a name for each column and the first one is a name of times.

    Raises
    ------
    UserError
        If the file cannot be read.
    """
    lines = [line for line in read_text(path, field, expected).splitlines() if line.strip(" \t\r\n\0")]
    comments = [line for line in lines if line.lstrip()[0] in "#%"]
    lines = [line for line in lines if line.lstrip()[0] not in "#%"]
    first = lines[0] if lines else ""
    mark = next((mark for mark in "\t;," if mark in first), "")
    try:
        rows = _cells(lines, mark)
        told = _cells([comments[-1].lstrip(" \t#%")], mark)[0] if comments else []
    except csv.Error as error:
        raise UserError(f"{field}: {path.name}: expected {expected}, cannot read it: {error}") from None
    # Columns may have numbers as names, but then the first one has another name.
    first_row = (at for at, row in enumerate(rows) if _NUMERIC.match(row[0]) or (at and any(map(is_number, row))))
    above = next(first_row, len(rows))
    header = [" ".join(cells).strip() for cells in zip(*rows[:above], strict=False)]
    rows = rows[above:]
    if not header and rows and len(told) == len(rows[0]) and _TIMES & _parts(told[0]) and time_unit(told[0]):
        header = told
    return Table(header, rows)


def _cells(lines: list[str], mark: str) -> list[list[str]]:
    if not mark:
        return [line.split() for line in lines]
    # Tables with tabs have no quotes around cells; a quotation mark is a part of a label.
    quoting: Literal[0, 3] = csv.QUOTE_NONE if mark == "\t" else csv.QUOTE_MINIMAL
    rows = csv.reader(lines, delimiter=mark, skipinitialspace=mark != "\t", quoting=quoting)
    return [[cell.strip() for cell in row] for row in rows]


def is_number(text: str) -> bool:
    """Tell whether a text is a number with a decimal point, NaN or infinity."""
    return bool(_NUMBER.fullmatch(text) or _NOT_FINITE.fullmatch(text))


def last_decimal(text: str) -> float:
    """Return the size of one unit of the last digit of a number.

    >>> last_decimal("0.125"), last_decimal("12e-1"), last_decimal("7")
    (0.001, 0.1, 1.0)
    """
    digits, _, power = text.lower().partition("e")
    return float(f"1e{int(power or 0) - len(digits.partition('.')[2])}")


def time_unit(name: str) -> float | None:
    """Return the unit, in s, of a column of times with this name; None if the name is none of times.

    A unit in brackets counts, or one that is a part of the name. A name of times without a unit means s.

    >>> time_unit("time_ms"), time_unit("Time (us)"), time_unit("t"), time_unit("time (samples)"), time_unit("index")
    (0.001, 1e-06, 1.0, None, None)
    """
    bracket = re.search(r"[(\[{]([^)\]}]*)[)\]}]", name)
    parts = _parts(bracket[1] if bracket else name)
    sizes = {UNITS[part] for part in parts if part in UNITS}
    if sizes or bracket:
        return sizes.pop() if len(sizes) == 1 else None
    return 1.0 if _TIMES & parts and not _COUNTS & parts else None


def _parts(name: str) -> set[str]:
    """Return the words of a name in small letters; timeMs has two."""
    return set(re.findall(r"[^\W\d_]+", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower()))
