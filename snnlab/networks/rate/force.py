"""FORCE on rate units, for which it was developed, in numpy.

Brian2 would multiply the recurrent matrix synapse by synapse at every step. A sparse matrix of scipy is faster.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import scipy

from ...connectivity.random import encoder, sparse_random
from ...engine.brian import Engine
from ...engine.rate_unit import step_rate_units
from ...engine.settings import Cost
from ...engine.tasks import LARGEST
from ...errors import Diverged
from ...learning.rls import RLS

# This number is raised by hand when the results of these networks change, so that older run files are not reused.
RESULTS_VERSION = 2
# The rate of a unit as a function of its state x.
RATES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    # Sussillo & Abbott 2009
    "tanh": lambda x: np.tanh(x),
    # Rate of theta neurons, sqrt(x) Hz for a constant input x > 0 (Nicola & Clopath 2017)
    "sqrt": lambda x: np.sqrt(np.maximum(x, 0)),
}


@dataclass
class RateNetwork:
    r"""Rate units with feedback of their decoded output, in Euler steps of ``dt``:

    .. math:: \tau \dot x = -x + J r + \eta z, \quad r = F(x), \quad z = \phi^T r

    Reference: Sussillo & Abbott 2009, doi:10.1016/j.neuron.2009.07.018, architecture of figure 1A.

    Parameters
    ----------
    recurrent : sparse array of shape (n, n)
        Recurrent weights J, [post, pre].
    encoder : array of shape (n, k)
        Feedback weights eta.
    rate : str
        Rate function F, one of RATES.
    tau, dt : float
        Time constant and time step in s.
    x : array of shape (n,)
        Initial state. The output z, shape (k,), starts at 0.
    feedback : float
        Gain of the feedback eta z; 0 cuts it.
    """

    recurrent: scipy.sparse.csr_array
    encoder: np.ndarray
    rate: str
    tau: float
    dt: float
    x: np.ndarray
    feedback: float = 1.0

    def __post_init__(self):
        self._function = RATES[self.rate]
        self.r = self._function(self.x)
        self.z = np.zeros(self.encoder.shape[1])

    def step(self, decoder: np.ndarray) -> None:
        """Make one step with decoder phi, shape (n, k)."""
        drive = self.recurrent @ self.r + self.feedback * (self.encoder @ self.z)
        self.x = step_rate_units(self.x, drive, self.dt / self.tau)
        self.r = self._function(self.x)
        self.z = self.r @ decoder


def rate_models(config: object = None) -> dict:
    """Return the version of these networks. The settings tell everything else."""
    return {"rate": RESULTS_VERSION}


def rate_cost(n: int, steps: int, updates: int) -> Cost:
    """Return the expected cost of a run of n units, measured on one core of a Xeon."""
    return Cost(steps, 8 * n**2 * 1.2, 3 + 1e-10 * steps * n**2 + 1.5e-9 * updates * n**2)


def random_network(
    n: int, p: float, g: float, q: float, k: int, rate: str, tau: float, dt: float, engine: Engine
) -> RateNetwork:
    """Return a network with random connections of probability p, weights N(0, g^2/(p n)), feedback uniform in [-q, q].

    Initial states are N(0, 1/4). ``tau`` and ``dt`` are in s.
    """
    # sparse_random has the scale of Nicola & Clopath 2017, 1/p instead of 1/sqrt(p).
    weights = sparse_random(n, p, g * np.sqrt(p), engine.rng("recurrent"))
    feedback = encoder(n, k, q, engine.rng("encoder"))
    return RateNetwork(weights, feedback, rate, tau, dt, 0.5 * engine.rng("initial").standard_normal(n))


def train_rate(
    network: RateNetwork,
    targets: np.ndarray,
    learn: range,
    alpha: float,
    traced: int = 10,
    feedback_after: float = 1.0,
    permutation: np.ndarray | None = None,
) -> dict[str, np.ndarray]:
    """Run one step for each target, with RLS in the steps of ``learn``.

    Parameters
    ----------
    targets : array of shape (T, k)
        Target of z after each step. As in the authors' script, an update corrects phi, but the next step still feeds
        back the value of z before the update.
    learn : range
        Steps with an update.
    alpha : float
        RLS starts at P = alpha I.
    traced : int
        Number of units whose rates are returned.
    feedback_after, permutation
        Controls after the last step of ``learn``: gain of the feedback, and order of the decoder's rows.

    Returns
    -------
    dict
        ``output`` (T, k), ``rate`` (T, traced), ``decoder`` (n, k), and ``change`` (updates,), the size of each update
        of phi.

    Raises
    ------
    Diverged
        If z or a state is not finite or too large, or RLS loses its precision.
    """
    rls = RLS(len(network.x), targets.shape[1], alpha)
    output = np.empty(targets.shape)
    rates = np.empty((len(targets), traced))
    change = []
    decoder = rls.weights
    for i, target in enumerate(targets):
        if i == learn.stop:
            network.feedback = feedback_after
            decoder = decoder if permutation is None else decoder[permutation]
        network.step(decoder)
        for name, values in {"the output": network.z, "a state": network.x}.items():
            # The comparison is false for NaN.
            if not (np.abs(values) <= LARGEST).all():
                what = f"is above {LARGEST:g}" if np.isfinite(values).all() else "is not finite"
                raise Diverged(f"diverged: {name} {what} at t = {(i + 1) * network.dt:.4g} s")
        output[i], rates[i] = network.z, network.r[:traced]
        if i in learn:
            error = network.z - target
            try:
                gain = rls.update(network.r, error)
            except ValueError as fault:
                raise Diverged(f"diverged: RLS at t = {(i + 1) * network.dt:.4g} s: {fault}") from fault
            change.append(np.linalg.norm(gain) * np.linalg.norm(error))
    return {"output": output, "rate": rates, "decoder": decoder, "change": np.array(change)}
