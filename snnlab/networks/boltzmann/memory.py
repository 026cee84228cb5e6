"""Let a dynamic Boltzmann machine memorise one sequence, and look at it on the way: the run of a protocol."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from ...checking import require_whole
from ...engine.brian import Engine
from .config import BoltzmannConfig
from .fit import Boltzmann, Reached, train, trainer
from .schedule import FOREVER, MOST_PERIODS, Schedule
from .state import State, fresh_state, machine_of, state_of
from .stored import equations, remembered

# The machine is looked at so often in each factor of ten of periods.
LOOKS = 10


def looks(periods: int, checkpoints: tuple[int, ...] = ()) -> list[int]:
    """Return after how many periods to look: 0, then LOOKS times in each factor of ten, checkpoints, and the last."""
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
    """Train a machine on a sequence until it recalls all of it, or for so many periods.

    Returns ``sequence`` (step, neuron); over ``period`` the negative log likelihood ``nll`` (nats) of the sequence,
    bits ``missed``, less likely than not when it is shown, and ``wrong`` bits of a recall that goes on from there; at
    each ``checkpoint`` that was reached ``recalled`` (two periods), ``bias``, ``u`` and ``v``; ``recalled_after``
    (periods until all that was taught was recalled, NaN if it never was); and delays and where training stands at the
    end, from which :func:`load_machine` and :func:`load_state` make the machine again, and go on.
    """
    require_whole("periods", periods, 1, MOST_PERIODS)
    machine = config.machine(sequence.shape[1], engine)
    taught, length = config.taught(sequence, engine), len(sequence)
    schedule = Schedule.of([taught])
    loop = trainer(machine, schedule, engine)

    def look(reached: Reached) -> tuple[dict[str, Any], bool]:
        now, traces = machine_of(machine, reached.state)
        recalled = now.generate(2 * length, traces)
        surprise = now.read(sequence, traces)[0]
        row = {"period": reached.periods, "wrong": int((recalled[:length] != sequence).sum())}
        row |= {"nll": surprise.sum(), "missed": int((surprise > np.log(2)).sum())}
        row |= {"recalled": recalled, "bias": now.bias, "u": now.u, "v": now.v}
        # This is the test that would come next.
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
    periods, one = {"units": "periods"}, {"units": "1"}
    return xr.Dataset(
        {
            "sequence": (("step", "neuron"), sequence.astype(np.uint8)),
            "nll": ("period", found["nll"], {"units": "nats"}),
            "wrong": ("period", found["wrong"], {"units": "bits"}),
            "missed": ("period", found["missed"], {"units": "bits"}),
            "recalled": (("checkpoint", "replayed", "neuron"), found["recalled"][shown]),
            "bias": (("checkpoint", "neuron"), found["bias"][shown], one),
            "u": (("checkpoint", "pre", "post", "k"), found["u"][shown], one),
            "v": (("checkpoint", "pre", "post", "l"), found["v"][shown], one),
            "recalled_after": ((), recalled_after, periods),
        }
        | remembered(machine, state),
        {"period": ("period", found["period"], periods), "checkpoint": ("checkpoint", found["period"][shown], periods)},
        {"equations": equations(machine)},
    )
