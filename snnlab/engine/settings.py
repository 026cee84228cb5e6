"""Base classes of Configs, with the settings that all families share.

A Config may have these class variables:

``GROUPS``
    heading -> fields: the command line shows a field under this heading ("network", "learning", "recording", "run").
    Fields without a group have the heading "experiment".
``REST``
    Fields that only ``--help-all`` shows, unless a derived class declares them again.
``NEUTRAL``
    Fields that do not change what a run computes, like seed and target, for example recording settings.
``ADDED``
    Fields that were added later. With its default value, such a field does not enter the name of the run file, so older
    run files keep their names.
"""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Real
from typing import ClassVar, Literal, Self

from ..errors import UserError


@dataclass(frozen=True, kw_only=True)
class RunConfig:
    """Settings of every run with randomness."""

    GROUPS: ClassVar[dict[str, tuple[str, ...]]] = {"run": ("seed", "target", "checkpoint")}

    seed: int = 0
    """seed of all random streams"""

    def settle(self) -> Self:
        """Return the Config with its open fields filled in; a protocol file's own ``settle`` takes precedence."""
        return self

    def models(self) -> dict:
        """Return what the names in a settled Config stand for; a protocol file's own ``models`` takes precedence."""
        return {}


@dataclass(frozen=True, kw_only=True)
class BrianConfig(RunConfig):
    """Settings of every run that may use Brian2."""

    target: Literal["auto", "cython", "numpy", "cpp_standalone"] = "auto"
    """where Brian2's generated code runs; auto: cpp_standalone if possible, else cython, or numpy without a compiler"""


@dataclass(frozen=True)
class Cost:
    """Expected cost of a run, computed from its settings.

    Raises
    ------
    UserError
        For numbers below 0.

    Example
    -------
    >>> import snnlab
    >>> snnlab.Cost(steps=1000, memory=8e6, seconds=2.5)
    Cost(steps=1000, memory=8000000.0, seconds=2.5, what='time steps')
    """

    steps: int
    """number of steps of the simulation, or of another unit ``what``"""
    memory: float
    """memory of the largest arrays (bytes)"""
    seconds: float
    """rough CPU time on one core (s); it differs by a factor of two and more between processors"""
    what: str = "time steps"
    """unit of ``steps``"""

    def __post_init__(self):
        for name in ("steps", "memory", "seconds"):
            value = getattr(self, name)
            if not isinstance(value, Real) or not 0 <= value < float("inf"):
                raise UserError(f"cost: {name}: expected a finite number >= 0, got {value}")
