"""An external signal with many components, few of which are active at a time, as input of a network.

Sample s of the signal gives neuron i the current sum_m E_im a_sm; only active components m are computed. The signal is
read at a phase in whole ticks, 16 to a time step, so that a speed of 2, 1/2 or -1 is exact however long the run, and
repeats. The same in C++: force/cpp/drive.h.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy

from ...errors import UserError

TICKS = 16


@dataclass(frozen=True)
class Drive:
    """A signal and its encoder."""

    encoder: np.ndarray
    """(n, m), in the unit of the neuron's input (SI)"""
    signal: scipy.sparse.csr_array
    """(samples, m)"""
    every: int = 1
    """time steps that a sample lasts"""

    def sample(self, steps: int, speed: float, start: int = 0) -> int:
        """Return which sample stands ``steps`` time steps after it was at ``start`` ticks, at this speed."""
        return (start + steps * ticks(speed)) // (TICKS * self.every) % self.signal.shape[0]

    def current(self, sample: int) -> np.ndarray:
        """Return the input of every neuron, shape (n,)."""
        active = slice(*self.signal.indptr[sample : sample + 2])
        return self.encoder[:, self.signal.indices[active]] @ self.signal.data[active]

    def arrays(self, units: str) -> dict:
        """Return what :meth:`from_arrays` makes the drive from, as variables of a run file."""
        return {
            "drive_encoder": (("neuron", "pulse"), self.encoder, {"units": units}),
            "drive_sample": (("active",), np.repeat(np.arange(self.signal.shape[0]), np.diff(self.signal.indptr))),
            "drive_component": (("active",), self.signal.indices.astype(np.int32)),
            "drive_amplitude": (("active",), self.signal.data, {"samples": self.signal.shape[0], "every": self.every}),
        }

    @classmethod
    def from_arrays(cls, arrays) -> Drive:
        """Return the drive of a run file."""
        amplitude, encoder = arrays["drive_amplitude"], arrays["drive_encoder"].values
        where = (arrays["drive_sample"].values, arrays["drive_component"].values)
        shape = (int(amplitude.attrs["samples"]), encoder.shape[1])
        return cls(
            encoder, scipy.sparse.csr_array((amplitude.values, where), shape=shape), int(amplitude.attrs["every"])
        )


def ticks(speed: float, name: str = "speed") -> int:
    """Return the ticks of one time step at this speed; raises UserError that names it if they are no whole number."""
    count = round(speed * TICKS) if abs(speed) < 1e6 else 0
    if count == 0 or count != speed * TICKS:
        raise UserError(
            f"{name}: expected a multiple of 1/{TICKS} other than 0, for example 2, 0.5 or -1, got {speed:g}"
        )
    return count
