"""Storage of the progress of a training, so that it can continue after an interruption."""

from __future__ import annotations

import logging
import time

import numpy as np

from .checkpoint import Checkpoints

_log = logging.getLogger("snnlab")
# The state is stored at this interval (s), and when the run is interrupted.
KEEP_SECONDS = 10.0


class Keeping:
    """The state of a training and its recorded rows, stored in checkpoints if there are any.

    ``unit`` is the unit of positions, and ``target`` is the target on which training runs.

    Use it as a context manager: on an interruption, the last state of the training is stored, too.

    Attributes
    ----------
    state : dict
        State from which training continues; empty at the beginning.
    """

    def __init__(self, checkpoints: Checkpoints | None, target: str, unit: str = "period"):
        self._stage = checkpoints.stage(target, unit) if checkpoints else None
        self._kept, self.state = self._stage.latest() if self._stage else (0, {})
        if self._kept:
            _log.info(f"going on from {unit} {self._kept:,}")
        stored = self._stage.parts() if self._stage and self._kept else []
        self._parts = [{k: np.asarray(v) for k, v in part.items()} for part in stored]
        self._recent: list[dict[str, np.ndarray]] = []
        self._reached: tuple[int, dict[str, np.ndarray], int] | None = None
        self._when = time.monotonic()

    def __enter__(self) -> Keeping:
        return self

    def __exit__(self, kind: type | None, *_) -> None:
        if kind is not None and issubclass(kind, KeyboardInterrupt):
            self._keep()

    def forget(self) -> None:
        """Start from the beginning, because training cannot continue from the stored state."""
        _log.warning("the checkpoints are of version 0.1 and cannot be used: training starts from the beginning")
        if self._stage:
            self._stage.clear()
        self._kept, self.state, self._parts = 0, {}, []

    def add(self, rows: dict[str, np.ndarray]) -> None:
        """Record rows along the first axis. The first call must have all names."""
        self._recent.append(rows)

    def reached(self, period: int, state: dict[str, np.ndarray]) -> None:
        """Tell that training can continue from ``state`` at ``period``, with all rows so far recorded."""
        self._reached = period, state, len(self._recent)
        if time.monotonic() - self._when > KEEP_SECONDS:
            self._keep()

    def _keep(self) -> None:
        if self._stage is None or self._reached is None:
            return
        period, state, count = self._reached
        if period > self._kept:
            # The empty arrays store names and shapes even if there is no row.
            rows = joined([{k: v[:0] for k, v in [*self._parts, *self._recent][0].items()}, *self._recent[:count]])
            self._stage.save(period, state, rows)
            self._kept, self._reached = period, None
            self._parts, self._recent = [*self._parts, rows], self._recent[count:]
        self._when = time.monotonic()

    def found(self) -> dict[str, np.ndarray]:
        """Return all recorded rows."""
        return joined([*self._parts, *self._recent])


def joined(parts: list[dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """Return the concatenation of arrays with the same name. The first part has all names."""
    return {name: np.concatenate([part[name] for part in parts if name in part]) for name in parts[0]}
