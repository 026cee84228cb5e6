"""The schedule of a dynamic Boltzmann machine: the sequences that it is shown, and the tests.

A period is one pass through a sequence, in which the machine learns at every step. Its traces continue from period to
period. A test follows every period. In a test, the traces are stored and the machine runs freely at temperature 0. The
traces are restored at the first wrong bit or at the end of the sequence. A block trains one sequence until a test is
passed.

Several sequences take turns in blocks. A block then starts with reading the sequence once, from silence and without
learning. A test reads the first letters as a cue, from silence. The machine must then produce the rest of the sequence
and the cue. Training ends when a block needs no period at all. (The paper calls these blocks iterations.)

Reference: Osogami & Otsuka 2015, doi:10.1038/srep14149. The tests are those of the authors' program jdybm
(github.com/ibm-research-tokyo/dybm).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

import numpy as np

from ...checking import require_whole
from ...equality import EqualArrays
from ...errors import UserError
from .arguments import checked_sequence

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

FOREVER = 2**60
MOST_PERIODS = 10**12


class Stage(IntEnum):
    """Stage of the schedule. The numbers are the same as in cpp/program.h."""

    CONTEXT = 0
    CUE = 1
    RECALL = 2
    TRAIN = 3


@dataclass(frozen=True)
class Limits:
    """Limits of one call of training, counted from its start."""

    periods_stop: int = FOREVER
    blocks_stop: int = FOREVER
    """number of blocks, counted from the start of training"""
    steps_stop: int = 10_000_000
    """number of steps; the call ends with the period or block in which it is reached"""


@dataclass(frozen=True, eq=False)
class Progress(EqualArrays):
    """Progress of one call of training."""

    periods: int
    steps: int
    """number of steps, including tests"""
    block_periods: np.ndarray
    """number of periods of each block"""
    learned: bool
    """whether training is complete: one sequence is recalled, or with several, a block needed no period"""


@dataclass(frozen=True, eq=False)
class Schedule(EqualArrays):
    """The shown rows of zeros and ones, and for each sequence and stage its first row and its number of rows."""

    rows: np.ndarray
    stages: np.ndarray
    testing: bool = True

    @classmethod
    def of(cls, sequences: Sequence[ArrayLike] | np.ndarray, cue: int = 0, testing: bool = True) -> Schedule:
        """Return the schedule for sequences of shape (steps, n); ``cue`` is the number of steps of a cue.

        Raises
        ------
        UserError
            For several sequences without a cue, a cue longer than a sequence, or sequences that are not binary.
        """
        if not len(sequences):
            raise UserError("sequence: expected at least one sequence, got none")
        checked = [checked_sequence(each) for each in sequences]
        checked = [checked_sequence(each, checked[0].shape[1]) for each in checked]
        if len(sequences) > 1 and not testing:
            # The next sequence has its turn when a test is passed.
            raise UserError("testing: expected True for several sequences, whose turns end with a test, got False")
        if len(sequences) > 1 and not cue:
            raise UserError("cue: expected an integer >= 1 to tell several sequences apart, got 0")
        require_whole("cue", cue, 0, min(len(each) for each in checked) - 1)
        rows: list[np.ndarray] = []
        stages = []
        for each in checked:
            begin = sum(map(len, rows))
            rows += [each, each[:cue]]
            whole = (begin, len(each))
            stages.append([whole if cue else (begin, 0), (begin, cue), (begin + cue, len(each)), whole])
        return cls(np.concatenate(rows), np.array(stages, np.int64), testing)

    def digest(self) -> str:
        """Return a text that identifies the schedule."""
        shapes = str((self.rows.shape, self.stages.tolist())).encode()
        return hashlib.sha256(shapes + self.rows.tobytes()).hexdigest()[:16]

    def learned(self, blocks: int, block_periods: Sequence[int] | np.ndarray) -> bool:
        """Tell whether everything is learned after ``blocks`` blocks; ``block_periods`` are those of the last ones."""
        last_was_known = len(block_periods) > 0 and block_periods[-1] == 0 and blocks > 1
        return len(block_periods) > 0 if len(self.stages) == 1 else last_was_known
