"""A user's own teacher signal: a file of samples or a function of time."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import TypeAlias

import numpy as np

from ...errors import UserError, in_one_line, user_path
from ...files.python import content_hash, open_spec
from .samples import is_samples, samples_from

Teacher: TypeAlias = "Callable[[np.ndarray], np.ndarray]"
_EXPECTED = "file.csv, file.txt, file.npy or file.py:function"


def teacher_from(spec: str) -> Teacher:
    """Return the teacher that a file of samples or ``path/to/file.py:function`` names.

    Each row of a file of samples (.csv, .txt, .tsv, .dat, or an array of NumPy, .npy) is a sample: time (even steps),
    then a column for each component. A text file may have a header, whose first name may state the unit of time, such
    as time_ms; otherwise times are in s. Times that are rounded to the file's last decimal are even. Between samples
    the signal is linear. After its end it repeats; its period is the time covered plus one step. A function, or any
    other object that can be called, takes times in s, shape (T,), and returns shape (T,) or (T, K).

    Raises
    ------
    UserError
        If the file cannot be read, has the wrong shape, uneven times, NaN, or holds no such function.
    """
    if is_samples(spec):
        return samples_from(user_path(spec))
    path = user_path(spec)
    if path.suffix.lower() == ".mat":
        how = "; in MATLAB, writematrix([t x], 'teacher.csv') writes columns t (s) and x"
        raise UserError(f"teacher: expected {_EXPECTED}, got {spec!r}{how}")
    if path.suffix != ".py" and path.is_file():
        raise UserError(f"teacher: expected {_EXPECTED}, got {spec!r}")
    module, name = open_spec(spec, "teacher")
    defined = _defined(module)
    if not name and len(defined) == 1:
        name = defined[0]
    found = vars(module).get(name)
    if not callable(found) or isinstance(found, type):
        known = ", ".join(defined) or "none"
        raise UserError(f"teacher: expected {_EXPECTED}, got {spec!r} (functions there: {known})")
    return found


def _defined(module: ModuleType) -> list[str]:
    """Return the names under which a module itself defines something that can be called and is no class.

    Names with a leading underscore count only if there are no others.
    """
    file = Path(module.__file__ or "") if hasattr(module, "__file__") else Path()
    nodes = list(ast.walk(ast.parse(file.read_bytes()))) if file.suffix == ".py" else []
    made = {node.name for node in nodes if isinstance(node, ast.FunctionDef)}
    made |= {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    called = {key for key, value in vars(module).items() if callable(value) and not isinstance(value, type)}
    known = [key for key in vars(module) if key in made & called]
    return [name for name in known if not name.startswith("_")] or known


def teacher_digest(spec: str) -> str:
    """Return a short hash of a file of samples, or "" if the name of a run covers the file already."""
    path = user_path(spec)
    if not is_samples(spec) or content_hash(spec) or not path.is_file():
        return ""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]


def sample(teacher: Teacher, t: np.ndarray) -> np.ndarray:
    """Return the teacher at times t (s) as an array of shape (len(t), K).

    Raises
    ------
    UserError
        If the shape is neither (T,) nor (T, K), or values are not real numbers without a unit, or not finite.
    """
    if not callable(teacher):
        raise UserError(f"teacher: expected a function of times, got {teacher!r:.60}")
    try:
        values = _plain(teacher(t))
    except UserError:
        raise
    # A function that ends the program, also with sys.exit(0), cannot be used.
    except (Exception, SystemExit) as error:
        raise UserError(f"teacher: expected a function of times, got {in_one_line(error)}") from None
    if values.ndim == 1:
        values = values[:, None]
    if values.ndim != 2 or len(values) != len(t) or values.shape[1] == 0:
        raise UserError(f"teacher: expected an array of shape ({len(t)},) or ({len(t)}, K), got {values.shape}")
    if not np.isfinite(values).all():
        raise UserError(
            f"teacher: expected finite numbers, got others at t = {t[~np.isfinite(values).all(axis=1)][0]:g} s"
        )
    return values


def require_changes(teacher: Teacher, start: float, stop: float, step: float) -> None:
    """Raise UserError if a teacher is constant from ``start`` to ``stop``, at times ``step`` apart (all in s).

    A network that learns a constant cannot be compared with its teacher.
    """
    times = np.arange(start, stop + step / 2, step)
    # Most signals show in a few samples that they change.
    for some in (times[:: max(1, len(times) // 1000)], times):
        values = sample(teacher, some)
        if not (values == values[0]).all():
            return
    constant = " ".join(f"{value:g}" for value in values[0])
    raise UserError(f"teacher: expected a signal that changes while it is learned, got the constant {constant}")


def _plain(values: object) -> np.ndarray:
    """Return what a teacher returned as float64; masked values are NaN. Nothing is thrown away."""
    if getattr(values, "is_dimensionless", True) is False:
        raise UserError(f"teacher: expected numbers without a unit, got {type(values).__name__} with one; divide by it")
    found = values if isinstance(values, np.ma.MaskedArray) else np.asarray(values)
    if found.dtype.kind not in "biufO":
        kind = "complex numbers" if found.dtype.kind == "c" else f"values of type {found.dtype}"
        raise UserError(f"teacher: expected real numbers, got {kind}")
    return np.ma.filled(found.astype(float), np.nan)
