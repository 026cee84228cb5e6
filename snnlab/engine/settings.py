"""Settings that runs of every family have: base classes of their Configs.

A Config may state, as class variables:

``GROUPS``
    group -> fields: under which heading the command line shows a field ("network", "learning", "recording", "run").
    What no group names is of the "experiment".
``REST``
    Fields that ``--help`` leaves out and ``--help-all`` shows, unless a class derived from it declares them anew.
``NEUTRAL``
    Fields that, like seed and target, do not change what a run computes: what it records.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal


@dataclass(frozen=True, kw_only=True)
class RunConfig:
    """Settings of every run with randomness."""

    GROUPS: ClassVar[dict[str, tuple[str, ...]]] = {"run": ("seed", "target", "checkpoint")}

    seed: int = 0
    """one seed for every random stream"""


@dataclass(frozen=True, kw_only=True)
class BrianConfig(RunConfig):
    """Settings of every run that Brian2 may compute."""

    target: Literal["auto", "cython", "numpy", "cpp_standalone"] = "auto"
    """where Brian2's generated code runs; auto: cpp_standalone, or cython or numpy for want of a compiler"""


@dataclass(frozen=True)
class Cost:
    """What a run will take, as far as its settings tell."""

    steps: int
    """steps of the simulation, or what a family counts in their place"""
    memory: float
    """memory that its largest arrays need (bytes)"""
    seconds: float
    """CPU time on one core (s), roughly: it differs by a factor of two and more between processors"""
    what: str = "time steps"
    """what the steps are"""
