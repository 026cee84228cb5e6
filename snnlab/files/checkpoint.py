"""Checkpoints of a long run: its state and its recordings, in a folder beside the run file."""

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
    """The folder ``.<name of the run>`` beside a run file. It is created on first use and removed after a complete run.

    Use it as a context manager, which locks the folder for this process from its first use on.

    Parameters
    ----------
    path : Path
        Path of the run file that is being computed.
    resume : bool
        Whether to continue from the last readable checkpoint or to start from the beginning.
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
        """Tell whether there is a checkpoint to continue from."""
        return any(self.folder.glob("*/state-*.nc"))

    def stage(self, target: str, unit: str = "step") -> Stage:
        """Return the checkpoints of the next training of this run. ``target`` must be the same on resume.

        ``unit`` is the unit of positions.

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
            # A process that was killed left this file.
            shutil.rmtree(left, ignore_errors=True) if left.is_dir() else left.unlink(missing_ok=True)

    def remove(self) -> None:
        """Remove the folder of a complete run."""
        shutil.rmtree(self.folder, ignore_errors=True)


class Stage:
    """Checkpoints of one training: a pair of files for each position (a step of the run, or another unit).

    One file holds the state, the other holds the recordings since the previous position. Files are written completely
    or not at all. The last two states are kept.
    """

    def __init__(self, folder: Path, run: str, target: str, unit: str = "step"):
        self.folder, self._run, self._target, self._unit = folder, run, target, unit
        self._last = 0

    def kept(self) -> str:
        """Return the position of the last checkpoint as text; empty if there is none."""
        return f"{self._unit} {max(states):,}" if (states := self._files("state")) else ""

    def _files(self, kind: str) -> dict[int, Path]:
        """Return the files of a kind by position, in order."""
        named = ((re.fullmatch(rf"{kind}-(\d+)\.nc", file.name), file) for file in self.folder.glob(f"{kind}-*.nc"))
        return dict(sorted((int(match[1]), file) for match, file in named if match))

    def save(self, position: int, state: dict[str, np.ndarray], recorded: dict[str, np.ndarray]) -> None:
        """Write a checkpoint. If this fails, MachineError is raised and earlier checkpoints are kept."""
        if position == self._last:
            # A call that was interrupted afterwards has already written this checkpoint.
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
        """Return the arrays of a file (numpy, or dask if ``lazy``) and the previous position."""
        name = f"{kind}-{position:012d}.nc"
        dataset = record.load(self.folder / name, "checkpoint", lazy)
        for key, expected in (("run", self._run), ("target", self._target), ("position", position)):
            if dataset.attrs.get(key) != expected:
                raise UserError(f"{name}: expected {key} {expected}, got {dataset.attrs.get(key)}")
        return {str(k): v.data for k, v in dataset.items()}, int(dataset.attrs["after"])

    def latest(self) -> tuple[int, dict[str, np.ndarray]]:
        """Return the position and state of the last usable checkpoint; (0, {}) if there is none.

        A checkpoint is not usable if it is truncated, if it belongs to another run or target or to a newer snnlab, or
        if an earlier part is missing. A warning names it, and the previous one is used.
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
            # An unusable state is removed, because only two states are kept and it would displace a usable one.
            if later > position:
                file.unlink(missing_ok=True)
        return position, state

    def clear(self) -> None:
        """Remove all checkpoints, so that training starts from the beginning."""
        for kind in ("state", "part"):
            for file in self._files(kind).values():
                file.unlink(missing_ok=True)
        self._last = 0

    def parts(self, position: int | None = None) -> list[dict[str, np.ndarray]]:
        """Return the recordings from the start to a position (default: the last one) as a list of parts.

        The arrays are dask arrays in files that :meth:`Checkpoints.remove` removes.
        """
        position, found = self._last if position is None else position, []
        while position:
            arrays, position = self._read("part", position, lazy=True)
            found.append(arrays)
        return found[::-1]
