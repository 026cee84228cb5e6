"""Training of a dynamic Boltzmann machine on Brian2's runtime targets. cpp/program.h does the same in C++."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...engine.brian import Engine
from ...engine.tasks import Task
from .machine import Machine
from .network import BoltzmannNetwork
from .schedule import FOREVER, Limits, Progress, Schedule, Stage
from .state import BLOCK, TEST


class RuntimeTrainer:
    """A trainer like :class:`ProgramTrainer` on Brian2's runtime targets, for use without a compiler and in tests."""

    # This number of steps takes about 10 s.
    stretch = 10_000

    def __init__(self, machine: Machine, schedule: Schedule, engine: Engine):
        self._schedule, self._engine = schedule, engine
        self._net = self._network(machine)
        self._own = [name for names in self._net.names.values() for name in names]
        self._traces = [name for name in self._own if name.startswith(("alpha", "gamma", "history"))]

    def _network(self, machine: Machine) -> Any:
        net = BoltzmannNetwork(machine)
        net.synapses.delay_steps = machine.delays.ravel()
        return net

    def _run(self) -> None:
        """Run the network until a step is the last one."""
        net, forever = self._net, range(0, FOREVER)
        net.network.t_ = 0.0
        while not self._engine.run(net.network, 1.0, net.clock, [Task(forever, self._step)], show=False, namespace={}):
            net.network.t_ = 0.0

    def advance(
        self, state: dict[str, np.ndarray], limits: Limits, show: Callable[[int], None] = lambda periods: None
    ) -> tuple[dict[str, np.ndarray], Progress]:
        """Train from a state to the first of the limits, as in :meth:`ProgramTrainer.advance`."""
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
        self._run()
        after = {name: net.view(name).reshape(state[name].shape).copy() for name in self._own}
        after["control"] = np.array([self._due, self._sequence, self._since, self._blocks], np.int64)
        learned = self._schedule.learned(self._blocks, self._block_periods)
        return after, Progress(self._periods, self._steps, np.array(self._block_periods, np.int64), learned)

    def _length(self, stage: Stage) -> int:
        return int(self._schedule.stages[self._sequence, stage, 1])

    def _show(self) -> None:
        """Set the states that the next step shows."""
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
        """Restore the traces after a context or cue if it was read before. These traces do not depend on learning."""
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
        """Do the work at the end of a step, and return whether the step was the last one."""
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
