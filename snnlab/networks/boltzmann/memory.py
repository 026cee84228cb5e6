"""Training of a dynamic Boltzmann machine on one sequence, with inspections: the run of a protocol."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from ...engine.brian import Engine
from ...files.describe import Names, describe
from .config import BoltzmannConfig
from .fit import Boltzmann, Reached, train, trainer
from .schedule import FOREVER, Schedule
from .state import NAMES as MACHINE
from .state import State, equations, fresh_state, machine_of, remembered, state_of

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

# The machine is inspected this number of times in each factor of ten of periods.
LOOKS = 10
NAMES: Names = {
    "sequence": ("bits of one period of the sequence", "1"),
    "period": ("periods of training when the machine is looked at", "periods"),
    "checkpoint": ("periods of training when the machine is stored", "periods"),
    "nll": ("negative log likelihood of one period of the sequence", "nats"),
    "wrong": ("wrong bits of a recall of one period", "bits"),
    "missed": ("bits of one period that are less likely than not when it is shown", "bits"),
    "recalled": ("two periods that the machine recalls", "1"),
    "recalled_after": ("periods of training until all was recalled, NaN if it never was", "periods"),
}


def looks(periods: int, checkpoints: tuple[int, ...] = ()) -> list[int]:
    """Return the periods at which to inspect: 0, LOOKS values in each factor of ten, the checkpoints, and the last."""
    spaced = 10 ** (np.arange(LOOKS * np.log10(max(periods, 1)) + 1) / LOOKS)
    chosen = {0, periods, *(round(x) for x in spaced), *checkpoints}
    return sorted(x for x in chosen if 0 <= x <= periods)


def memorise(
    config: BoltzmannConfig,
    sequence: np.ndarray,
    periods: int,
    checkpoints: tuple[int, ...],
    engine: Engine,
) -> xr.Dataset:
    """Train a machine on a sequence until it recalls the whole sequence, at most for ``periods`` periods.

    Returns a Dataset with

    - ``sequence`` (step, neuron).
    - ``nll``, ``missed``, ``wrong`` (period): negative log likelihood of the sequence (nats), bits that are less likely
      than not when the sequence is shown, and wrong bits of a recall that continues from there.
    - ``recalled`` (two periods), ``bias``, ``u`` and ``v`` at each ``checkpoint`` that was reached.
    - ``recalled_after``: periods until the taught sequence was recalled; NaN if it never was.
    - delays and the state of training at the end, from which :func:`load_machine` and :func:`load_state` restore the
      machine and its training.
    """
    machine = config.machine(sequence.shape[1], engine)
    taught, length = config.taught(sequence, engine), len(sequence)
    schedule = Schedule.of([taught])
    loop = trainer(machine, schedule, engine)

    def look(reached: Reached) -> tuple[dict[str, ArrayLike], bool]:
        now, traces = machine_of(machine, reached.state)
        recalled = now.generate(2 * length, traces)
        surprise = now.read(sequence, traces)[0]
        row: dict[str, ArrayLike] = {"period": reached.periods, "wrong": int((recalled[:length] != sequence).sum())}
        row |= {"nll": surprise.sum(), "missed": int((surprise > np.log(2)).sum())}
        row |= {"recalled": recalled, "bias": now.bias, "u": now.u, "v": now.v}
        # This is the next test of the schedule.
        return row, bool((recalled[:length] == taught).all())

    goals = [(number, FOREVER) for number in looks(periods, checkpoints)]
    found, reached, recalled = train(loop, fresh_state(machine), goals, look, engine)
    engine.end(reached.periods, "recalled" if recalled else "not recalled")
    shown = [i for i, p in enumerate(found["period"]) if p in checkpoints or i == len(found["period"]) - 1]
    recalled_after = float(reached.periods) if recalled else np.nan
    last = state_of(machine, reached.state, schedule.digest())
    return _dataset(sequence, found, shown, recalled_after, machine, last)


def _dataset(
    sequence: np.ndarray,
    found: dict[str, np.ndarray],
    shown: list[int],
    recalled_after: float,
    machine: Boltzmann,
    state: State,
) -> xr.Dataset:
    dataset = xr.Dataset(
        {
            "sequence": (("step", "neuron"), sequence.astype(np.uint8)),
            "nll": ("period", found["nll"]),
            "wrong": ("period", found["wrong"]),
            "missed": ("period", found["missed"]),
            "recalled": (("checkpoint", "replayed", "neuron"), found["recalled"][shown]),
            "bias": (("checkpoint", "neuron"), found["bias"][shown]),
            "u": (("checkpoint", "pre", "post", "k"), found["u"][shown]),
            "v": (("checkpoint", "pre", "post", "l"), found["v"][shown]),
            "recalled_after": ((), recalled_after),
        }
        | remembered(machine, state),
        {"period": found["period"], "checkpoint": found["period"][shown]},
        {"equations": equations(machine)},
    )
    return describe(dataset, MACHINE, NAMES)
