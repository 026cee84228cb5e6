"""The plan of a FORCE run (which step does what) and its recordings, for both loops that can run it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from functools import partial

import brian2
import numpy as np
import xarray as xr

from ...equality import EqualArrays
from ...errors import Diverged
from ...files.describe import Names, describe
from ...models.quantities import si
from ...stimuli.signals.teacher import sample
from .drive import Drive, ticks
from .phases import Phase

BIN_SECONDS = 0.02
# A network records these variables.
NAMES: Names = {
    "voltage": ("membrane potential of the traced neurons", None),
    "population_rate": ("mean rate of all neurons", "Hz"),
    "bin": ("end of the bin", "s"),
    "traced": ("index of a neuron whose voltage is recorded", "1"),
}
# A population has run away if, over 0.1 s of learning, its rate reaches the first number (Hz) and the second number
# times its rate before learning, and its output reaches the third number times the size of the teacher.
RUNAWAY_RATE, RUNAWAY_RATIO, RUNAWAY_OUTPUT = 150.0, 5.0, 10.0
_RUNAWAY_SECONDS = 0.1
# The size of the teacher is estimated from about this number of samples.
_TAUGHT = 1000


@dataclass(frozen=True, eq=False)
class Plan(EqualArrays):
    """The tasks of each step. Steps are counted from 0. Tasks run at the end of a step, in the order of the fields."""

    dt: float
    n_steps: int
    record: range
    """steps at which outputs and membrane potentials are recorded"""
    n_voltages: int
    n_spikes: int
    """number of neurons, the first ones, whose spikes are recorded"""
    learn: range = range(0)
    """steps of RLS"""
    teacher: Callable[[np.ndarray], np.ndarray] | None = None
    """times in s, shape (T,) -> (T,) or (T, k); the output after a step is compared with it at the step's end"""
    shuffled: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))
    """for each update, the update whose target it gets; empty means its own"""
    alpha: float = 1.0
    gain: str = "exact"
    precision: str = "float64"
    decoder_rows: int = 0
    """number of neurons, the first ones, whose decoders are recorded at every ``decoder_every``-th update"""
    decoder_every: int = 1
    phases: tuple[tuple[int, Phase], ...] = ()
    """(step, phase that begins at this step), in order"""
    drive: Drive | None = None
    start: int = 0
    """first step; a run that continues another one starts at its end"""
    drive_from: int = 0
    """position of the drive's signal at the first step, in ticks"""
    keep_p: bool = False
    """whether P of RLS is kept until the end"""
    signs: np.ndarray = field(default_factory=lambda: np.zeros(0))
    """1 or -1 for each neuron with Dale's law, see dale.py; empty without it"""

    @property
    def bins(self) -> range:
        """Steps at the end of a bin of the population rate."""
        every = max(1, round(BIN_SECONDS / self.dt))
        return range(self.start + every - 1, self.n_steps, every)

    def taught(self, steps: range) -> np.ndarray:
        """Return the teacher at the end of these steps, shape (len(steps), k)."""
        return self._wanted(ends(steps, self.dt))

    def _wanted(self, times: np.ndarray) -> np.ndarray:
        if self.teacher is None:
            raise ValueError("teacher: expected a function of time, got None")
        return sample(self.teacher, times)

    def targets(self, start: int, stop: int) -> tuple[int, np.ndarray]:
        """Return the number of updates before ``start``, and the targets of the updates in [start, stop), one a row."""
        updates = within(self.learn, start, stop)
        if not updates:
            return 0, np.zeros((0, 1))
        before = self.learn.index(updates[0])
        if len(self.shuffled):
            chosen = self.shuffled[before : before + len(updates)]
            return before, self._wanted((self.learn.start + self.learn.step * chosen + 1) * self.dt)
        return before, self.taught(updates)

    def phase(self, step: int) -> tuple[int, Phase]:
        """Return the phase at a step, and the step at which this phase begins."""
        return next(((begin, phase) for begin, phase in self.phases[::-1] if begin <= step), (self.start, Phase(0.0)))

    def drive_start(self, step: int) -> int:
        """Return the position of the drive's signal, in ticks, at the beginning of the phase of a step."""
        place, last, speed = self.drive_from, self.start, 1.0
        for begin, phase in self.phases:
            if begin <= step:
                place = 0 if phase.restart else place + (begin - last) * ticks(speed)
                last, speed = begin, phase.speed
        return place

    def drive_stop(self) -> int:
        """Return the position of the drive's signal, in ticks, at the end of the run."""
        begin, phase = self.phase(self.n_steps - 1)
        return self.drive_start(self.n_steps - 1) + (self.n_steps - begin) * ticks(phase.speed)

    def altered(self) -> list[str]:
        """Return what the last phase takes away or exchanges: names of fields of :class:`Phase`."""
        _, last = self.phase(self.n_steps - 1)
        kept = ("start", "speed", "restart", "feedback", "fresh_rls")
        given = {f.name: getattr(last, f.name) for f in fields(Phase) if f.name not in kept}
        return [name for name, value in given.items() if value is not None and np.size(value)]

    @property
    def decoder_updates(self) -> range:
        """Steps at which the decoder is recorded."""
        return self.learn[:: self.decoder_every]


