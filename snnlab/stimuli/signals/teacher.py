"""A user's own teacher signal: a CSV file or a function of time."""

from __future__ import annotations

import csv
import logging
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import numpy as np

from ...errors import UserError
from ...files.python import open_spec

_log = logging.getLogger("snnlab")
Teacher: TypeAlias = "Callable[[np.ndarray], np.ndarray]"


def teacher_from(spec: str) -> Teacher:
    """Return the teacher that ``path/to/file.csv`` or ``path/to/file.py:function`` names.

    Each row of a CSV file is a sample: time in s (even steps), then a column for each component. The first row may be a
    header. Between samples the signal is linear. After its end it repeats; its period is the time covered plus one
    step. A function takes times in s, shape (T,), and returns shape (T,) or (T, K).

    Raises
    ------
    UserError
        If the file cannot be read, has the wrong shape, uneven times, NaN, or holds no such function.
    """
    if spec.endswith(".csv"):
        return _from_csv(Path(spec).expanduser())
    module, name = open_spec(spec, "teacher")
    functions = [k for k, v in vars(module).items() if callable(v) and v.__module__ == module.__name__]
    if not name and len(functions) == 1:
        name = functions[0]
    if name not in functions:
        found = ", ".join(functions) or "none"
        raise UserError(f"teacher: expected file.csv or file.py:function, got {spec!r} (functions there: {found})")
    return getattr(module, name)


def sample(teacher: Teacher, t: np.ndarray) -> np.ndarray:
    """Return the teacher at times t (s) as an array of shape (len(t), K).

    Raises
    ------
    UserError
        If the shape is neither (T,) nor (T, K), or a value is not finite.
    """
    try:
        values = np.asarray(teacher(t), float)
    except UserError:
        raise
    except Exception as error:
        raise UserError(f"teacher: expected a function of times, got {type(error).__name__}: {error}") from None
    if values.ndim == 1:
        values = values[:, None]
    if values.ndim != 2 or len(values) != len(t) or values.shape[1] == 0:
        raise UserError(f"teacher: expected an array of shape ({len(t)},) or ({len(t)}, K), got {values.shape}")
    if not np.isfinite(values).all():
        raise UserError(
            f"teacher: expected finite numbers, got others at t = {t[~np.isfinite(values).all(axis=1)][0]:g} s"
        )
    return values


def _from_csv(path: Path) -> Teacher:
    if not path.is_file():
        raise UserError(
            f"teacher: expected a CSV file, got {'the folder' if path.is_dir() else 'no file'} {str(path)!r}"
        )
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = [row for row in csv.reader(file) if row and not row[0].startswith("#")]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"teacher: {path.name}: expected a CSV file, cannot read it: {error}") from None
    if rows and not _is_number(rows[0][0]):
        rows = rows[1:]
    if len(rows) < 2 or len(rows[0]) < 2 or any(len(row) != len(rows[0]) for row in rows):
        raise UserError(
            f"teacher: {path.name}: expected at least two rows of equal length: time in s, then components, "
            f"with commas between, got rows of lengths {[len(row) for row in rows[:8]]}"
        )
    for number, row in enumerate(rows, start=1):
        if not all(map(_is_number, row)):
            raise UserError(f"teacher: {path.name}: data row {number}: expected numbers between commas, got {row}")
    data = np.array(rows, float)
    if not np.isfinite(data).all():
        bad = int(np.flatnonzero(~np.isfinite(data).all(axis=1))[0])
        raise UserError(f"teacher: {path.name}: data row {bad + 1}: expected finite numbers, got {rows[bad]}")
    times, values = data[:, 0], data[:, 1:]
    steps = np.diff(times)
    if not (steps > 0).all() or np.ptp(steps) > 1e-3 * steps.mean():
        raise UserError(
            f"teacher: {path.name}: expected times in s that rise in even steps, "
            f"got steps from {steps.min():g} to {steps.max():g} s"
        )
    period = times[-1] - times[0] + steps.mean()
    doubt = "; are its times in ms? They are read as s" if steps.mean() > 0.1 else ""
    _log.info(f"teacher: {path.name}: {len(times)} samples, K = {values.shape[1]}, repeats every {period:g} s{doubt}")
    times = np.append(times, times[0] + period)
    values = np.vstack([values, values[:1]])

    def teacher(t: np.ndarray) -> np.ndarray:
        phase = times[0] + np.mod(np.asarray(t) - times[0], period)
        return np.stack([np.interp(phase, times, column) for column in values.T], axis=1)

    return teacher


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
