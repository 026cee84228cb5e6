r"""High-dimensional temporal signals (HDTS): a chain of pulses, one component after another.

.. math:: a_m(t) = |\sin(\pi t/T)| \text{ for } m T \le t < (m + 1) T, \text{ else } 0

with the time t in the periodic signal and the length T of a pulse. The components tell a network the position in a long
signal. They are an external input with a separate encoder, or the network learns them as further outputs that are fed
back to it.

Reference: Nicola & Clopath 2017, doi:10.1038/s41467-017-01827-3, and the authors' scripts, ModelDB 190565.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ...errors import UserError

if TYPE_CHECKING:
    from scipy.sparse import csr_array


@dataclass(frozen=True)
class Pulses:
    """A chain of ``m`` half-sine pulses of height 1 over ``period`` s. The object can be called as a teacher.

    Raises
    ------
    UserError
        Unless there is at least one pulse and the period is > 0.
    """

    m: int
    """number of pulses"""
    period: float
    """length of the whole chain (s)"""

    def __post_init__(self):
        if not (self.m >= 1 and 0 < self.period < float("inf")):
            raise UserError(f"pulses: expected at least 1 in a period > 0 s, got {self.m} in {self.period} s")

    @property
    def width(self) -> float:
        """Length of a pulse (s)."""
        return self.period / self.m

    def active(self, t: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the index and the height of the active component at times t (s); both have the shape (T,)."""
        turns = np.mod(np.asarray(t, float) / self.width + 1e-9, self.m)
        component = np.floor(turns)
        return component.astype(int) % self.m, np.sin(np.pi * (turns - component))

    def __call__(self, t: np.ndarray) -> np.ndarray:
        """Return all components at times t (s), shape (T, m)."""
        return self._rows(*self.active(t))

    def _rows(self, component: np.ndarray, height: np.ndarray) -> np.ndarray:
        values = np.zeros((len(height), self.m))
        values[np.arange(len(height)), component] = height
        return values

    def unordered(self, seed: int) -> Callable[[np.ndarray], np.ndarray]:
        """Return a teacher with the same pulses in a new random order in each period."""

        def teacher(t: np.ndarray) -> np.ndarray:
            component, height = self.active(t)
            cycle = np.floor(np.asarray(t, float) / self.period + 1e-9 / self.m).astype(int)
            for each in np.unique(cycle):
                order = np.random.default_rng([seed, each]).permutation(self.m)
                component[cycle == each] = order[component[cycle == each]]
            return self._rows(component, height)

        return teacher

    def signal(self, dt: float) -> csr_array:
        """Return one period with a row for the end of each time step of dt s, shape (steps, m).

        Raises
        ------
        UserError
            If the period is not a multiple of dt, or a pulse is shorter than two steps.
        """
        from scipy.sparse import csr_array

        steps = round(self.period / dt)
        if steps < 2 * self.m:
            raise UserError(
                f"pulses: expected at most {steps // 2} in {self.period:g} s (a pulse has at least two steps of "
                f"{dt * 1e3:g} ms), got {self.m}"
            )
        if abs(steps - self.period / dt) > 1e-6 * steps:
            raise UserError(f"period: expected a multiple of dt = {dt * 1e3:g} ms, got {self.period:g} s")
        component, height = self.active(np.arange(1, steps + 1) * dt)
        return csr_array((height, (np.arange(steps), component)), shape=(steps, self.m))
