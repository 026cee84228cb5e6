"""Train a dynamic Boltzmann machine in one call; what protocols build on is in boltzmann/schedule.py."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ...checking import require_whole
from ...engine.brian import Engine
from ...errors import UserError
from .machine import Boltzmann, Traces
from .program import ProgramTrainer
from .schedule import FOREVER, MOST_PERIODS, Limits, Progress, RuntimeTrainer, Schedule
from .state import BLOCKS, State, fresh_state, going_on, machine_of, state_of

TARGETS = ("auto", "cpp_standalone", "numpy")


@dataclass(frozen=True, repr=False)
class Fit:
    """A trained machine."""

    machine: Boltzmann
    state: State
    """what training goes on from: ``fit.machine.fit(..., state=fit.state)``"""
    recalled: bool
    """whether it recalls all that it was shown"""
    block_periods: np.ndarray
    """periods that each block needed that ended, with those of the state it went on from; with one sequence a single
    number, or none if no test was passed"""
    periods: int
    """periods of training of this fit"""

    @property
    def traces(self) -> Traces:
        """What the machine remembers at the end of training."""
        return self.state.traces

    def __repr__(self) -> str:
        return f"Fit({'recalled' if self.recalled else 'not recalled'} after {self.periods:,} periods, {self.machine})"


def trainer(machine: Boltzmann, schedule: Schedule, engine: Engine) -> ProgramTrainer | RuntimeTrainer:
    """Return what trains a machine on this engine."""
    return ProgramTrainer(machine, schedule) if engine.as_program() else RuntimeTrainer(machine, schedule, engine)


def stretches(
    loop: ProgramTrainer | RuntimeTrainer,
    state: dict[str, np.ndarray],
    periods: int,
    blocks: int = FOREVER,
    show: Callable[[int], None] = lambda periods: None,
) -> Iterator[tuple[dict[str, np.ndarray], Progress]]:
    """Yield state and progress after stretches of about 10 s, until all is learned or so many periods or blocks done.

    ``blocks`` counts from the start of training, ``periods``, which ``show`` is told, from here.
    """
    done = 0
    while done < periods and state["control"][BLOCKS] < blocks:
        limits = Limits(periods - done, blocks, loop.stretch)
        state, progress = loop.advance(state, limits, lambda more, done=done: show(done + more))
        done += progress.periods
        yield state, progress
        if progress.learned:
            return


def fit(
    machine: Boltzmann,
    sequences: np.ndarray | Sequence[np.ndarray],
    periods: int,
    cue: int = 0,
    testing: bool = True,
    target: str = "auto",
    progress: bool = False,
    state: State | None = None,
) -> Fit:
    """Train a machine: see :meth:`snnlab.networks.boltzmann.machine.Boltzmann.fit`."""
    require_whole("periods", periods, 1, MOST_PERIODS)
    if target not in TARGETS:
        raise UserError(f"target: expected one of {', '.join(TARGETS)}, got {target!r}")
    schedule = Schedule.of(sequences if _several(sequences) else [sequences], cue, testing)
    if schedule.rows.shape[1] != machine.n:
        raise UserError(f"sequence: expected {machine.n} neurons, got {schedule.rows.shape[1]}")
    shown, found, done, learned = schedule.digest(), [np.zeros(0, np.int64)], 0, False
    arrays = fresh_state(machine) if state is None else going_on(machine, state, shown)
    with Engine(target, 0, progress) as engine:
        loop = trainer(machine, schedule, engine)
        engine.show(0, periods, "periods", whole=True)
        # 0 would begin another bar.
        for after, made in stretches(loop, arrays, periods, show=lambda p: engine.show(p + 1e-9, periods)):
            arrays, done, learned = after, done + made.periods, made.learned
            found.append(made.block_periods)
        trained, traces = machine_of(machine, arrays)
        # A block without a period says that of two sequences both are known; a third may not be.
        recalled = (learned and len(schedule.stages) < 3) or _recalls(trained, traces, schedule)
        engine.end(done, "recalled" if recalled else "not recalled")
    return Fit(trained, state_of(machine, arrays, shown), recalled, np.concatenate(found), done)


def _recalls(machine: Boltzmann, traces: Traces, schedule: Schedule) -> bool:
    """Whether a machine passes the test that would come next, of each sequence."""
    for stages in schedule.stages.tolist():
        _, cue, wanted, _ = (schedule.rows[first : first + count] for first, count in stages)
        recalled = machine.generate(len(wanted), cue=cue) if len(cue) else machine.generate(len(wanted), traces)
        if (recalled != wanted).any():
            return False
    return True


def _several(sequences: np.ndarray | Sequence) -> bool:
    """Whether these are pictures, and not the rows of one."""
    try:
        return np.ndim(sequences[0]) == 2
    except (IndexError, KeyError, TypeError, ValueError):
        # Nothing, or no picture, or a ragged one: refused by the schedule.
        return False
