"""A machine that learns two sequences in turns relearns them faster and faster (Osogami & Otsuka 2015)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from snnlab.checking import require_whole
from snnlab.engine.brian import Engine
from snnlab.errors import UserError
from snnlab.files.record import attribute
from snnlab.lab.claims import Check, Finding, per_seed
from snnlab.networks.boltzmann import (
    MOST_PERIODS,
    TurnsConfig,
    boltzmann_models,
    settle_boltzmann,
    take_turns,
)
from snnlab.protocols.boltzmann._shared import LEAST_RUNS, by_setting, of_the_paper
from snnlab.stimuli.pictures.bitmaps import sequence_from

FIGURE = "osogami2015_relearning"
SHUFFLED = "shuffled"
# Plain gradient ascent does not learn a sequence with decay rates of 1/4, because beta then reaches 4^8. It learns with
# a decay rate of 0.9.
_EVOLUTION = {"sequence": "evolution", "cue": 30, "novel": SHUFFLED, "periods": 60_000}
_SGD = {"optimizer": "sgd", "rate": 0.03}
VARIANTS = {
    "SCIENCE": {},
    # The limit saves minutes of computing where a machine does not learn the novel sequence.
    "evolution": _EVOLUTION | {"novel_periods": 20_000},
    "evolution, mu 0.9": _EVOLUTION | {"mu": (0.9,)},
    "evolution, mu 0.9, sgd": _EVOLUTION | {"mu": (0.9,)} | _SGD,
}
QUICK = _EVOLUTION | {"mu": (0.9,), "periods": 10_000}
QUICK_VARIANTS = {name: {"periods": 10_000} for name in VARIANTS if name != "SCIENCE"}
SLOPE = "slope of log periods over log block"
AGAIN = "log10 of periods of a block, last ten (mean) / first two (mean)"
NOVEL = "log10 of periods of a novel sequence, at the last age / untrained"
FASTER = of_the_paper(
    "direction",
    "A sequence needs fewer and fewer periods each time that it is learned again.",
    "periods of a block over the number of the block",
    locator="figure of relearning",
    note="The paper's machine learns SCIENCE and its mirror image.",
)
GIVEN_UP = "the novel sequence was given up at the last age (1: yes)"


@dataclass(frozen=True)
class Config(TurnsConfig):
    """Settings of the run."""

    novel: str = "ECNEICS"
    """a third sequence, which a copy of the machine learns at increasing ages: a word or a file; shuffled means the
    columns of the sequence in random order, drawn for each seed"""
    novel_periods: int = 500_000
    """largest number of periods for the novel sequence"""


def settle(config: Config) -> Config:
    """Check the values of a Config and return it."""
    settle_boltzmann(config)
    if config.control != "none":
        # A machine with shuffled sequences relearns its sequences, too, so it is no control.
        raise UserError(f"control: expected none (the novel sequence is the control), got {config.control}")
    require_whole("novel_periods", config.novel_periods, 1, MOST_PERIODS)
    return config


def models(config: Config) -> dict:
    """Return the data and models that a settled Config names: all sequences."""
    novel = [] if config.novel == SHUFFLED else [novel_of(config)]
    return boltzmann_models(*config.sequences(), *novel)


def novel_of(config: Config) -> np.ndarray:
    """Return the third sequence that a Config names; raises UserError for an unknown sequence."""
    try:
        return sequence_from(config.novel)
    except UserError as error:
        raise UserError(f"novel: {str(error).removeprefix('sequence: ')}") from None


def run(config: Config, engine: Engine) -> xr.Dataset:
    """Train a machine on both sequences in turns; see :func:`snnlab.networks.boltzmann.take_turns`."""
    sequences = config.sequences()
    if config.novel == SHUFFLED:
        novel = sequences[0][engine.rng("novel").permutation(len(sequences[0]))]
    else:
        novel = novel_of(config)
    if novel.shape[1] != sequences[0].shape[1]:
        raise UserError(f"novel: expected {sequences[0].shape[1]} rows as in sequence, got {novel.shape[1]}")
    if len(novel) <= config.cue:
        raise UserError(f"novel: expected more columns than the cue, {config.cue}, got {len(novel)}")
    return take_turns(config, sequences, engine, novel, config.novel_periods)


def checks(dataset: xr.Dataset) -> list[Check]:
    """Return the paper's claim as a check, for machines with at least four blocks: later blocks need fewer periods."""
    values = measure(dataset)
    return [Check(SLOPE, values[SLOPE], -np.inf, 0.0, "the paper: it falls")] if SLOPE in values else []


def measure(dataset: xr.Dataset) -> dict[str, float]:
    """Return how the periods of a block decrease, and whether the periods of a novel sequence decrease."""
    needed = dataset.block_periods.values.astype(float)
    values = {"blocks": float(len(needed)), "periods of training": float(dataset.age[-1])}
    if len(needed) >= 4:
        # A block without any period counts as one period, so that its logarithm exists.
        needed = np.maximum(needed, 1)
        blocks = np.arange(1, len(needed) + 1)
        values[SLOPE] = float(np.polyfit(np.log(blocks), np.log(needed), 1)[0])
        values[AGAIN] = float(np.log10(needed[-min(10, len(needed) // 2) :].mean() / needed[:2].mean()))
    novel = dataset.novel_periods.values
    if len(novel) > 1 and np.isfinite(novel[0]):
        # A novel sequence that was given up needs at least this number of periods.
        most = attribute(dataset, "config")["novel_periods"]
        # Both times are from the same machine. The mean of the log ratio is 0 if age does not matter.
        values[NOVEL] = float(np.log10(np.nan_to_num(max(novel[-1], 1), nan=most) / max(novel[0], 1)))
        values[GIVEN_UP] = float(np.isnan(novel[-1]))
    return values


def comparisons(datasets: list[xr.Dataset]) -> list[Finding]:
    """Return slopes over seeds, and whether an old machine learns a novel sequence faster than a new machine."""
    rows = []
    for config, runs, _ in by_setting(datasets):
        measured = [measure(run) for run in runs]
        name = f"{config['sequence']}, mu {', '.join(f'{m:g}' for m in config['mu'])}, {config['optimizer']}"
        came = [SLOPE in m for m in measured]
        what = f"{name}: share of machines with four blocks within {config['periods']:,} periods"
        rows.append(Finding.share(what, per_seed(runs, came), "0: untrained"))
        lost = sum(m.get(GIVEN_UP, 0) for m in measured)
        late = f"; {lost:.0f} given up, which count with {config['novel_periods']:,}" if lost else ""
        nulls = {SLOPE: "0: no faster", AGAIN: "0: no faster", NOVEL: f"0: age does not matter{late}"}
        for what, null in nulls.items():
            found = [(run, m[what]) for run, m in zip(runs, measured, strict=True) if what in m]
            values = per_seed([run for run, _ in found], [value for _, value in found])
            if len(values) >= LEAST_RUNS:
                beside = {"published": FASTER, "bar": (-np.inf, 0.0), "bar_from": "the sign"} if what == SLOPE else {}
                rows.append(Finding.over_seeds(f"{name}: {what}", values, null, against=0, **beside))
    return rows
