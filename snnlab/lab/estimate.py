"""The expected cost of runs, before they are computed: number of runs, steps, memory, and a rough time."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING

from ..engine.settings import Cost
from ..errors import UserError
from .own import call_own
from .run import Run
from .tables import duration, size

if TYPE_CHECKING:
    from .study import Group

# A user must agree to a longer time (s).
LONG = 3600.0
# So many runs are looked at in any case.
_FIRST = 200


def cost_of(run: Run) -> Cost | None:
    """Return the expected cost of a run; None if its protocol states none. Raises UserError if its ``cost`` fails."""
    if run.protocol.cost is None:
        return None
    cost = call_own("cost", run.protocol.spec, run.protocol.cost, run.config)
    if not isinstance(cost, Cost):
        kind = type(cost).__name__
        raise UserError(f"protocol: {run.protocol.spec}: cost: expected it to return a Cost, got {kind}")
    return cost


@dataclass(frozen=True)
class Estimate:
    """The expected cost of several runs, some of which may be of unknown cost."""

    runs: int
    """number of runs"""
    steps: dict[str, int]
    """unit of steps -> steps of all runs"""
    memory: float
    """memory of the largest arrays of the runs that are computed at a time (bytes)"""
    seconds: float
    """rough CPU time of all runs (s)"""
    jobs: int
    """number of runs that are computed at a time"""
    unknown: int = 0
    """number of runs whose cost is not known"""

    @property
    def wall(self) -> float:
        """Rough time (s) until all runs are done, on one core for each job."""
        return self.seconds / self.jobs

    def text(self) -> str:
        """Return the estimate in one line."""
        if not self.runs:
            return "no run is missing"
        parts = [f"{self.runs:,} runs" if self.runs > 1 else "1 run"]
        if self.unknown < self.runs:
            parts += [f"{steps:,} {what}" for what, steps in self.steps.items()]
            parts += [f"{size(self.memory)} of arrays", f"roughly {duration(self.wall)}"]
            if self.jobs > 1:
                parts[-1] += f" on {self.jobs} cores"
        if self.unknown:
            which = "" if self.unknown == self.runs else f" for {self.unknown:,} of them"
            parts.append(f"steps, memory and time are not known{which}")
        return ", ".join(parts)

    def excess(self) -> str:
        """Return what a user must agree to, or "": more than an hour, or more memory than the machine has."""
        there, found = machine_memory(), []
        if self.memory > there:
            found.append(f"{size(self.memory)} of arrays (this machine has {size(there)})")
        if self.wall > LONG:
            found.append(f"roughly {duration(self.wall)}")
        return " and ".join(found)


def estimate(groups: Sequence[Group | list[Run]], jobs: int = 1, again: bool = False) -> Estimate:
    """Return the expected cost of the runs that have no file yet or, if ``again``, of all.

    Parameters
    ----------
    groups : sequence of Group, or of lists of Run
        The runs of each group are similar. One run of each group comes first. When hundreds of runs take far longer
        than ``LONG``, the rest is extrapolated.
    jobs : int
        Number of runs that are computed at a time.

    Raises
    ------
    UserError
        If the ``cost`` of a protocol fails.
    """
    paths: set[Path] = set()
    costs: list[Cost] = []
    seen = unknown = 0
    seconds, more = 0.0, 1.0
    for run in (run for turn in zip_longest(*groups) for run in turn if run is not None):
        seen += 1
        if run.path in paths or (run.path.is_file() and not again):
            continue
        paths.add(run.path)
        cost = cost_of(run)
        if cost is None:
            unknown += 1
            continue
        costs.append(cost)
        seconds += cost.seconds
        if seen >= _FIRST and seconds > 2 * LONG * jobs:
            more = sum(map(len, groups)) / seen
            break
    steps: dict[str, int] = {}
    for cost in costs:
        steps[cost.what] = steps.get(cost.what, 0) + cost.steps
    steps = {what: round(number * more) for what, number in steps.items()}
    count = round(len(paths) * more)
    jobs = max(1, min(jobs, count))
    memory = jobs * max((cost.memory for cost in costs), default=0.0)
    return Estimate(count, steps, memory, seconds * more, jobs, round(unknown * more))


def machine_memory() -> float:
    """Return the memory (bytes) of the machine, or of the container that this process may use."""
    found = [float("inf")]
    with contextlib.suppress(ValueError, OSError, AttributeError):
        found.append(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    for file in ("memory.max", "memory/memory.limit_in_bytes"):
        with contextlib.suppress(ValueError, OSError):
            found.append(int((Path("/sys/fs/cgroup") / file).read_text()))
    return min(found)
