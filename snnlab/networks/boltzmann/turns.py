"""Training of a dynamic Boltzmann machine on two sequences in turns, block after block, with inspections.

schedule.py defines blocks, cues and tests.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from ...engine.brian import Engine
from ...files.describe import Names, describe
from .config import TurnsConfig
from .fit import Boltzmann, Reached, stretches, train, trainer
from .schedule import Schedule
from .state import BLOCKS, SINCE, State, equations, fresh_state, machine_of, remembered, state_of
from .state import NAMES as MACHINE

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

NAMES: Names = {
    "sequence": ("bits of one period of each sequence", "1"),
    "block_periods": ("periods that the block needed", "periods"),
    "unfinished": ("periods of the last block, if training ended within it", "periods"),
    "look": ("blocks of training when the machine is looked at", "blocks"),
    "age": ("periods of training so far", "periods"),
    "cpu": ("CPU time of training so far", "s"),
    "wall": ("wall time of training so far", "s"),
    "recalled": ("what the machine recalls of each sequence after its cue", "1"),
    "wrong": ("wrong bits of the recall", "bits"),
    "missed": ("bits of one period that are less likely than not when it is shown", "bits"),
    "novel_periods": ("periods that a copy needs to recall a novel sequence, NaN if it does not", "periods"),
}


def take_turns(
    config: TurnsConfig, sequences: list[np.ndarray], engine: Engine, novel: np.ndarray | None = None, most: int = 0
) -> xr.Dataset:
    """Train a machine on sequences in turns until a block needs no period, or to the limits of blocks and periods.

    Returns a Dataset with

    - ``sequence`` (learned, step, neuron).
    - ``block_periods`` (block): number of periods of each block. ``unfinished`` is the number of periods of the last
      block if training ended within it.
    - ``age`` (periods), ``cpu`` and ``wall`` (s) so far, at each inspection ``look`` (blocks, about two in each factor
      of ten; the last one may be within a block).
    - for each sequence, at each inspection: ``recalled`` (look, learned, replayed, neuron) after its cue from silence;
      its ``wrong`` bits; the ``missed`` bits, which are less likely than not when the sequence follows itself.
    - the machine at the end, as :func:`memorise` stores it.

    With a ``novel`` sequence, a copy of the machine learns it at each inspection, at most for ``most`` periods.
    ``novel_periods`` (look) is the number of periods until it is recalled; NaN if it is not.
    """
    machine = config.machine(sequences[0].shape[1], engine)
    taught = [config.taught(each, engine) for each in sequences]
    schedule = Schedule.of(taught, config.cue)
    loop = trainer(machine, schedule, engine)

    def look(reached: Reached) -> tuple[dict[str, ArrayLike], bool]:
        row = _look(machine_of(machine, reached.state)[0], sequences, config.cue)
        row |= {"age": float(reached.periods), "cpu": reached.cpu, "wall": reached.wall}
        if novel is not None:
            row["novel_periods"] = _learned_anew(machine, reached.state, novel, config.cue, most, engine)
        row["look"] = reached.state["control"][BLOCKS]
        return row, reached.learned or reached.periods >= config.periods

    goals = [(config.periods, number) for number in (0, *_looks(config.blocks))]
    found, reached, _ = train(loop, fresh_state(machine), goals, look, engine)
    blocks = int(reached.state["control"][BLOCKS])
    engine.end(reached.periods, f"{blocks:,} block{'s' * (blocks != 1)}")
    last, _ = machine_of(machine, reached.state)
    return _dataset(sequences, found, last, state_of(machine, reached.state, schedule.digest()))


def _looks(blocks: int) -> list[int]:
    """Return the numbers of blocks at which to inspect: 1, 3, 10, 30, ..., and the last."""
    spaced = {first * 10**power for power in range(13) for first in (1, 3)}
    return sorted({x for x in spaced if x < blocks} | {blocks})


def _look(machine: Boltzmann, sequences: list[np.ndarray], cue: int) -> dict[str, ArrayLike]:
    recalled, wrong, missed = [], [], []
    for each in sequences:
        recalled.append(machine.generate(len(each), cue=each[:cue]))
        wrong.append((recalled[-1] != np.roll(each, -cue, axis=0)).sum())
        _, traces = machine.read(each)
        missed.append((machine.read(each, traces)[0] > np.log(2)).sum())
    return {"recalled": np.array(recalled), "wrong": np.array(wrong), "missed": np.array(missed)}


def _learned_anew(
    machine: Boltzmann, state: dict[str, np.ndarray], novel: np.ndarray, cue: int, most: int, engine: Engine
) -> float:
    """Return the periods that a copy needs to recall another sequence after its cue; NaN if more than ``most``."""
    loop, periods = trainer(machine, Schedule.of([novel], cue), engine), 0
    # The copy keeps the weights and AdaGrad's sums, but starts its schedule from the beginning.
    copy = state | {"control": np.zeros_like(state["control"])}
    for _, made in stretches(loop, copy, most):
        periods += made.periods
        if made.learned:
            return float(periods)
    return float("nan")


def _dataset(sequences: list[np.ndarray], found: dict[str, np.ndarray], last: Boltzmann, state: State) -> xr.Dataset:
    arrays = {
        "sequence": (("learned", "step", "neuron"), np.array(sequences, np.uint8)),
        "block_periods": ("block", found["block_periods"]),
        "unfinished": ((), int(state.turn[SINCE])),
        "age": ("look", found["age"]),
        "cpu": ("look", found["cpu"]),
        "wall": ("look", found["wall"]),
        "recalled": (("look", "learned", "replayed", "neuron"), found["recalled"]),
        "wrong": (("look", "learned"), found["wrong"]),
        "missed": (("look", "learned"), found["missed"]),
        "bias": (("checkpoint", "neuron"), last.bias[None]),
        "u": (("checkpoint", "pre", "post", "k"), last.u[None]),
        "v": (("checkpoint", "pre", "post", "l"), last.v[None]),
    } | remembered(last, state)
    if "novel_periods" in found:
        arrays["novel_periods"] = ("look", found["novel_periods"])
    dataset = xr.Dataset(arrays, {"look": found["look"]}, {"equations": equations(last)})
    return describe(dataset, MACHINE, NAMES)
