"""Settings of a dynamic Boltzmann machine and its training. The defaults are those of Osogami & Otsuka 2015."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import ClassVar, Literal, Self, TypeVar

import numpy as np

from ...checking import checked_size, require_choices, require_whole
from ...engine.brian import Engine
from ...engine.settings import BrianConfig, Cost
from ...stimuli.pictures.bitmaps import mirrored, sequence_from
from .fit import Boltzmann
from .machine import INITIAL_SIZE, LONGEST_DELAY
from .rule import LONGEST_HISTORY, DybmRule
from .schedule import MOST_PERIODS

Settled = TypeVar("Settled", bound="BoltzmannConfig")
# This number is raised by hand when the results of these networks change, so that older run files are not reused.
RESULTS_VERSION = 2
# The control learns the columns in a random order. It must not recall the original order.
SHUFFLED_TEACHER = {"shuffled_teacher": {"control": "shuffled_teacher"}}
# The published machine recalled both sequences after this number of blocks (Osogami & Otsuka 2015).
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
    """largest delay (steps); delays are uniform from 1 to this value"""
    lam: tuple[float, ...] = DybmRule.lam
    """decay rates of the synaptic traces (K of them)"""
    mu: tuple[float, ...] = DybmRule.mu
    """decay rates of the neural traces (L of them)"""
    temperature: float = 1.0
    """temperature tau during learning"""
    optimizer: Literal["adagrad", "sgd"] = "adagrad"
    """adagrad (published), or plain stochastic gradient ascent"""
    rate: float = 1.0
    """learning rate"""
    initial_size: float = INITIAL_SIZE
    """standard deviation of the initial parameters"""
    timing: Literal["consistent", "literal"] = "consistent"
    """consistent: a spike that arrives now counts as arrived; literal: it does not, as equation 4 is printed"""
    variant: Literal["paper", "jdybm", "jdybm_sequential"] = "paper"
    """the paper's equations; or jdybm, what the authors' program does instead, as far as equations can express it; or
    jdybm_sequential, the program itself, whose neurons learn one after the other (in numpy, slow)"""
    control: Literal["none", "shuffled_teacher"] = "none"
    """control: shuffled_teacher learns the columns in a random order"""
    target: Literal["auto", "cpp_standalone", "numpy"] = "auto"
    """where the machine runs; auto means as a C++ program, or on numpy without a compiler"""

    def settle(self) -> Self:
        """Return the checked Config: see :func:`settle_boltzmann`."""
        return settle_boltzmann(self)

    def rule(self) -> DybmRule:
        """Return the learning rule; raises UserError for settings that are not allowed."""
        require_choices(self)
        return DybmRule(**{f.name: getattr(self, f.name) for f in fields(DybmRule)})

    def machine(self, n: int, engine: Engine) -> Boltzmann:
        """Return the untrained machine of n neurons."""
        size = float(self.initial_size)
        return Boltzmann.random(n, engine.rng("machine"), self.rule(), self.longest_delay, size)

    def taught(self, sequence: np.ndarray, engine: Engine) -> np.ndarray:
        """Return the taught sequence. The control gets the columns in a random order."""
        if self.control == "none":
            return sequence
        return sequence[engine.rng("shuffled teacher").permutation(len(sequence))]


def settle_boltzmann(config: Settled) -> Settled:
    """Check the values of a Config and return it; raises UserError for a value that is not allowed."""
    config.rule().require_target(config.target)
    checked_size("initial_size", config.initial_size)
    require_whole("longest_delay", config.longest_delay, 1, LONGEST_HISTORY - 1)
    for name in ("periods", "blocks", "cue"):
        if hasattr(config, name):
            require_whole(name, getattr(config, name), 1, MOST_PERIODS)
    return config


def boltzmann_cost(config: BoltzmannConfig, *sequences: np.ndarray) -> Cost:
    """Return an upper bound of the cost of a run, which ends earlier if everything is recalled.

    Measured on one core of a Xeon: 150 ns per step for each pair of neurons, and 15 s to build a new program. Numpy
    builds nothing. It takes 0.5 ms more per step, and 0.1 ms for each neuron if neurons learn one after the other,
    measured on one core of an EPYC.
    """
    n = sequences[0].shape[1]
    steps = int(getattr(config, "periods", 0) * np.mean([len(each) for each in sequences]))
    sequential = config.rule().sequential
    start, step = (3, 5e-4) if sequential or config.target == "numpy" else (15, 0.0)
    seconds = start + steps * (step + 1.5e-7 * n**2 + (1e-4 * n if sequential else 0.0))
    return Cost(steps, 8 * n**2 * (4 * len(config.lam) + 4 * len(config.mu)), seconds)


def boltzmann_models(*sequences: np.ndarray) -> dict:
    """Return the data and models that a settled Config names: the sequences, with a text for each column."""
    return {
        "boltzmann": RESULTS_VERSION,
        "sequences": [["".join(map(str, row)) for row in sequence.tolist()] for sequence in sequences],
    }


@dataclass(frozen=True)
class SequenceConfig(BoltzmannConfig):
    """Settings of a machine that memorises one sequence."""

    sequence: str = "SCIENCE"
    """a word, evolution, music, or a file: text of 0 and 1 or . and #, or a picture"""
    periods: int = 300_000
    """largest number of training periods; training stops earlier when the sequence is recalled"""

    def sequences(self) -> list[np.ndarray]:
        """Return the sequences that the Config names, each of shape (steps, neurons)."""
        return [sequence_from(self.sequence)]

    def models(self) -> dict:
        """Return what the names in the settled Config stand for: see :func:`boltzmann_models`."""
        return boltzmann_models(*self.sequences())

    def cost(self) -> Cost:
        """Return the expected cost of a run of the settled Config: see :func:`boltzmann_cost`."""
        return boltzmann_cost(self, *self.sequences())


@dataclass(frozen=True)
class TurnsConfig(SequenceConfig):
    """Settings of a machine that learns a picture and its mirror image in turns."""

    sequence: str = "SCIENCE"
    """first sequence: a word, evolution, music, or a file: text of 0 and 1 or . and #, or a picture; the second
    sequence is its mirror image"""
    cue: int = 25
    """number of columns that are shown before a test; 25 columns are five letters of SCIENCE"""
    blocks: int = PUBLISHED_BLOCKS
    """largest number of blocks; training stops earlier if a block needs no training"""
    periods: int = 1_000_000
    """largest total number of training periods"""

    def sequences(self) -> list[np.ndarray]:
        """Return the sequence that the Config names, and its mirror image."""
        (sequence,) = super().sequences()
        return [sequence, mirrored(sequence)]
