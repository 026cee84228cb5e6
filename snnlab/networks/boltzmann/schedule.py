"""What a dynamic Boltzmann machine is shown while it learns, and when it is tested.

A period is one pass through a sequence, in which the machine learns at every step; what it remembers is carried on. A
test follows after every period. What the machine remembers is kept, and it goes on alone at temperature 0. At the first
wrong bit, or at the end of the sequence, it remembers again what it did before. A block trains one sequence until a
test is passed.

With several sequences, blocks take turns. A block then begins with reading the sequence once, from silence and without
learning; a test reads the first letters as a cue, from silence, and what must follow is the rest and then the cue.
Training ends when a block needs no period at all. (The paper calls these blocks iterations.)

Reference: Osogami & Otsuka 2015, doi:10.1038/srep14149, and the authors' program jdybm
(github.com/ibm-research-tokyo/dybm), whose tests these are.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

import numpy as np

from ...checking import require_whole
from ...errors import UserError
from .arguments import checked_sequence

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

FOREVER = 2**60
MOST_PERIODS = 10**12


class Stage(IntEnum):
    """What is shown, and what is done with it; the numbers are those of cpp/program.h."""

    CONTEXT = 0
    CUE = 1
    RECALL = 2
    TRAIN = 3


@dataclass(frozen=True)
class Limits:
    """Where a stretch of training ends if nothing else ends it, counted from its start."""

    periods_stop: int = FOREVER
    blocks_stop: int = FOREVER
    """counted from the start of training"""
    steps_stop: int = 10_000_000
    """at the first period or block that ends then"""


@dataclass(frozen=True)
class Progress:
    """What a stretch of training did."""

    periods: int
    steps: int
    """with those of tests"""
    block_periods: np.ndarray
    """periods that each block needed"""
    learned: bool
    """whether all is learned: one sequence recalled, or a block of several that needed no period"""


@dataclass(frozen=True)
class Schedule:
    """What is shown: rows of zeros and ones, and for each sequence and stage its first row and how many."""

    rows: np.ndarray
    stages: np.ndarray
    testing: bool = True

    @classmethod
    def of(cls, sequences: Sequence[ArrayLike] | np.ndarray, cue: int = 0, testing: bool = True) -> Schedule:
        """Return the schedule for sequences of shape (steps, n); ``cue`` is how many steps of each are its cue.

        Raises
        ------
        UserError
            For several sequences without a cue, a cue longer than a sequence, or sequences that are not binary.
        """
        if not len(sequences):
            raise UserError("sequence: expected at least one")
        checked = [checked_sequence(each) for each in sequences]
        checked = [checked_sequence(each, checked[0].shape[1]) for each in checked]
        if len(sequences) > 1 and not testing:
            # They take turns when a test is passed.
            raise UserError("testing: expected tests for several sequences, which tell when it is the next one's turn")
        if len(sequences) > 1 and not cue:
            raise UserError("cue: expected at least one step to tell several sequences apart")
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
        """Return what tells this from what else may be shown."""
        shapes = str((self.rows.shape, self.stages.tolist())).encode()
        return hashlib.sha256(shapes + self.rows.tobytes()).hexdigest()[:16]

    def learned(self, blocks: int, block_periods: Sequence[int] | np.ndarray) -> bool:
        """Tell whether all is learned after so many blocks, of which the last needed these periods."""
        last_was_known = len(block_periods) > 0 and block_periods[-1] == 0 and blocks > 1
        return len(block_periods) > 0 if len(self.stages) == 1 else last_was_known
