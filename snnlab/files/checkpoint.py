"""Checkpoints of a long run: what it needs to go on, and what it has recorded, in a folder beside its run file."""

from __future__ import annotations

import logging
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import filelock

from ..errors import MachineError, UserError
from . import record

if TYPE_CHECKING:
    import numpy as np

_log = logging.getLogger("snnlab")
_KEPT = 2


class Checkpoints:
    """The folder ``.<name of the run>`` beside a run file; made when a run first needs it, gone when it is complete.

    Use as a context manager, which holds the folder for this process from its first use on.

    Parameters
    ----------
    path : Path
        The run file that is being computed.
    resume : bool
        Go on from the last checkpoint that can be read; else start anew.
    """

    def __init__(self, path: Path, resume: bool = False):
        self.folder = path.resolve().with_name(f".{path.stem}")
        self._run, self._resume = path.stem, resume
        self._lock: filelock.BaseFileLock | None = None
        self._stages: list[Stage] = []

    def __enter__(self) -> Checkpoints:
        return self

    def __exit__(self, kind: type | None, *_) -> None:
        if self._lock is not None:
            kept = self.kept()
            if kind is not None and issubclass(kind, KeyboardInterrupt):
                last = self._stages[-1].kept() or "an earlier training" if kept else ""
                _log.info(f"{self._run}: " + (f"kept at {last}; --resume goes on" if kept else "nothing kept yet"))
            if not kept:
                self.remove()
            self._lock.release()
            self._lock = None

    def kept(self) -> bool:
        """Tell whether there is a checkpoint to go on from."""
        return any(self.folder.glob("*/state-*.nc"))

    def stage(self, target: str, unit: str = "step") -> Stage:
        """Return where the next training of this run keeps its checkpoints; ``target`` must be the same on resume.

        Positions are counted in a ``unit``.

        Raises
        ------
        UserError
            If another process computes the same run.
        MachineError
            If the folder cannot be written.
        """
        if self._lock is None:
            self._acquire()
        stage = Stage(self.folder / str(len(self._stages) + 1), self._run, target, unit)
        self._stages.append(stage)
        try:
            stage.folder.mkdir(exist_ok=True)
        except OSError as error:
            raise MachineError(f"{stage.folder}: cannot be written: {error}") from error
        return stage

    def _acquire(self) -> None:
        try:
            self.folder.mkdir(exist_ok=True)
            lock = filelock.FileLock(str(self.folder / "lock"))
            lock.acquire(timeout=0)
        except filelock.Timeout:
            raise UserError(f"{self._run} is being computed by another process") from None
        except OSError as error:
            raise MachineError(f"{self.folder}: cannot be written: {error}") from error
        self._lock = lock
        if not self._resume:
            if self.kept():
                _log.warning(f"{self._run}: starting anew, its checkpoints are removed (--resume goes on from them)")
            for stage in self.folder.glob("[0-9]*"):
                shutil.rmtree(stage, ignore_errors=True)
        for left in [*self.folder.glob("*/run-*"), *self.folder.glob("*/.*.part")]:
            # A process that was killed has left it.
            shutil.rmtree(left, ignore_errors=True) if left.is_dir() else left.unlink(missing_ok=True)

    def remove(self) -> None:
        """Remove the folder: the run is complete."""
        shutil.rmtree(self.folder, ignore_errors=True)


class Stage:
    """Checkpoints of one training: pairs of files for a position (a step of the run, or another unit).

    They hold the state there, and what was recorded since the position before. Files are written whole or not at all;
    of the states the last two are kept.
    """

    def __init__(self, folder: Path, run: str, target: str, unit: str = "step"):
        self.folder, self._run, self._target, self._unit = folder, run, target, unit
        self._last = 0

    def kept(self) -> str:
        """Return where the last checkpoint is, empty if there is none."""
        return f"{self._unit} {max(states):,}" if (states := self._files("state")) else ""

    def _files(self, kind: str) -> dict[int, Path]:
        """Files of a kind by position, in order."""
        named = ((re.fullmatch(rf"{kind}-(\d+)\.nc", file.name), file) for file in self.folder.glob(f"{kind}-*.nc"))
        return dict(sorted((int(match[1]), file) for match, file in named if match))

    def save(self, position: int, state: dict[str, np.ndarray], recorded: dict[str, np.ndarray]) -> None:
        """Write a checkpoint; raises MachineError if that fails, the checkpoints before it are kept then."""
        if position == self._last:
            # Written already, by a call that was interrupted behind it.
            return
        self._write("part", position, recorded)
        self._write("state", position, state)
        self._last = position
        for old in list(self._files("state").values())[:-_KEPT]:
            old.unlink(missing_ok=True)

    def _write(self, kind: str, position: int, arrays: dict[str, np.ndarray]) -> None:
        import xarray as xr

        named = {k: (tuple(f"{k}_{axis}" for axis in range(v.ndim)), v) for k, v in arrays.items()}
        attrs = {"format_version": record.FORMAT_VERSION, "protocol": "checkpoint"}
        attrs |= {"run": self._run, "target": self._target, "position": position, "after": self._last}
        record.save(xr.Dataset(named, attrs=attrs), self.folder / f"{kind}-{position:012d}.nc", compress=False)

    def _read(self, kind: str, position: int, lazy: bool = False) -> tuple[dict[str, np.ndarray], int]:
        """Return the arrays of a file, of numpy or ``lazy`` of dask, and the position before it."""
        name = f"{kind}-{position:012d}.nc"
        dataset = record.load(self.folder / name, "checkpoint", lazy)
        for key, expected in (("run", self._run), ("target", self._target), ("position", position)):
            if dataset.attrs.get(key) != expected:
                raise UserError(f"{name} is of another run: {key} {dataset.attrs.get(key)}, expected {expected}")
        return {str(k): v.data for k, v in dataset.items()}, int(dataset.attrs["after"])

    def latest(self) -> tuple[int, dict[str, np.ndarray]]:
        """Return the position and state of the last checkpoint that can be used, (0, {}) if there is none.

        One that is truncated, of another run or target, of a newer snnlab, or without a part before it, is named in a
        warning, and the one before it is used.
        """
        for position in reversed(self._files("state")):
            try:
                state, _ = self._read("state", position)
                self.parts(position)
            except UserError as error:
                _log.warning(f"checkpoint at {self._unit} {position} cannot be used: {error}")
            else:
                self._last = position
                break
        else:
            position, state = 0, {}
        for later, file in self._files("state").items():
            # The last two states are kept: one that cannot be used must not take the place of one that can.
            if later > position:
                file.unlink(missing_ok=True)
        return position, state

    def clear(self) -> None:
        """Remove all checkpoints: training begins anew."""
        for kind in ("state", "part"):
            for file in self._files(kind).values():
                file.unlink(missing_ok=True)
        self._last = 0

    def parts(self, position: int | None = None) -> list[dict[str, np.ndarray]]:
        """Return what was recorded from the start to a position, or to the last one, part by part.

        The arrays are of dask, and in files that :meth:`Checkpoints.remove` removes.
        """
        position, found = self._last if position is None else position, []
        while position:
            arrays, position = self._read("part", position, lazy=True)
            found.append(arrays)
        return found[::-1]
