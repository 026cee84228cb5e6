"""Let a dynamic Boltzmann machine memorise one sequence, and look at it on the way: the run of a protocol."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Literal

import numpy as np
import xarray as xr

from ...checking import require_choices, require_whole
from ...engine.brian import Engine
from ...errors import UserError
from ...files.keeping import Keeping
from ...files.record import attribute, load
from .arguments import checked_size
from .fit import stretches, trainer
from .machine import INITIAL_SIZE, LONGEST_DELAY, PARAMETERS, Boltzmann, Traces
from .rule import LONGEST, DybmRule
from .schedule import MOST_PERIODS, Schedule
from .state import State, fresh_state, machine_of, state_of

CONTROLS = {"shuffled_teacher": {"control": "shuffled_teacher"}}
# Looks at the machine in each factor of ten of periods.
LOOKS = 10


@dataclass(frozen=True)
class BoltzmannConfig:
    """Settings of a machine and its training."""

    longest_delay: int = LONGEST_DELAY
    """delays are drawn uniformly from 1 to so many steps"""
    lam: tuple[float, ...] = DybmRule.lam
    """decay rates of the synaptic traces (K of them)"""
    mu: tuple[float, ...] = DybmRule.mu
    """decay rates of the neural traces (L of them)"""
    temperature: float = 1.0
    """tau, while learning"""
    optimizer: Literal["adagrad", "sgd"] = "adagrad"
    """adagrad (published), or plain stochastic gradient ascent"""
    rate: float = 1.0
    """learning rate"""
    initial_size: float = INITIAL_SIZE
    """standard deviation of the initial parameters"""
    timing: Literal["consistent", "literal"] = "consistent"
    """whether a spike that arrives now counts as arrived (consistent) or not (as equation 4 is printed)"""
    variant: Literal["paper", "jdybm"] = "paper"
    """the paper's equations, or what the authors' program does instead"""
    control: Literal["none", "shuffled_teacher"] = "none"
    """what is broken on purpose: shuffled_teacher learns the columns in another order"""
    seed: int = 0
    """seed of delays and initial parameters"""
    target: Literal["auto", "cpp_standalone", "numpy"] = "auto"
    """where it runs; auto: as a C++ program, or on numpy where there is no compiler"""

    def rule(self) -> DybmRule:
        """Return the learning rule; raises UserError for settings that cannot be."""
        require_choices(self)
        return DybmRule(**{f.name: getattr(self, f.name) for f in fields(DybmRule)})

    def machine(self, n: int, engine: Engine) -> Boltzmann:
        """Return the untrained machine of n neurons."""
        size = checked_size("initial_size", self.initial_size)
        require_whole("longest_delay", self.longest_delay, 1, LONGEST - 1)
        return Boltzmann.random(n, engine.rng("machine"), self.rule(), self.longest_delay, size)


def looks(periods: int, checkpoints: tuple[int, ...] = ()) -> list[int]:
    """Return after how many periods to look: 0, then LOOKS times in each factor of ten, checkpoints, and the last."""
    spaced = 10 ** (np.arange(LOOKS * np.log10(max(periods, 1)) + 1) / LOOKS)
    chosen = {0, periods, *(round(x) for x in spaced), *checkpoints}
    return sorted(x for x in chosen if 0 <= x <= periods)


def shuffled(config: BoltzmannConfig, sequence: np.ndarray, engine: Engine) -> np.ndarray:
    """Return what is taught: a sequence, or for the control its columns in another order."""
    if config.control == "none":
        return sequence
    return sequence[engine.rng("shuffled teacher").permutation(len(sequence))]


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
    taught = shuffled(config, sequence, engine)
    schedule = Schedule.of([taught])
    loop = trainer(machine, schedule, engine)
    plan, length = looks(periods, checkpoints), len(sequence)
    with Keeping(engine.checkpoints, engine.used) as keeping:
        # Periods so far, and how many looks of the plan are done.
        done, seen = keeping.state.pop("totals", np.zeros(2, np.int64)).tolist()
        state, ended = keeping.state or fresh_state(machine), False
        engine.show(0, periods, "periods", whole=True)
        while not ended and seen < len(plan):
            # 0 would begin another bar.
            for after, progress in stretches(
                loop, state, plan[seen] - done, show=lambda p, done=done: engine.show(done + p + 1e-9, periods)
            ):
                state, done = after, done + progress.periods
                if not progress.learned:
                    keeping.reached(done, state | {"totals": np.array([done, seen])})
            now, traces = machine_of(machine, state)
            recalled = now.generate(2 * length, traces)
            surprise = now.read(sequence, traces)[0]
            row = {"period": done, "wrong": int((recalled[:length] != sequence).sum())}
            row |= {"nll": surprise.sum(), "missed": int((surprise > np.log(2)).sum())}
            row |= {"recalled": recalled, "bias": now.bias, "u": now.u, "v": now.v}
            keeping.add({k: np.asarray(v)[None] for k, v in row.items()})
            # The test that would come next.
            ended, seen = bool((recalled[:length] == taught).all()), seen + 1
    engine.end(done, "recalled" if ended else "not recalled")
    found = keeping.found()
    shown = [i for i, p in enumerate(found["period"]) if p in checkpoints or i == len(found["period"]) - 1]
    recalled_after = float(done) if ended else np.nan
    return _dataset(sequence, found, shown, recalled_after, machine, state_of(machine, state, schedule.digest()))


def remembered(machine: Boltzmann, state: State) -> dict[str, tuple]:
    """Return delays and where training stands, as variables of a run file: see :func:`load_state`."""
    one = {"units": "1"}
    dims = {"bias": ("neuron",), "u": ("pre", "post", "k"), "v": ("pre", "post", "l")}
    return {
        "delay": (("pre", "post"), machine.delays.astype(np.int32), {"units": "steps"}),
        "history": ("neuron", state.traces.history.astype(np.int64)),
        "alpha": (("pre", "post", "k"), state.traces.alpha, one),
        "gamma": (("neuron", "l"), state.traces.gamma, one),
        **{f"{name}_squares": (dims[name], values, one) for name, values in state.squares.items()},
        "turn": ("place", state.turn),
        "schedule": ((), state.shown),
    }


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


def equations(machine: Boltzmann) -> str:
    """Return the text of a machine's equations, for its run file."""
    rule = machine.rule
    texts = [rule.neurons(), rule.synapses(), rule.arrive(), rule.decide(), rule.notice(), rule.learn()]
    return "\n\n".join([*texts, rule.remember()])


