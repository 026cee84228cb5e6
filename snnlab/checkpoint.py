"""Checkpoints of a long run: what it needs to go on, and what it has recorded, in a folder beside its run file."""

from __future__ import annotations

import logging
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from . import record
from .errors import UserError

if TYPE_CHECKING:
    import numpy as np

_log = logging.getLogger("snnlab")
_KEPT = 2


class Checkpoints:
    """The folder ``.<name of the run>`` beside a run file; it exists while the run is not complete.

    Each checkpoint is a pair of files for a position (a step of the run): the state there, and what was recorded since
    the position before. Files are written whole or not at all; of the states the last two are kept.

    Parameters
    ----------
    path : Path
        The run file that is being computed.
    resume : bool
        Go on from the last checkpoint that can be read; else start anew.
    """

    def __init__(self, path: Path, resume: bool = False):
        self.folder = path.with_name(f".{path.stem}")
        self._run, self._resume = path.stem, resume

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the folder for this process; raises UserError if another one computes the same run."""
        from brian2.utils.filelock import FileLock, Timeout

        self.folder.mkdir(exist_ok=True)
        lock = FileLock(str(self.folder / "lock"))
        try:
            lock.acquire(timeout=0)
        except Timeout:
            raise UserError(f"resume: {self._run} is being computed by another process") from None
        try:
            for left in self.folder.glob("run-*"):
                # Of a process that was killed.
                shutil.rmtree(left, ignore_errors=True)
            if not self._resume:
                self._clear()
            yield
        finally:
            lock.release()

    def _clear(self) -> None:
        found = self._files("state")
        if found:
            _log.warning(f"{self._run}: starting anew; its checkpoints are removed (--resume goes on from them)")
        for kind in ("state", "part"):
            for file in self._files(kind).values():
                file.unlink(missing_ok=True)

    def _files(self, kind: str) -> dict[int, Path]:
        """Files of a kind by position, in order."""
        named = ((re.fullmatch(rf"{kind}-(\d+)\.nc", file.name), file) for file in self.folder.glob(f"{kind}-*.nc"))
        return dict(sorted((int(match[1]), file) for match, file in named if match))

    def save(self, position: int, state: dict[str, np.ndarray], recorded: dict[str, np.ndarray]) -> None:
        """Write a checkpoint; raises MachineError if that fails, the checkpoints before it are kept then."""
        self._write("part", position, recorded)
        self._write("state", position, state)
        for old in list(self._files("state").values())[:-_KEPT]:
            old.unlink(missing_ok=True)

    def _write(self, kind: str, position: int, arrays: dict[str, np.ndarray]) -> None:
        import xarray as xr

        named = {k: (tuple(f"{k}_{axis}" for axis in range(v.ndim)), v) for k, v in arrays.items()}
        attrs = {"format_version": record.FORMAT_VERSION, "protocol": "checkpoint"}
        attrs |= {"run": self._run, "position": position}
        record.save(xr.Dataset(named, attrs=attrs), self.folder / f"{kind}-{position:012d}.nc", compress=False)

    def _read(self, kind: str, position: int) -> dict[str, np.ndarray]:
        dataset = record.load(self.folder / f"{kind}-{position:012d}.nc", "checkpoint")
        if dataset.attrs.get("run") != self._run or dataset.attrs.get("position") != position:
            raise UserError(f"checkpoint: {kind}-{position:012d}.nc is of another run: {dataset.attrs.get('run')}")
        return {str(k): v.values for k, v in dataset.items()}

    def latest(self) -> tuple[int, dict[str, np.ndarray]]:
        """Return the position and state of the last checkpoint that can be used, (0, {}) if there is none.

        One that is truncated, of another run or of a newer snnlab is named in a warning, and the one before it is used.
        """
        for position in reversed(self._files("state")):
            try:
                state = self._read("state", position)
                for part in self._parts(position):
                    self._read("part", part)
            except UserError as error:
                _log.warning(f"checkpoint at step {position} cannot be used: {error}")
            else:
                return position, state
        return 0, {}

    def _parts(self, position: int) -> list[int]:
        return [part for part in self._files("part") if part <= position]

    def parts(self, position: int) -> list[dict[str, np.ndarray]]:
        """Return what was recorded from the start to a position, part by part."""
        return [self._read("part", part) for part in self._parts(position)]

    def remove(self) -> None:
        """Remove the folder: the run is complete."""
        shutil.rmtree(self.folder, ignore_errors=True)
