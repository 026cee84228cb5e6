"""Train a dynamic Boltzmann machine until it recalls what it was shown.

A period is one pass through a sequence, in which the machine learns at every step; what it remembers is carried on. A
test after every period: what it remembers is kept, it goes on alone at temperature 0, and at the first wrong bit, or at
the end of the sequence, it remembers again what it did before. A block trains one sequence until a test is passed.

With several sequences, blocks take turns. A block then begins with reading the sequence once, from silence and without
learning; a test reads the first letters as a cue, from silence, and what must follow is the rest and then the cue.
Training ends when a block needs no period at all. (The paper calls these blocks iterations.)

Reference: Osogami & Otsuka 2015, doi:10.1038/srep14149, and the authors' program jdybm
(github.com/ibm-research-tokyo/dybm), whose tests these are.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from ...checking import require_whole
from ...engine.brian import Engine
from ...engine.tasks import Task
from ...errors import UserError
from .arguments import checked_sequence
from .machine import Boltzmann
from .network import BoltzmannNetwork
from .state import BLOCK, TEST

FOREVER = 2**60
MOST_PERIODS = 10**12


class Stage(IntEnum):
    """What is shown, and what is done with it; the numbers are those of boltzmann/cpp/program.h."""

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
    def of(cls, sequences: Sequence[np.ndarray], cue: int = 0, testing: bool = True) -> Schedule:
        """Return the schedule for sequences of shape (steps, n); ``cue`` is how many steps of each are its cue.

        Raises
        ------
        UserError
            For several sequences without a cue, a cue longer than a sequence, or sequences that are not binary.
        """
        if not len(sequences):
            raise UserError("sequence: expected at least one")
        sequences = [checked_sequence(each) for each in sequences]
        sequences = [checked_sequence(each, sequences[0].shape[1]) for each in sequences]
        if len(sequences) > 1 and not testing:
            # They take turns when a test is passed.
            raise UserError("testing: expected tests for several sequences, which tell when it is the next one's turn")
        if len(sequences) > 1 and not cue:
            raise UserError("cue: expected at least one step to tell several sequences apart")
        require_whole("cue", cue, 0, min(len(each) for each in sequences) - 1)
        rows, stages = [], []
        for each in sequences:
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


class RuntimeTrainer:
    """The same as :class:`ProgramTrainer` on Brian2's runtime targets: without a compiler, and for tests."""

    # About 10 s.
    stretch = 10_000

    def __init__(self, machine: Boltzmann, schedule: Schedule, engine: Engine):
        self._schedule, self._engine = schedule, engine
        self._net = BoltzmannNetwork(machine)
        self._net.synapses.delay_steps = machine.delays.ravel()
        self._own = [name for names in self._net.names.values() for name in names]
        self._traces = [name for name in self._own if name.startswith(("alpha", "gamma", "history"))]

    def advance(
        self, state: dict[str, np.ndarray], limits: Limits, show: Callable[[int], None] = lambda periods: None
    ) -> tuple[dict[str, np.ndarray], Progress]:
        """Train from a state to the first of the limits; see :meth:`ProgramTrainer.advance`."""
        net = self._net
        for name in self._own:
            net.view(name)[:] = state[name].ravel()
        self._due, self._sequence, self._since, self._blocks = state["control"].tolist()
        self._limits, self._show_periods = limits, show
        self._steps = self._periods = self._at = 0
        self._block_periods: list[int] = []
        self._read_before: dict[tuple[int, Stage], dict[str, np.ndarray]] = {}
        self._begin_block() if self._due == BLOCK else self._begin_test()
        self._show()
        forever = range(0, FOREVER)
        net.network.t_ = 0.0
        while not self._engine.run(net.network, 1.0, net.clock, [Task(forever, self._step)], show=False, namespace={}):
            net.network.t_ = 0.0
        after = {name: net.view(name).reshape(state[name].shape).copy() for name in self._own}
        after["control"] = np.array([self._due, self._sequence, self._since, self._blocks], np.int64)
        learned = self._schedule.learned(self._blocks, self._block_periods)
        return after, Progress(self._periods, self._steps, np.array(self._block_periods, np.int64), learned)

    def _length(self, stage: Stage) -> int:
        return int(self._schedule.stages[self._sequence, stage, 1])

    def _show(self) -> None:
        """Set what the next step shows."""
        first = self._schedule.stages[self._sequence, self._stage, 0]
        self._net.view("target")[:] = self._schedule.rows[first + self._at]
        self._net.view("learning")[...] = self._stage == Stage.TRAIN
        self._net.view("recalling")[...] = self._stage == Stage.RECALL

    def _remembered(self) -> dict[str, np.ndarray]:
        return {name: self._net.view(name).copy() for name in self._traces}

    def _remember(self, memory: dict[str, np.ndarray]) -> None:
        for name in self._traces:
            self._net.view(name)[:] = memory.get(name, 0)

    def _recollect(self, stage: Stage) -> bool:
        """Whether a context or cue was read before: what is remembered then has nothing to do with what was learned."""
        memory = self._read_before.get((self._sequence, stage), {})
        self._remember(memory)
        if not memory:
            self._stage = stage
        return bool(memory)

    def _begin_block(self) -> None:
        if not self._length(Stage.CONTEXT) or self._recollect(Stage.CONTEXT):
            self._begin_test()

    def _begin_test(self) -> None:
        if not self._schedule.testing:
            self._stage = Stage.TRAIN
            return
        self._kept = self._remembered()
        if not self._length(Stage.CUE) or self._recollect(Stage.CUE):
            self._stage = Stage.RECALL

    def _step(self, step: int) -> bool:
        """What happens at the end of a step; whether that was the last."""
        self._steps += 1
        self._at += 1
        wrong = self._stage == Stage.RECALL and (self._net.view("x") != self._net.view("target")).any()
        ended = wrong or self._at >= self._length(self._stage)
        last = False
        if ended:
            self._at = 0
            last = self._next_stage(bool(wrong))
        if not last:
            self._show()
        return last

    def _next_stage(self, wrong: bool) -> bool:
        limits = self._limits
        full = self._steps >= limits.steps_stop
        if self._stage == Stage.TRAIN:
            self._periods += 1
            self._since += 1
            self._due = TEST
            self._show_periods(self._periods)
            if self._periods >= limits.periods_stop or full:
                return True
            self._begin_test()
        elif self._stage in (Stage.CONTEXT, Stage.CUE):
            self._read_before[self._sequence, self._stage] = self._remembered()
            if self._stage == Stage.CONTEXT:
                self._begin_test()
            else:
                self._stage = Stage.RECALL
        else:
            self._remember(self._kept)
            if wrong:
                self._stage = Stage.TRAIN
            else:
                return self._end_block(full)
        return False

    def _end_block(self, full: bool) -> bool:
        self._block_periods.append(self._since)
        self._blocks += 1
        learned = self._schedule.learned(self._blocks, self._block_periods)
        self._since, self._due = 0, BLOCK
        self._sequence = (self._sequence + 1) % len(self._schedule.stages)
        if learned or self._blocks >= self._limits.blocks_stop or full:
            return True
        self._begin_block()
        return False
