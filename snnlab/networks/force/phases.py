"""Changes of a network during a run: speed of its drive, lesions, cut feedback, permuted decoder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import scipy

from ...equality import EqualArrays
from ...errors import UserError
from ...models.quantities import in_unit, number_in_unit, shown
from .drive import Drive, ticks

_SILENT = ("silent", "silent_outputs", "silent_pulses")
_ORDERS = ("permutation", "output_order", "pulse_order")


@dataclass(frozen=True, eq=False)
class Phase(EqualArrays):
    """Conditions from a time of a run until the next phase. A phase does not inherit anything from earlier phases.

    Raises
    ------
    UserError
        If indices of neurons, outputs or pulses are no integers.

    Example
    -------
    The first two of four neurons are silent from 3 s on, and the feedback is halved:

    >>> import numpy as np
    >>> import snnlab
    >>> phase = snnlab.Phase(3.0, feedback=0.5, silent=np.array([0, 1]))
    >>> phase.decoder(np.ones((4, 1))).ravel().tolist()
    [0.0, 0.0, 1.0, 1.0]
    """

    start: float
    """start of the phase (s)"""
    speed: float = 1.0
    """speed of the drive: 2 is twice as fast, -1 is backward; a multiple of 1/16"""
    restart: bool = False
    """whether the drive's signal restarts; otherwise it continues from its current phase"""
    feedback: float = 1.0
    """gain of the feedback"""
    permutation: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))
    """for each neuron, the neuron whose row of the decoder it gets; empty means its own"""
    silent: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))
    """neurons whose spikes reach no other neuron"""
    silent_outputs: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))
    """outputs that are not fed back"""
    silent_pulses: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))
    """components of the drive that are silent"""
    pulse_order: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))
    """for each component of the drive, the component that replaces it; empty means itself"""
    output_order: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))
    """for each output, the output whose feedback weights it uses; empty means its own"""
    signal: scipy.sparse.csr_array | None = None
    """signal that replaces the drive's own signal, of the same shape; None means the drive's own"""
    fresh_rls: bool = False
    """whether RLS restarts at P = alpha I; the decoder is kept"""

    def __post_init__(self):
        object.__setattr__(self, "speed", in_unit("phases: speed", self.speed, "1"))
        for name, one in {"start": "second", "feedback": "1"}.items():
            object.__setattr__(self, name, number_in_unit(f"phases: {name}", getattr(self, name), one))
        for name in _ORDERS + _SILENT:
            numbers = np.asarray(getattr(self, name))
            whole = numbers if numbers.size else np.zeros(0, np.int64)
            if whole.ndim != 1 or whole.dtype.kind not in "iu":
                raise UserError(f"phases: {name}: expected integers, got {shown(getattr(self, name))}")
            object.__setattr__(self, name, whole.astype(np.int64))

    @property
    def intact(self) -> bool:
        """Whether the decoder is the learned decoder."""
        return not (len(self.permutation) or len(self.silent))

    def alive(self, n: int) -> np.ndarray:
        """Return 0 for each silent neuron and 1 for the others, shape (n,)."""
        alive = np.ones(n)
        alive[self.silent] = 0.0
        return alive

    def decoder(self, learned: np.ndarray) -> np.ndarray:
        """Return the decoder of this phase, shape (n, k), from the learned decoder."""
        rows = learned[self.permutation] if len(self.permutation) else learned
        return rows * self.alive(len(rows))[:, None]

    def encoder(self, whole: np.ndarray) -> np.ndarray:
        """Return the encoder of this phase, shape (n, k), from the complete encoder."""
        encoder = whole[:, self.output_order] if len(self.output_order) else whole.copy()
        encoder[:, self.silent_outputs] = 0.0
        return encoder

    def driven(self, drive: Drive) -> Drive:
        """Return the drive of this phase."""
        encoder = drive.encoder[:, self.pulse_order] if len(self.pulse_order) else drive.encoder.copy()
        encoder[:, self.silent_pulses] = 0.0
        return replace(drive, encoder=encoder, signal=drive.signal if self.signal is None else self.signal)


def changed(phases: Sequence[Phase], start: float, **changes) -> list[Phase]:
    """Return the phases with these changes in all phases from ``start`` s on."""
    before, after = ([p for p in phases if (p.start >= start) == late] for late in (False, True))
    if not after or after[0].start > start:
        last = before[-1] if before else Phase(0.0)
        # A new phase at ``start`` has the conditions of the phase before.
        after.insert(0, replace(last, start=start, fresh_rls=False, restart=False))
    return [*before, *(replace(phase, **changes) for phase in after)]


def require_phases(
    phases: Sequence[Phase], drive: Drive | None, n: int, outputs: int, dt: float, learned: float, seconds: float
) -> None:
    """Raise UserError for phases out of order or time, for unknown neurons, and for lesions during learning.

    ``learned`` is the end of learning and ``seconds`` the end of the run (s). A drive of another network is refused,
    too.
    """
    starts = [phase.start for phase in phases]
    if not all(0 <= start < seconds for start in starts) or (np.diff([round(x / dt) for x in starts]) <= 0).any():
        raise UserError(f"phases: expected starts >= 0 and < {seconds:g} s in rising order, got {starts}")
    if any(not phase.intact and phase.start < learned for phase in phases):
        raise UserError(f"phases: silent, permutation: expected starts >= {learned:g} s, after learning, got {starts}")
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
                raise UserError(f"phases: {name}: expected integers from 0 to {size - 1}, got {chosen}")
        for name, size in zip(_ORDERS, (n, outputs, pulses), strict=True):
            order = getattr(phase, name)
            if len(order) and sorted(order) != list(range(size)):
                raise UserError(f"phases: {name}: expected a permutation of 0 to {size - 1}, got {order}")
