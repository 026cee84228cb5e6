r"""Reservoirs of leaky rate units in numpy, which process many images at a time in the same steps as :mod:`.network`.

Brian2 processes one image at a time. Here, a batch of images is one matrix product. The equations of the units are in
:mod:`snnlab.neurons.leaky_rate`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import numpy as np
import scipy

from ...connectivity.random import by_source, sparse_random
from ...engine.rate_unit import step_rate_units
from ...errors import UserError

# Above this density, a product with a full matrix is faster.
_SPARSE = 0.06
SATURATED = 0.99


class RateReservoir:
    r"""Leaky rate units in one of the two forms of :mod:`snnlab.neurons.leaky_rate`, in Euler steps with a = dt/tau:

    .. math::
        \text{reservoir:}\quad & h \leftarrow (1 - a) h + a (W r + W_{in} x + b), \quad r = \tanh h \\
        \text{rate:}\quad & r \leftarrow (1 - a) r + a \tanh(W r + W_{in} x + b)

    Parameters
    ----------
    weights : sparse array of shape (n, n)
        Recurrent weights W, [post, pre].
    w_in : array of shape (n, inputs)
    leak : float
        Leak a, > 0 and <= 1.
    form : {"reservoir", "rate"}
    bias : array of shape (n,), optional
        Bias b; 0 by default.

    Attributes
    ----------
    pre, post, w : arrays of shape (synapses,)
        Units and weights of the synapses, sorted by presynaptic unit.

    Example
    -------
    Two units without synapses, one input, one sequence of two steps:

    >>> import numpy as np
    >>> import snnlab
    >>> from scipy.sparse import csr_array
    >>> reservoir = snnlab.RateReservoir(csr_array((2, 2)), w_in=np.array([[1.0], [2.0]]), leak=0.5)
    >>> reservoir.states(np.array([[[1.0], [0.0]]]), kept=[0, 1]).tolist()
    [[[0.5, 1.0], [0.25, 0.5]]]

    Reference: Jaeger et al. 2007, doi:10.1016/j.neunet.2007.04.016 (reservoir); Wilson & Cowan 1972,
    doi:10.1016/S0006-3495(72)86068-5 (rate).
    """

    def __init__(
        self,
        weights: scipy.sparse.csr_array,
        w_in: np.ndarray,
        leak: float,
        form: Literal["reservoir", "rate"] = "reservoir",
        bias: np.ndarray | None = None,
    ):
        self.n, self.leak, self.form, self.w_in = weights.shape[0], leak, form, w_in
        self.bias = np.zeros(self.n) if bias is None else bias
        self.pre, self.post, w = by_source(weights)
        self._dense = np.zeros((self.n, self.n)) if len(w) > _SPARSE * self.n**2 else None
        self._flat = self.post * self.n + self.pre
        self.w = w

    @property
    def w(self) -> np.ndarray:
        return self._w

    @w.setter
    def w(self, values: np.ndarray) -> None:
        self._w = values
        if self._dense is None:
            self._matrix = scipy.sparse.csr_array((values, (self.post, self.pre)), shape=(self.n, self.n))
        else:
            self._dense.ravel()[self._flat] = values
            self._matrix = self._dense

    @property
    def matrix(self) -> scipy.sparse.csr_array:
        """Current W, sparse, [post, pre]."""
        return scipy.sparse.csr_array((self._w, (self.post, self.pre)), shape=(self.n, self.n))

    def rest(self, batch: int) -> np.ndarray:
        """Return the state at the start of an image, which is 0, shape (n, batch)."""
        return np.zeros((self.n, batch))

    def rate(self, state: np.ndarray) -> np.ndarray:
        """Return the rates of units with this state."""
        return np.tanh(state) if self.form == "reservoir" else state

    def recurrent(self, rate: np.ndarray) -> np.ndarray:
        """Return W r for rates of shape (n, batch)."""
        return self._matrix @ rate

    def step(self, state: np.ndarray, rate: np.ndarray, drive: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the next state and the recurrent input that led to it, each of shape (n, batch).

        ``rate`` is the rate of the state, and ``drive`` is W_in x + b.
        """
        recurrent = self.recurrent(rate)
        return step_rate_units(state, recurrent + drive, self.leak, self.form), recurrent

    def pick(self, matrix: np.ndarray) -> np.ndarray:
        """Return the entries of a full matrix, [post, pre], at the synapses: shape (synapses,)."""
        return matrix.ravel()[self._flat]

    def drive(self, sequences: np.ndarray) -> np.ndarray:
        """Return W_in x + b of sequences of shape (batch, steps, inputs), as (steps, n, batch)."""
        batch, steps, inputs = sequences.shape
        flat = self.w_in @ sequences.transpose(2, 1, 0).reshape(inputs, steps * batch) + self.bias[:, None]
        return flat.reshape(self.n, steps, batch).transpose(1, 0, 2)

    def states(self, sequences: np.ndarray, kept: Iterable[int]) -> np.ndarray:
        """Return the states after some steps (counted from 0) for sequences of shape (batch, steps, inputs).

        Shape (batch, len(kept), n).
        """
        drive, kept = self.drive(sequences), list(kept)
        state, found = self.rest(len(sequences)), {}
        for t in range(max(kept) + 1):
            state, _ = self.step(state, self.rate(state), drive[t])
            if t in kept:
                found[t] = state
        return np.stack([found[t] for t in kept]).transpose(2, 0, 1)

    def radius(self) -> float:
        """Return the spectral radius of W."""
        return spectral_radius(self.matrix)


def spectral_radius(matrix: scipy.sparse.csr_array) -> float:
    """Return the largest absolute eigenvalue of a square sparse array."""
    from scipy.sparse.linalg import ArpackError, eigs

    n = matrix.shape[0]
    if n > 500:
        # Eigenvalues of random networks fill a disc, so fewer vectors could miss the largest eigenvalue.
        try:
            return float(np.abs(eigs(matrix, k=6, ncv=100, return_eigenvectors=False, v0=np.ones(n))).max())
        except ArpackError:
            pass
    return float(np.abs(np.linalg.eigvals(matrix.toarray())).max())


def random_reservoir(
    n: int,
    inputs: int,
    rng: np.random.Generator,
    density: float = 0.1,
    radius: float = 0.9,
    leak: float = 0.3,
    w_in: float = 0.3,
    form: Literal["reservoir", "rate"] = "reservoir",
) -> RateReservoir:
    """Return a reservoir with normal weights between a share ``density`` of pairs, without self-connections.

    The weights are scaled to a spectral radius. Input weights are uniform in [-w_in, w_in], from every input to every
    unit. Raises UserError if there are too few connections for a spectral radius > 0.

    Example
    -------
    >>> import numpy as np
    >>> import snnlab
    >>> reservoir = snnlab.random_reservoir(50, inputs=3, rng=np.random.default_rng(0), radius=0.9)
    >>> reservoir.w_in.shape, round(reservoir.radius(), 6)
    ((50, 3), 0.9)
    """
    weights = sparse_random(n, density, 1.0, rng).tolil() if density else scipy.sparse.csr_array((n, n)).tolil()
    weights.setdiag(0)
    weights = scipy.sparse.csr_array(weights)
    weights.eliminate_zeros()
    found = spectral_radius(weights)
    if radius and not found:
        raise UserError(f"density: expected a network with cycles, so that its spectral radius is > 0, got {density}")
    weights = weights * (radius / found) if radius else scipy.sparse.csr_array((n, n))
    return RateReservoir(weights, rng.uniform(-w_in, w_in, (n, inputs)), leak, form)