def load_machine(path: str | Path) -> tuple[Boltzmann, Traces]:
    """Return the trained machine of a run file, and what it remembered; raises UserError if the file holds none."""
    dataset, rule = _load(path)
    return stored_machine(dataset, rule)


def load_state(path: str | Path) -> State:
    """Return what the machine of a run file goes on training from: ``machine.fit(..., state=)``.

    Raises
    ------
    UserError
        If the file holds no machine, or was made before run files held this.
    """
    dataset, rule = _load(path)
    if "turn" not in dataset:
        raise UserError(f"run file: {str(path)!r} was made before run files held what training goes on from")
    squares = {name: dataset[f"{name}_squares"].values for name in PARAMETERS if f"{name}_squares" in dataset}
    _, traces = stored_machine(dataset, rule)
    return State(traces, squares, dataset.turn.values, str(dataset.schedule.values))


def _load(path: str | Path) -> tuple[xr.Dataset, DybmRule]:
    """Return a run file that holds a machine, and the machine's rule."""
    dataset = load(path)
    if not {"delay", "bias", "u", "v", "history", "alpha", "gamma"} <= set(dataset):
        raise UserError(f"run file: a run of {dataset.attrs['protocol']} holds no Boltzmann machine")
    config = attribute(dataset, "config")
    return dataset, DybmRule(**{f.name: config[f.name] for f in fields(DybmRule)})


def stored_machine(dataset: xr.Dataset, rule: DybmRule) -> tuple[Boltzmann, Traces]:
    """Return the machine of a run at its end, and what it remembered."""
    arrays = {name: dataset[name].values[-1] for name in PARAMETERS}
    machine = Boltzmann(dataset.delay.values, rule=rule, **arrays)
    return machine, Traces(dataset.history.values, dataset.alpha.values, dataset.gamma.values)
