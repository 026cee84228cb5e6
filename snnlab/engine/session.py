"""Parts of every run, with or without Brian2: random streams from a seed, a progress bar, checkpoints."""

from __future__ import annotations

import sys
import zlib
from types import TracebackType
from typing import TYPE_CHECKING, Self

import numpy as np

from ..errors import UserError
from ..files.checkpoint import Checkpoints

if TYPE_CHECKING:
    from tqdm.auto import tqdm

_TIMES = "[{elapsed} passed, {remaining} left]"


class Session:
    """Random streams, progress and checkpoints of a run. Use as a context manager.

    Parameters
    ----------
    seed : int
        Seed of all random streams; see :meth:`rng`.
    progress : bool
        Whether to show a progress bar with an estimate of the time left.
    checkpoints : Checkpoints, optional
        Where long runs write checkpoints and resume from.

    Raises
    ------
    UserError
        For a negative seed.

    Example
    -------
    >>> Session(seed=1).rng("weights").random() == Session(seed=1).rng("weights").random()
    True
    """

    def __init__(self, seed: int = 0, progress: bool = False, checkpoints: Checkpoints | None = None):
        if seed < 0:
            raise UserError(f"seed: expected an integer >= 0, got {seed}")
        self.seed, self.progress, self.checkpoints = seed, progress, checkpoints
        self._bar: tqdm | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._bar is not None:
            self._bar.close()

    def rng(self, name: str) -> np.random.Generator:
        """Return the random generator with this name. Streams with different names are independent."""
        return np.random.default_rng(np.random.SeedSequence([self.seed, zlib.crc32(name.encode())]))

    def show(self, done: float, total: float, unit: str = "s", whole: bool = False) -> None:
        """Show that ``done`` of ``total`` s of model time (or another ``unit``) have passed. 0 starts a new bar.

        With ``whole``, numbers are shown as integers.
        """
        if done == 0 and self._bar is not None:
            self._bar.close()
            self._bar = None
        if self._bar is None:
            from tqdm.auto import tqdm

            numbers = "{n:,.0f} of {total:,.0f}" if whole else "{n:.2f} of {total:.4g}"
            self._bar = tqdm(
                total=total,
                disable=not self.progress,
                # In a log file, each update is a separate line.
                mininterval=0.1 if sys.stderr.isatty() else 10,
                desc="compiling",
                file=sys.stderr,
                bar_format=f"{{desc}}{{percentage:3.0f}}%|{{bar}}| {numbers} {unit} {_TIMES}",
            )
        if done > 0:
            if self._bar.n == 0:
                # The estimate of the time left starts here, because compilation came before.
                self._bar.reset()
                self._bar.set_description(None)
                self._bar.initial = self._bar.n = done
            self._bar.update(min(done, self._bar.total) - self._bar.n)

    def end(self, done: float, text: str) -> None:
        """Show that a run ended at ``done``, possibly before its total, with ``text`` as the reason."""
        if self.progress and self._bar is not None:
            # A value of 0 would start a new bar.
            self.show(done + 1e-9, self._bar.total)
            self._bar.bar_format = self._bar.bar_format.replace(_TIMES, "[{elapsed} passed]")
            self._bar.set_description(text)
