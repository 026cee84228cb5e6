"""An external input signal with many components, of which only a few are active at a time.

Sample s of the signal gives neuron i the current sum_m E_im a_sm. Only active components m are computed. The signal is
periodic. Its phase is counted in integer ticks, 16 per time step, so that a speed of 2, 1/2 or -1 is exact in a run of
any length. force/cpp/drive.h does the same in C++.
"""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Real

import numpy as np
import scipy

from ...equality import EqualArrays
from ...errors import UserError

TICKS = 16


@dataclass(frozen=True, eq=False)
class Drive(EqualArrays):
    """A signal and its encoder.

    Example
    -------
    Two neurons, two pulses, a sample for each step:

    >>> import numpy as np
    >>> import snnlab
    >>> from scipy.sparse import csr_array
    >>> drive = snnlab.Drive(encoder=np.array([[1.0, 0.0], [0.0, 2.0]]), signal=csr_array([[1.0, 0.0], [0.0, 0.5]]))
    >>> [drive.current(drive.sample(steps, speed=1.0)).tolist() for steps in range(3)]
    [[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]]
    """

    encoder: np.ndarray
    """(n, m), weights in the unit of the neuron's input (SI)"""
    signal: scipy.sparse.csr_array
    """(samples, m), amplitudes of the components"""
    every: int = 1
    """number of time steps of a sample"""

    def sample(self, steps: int, speed: float, start: int = 0) -> int:
        """Return the index of the sample after ``steps`` time steps at this speed, from a phase of ``start`` ticks."""
        return (start + steps * ticks(speed)) // (TICKS * self.every) % self.signal.shape[0]

    def current(self, sample: int) -> np.ndarray:
        """Return the input of every neuron, shape (n,)."""
        active = slice(*self.signal.indptr[sample : sample + 2])
        return self.encoder[:, self.signal.indices[active]] @ self.signal.data[active]

    def arrays(self, units: str) -> dict:
        """Return the drive as variables of a run file, from which :meth:`from_arrays` restores it."""
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
    """Return the ticks of one time step at this speed; raises UserError for ``name`` if they are not an integer."""
    count = round(speed * TICKS) if isinstance(speed, Real) and abs(speed) < 1e6 else 0
    if count == 0 or count != speed * TICKS:
        shown = f"{float(speed):g}" if isinstance(speed, Real) else repr(speed)
        raise UserError(f"{name}: expected a multiple of 1/{TICKS} other than 0, for example 2, 0.5 or -1, got {shown}")
    return count
