"""Signals in files: samples of a teacher in a text table or an array of NumPy."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from ...errors import UserError
from ...files.table import is_number, last_decimal, read_table, time_unit

TEXTS = (".csv", ".txt", ".tsv", ".dat")
_log = logging.getLogger("snnlab")
# Steps that differ by this share are even, whatever the number of decimals.
_EVEN = 1e-3
# Rounded times are read as even steps only if their last decimal is at most this share of a step. Otherwise a missing
# row could not be told from rounding.
_COARSEST = 0.6
_INDEX = ("", "index", "unnamed: 0")


@dataclass(frozen=True)
class Samples:
    """A signal that is linear between samples and repeats. Its period is the time covered plus one step."""

    times: np.ndarray
    """(T + 1,), s, with even steps up to rounding; the last one is the end of the period"""
    values: np.ndarray
    """(T + 1, K); the last row is the first one"""
    period: float
    """time after which the signal repeats (s)"""

    def __call__(self, t: np.ndarray) -> np.ndarray:
        """Return the signal at times t (s), shape (T, K)."""
        phase = self.times[0] + np.mod(np.asarray(t) - self.times[0], self.period)
        return np.stack([np.interp(phase, self.times, column) for column in self.values.T], axis=1)


def is_samples(spec: str) -> bool:
    """Tell whether a specification names a file of samples by its ending."""
    return Path(spec).suffix.lower() in (*TEXTS, ".npy")


def samples_from(path: Path) -> Samples:
    """Return the signal of a file of samples; see :func:`snnlab.stimuli.signals.teacher.teacher_from`.

    Raises
    ------
    UserError
        If the file cannot be read or is no signal.
    """
    if not path.is_file():
        what = "the folder" if path.is_dir() else "no file"
        raise UserError(f"teacher: expected a file of samples, got {what} {str(path)!r}")
    stat = path.stat()
    return _read(path.absolute(), stat.st_size, stat.st_mtime_ns)


@cache
def _read(path: Path, size: int, mtime_ns: int) -> Samples:
    """Read a file, once as long as its size and time stay the same."""
    data, decimal, unit = _of_array(path) if path.suffix.lower() == ".npy" else _of_text(path)
    if not np.isfinite(data).all():
        bad = int(np.flatnonzero(~np.isfinite(data).all(axis=1))[0])
        raise UserError(f"teacher: {path.name}: data row {bad + 1}: expected finite numbers, got {data[bad].tolist()}")
    times, step = _even(path, data[:, 0], decimal)
    times, step = times * unit, step * unit
    period = times[-1] - times[0] + step
    doubt = "; are its times in ms? They are read as s" if step > 0.1 and unit == 1 else ""
    _log.info(f"teacher: {path.name}: {len(times)} samples, K = {data.shape[1] - 1}, repeats every {period:g} s{doubt}")
    values = data[:, 1:]
    return Samples(np.append(times, times[0] + period), np.vstack([values, values[:1]]), float(period))


def _of_text(path: Path) -> tuple[np.ndarray, float, float]:
    """Return the numbers of a text file, the last decimal of its times, and their unit in s."""
    table = read_table(path, "teacher", "a file of samples")
    rows = table.rows
    if len(rows) < 2 or len(rows[0]) < 2 or any(len(row) != len(rows[0]) for row in rows):
        raise UserError(
            f"teacher: {path.name}: expected at least two rows of equal length: time in s, then components, "
            f"with commas between, got rows of lengths {[len(row) for row in rows[:8]]}"
        )
    unit = time_unit(table.names[0]) if table.names else 1.0
    if unit is None:
        hint = "; leave the index out (in pandas, index=False)" if table.names[0].lower() in _INDEX else ""
        raise UserError(
            f"teacher: {path.name}: expected time as the first column, with a name such as time or time_ms, got "
            f"{table.names[0]!r}{hint}"
        )
    for number, row in enumerate(rows, start=1):
        if not all(map(is_number, row)):
            raise UserError(
                f"teacher: {path.name}: data row {number}: expected numbers with a decimal point, got {row}"
            )
    data = np.array(rows, float)
    finite = [row[0] for row, time in zip(rows, data[:, 0], strict=True) if np.isfinite(time)]
    return data, min(map(last_decimal, finite), default=0.0), unit


def _of_array(path: Path) -> tuple[np.ndarray, float, float]:
    """Return the numbers of a file of NumPy, the resolution of its times, and their unit, s."""
    try:
        data = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise UserError(f"teacher: {path.name}: expected an array of NumPy, cannot read it: {error}") from None
    if not isinstance(data, np.ndarray) or data.dtype.kind not in "iuf" or data.ndim != 2 or min(data.shape) < 2:
        got = f"{data.dtype} of shape {data.shape}" if isinstance(data, np.ndarray) else "several arrays"
        raise UserError(
            f"teacher: {path.name}: expected real numbers of shape (T, 1 + K): time in s, then components, got {got}"
        )
    decimal = 1.0 if data.dtype.kind in "iu" else float(np.spacing(np.abs(data[:, 0]).max()))
    return data.astype(float), decimal, 1.0


def _even(path: Path, times: np.ndarray, decimal: float) -> tuple[np.ndarray, float]:
    """Return times with even steps and the step, in the unit of the file.

    Steps are even if they differ by less than a thousandth, or if a straight line meets each time to the last decimal
    that the file gives. Times of the second kind are replaced by this line.

    Raises
    ------
    UserError
        If the times do not rise in even steps. The message names the row with the worst step.
    """
    steps = np.diff(times)
    step = float(steps.mean())
    if (steps > 0).all() and np.ptp(steps) <= _EVEN * step:
        return times, step
    if (steps > 0).all() and 0 < decimal <= _COARSEST * step:
        start, slope, off = _line(times / decimal)
        if off <= 0.5 + 1e-6:
            return (start + slope * np.arange(len(times))) * decimal, slope * decimal
    usual = float(np.median(steps))
    worst = int(np.argmin(steps) if steps.min() <= 0 else np.argmax(np.abs(steps - usual))) + 1
    raise UserError(
        f"teacher: {path.name}: data row {worst + 1}: expected times that rise in even steps of about {usual:g}, got "
        f"{times[worst]:.10g} after {times[worst - 1]:.10g}"
    )


def _line(times: np.ndarray) -> tuple[float, float, float]:
    """Return start and slope of the straight line with the smallest largest distance from times, and this distance."""
    from scipy.optimize import linprog

    rows, ones = np.arange(len(times)), np.ones(len(times))
    shift, rise = times[0], (times[-1] - times[0]) / rows[-1]
    rest = times - shift - rise * rows
    # Minimise the distance d: |rest - a - b row| <= d. Rows are scaled to at most 1.
    part = rows / rows[-1]
    bounds = np.block(
        [[-ones[:, None], -part[:, None], -ones[:, None]], [ones[:, None], part[:, None], -ones[:, None]]]
    )
    found = linprog([0, 0, 1], bounds, np.concatenate([-rest, rest]), bounds=[(None, None), (None, None), (0, None)])
    a, b, off = found.x
    return float(shift + a), float(rise + b / rows[-1]), float(off)
