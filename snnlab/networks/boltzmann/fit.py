"""Dynamic Boltzmann machines that can be trained: the class for users, and the training loop of protocols.

schedule.py defines what a machine is shown. program.py trains it in C++, runtime.py on Brian2's runtime targets.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ...checking import require_whole
from ...engine.brian import Engine
from ...equality import EqualArrays
from ...errors import UserError
from ...files.keeping import Keeping
from ...files.record import cpu_time
from .machine import Machine, Traces
from .program import ProgramTrainer
from .runtime import RuntimeTrainer
from .schedule import FOREVER, MOST_PERIODS, Limits, Progress, Schedule
from .sequential import SequentialTrainer
from .state import BLOCKS, State, fresh_state, going_on, machine_of, save_machine, state_of

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

TARGETS = ("auto", "cpp_standalone", "numpy")


@dataclass(frozen=True, repr=False, eq=False)
class Boltzmann(Machine):
    """A dynamic Boltzmann machine of n neurons, and its training.

    Raises
    ------
    UserError
        If shapes do not fit, numbers are not finite, or delays are not integers from 1 to 29.

    Example
    -------
    >>> import numpy as np
    >>> import snnlab
    >>> sequence = np.array([[1, 0], [0, 1], [1, 1]])
    >>> fit = snnlab.Boltzmann.random(2, rng=0, delays=3).fit(sequence, periods=200, target="numpy")
    >>> fit.recalled, fit.machine.generate(3, fit.traces).tolist()
    (True, [[1, 0], [0, 1], [1, 1]])

    Reference: Osogami & Otsuka 2015, doi:10.1038/srep14149, equations 3 to 18.
    """

    def save(self, path: str | Path, state: State | None = None) -> Path:
        """Write the machine, and ``Fit.state`` if it is given, to a file; return its path.

        Raises
        ------
        UserError, MachineError
            UserError for a path that names no file, or a state of another machine. MachineError if the file cannot be
            written.

        Example
        -------
        >>> import snnlab
        >>> from pathlib import Path
        >>> from tempfile import mkdtemp
        >>> machine = snnlab.Boltzmann.random(3, rng=0)
        >>> stored, traces = snnlab.load_machine(machine.save(Path(mkdtemp()) / "machine.nc"))
        >>> stored == machine
        True
        """
        return save_machine(path, self, state)

    def fit(
        self,
        sequences: np.ndarray | Sequence[np.ndarray],
        periods: int,
        cue: int = 0,
        testing: bool = True,
        target: str = "auto",
        progress: bool = False,
        state: State | None = None,
    ) -> Fit:
        """Train a copy until it recalls the shown sequences, at most for ``periods``, as a C++ program or in numpy.

        Parameters
        ----------
        sequences : array, shape (steps, n), or several of them
            Several sequences take turns; see schedule.py.
        periods : int
            Largest number of passes through a sequence.
        cue : int
            Number of steps that are shown before a test. With 0, a test continues from the state of training.
        testing : bool
            Whether to test before every period. Training then stops when a sequence is recalled; with several
            sequences, when a sequence is recalled at the start of its block.
        target : {"auto", "cpp_standalone", "numpy"}
            Where the machine runs.
        progress : bool
            Whether to show a progress bar.
        state : State, optional
            ``Fit.state``, or the result of :func:`snnlab.load_state`. Training continues as if it had not stopped, also
            with other sequences. Without a state, the traces and AdaGrad's sums start at 0. The first steps are then as
            large as in a new machine, and most of the learned sequence is lost.

        Returns
        -------
        Fit
            The ``machine``, its ``traces`` and ``state`` after training, ``recalled``, ``block_periods`` and
            ``periods``.

        Raises
        ------
        UserError
            For sequences that are not binary or have another size, and for other values that are not allowed.
        """
        require_whole("periods", periods, 1, MOST_PERIODS)
        if target not in TARGETS:
            raise UserError(f"target: expected one of {', '.join(TARGETS)}, got {target!r}")
        self.rule.require_target(target)
        schedule = Schedule.of(sequences if _several(sequences) else [sequences], cue, testing)
        if schedule.rows.shape[1] != self.n:
            raise UserError(f"sequence: expected {self.n} neurons, got {schedule.rows.shape[1]}")
        shown, found, done, learned = schedule.digest(), [np.zeros(0, np.int64)], 0, False
        arrays = fresh_state(self) if state is None else going_on(self, state, shown)
        with Engine(target, 0, progress) as engine:
            loop = trainer(self, schedule, engine)
            engine.show(0, periods, "periods", whole=True)
            # Showing 0 again would start a new bar.
            for after, made in stretches(loop, arrays, periods, show=lambda p: engine.show(p + 1e-9, periods)):
                arrays, done, learned = after, done + made.periods, made.learned
                found.append(made.block_periods)
            trained, traces = machine_of(self, arrays)
            # A block without a period proves that both of two sequences are recalled, but a third may not be.
            recalled = (learned and len(schedule.stages) < 3) or _recalls(trained, traces, schedule)
            engine.end(done, "recalled" if recalled else "not recalled")
        return Fit(trained, state_of(self, arrays, shown), recalled, np.concatenate(found), done)


@dataclass(frozen=True, repr=False, eq=False)
class Fit(EqualArrays):
    """A trained machine."""

    machine: Boltzmann
    state: State
    """state from which training continues: ``fit.machine.fit(..., state=fit.state)``"""
    recalled: bool
    """whether the machine recalls all shown sequences"""
    block_periods: np.ndarray
    """number of periods of each finished block, including the blocks of an earlier ``state``; with one sequence, a
    single number, or none if no test was passed"""
    periods: int
    """number of training periods of this fit"""

    @property
    def traces(self) -> Traces:
        """Traces of the machine at the end of training."""
        return self.state.traces

    def save(self, path: str | Path) -> Path:
        """Write the machine and its state to a file for :func:`snnlab.load_machine` and :func:`snnlab.load_state`."""
        return self.machine.save(path, self.state)

    def __repr__(self) -> str:
        return f"Fit({'recalled' if self.recalled else 'not recalled'} after {self.periods:,} periods, {self.machine})"


def _recalls(machine: Machine, traces: Traces, schedule: Schedule) -> bool:
    """Return whether a machine passes its next test, for each sequence."""
    for stages in schedule.stages.tolist():
        _, cue, wanted, _ = (schedule.rows[first : first + count] for first, count in stages)
        recalled = machine.generate(len(wanted), cue=cue) if len(cue) else machine.generate(len(wanted), traces)
        if (recalled != wanted).any():
            return False
    return True


def _several(sequences: np.ndarray | Sequence) -> bool:
    """Return whether these are several sequences, and not the rows of one sequence."""
    try:
        return np.ndim(sequences[0]) == 2
    except (IndexError, KeyError, TypeError, ValueError):
        # The value is empty, has rows of different lengths, or is no sequence. The schedule raises the error.
        return False


def trainer(machine: Machine, schedule: Schedule, engine: Engine) -> ProgramTrainer | RuntimeTrainer:
    """Return the trainer of a machine for this engine."""
    if machine.rule.sequential:
        return SequentialTrainer(machine, schedule, engine)
    return ProgramTrainer(machine, schedule) if engine.as_program() else RuntimeTrainer(machine, schedule, engine)


def stretches(
    loop: ProgramTrainer | RuntimeTrainer,
    state: dict[str, np.ndarray],
    periods: int,
    blocks: int = FOREVER,
    show: Callable[[int], None] = lambda periods: None,
) -> Iterator[tuple[dict[str, np.ndarray], Progress]]:
    """Yield state and progress about every 10 s, until everything is learned or a limit is reached.

    The limits are ``blocks``, counted from the start of training, and ``periods``, counted from this call. ``show``
    gets the number of periods.
    """
    done = 0
    while done < periods and state["control"][BLOCKS] < blocks:
        limits = Limits(periods - done, blocks, loop.stretch)
        state, progress = loop.advance(state, limits, _onward(show, done))
        done += progress.periods
        yield state, progress
        if progress.learned:
            return


def _onward(show: Callable[[int], None], done: int) -> Callable[[int], None]:
    """Return a function that shows periods, which are counted from ``done``."""
    return lambda more: show(done + more)


@dataclass(frozen=True, eq=False)
class Reached(EqualArrays):
    """Progress of a training at an inspection."""

    state: dict[str, np.ndarray]
    periods: int
    """periods of training so far"""
    cpu: float
    """CPU time of training so far, including its programs (s)"""
    wall: float
    """wall time of training so far (s)"""
    learned: bool
    """whether training is complete; see Progress.learned"""


def train(
    loop: ProgramTrainer | RuntimeTrainer,
    state: dict[str, np.ndarray],
    goals: Sequence[tuple[int, int]],
    look: Callable[[Reached], tuple[dict[str, ArrayLike], bool]],
    engine: Engine,
) -> tuple[dict[str, np.ndarray], Reached, bool]:
    """Train from a state, or from the last checkpoint of the engine's run, and inspect the machine at goals.

    A goal is a number of periods and a number of blocks, both counted from the start of training. It is reached when
    either number is reached or everything is learned. The first goal must be the start, with 0 as one of its numbers.
    At each goal, ``look`` returns the values to record, by name, and whether training ends.

    Returns the recorded values, with inspections as first axis, and ``block_periods`` (block), the number of periods of
    each block; the progress; and whether ``look`` ended the training.
    """
    most = goals[-1][0]
    with Keeping(engine.checkpoints, engine.used) as keeping:
        # A checkpoint holds periods, inspections, CPU time and wall time so far. In version 0.1, it has fewer numbers.
        stored = keeping.state.get("totals")
        if keeping.state and (stored is None or np.shape(stored) != (4,)):
            keeping.forget()
        totals = keeping.state.pop("totals", np.zeros(4))
        state, ended, learned = keeping.state or state, False, False
        reached = Reached(state, int(totals[0]), float(totals[2]), float(totals[3]), learned)
        engine.show(0, most, "periods", whole=True)
        while not ended and totals[1] < len(goals):
            done, (periods, blocks) = int(totals[0]), goals[int(totals[1])]
            before = _clocks()
            # Showing 0 again would start a new bar.
            show = _onward(lambda p: engine.show(p + 1e-9, most), done)
            parts = stretches(loop, state, periods - done, blocks, show)
            for after, progress in parts:
                state, learned = after, progress.learned
                totals, before = totals + [progress.periods, 0, *(_clocks() - before)], _clocks()
                keeping.add({"block_periods": progress.block_periods})
                if not learned:
                    keeping.reached(int(totals[0]), state | {"totals": totals})
            reached = Reached(state, int(totals[0]), float(totals[2]), float(totals[3]), learned)
            row, ended = look(reached)
            named = {name: np.asarray(value)[None] for name, value in row.items()}
            keeping.add(named | {"block_periods": np.zeros(0, np.int64)})
            totals = totals + [0, 1, 0, 0]
    return keeping.found(), reached, ended


def _clocks() -> np.ndarray:
    """Return the CPU time, including programs that have ended, and the wall time (s)."""
    return np.array([cpu_time(), time.monotonic()])
