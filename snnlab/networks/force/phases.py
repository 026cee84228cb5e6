"""What changes in a network while it runs: speed of its drive, lesions, cut feedback, permuted decoder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import scipy

from ...errors import UserError
from .drive import Drive, ticks

_SILENT = ("silent", "silent_outputs", "silent_pulses")
_ORDERS = ("permutation", "output_order", "pulse_order")


@dataclass(frozen=True)
class Phase:
    """What holds from a time of a run on, until the next phase; nothing of a phase before it is left."""

    start: float
    """in s"""
    speed: float = 1.0
    """of the drive: 2 is twice as fast, -1 backward; a multiple of 1/16"""
    restart: bool = False
    """the drive's signal starts anew; else it goes on from where it stands"""
    feedback: float = 1.0
    """gain of the feedback"""
    permutation: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))
    """which neuron's row of the decoder each neuron gets; empty: its own"""
    silent: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))
    """neurons whose spikes reach nobody"""
    silent_outputs: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))
    """outputs that are not fed back"""
    silent_pulses: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))
    """components of the drive that are silent"""
    pulse_order: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))
    """which component of the drive stands in the place of each; empty: its own"""
    output_order: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))
    """which output's feedback weights each output is fed back through; empty: its own"""
    signal: scipy.sparse.csr_array | None = None
    """what the drive gives in place of its own signal, of the same shape; None: its own"""
    fresh_rls: bool = False
    """RLS starts anew at P = alpha I; the decoder stays"""

    def __post_init__(self):
        for name in _ORDERS + _SILENT:
            numbers = np.asarray(getattr(self, name))
            whole = numbers if numbers.size else np.zeros(0, np.int64)
            if whole.ndim != 1 or whole.dtype.kind not in "iu":
                raise UserError(f"phases: {name}: expected whole numbers, got {getattr(self, name)!r}")
            object.__setattr__(self, name, whole.astype(np.int64))

    @property
    def intact(self) -> bool:
        """Whether the decoder is the learned one."""
        return not (len(self.permutation) or len(self.silent))

    def alive(self, n: int) -> np.ndarray:
        """Return 0 for each silent neuron and 1 for the others, shape (n,)."""
        alive = np.ones(n)
        alive[self.silent] = 0.0
        return alive

    def decoder(self, learned: np.ndarray) -> np.ndarray:
        """Return the decoder of this phase, shape (n, k), from the learned one."""
        rows = learned[self.permutation] if len(self.permutation) else learned
        return rows * self.alive(len(rows))[:, None]

    def encoder(self, whole: np.ndarray) -> np.ndarray:
        """Return the encoder of this phase, shape (n, k), from the whole one."""
        encoder = whole[:, self.output_order] if len(self.output_order) else whole.copy()
        encoder[:, self.silent_outputs] = 0.0
        return encoder

    def driven(self, drive: Drive) -> Drive:
        """Return the drive of this phase."""
        encoder = drive.encoder[:, self.pulse_order] if len(self.pulse_order) else drive.encoder.copy()
        encoder[:, self.silent_pulses] = 0.0
        return replace(drive, encoder=encoder, signal=drive.signal if self.signal is None else self.signal)


def changed(phases: Sequence[Phase], start: float, **changes) -> list[Phase]:
    """Return the phases with these changes in all that holds from ``start`` s on."""
    before, after = ([p for p in phases if (p.start >= start) == late] for late in (False, True))
    if not after or after[0].start > start:
        last = before[-1] if before else Phase(0.0)
        # Nothing else changes there.
        after.insert(0, replace(last, start=start, fresh_rls=False, restart=False))
    return [*before, *(replace(phase, **changes) for phase in after)]


def require_phases(
    phases: Sequence[Phase], drive: Drive | None, n: int, outputs: int, dt: float, learned: float, seconds: float
) -> None:
    """Refuse phases that cannot be: out of order or time, of neurons that do not exist, lesions while RLS learns.

    ``learned`` is when learning ends and ``seconds`` when the run does (s). A drive of another network is refused too.
    """
    starts = [phase.start for phase in phases]
    if not all(0 <= start < seconds for start in starts) or (np.diff([round(x / dt) for x in starts]) <= 0).any():
        raise UserError(f"phases: expected starts from 0 to below {seconds:g} s in rising order, got {starts}")
    if any(not phase.intact and phase.start < learned for phase in phases):
        raise UserError(f"phases: silent, permutation: expected from the end of learning on, {learned:g} s")
    pulses = 0 if drive is None else drive.signal.shape[1]
    if drive is not None and drive.encoder.shape != (n, pulses):
        raise UserError(f"drive: expected an encoder of shape ({n}, {pulses}), got {drive.encoder.shape}")
    for phase in phases:
        ticks(phase.speed)
        if phase.signal is not None and (drive is None or phase.signal.shape != drive.signal.shape):
            expected = "no signal without a drive" if drive is None else f"the drive's shape {drive.signal.shape}"
            raise UserError(f"phases: signal: expected {expected}, got {phase.signal.shape}")
        for name, size in zip(_SILENT, (n, outputs, pulses), strict=True):
            chosen = getattr(phase, name)
            if len(chosen) and not (0 <= chosen.min() and chosen.max() < size):
                raise UserError(f"phases: {name}: expected whole numbers from 0 to {size - 1}, got {chosen}")
        for name, size in zip(_ORDERS, (n, outputs, pulses), strict=True):
            order = getattr(phase, name)
            if len(order) and sorted(order) != list(range(size)):
                raise UserError(f"phases: {name}: expected the numbers 0 to {size - 1}, each once")
