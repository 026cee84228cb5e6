"""Settings of a dynamic Boltzmann machine and of its training; defaults are those of Osogami & Otsuka 2015."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import ClassVar, Literal, TypeVar

import numpy as np

from ...checking import checked_size, require_choices, require_whole
from ...engine.brian import Engine
from ...engine.settings import BrianConfig, Cost
from .fit import Boltzmann
from .machine import INITIAL_SIZE, LONGEST_DELAY
from .rule import LONGEST_HISTORY, DybmRule
from .schedule import MOST_PERIODS

Settled = TypeVar("Settled", bound="BoltzmannConfig")
# Raised by hand when what these networks compute changes: files of before are then not taken for it.
RESULTS_VERSION = 2
# The control learns the columns in another order, and must not know the right one.
SHUFFLED_TEACHER = {"shuffled_teacher": {"control": "shuffled_teacher"}}
# The published machine knew both sequences after so many blocks (Osogami & Otsuka 2015).
PUBLISHED_BLOCKS = 1_785_845


@dataclass(frozen=True)
class BoltzmannConfig(BrianConfig):
    """Settings of a machine and its training."""

    GROUPS: ClassVar = {
        "network": ("longest_delay", "lam", "mu", "temperature", "initial_size", "timing", "variant"),
        "learning": ("optimizer", "rate"),
    }
    REST: ClassVar = ("temperature", "initial_size", "timing")

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
    target: Literal["auto", "cpp_standalone", "numpy"] = "auto"
    """where it runs; auto: as a C++ program, or on numpy where there is no compiler"""

    def rule(self) -> DybmRule:
        """Return the learning rule; raises UserError for settings that are not allowed."""
        require_choices(self)
        return DybmRule(**{f.name: getattr(self, f.name) for f in fields(DybmRule)})

    def machine(self, n: int, engine: Engine) -> Boltzmann:
        """Return the untrained machine of n neurons."""
        size = float(self.initial_size)
        return Boltzmann.random(n, engine.rng("machine"), self.rule(), self.longest_delay, size)

    def taught(self, sequence: np.ndarray, engine: Engine) -> np.ndarray:
        """Return what is taught: a sequence, or for the control its columns in another order."""
        if self.control == "none":
            return sequence
        return sequence[engine.rng("shuffled teacher").permutation(len(sequence))]


def settle_boltzmann(config: Settled) -> Settled:
    """Return the Config; raises UserError for a setting of the machine that cannot be."""
    config.rule()
    checked_size("initial_size", config.initial_size)
    require_whole("longest_delay", config.longest_delay, 1, LONGEST_HISTORY - 1)
    for name in ("periods", "blocks", "cue"):
        if hasattr(config, name):
            require_whole(name, getattr(config, name), 1, MOST_PERIODS)
    return config


def boltzmann_cost(config: BoltzmannConfig, *sequences: np.ndarray) -> Cost:
    """Return what a run takes at most: it ends as soon as all is recalled.

    Measured on one core of a Xeon: 150 ns a step for each pair of neurons, 15 s for a program that is not built yet.
    """
    n = sequences[0].shape[1]
    steps = int(getattr(config, "periods", 0) * np.mean([len(each) for each in sequences]))
    return Cost(steps, 8 * n**2 * (4 * len(config.lam) + 4 * len(config.mu)), 15 + 1.5e-7 * steps * n**2)


def boltzmann_models(*sequences: np.ndarray) -> dict:
    """Return the data and models that a settled Config names: the sequences, a text for each column."""
    return {
        "boltzmann": RESULTS_VERSION,
        "sequences": [["".join(map(str, row)) for row in sequence.tolist()] for sequence in sequences],
    }


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
