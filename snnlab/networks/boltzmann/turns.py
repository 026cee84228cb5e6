"""Let a dynamic Boltzmann machine learn two sequences in turns, block after block, and look at it on the way.

What blocks, cues and tests are: boltzmann/schedule.py.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
import xarray as xr

from ...checking import require_whole
from ...engine.brian import Engine
from ...files.keeping import Keeping
from ...files.record import cpu_time
from .fit import stretches, trainer
from .machine import Boltzmann
from .memory import BoltzmannConfig, equations, remembered, shuffled
from .schedule import MOST_PERIODS, Schedule
from .state import BLOCKS, SINCE, State, fresh_state, machine_of, state_of

# Blocks until the published machine knew both sequences (Osogami & Otsuka 2015).
PUBLISHED_BLOCKS = 1_785_845


@dataclass(frozen=True)
class TurnsConfig(BoltzmannConfig):
    """Settings of a machine that learns a picture and its mirror image in turns."""

    sequence: str = "SCIENCE"
    """a word, evolution, music, or a file: text of 0 and 1 or . and #, or a PNG; the second is its mirror image"""
    cue: int = 25
    """columns that are shown before a test; 25 are five letters of SCIENCE"""
    blocks: int = PUBLISHED_BLOCKS
    """stop after so many blocks, if no block before needs no training at all"""
    periods: int = 1_000_000
    """stop after so many periods of training in all"""


def take_turns(
    config: TurnsConfig, sequences: list[np.ndarray], engine: Engine, novel: np.ndarray | None = None, most: int = 0
) -> xr.Dataset:
    """Train a machine on sequences in turns until a block needs no period, or for so many blocks or periods.

    Returns ``sequence`` (learned, step, neuron); ``block_periods`` (block), what each block needed, and ``unfinished``,
    periods of the last one if training ended within it; after each ``look`` (blocks, about two in each factor of ten;
    the last may be within the next block) the ``age`` (periods), ``cpu`` and ``wall`` (s) so far, and for each sequence
    what is ``recalled`` (look, learned, replayed, neuron) after its cue from silence, its ``wrong`` bits, and bits
    ``missed``, less likely than not when it is shown after itself; and the machine at the end, as
    :func:`boltzmann_memory.memorise` stores it.

    With a ``novel`` sequence a copy of the machine learns that one at each look, for at most so many periods:
    ``novel_periods`` (look) until it is recalled, NaN if it is not.
    """
    for name in ("blocks", "periods", "cue"):
        require_whole(name, getattr(config, name), 1, MOST_PERIODS)
    machine = config.machine(sequences[0].shape[1], engine)
    taught = [shuffled(config, each, engine) for each in sequences]
    schedule, plan = Schedule.of(taught, config.cue), _looks(config.blocks)
    loop = trainer(machine, schedule, engine)

    def look() -> dict[str, np.ndarray]:
        row = _look(machine_of(machine, state)[0], sequences, config.cue)
        row |= dict(zip(("age", "cpu", "wall"), totals.tolist(), strict=True))
        if novel is not None:
            row["novel_periods"] = _learned_anew(machine, state, novel, config.cue, most, engine)
        row["look"] = state["control"][BLOCKS]
        return {"block_periods": np.zeros(0, np.int64)} | {k: np.asarray(v)[None] for k, v in row.items()}

    with Keeping(engine.checkpoints, engine.used) as keeping:
        begins = not keeping.state
        # Periods, CPU time and wall time so far.
        totals = keeping.state.pop("totals", np.zeros(3))
        state, ended = keeping.state or fresh_state(machine), False
        if begins:
            keeping.add(look())
        engine.show(0, config.periods, "periods", whole=True)
        while not ended:
            done, blocks = int(totals[0]), int(state["control"][BLOCKS])
            goal = next((number for number in plan if number > blocks), config.blocks)
            before = _clocks()
            for after, made in stretches(
                loop,
                state,
                config.periods - done,
                goal,
                lambda periods, done=done: engine.show(done + periods + 1e-9, config.periods),
            ):
                state, done = after, done + made.periods
                totals, before = totals + [made.periods, *(_clocks() - before)], _clocks()
                blocks = int(state["control"][BLOCKS])
                ended = made.learned or done >= config.periods or blocks >= config.blocks
                seen = look() if ended or blocks >= goal else {}
                keeping.add(seen | {"block_periods": made.block_periods})
                if not ended:
                    keeping.reached(done, state | {"totals": totals})
    engine.end(done, f"{blocks:,} block{'s' * (blocks != 1)}")
    last, _ = machine_of(machine, state)
    return _dataset(sequences, keeping.found(), last, state_of(machine, state, schedule.digest()))


def _looks(blocks: int) -> list[int]:
    """After how many blocks to look: 1, 3, 10, 30, ..., and the last."""
    spaced = {first * 10**power for power in range(13) for first in (1, 3)}
    return sorted({x for x in spaced if x < blocks} | {blocks})


def _clocks() -> np.ndarray:
    """CPU time, with that of programs that have ended, and wall time (s)."""
    return np.array([cpu_time(), time.monotonic()])


def _look(machine: Boltzmann, sequences: list[np.ndarray], cue: int) -> dict[str, np.ndarray]:
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
    """Periods that a copy of the machine needs to recall another sequence after its cue, NaN if more than ``most``."""
    loop, periods = trainer(machine, Schedule.of([novel], cue), engine), 0
    # All that it has learned, and a new beginning.
    copy = state | {"control": np.zeros_like(state["control"])}
    for _, made in stretches(loop, copy, most):
        periods += made.periods
        if made.learned:
            return float(periods)
    return float("nan")


def _dataset(sequences: list[np.ndarray], found: dict[str, np.ndarray], last: Boltzmann, state: State) -> xr.Dataset:
    periods, one, seconds, bits = ({"units": unit} for unit in ("periods", "1", "s", "bits"))
    arrays = {
        "sequence": (("learned", "step", "neuron"), np.array(sequences, np.uint8)),
        "block_periods": ("block", found["block_periods"], periods),
        "unfinished": ((), int(state.turn[SINCE]), periods),
        "age": ("look", found["age"], periods),
        "cpu": ("look", found["cpu"], seconds),
        "wall": ("look", found["wall"], seconds),
        "recalled": (("look", "learned", "replayed", "neuron"), found["recalled"]),
        "wrong": (("look", "learned"), found["wrong"], bits),
        "missed": (("look", "learned"), found["missed"], bits),
        "bias": (("checkpoint", "neuron"), last.bias[None], one),
        "u": (("checkpoint", "pre", "post", "k"), last.u[None], one),
        "v": (("checkpoint", "pre", "post", "l"), last.v[None], one),
    } | remembered(last, state)
    if "novel_periods" in found:
        arrays["novel_periods"] = ("look", found["novel_periods"], periods)
    return xr.Dataset(arrays, {"look": ("look", found["look"], {"units": "blocks"})}, {"equations": equations(last)})
