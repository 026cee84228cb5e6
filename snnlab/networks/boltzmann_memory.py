"""Let a dynamic Boltzmann machine memorise one sequence, and look at it on the way: the run of a protocol."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Literal

import numpy as np
import xarray as xr

from ..engine import Engine
from ..errors import UserError, require_choices, require_whole
from ..plasticity.dybm import LONGEST, DybmRule
from ..record import attribute, load
from .boltzmann import INITIAL_SIZE, LONGEST_DELAY, Boltzmann, Traces
from .boltzmann_fit import stretches, trainer
from .boltzmann_training import MOST_PERIODS, Schedule, fresh_state, machine_of

CONTROLS = {"shuffled_teacher": {"control": "shuffled_teacher"}}
# Looks at the machine in each factor of ten of periods.
LOOKS = 10
# A run is kept so often (s).
_KEEP_SECONDS = 10.0


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
        if not 0 <= self.initial_size < float("inf"):
            raise UserError(f"initial_size: expected a number >= 0, got {self.initial_size}")
        require_whole("longest_delay", self.longest_delay, 1, LONGEST - 1)
        return Boltzmann.random(n, engine.rng("machine"), self.rule(), self.longest_delay, self.initial_size)


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


def kept_every() -> Callable[[], bool]:
    """Return a function that tells, once in _KEEP_SECONDS, that it is time to keep what there is."""
    last = time.monotonic()

    def due() -> bool:
        nonlocal last
        if time.monotonic() - last <= _KEEP_SECONDS:
            return False
        last = time.monotonic()
        return True

    return due


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
    (periods until all that was taught was recalled, NaN if it never was); and delays and the traces at the end, from
    which :func:`stored_machine` makes the machine again.
    """
    require_whole("periods", periods, 1, MOST_PERIODS)
    machine = config.machine(sequence.shape[1], engine)
    taught = shuffled(config, sequence, engine)
    loop = trainer(machine, Schedule.of([taught]), engine)
    plan, length = looks(periods, checkpoints), len(sequence)
    stage = engine.checkpoints.stage(engine.used) if engine.checkpoints else None
    position, state = stage.latest() if stage else (0, {})
    # Periods so far, and how many looks of the plan are done.
    done, seen = state.pop("totals", np.zeros(2, np.int64)).tolist()
    state = state or fresh_state(machine)
    parts = [{k: np.asarray(v) for k, v in part.items()} for part in stage.parts()] if position else []
    recent: list[dict[str, np.ndarray]] = []
    keep, ended = kept_every(), False
    engine.show(0, periods, "periods")
    while not ended and seen < len(plan):
        # 0 would begin another bar.
        for after, progress in stretches(
            loop, state, plan[seen] - done, show=lambda p, done=done: engine.show(done + p + 1e-9, periods)
        ):
            state, done = after, done + progress.periods
            if stage and keep() and not progress.learned:
                position += 1
                rows = joined([{k: v[:0] for k, v in (parts or recent)[0].items()}, *recent])
                stage.save(position, state | {"totals": np.array([done, seen])}, rows)
                parts, recent = [*parts, rows], []
        now, traces = machine_of(machine, state)
        recalled = now.generate(2 * length, traces)
        surprise = now.read(sequence, traces)[0]
        row = {"period": done, "wrong": int((recalled[:length] != sequence).sum())}
        row |= {"nll": surprise.sum(), "missed": int((surprise > np.log(2)).sum())}
        row |= {"recalled": recalled, "bias": now.bias, "u": now.u, "v": now.v}
        recent.append({k: np.asarray(v)[None] for k, v in row.items()})
        # The test that would come next.
        ended, seen = bool((recalled[:length] == taught).all()), seen + 1
    engine.show(periods, periods)
    found = joined([*parts, *recent])
    shown = [i for i, p in enumerate(found["period"]) if p in checkpoints or i == len(found["period"]) - 1]
    recalled_after = float(done) if ended else np.nan
    return _dataset(config, sequence, found, shown, recalled_after, machine, machine_of(machine, state)[1])


def joined(parts: list[dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """Return arrays of the same names one after the other."""
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def remembered(machine: Boltzmann, traces: Traces) -> dict[str, tuple]:
    """Return delays and what a machine remembers, as variables of a run file: see :func:`stored_machine`."""
    return {
        "delay": (("pre", "post"), machine.delays.astype(np.int32), {"units": "steps"}),
        "history": ("neuron", traces.history.astype(np.int64)),
        "alpha": (("pre", "post", "k"), traces.alpha, {"units": "1"}),
        "gamma": (("neuron", "l"), traces.gamma, {"units": "1"}),
    }


def _dataset(
    config: BoltzmannConfig,
    sequence: np.ndarray,
    found: dict[str, np.ndarray],
    shown: list[int],
    recalled_after: float,
    machine: Boltzmann,
    traces: Traces,
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
        | remembered(machine, traces),
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
    dataset = load(path)
    if not {"delay", "bias", "u", "v", "history", "alpha", "gamma"} <= set(dataset):
        raise UserError(f"run file: a run of {dataset.attrs['protocol']} holds no Boltzmann machine")
    config = attribute(dataset, "config")
    return stored_machine(dataset, DybmRule(**{f.name: config[f.name] for f in fields(DybmRule)}))


def stored_machine(dataset: xr.Dataset, rule: DybmRule) -> tuple[Boltzmann, Traces]:
    """Return the machine of a run at its end, and what it remembered."""
    arrays = {name: dataset[name].values[-1] for name in ("bias", "u", "v")}
    machine = Boltzmann(dataset.delay.values, rule=rule, **arrays)
    return machine, Traces(dataset.history.values, dataset.alpha.values, dataset.gamma.values)
