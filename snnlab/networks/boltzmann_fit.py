"""Train a dynamic Boltzmann machine in one call; what protocols build on is in boltzmann_training.py."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ..engine import Engine
from ..errors import UserError, require_whole
from .boltzmann import Boltzmann, Traces
from .boltzmann_program import ProgramTrainer
from .boltzmann_training import (
    BLOCKS,
    FOREVER,
    MOST_PERIODS,
    Limits,
    Progress,
    RuntimeTrainer,
    Schedule,
    fresh_state,
    machine_of,
)


@dataclass(frozen=True)
class Fit:
    """A trained machine."""

    machine: Boltzmann
    traces: Traces
    """what it remembers at the end of training"""
    block_periods: np.ndarray
    """periods that each block needed; with one sequence a single number, or none if it was never recalled"""
    periods: int
    """periods of training, in all"""


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

    ``blocks`` counts from the start of training, ``periods`` from here.
    """
    while periods > 0 and state["control"][BLOCKS] < blocks:
        state, progress = loop.advance(state, Limits(periods, blocks, loop.stretch), show)
        periods -= progress.periods
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
) -> Fit:
    """Train a machine: see :meth:`snnlab.networks.boltzmann.Boltzmann.fit`."""
    require_whole("periods", periods, 1, MOST_PERIODS)
    schedule = Schedule.of(sequences if _several(sequences) else [sequences], cue, testing)
    if schedule.rows.shape[1] != machine.n:
        raise UserError(f"sequence: expected {machine.n} neurons, got {schedule.rows.shape[1]}")
    found, done, state = [np.zeros(0, np.int64)], 0, fresh_state(machine)
    with Engine(target, 0, progress) as engine:
        loop = trainer(machine, schedule, engine)
        engine.show(0, periods, "periods")
        for after, made in stretches(loop, state, periods):
            state, done = after, done + made.periods
            found.append(made.block_periods)
            engine.show(done, periods)
    return Fit(*machine_of(machine, state), np.concatenate(found), done)


def _several(sequences: np.ndarray | Sequence) -> bool:
    """Whether these are pictures, and not the rows of one."""
    try:
        return np.ndim(sequences[0]) == 2
    except (IndexError, KeyError, TypeError, ValueError):
        # Nothing, or no picture, or a ragged one: refused by the schedule.
        return False
