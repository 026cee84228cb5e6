"""Python calls while a network runs: tasks at chosen steps, and checks for divergence."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import brian2
import numpy as np

from ..equality import EqualArrays
from ..errors import Diverged


@dataclass(frozen=True)
class Task:
    """A Python call at the end of chosen steps (counted from 0). Tasks of one step run in the given order.

    A task that returns True ends the run after this step.
    """

    steps: range
    call: Callable[[int], bool | None]


# No quantity of a network (SI) has a larger size. A larger number is finite but comes from a computation that diverged.
LARGEST = 1e12


@dataclass(frozen=True, eq=False)
class Watch(EqualArrays):
    """Arrays that must stay below LARGEST, and the running spike count of each neuron. They are checked every 10 ms."""

    finite: dict[str, np.ndarray]
    spike_count: np.ndarray | None = None


class Ticker:
    """Calls tasks at their steps. One call of a Ticker costs about as much as an empty network operation."""

    def __init__(self, tasks: Sequence[Task], first_step: int):
        self.step, self.ended = first_step, False
        self._iterators = [iter(task.steps) for task in tasks]
        self._calls = [task.call for task in tasks]
        self._next = [next(it, -1) for it in self._iterators]
        self._due = min((n for n in self._next if n >= 0), default=-1)

    def __call__(self) -> None:
        step = self.step
        if step == self._due:
            upcoming = self._next
            for k, due in enumerate(upcoming):
                if due == step:
                    if self._calls[k](step) is True:
                        self.ended = True
                        brian2.stop()
                    upcoming[k] = next(self._iterators[k], -1)
            self._due = min((n for n in upcoming if n >= 0), default=-1)
        self.step = step + 1


class Look:
    """Updates the progress bar and stops a run that has diverged."""

    def __init__(self, watch: Watch | None, show: Callable[[float], None], dt: float, first_step: int):
        self._watch, self._show, self._dt = watch, show, dt
        self._last = first_step - 1
        self._count = None if watch is None or watch.spike_count is None else watch.spike_count.copy()

    def __call__(self, step: int) -> None:
        steps, self._last = step - self._last, step
        t = (step + 1) * self._dt
        self._show(t)
        if self._watch is None or not steps:
            return
        for name, values in self._watch.finite.items():
            # The comparison is false for NaN.
            if not (np.abs(values) <= LARGEST).all():
                what = f"is above {LARGEST:g}" if np.isfinite(values).all() else "is not finite"
                raise Diverged(f"diverged: {name} {what} at t = {t:.4g} s")
        if self._count is not None:
            fired = self._watch.spike_count - self._count
            self._count[:] = self._watch.spike_count
            if steps > 1 and 2 * fired.mean() >= steps:
                raise Diverged(f"diverged: neurons fire at every second step or more at t = {t:.4g} s")