@dataclass(frozen=True, eq=False)
class Recording(EqualArrays):
    """Arrays recorded over a part of a run: numpy arrays, or dask arrays if they are in files."""

    outputs: np.ndarray
    """(samples, k)"""
    voltages: np.ndarray
    """(samples, n_voltages), float32"""
    counts: np.ndarray
    """number of spikes of all neurons since the start of the run, at the end of each bin"""
    spike_steps: np.ndarray
    spike_neurons: np.ndarray
    decoders: np.ndarray
    """(updates recorded, decoder_rows, k)"""
    teacher: np.ndarray = field(default_factory=lambda: np.zeros((0, 1)))
    """(samples, k), or empty"""

    @classmethod
    def joined(cls, parts: list[Recording]) -> Recording:
        """Return successive parts as one Recording, with dask arrays if one of the parts has them."""
        columns = [[getattr(part, f.name) for part in parts] for f in fields(cls)]
        if not all(isinstance(arrays[0], np.ndarray) for arrays in columns):
            import dask.array

            # Each part is one chunk of every array, because dask's own chunks would differ between the arrays.
            whole = partial(dask.array.from_array, chunks=-1)
            columns = [[whole(a) if isinstance(a, np.ndarray) else a for a in arrays] for arrays in columns]
        return cls(*(np.concatenate(arrays) for arrays in columns))

    def arrays(self) -> dict[str, np.ndarray]:
        """Return the arrays by name."""
        return {f.name: getattr(self, f.name) for f in fields(self)}

    def dataset(self, plan: Plan, n: int, voltage_dim: brian2.Dimension) -> xr.Dataset:
        """Return the recordings of ``n`` neurons as a Dataset, without the decoders and the teacher."""
        rates = np.diff(self.counts, prepend=0) / (n * plan.bins.step * plan.dt)
        dataset = xr.Dataset(
            {
                "output": (("time", "component"), self.outputs),
                "voltage": (("time", "traced"), self.voltages, {"units": si(voltage_dim)}),
                "population_rate": ("bin", rates),
                "spike_time": ("spike", self.spike_steps * plan.dt),
                "spike_neuron": ("spike", self.spike_neurons),
            },
            coords={
                "time": ("time", ends(plan.record, plan.dt)),
                "bin": ("bin", ends(plan.bins, plan.dt)),
                "traced": ("traced", np.arange(plan.n_voltages, dtype=np.int32)),
                "recorded": ("recorded", np.arange(plan.n_spikes, dtype=np.int32)),
            },
        )
        return describe(dataset, NAMES)


def refuse_runaway(counts: np.ndarray, part: Recording, start: int, plan: Plan, n: int) -> None:
    """Raise Diverged if ``n`` neurons ran away in a part of a run that begins at step ``start``.

    If RLS makes the decoder much too large, neurons fire as fast as possible and the output is far from the teacher.
    Only the learning window is checked. ``counts`` covers the run so far, including this part. Without a rate before
    learning, the output decides. Without a recorded output, the rates decide.
    """
    every, seconds = plan.bins.step, plan.bins.step * plan.dt
    window = max(1, round(_RUNAWAY_SECONDS / seconds))
    settled = (plan.learn.start - plan.start) // every
    first = max(settled + window - 1, len(counts) - len(part.counts))
    last = min(len(counts), (plan.learn.stop - plan.start) // every)
    if not plan.learn or first >= last:
        return
    before = counts[settled - 1] / (n * settled * seconds) if settled >= window else float("nan")
    limit = np.fmax(RUNAWAY_RATE, RUNAWAY_RATIO * before)
    since = np.concatenate([np.zeros(1, counts.dtype), counts])
    rates = (since[first + 1 : last + 1] - since[first + 1 - window : last + 1 - window]) / (n * window * seconds)
    fast = first + np.flatnonzero(rates >= limit)
    recorded = within(plan.record, start, plan.n_steps)[: len(part.outputs)]
    taught = np.abs(plan.taught(plan.learn[:: max(1, len(plan.learn) // _TAUGHT)])).max() if len(fast) else 0.0
    for last_bin in fast.tolist():
        ended = plan.start + (last_bin + 1) * every
        samples = within(recorded, ended - every, ended)
        if not samples and np.isnan(before):
            continue
        outputs = part.outputs[[recorded.index(step) for step in samples]]
        off = np.abs(outputs).max() if samples else float("inf")
        if off > RUNAWAY_OUTPUT * taught:
            known = "" if np.isnan(before) else f", {before:.3g} Hz before learning"
            large = f", with an output of {off:.3g} for a teacher of up to {taught:.3g}" if samples else ""
            hint = "; --rls-gain exact or a smaller --alpha can prevent it" if plan.gain == "undivided" else ""
            raise Diverged(
                f"diverged: the population has run away: {rates[last_bin - first]:.0f} Hz at t = "
                f"{ended * plan.dt:.3g} s{known}{large}{hint}"
            )


def ends(steps: range, dt: float) -> np.ndarray:
    """Return the times at the end of these steps, in the unit of dt."""
    times = np.arange(steps.start + 1, steps.stop + 1, steps.step, dtype=float)
    times *= dt
    return times


def within(steps: range, start: int, stop: int) -> range:
    """Return the steps that are in [start, stop)."""
    first = max(0, -(-(start - steps.start) // steps.step))
    last = max(first, -(-(stop - steps.start) // steps.step))
    return steps[first:last]
