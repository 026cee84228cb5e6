"""Labels of syllables that a person gave to a recording: onset, offset and name of each."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np

from ...errors import UserError, user_path
from ...files.table import Table, is_number, read_table, time_unit

# Names of the columns, as programs for annotation write them.
_COLUMNS = {
    "onset": ("onset", "onsets", "start", "begin"),
    "offset": ("offset", "offsets", "stop", "end"),
    "label": ("label", "labels", "syllable", "name", "annotation", "type"),
}


def read_labels(path: str | Path, seconds: float) -> tuple[tuple[str, float, float], ...]:
    """Return name, onset and offset (s) of each syllable of a recording, in order of time.

    The file is a text table with the columns onset, offset and label, as Audacity exports them, or with a header that
    names them, such as ``onset_s,offset_s,label``. Times are in s or in the unit that the header states. A syllable
    without a label has its number as name.

    Parameters
    ----------
    path : str or Path
        A .csv or .txt file.
    seconds : float
        Length of the recording. Labels behind it are refused.

    Raises
    ------
    UserError
        If the file cannot be read, has no such columns, or its times do not fit each other or the recording.
    """
    path = user_path(path)
    table = read_table(path, "labels", "a text table of onset, offset and label")
    places, units = _columns(table, path)
    found: list[tuple[str, float, float]] = []
    for number, row in enumerate(table.rows, start=1):
        if row[0] == "\\":
            # Audacity writes the frequencies of a label in a row of their own.
            continue
        times = [row[place] if place < len(row) else "" for place in places[:2]]
        if not all(map(is_number, times)):
            raise _wrong(path, number, "numbers for onset and offset, with a decimal point", f"{row}")
        onset, offset = (float(time) * unit for time, unit in zip(times, units, strict=True))
        if not (np.isfinite([onset, offset]).all() and 0 <= onset < offset):
            raise _wrong(path, number, "0 <= onset < offset", f"{times[0]} and {times[1]}")
        if offset > seconds + 0.01:
            raise _wrong(path, number, f"an offset within the {seconds:.4g} s of the recording", f"{offset:g} s")
        name = row[places[2]] if len(places) > 2 and places[2] < len(row) else ""
        found.append((name or str(len(found) + 1), onset, offset))
    if not found:
        raise UserError(f"labels: {path.name}: expected rows of onset, offset and label, got none")
    found.sort(key=lambda each: each[1])
    for (_, _, stop), (name, start, _) in pairwise(found):
        if start < stop - 1e-9:
            raise UserError(
                f"labels: {path.name}: expected syllables one after the other, got {name!r} at {start:g} s before the "
                f"one ahead of it ends at {stop:g} s"
            )
    return tuple(found)


def _columns(table: Table, path: Path) -> tuple[list[int], list[float]]:
    """Return the places of the columns onset, offset and, if there is one, label, and the units of the first two."""
    if not table.names:
        return [0, 1, 2], [1.0, 1.0]
    places, units = [], []
    for kind, names in _COLUMNS.items():
        words = [_words(each) for each in table.names]
        # Several columns may hold onsets: in s and in samples, for example.
        chosen = [k for k, each in enumerate(words) if each & set(names) and (kind == "label" or _unit(table.names[k]))]
        if not chosen and kind != "label":
            raise UserError(
                f"labels: {path.name}: expected columns onset, offset and label, with times in s or ms, got "
                f"{', '.join(table.names)}"
            )
        if chosen:
            places.append(chosen[0])
            units.append(_unit(table.names[chosen[0]]) or 1.0)
    return places, units[:2]


def _unit(name: str) -> float | None:
    """Return the unit of a column of onsets or offsets; s if its name is a single word."""
    return time_unit(name) or (1.0 if len(_words(name)) == 1 and "(" not in name else None)


def _words(name: str) -> set[str]:
    return set(name.lower().replace("_", " ").replace("(", " ").replace(")", " ").split())


def _wrong(path: Path, number: int, expected: str, got: str) -> UserError:
    return UserError(f"labels: {path.name}: data row {number}: expected {expected}, got {got}")
