"""FORCE on rate units: the ancestor of the spiking networks, stepped in numpy.

Brian2 would multiply the recurrent matrix synapse by synapse at every step; a sparse matrix of scipy does it at once.
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
from ...errors import Diverged
from ...learning.rls import RLS

# Raised by hand when what these networks compute changes: files of before are then not taken for it.
RESULTS_VERSION = 2
# What a unit sends for its state x.
RATES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    # Sussillo & Abbott 2009
    "tanh": lambda x: np.tanh(x),
    # The rate of theta neurons, sqrt(x) Hz for a constant input x > 0 (Nicola & Clopath 2017)
    "sqrt": lambda x: np.sqrt(np.maximum(x, 0)),
}


@dataclass
class RateNetwork:
    r"""Rate units with feedback of their decoded output.

    .. math:: \tau \dot x = -x + J r + \eta z, \quad r = F(x), \quad z = \phi^T r

    in Euler steps of ``dt``. Sussillo & Abbott 2009, doi:10.1016/j.neuron.2009.07.018, architecture of figure 1A.

    Parameters
    ----------
    recurrent : sparse array of shape (n, n)
        J, row = receiving unit.
    encoder : array of shape (n, k)
        Feedback weights eta.
    rate : str
        F, one of RATES.
    tau, dt : float
        In s.
    x : array of shape (n,)
        State; z, of shape (k,), starts at 0.
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
        """Take one step with decoder phi, shape (n, k)."""
        drive = self.recurrent @ self.r + self.feedback * (self.encoder @ self.z)
        self.x = step_rate_units(self.x, drive, self.dt / self.tau)
        self.r = self._function(self.x)
        self.z = self.r @ decoder


def rate_models(config: object = None) -> dict:
    """Return the version of what these networks compute; their settings say the rest."""
    return {"rate": RESULTS_VERSION}


def rate_cost(n: int, steps: int, updates: int) -> Cost:
    """Return what a run of n units takes; measured on one core of a Xeon."""
    return Cost(steps, 8 * n**2 * 1.2, 3 + 1e-10 * steps * n**2 + 1.5e-9 * updates * n**2)


def random_network(
    n: int, p: float, g: float, q: float, k: int, rate: str, tau: float, dt: float, engine: Engine
) -> RateNetwork:
    """Return a network with recurrent weights N(0, g^2/(p n)), a share p of them, and feedback uniform in [-q, q].

    States start as N(0, 1/4). ``tau`` and ``dt`` in s.
    """
    # sparse_random is scaled as in Nicola & Clopath 2017, by 1/p instead of 1/sqrt(p).
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
    """Run as many steps as there are targets, with RLS in the steps of ``learn``.

    Parameters
    ----------
    targets : array of shape (T, k)
        What z is compared with after each step. As in the authors' script, an update corrects phi, and the z that is
        fed back in the next step is the one from before.
    learn : range
        Steps with an update.
    alpha : float
        RLS starts at P = alpha I.
    traced : int
        Number of units whose rates are returned.
    feedback_after, permutation
        What breaks the network after the last step of ``learn``: gain of its feedback, order of the decoder's rows.

    Returns
    -------
    dict
        ``output`` (T, k), ``rate`` (T, traced), ``decoder`` (n, k), ``change`` (updates,): the size of each update of
        phi.

    Raises
    ------
    Diverged
        If z is no longer finite, or RLS loses its precision.
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
        if not np.isfinite(network.z).all():
            raise Diverged(f"the output is not finite at t = {(i + 1) * network.dt:.4g} s")
        output[i], rates[i] = network.z, network.r[:traced]
        if i in learn:
            error = network.z - target
            try:
                gain = rls.update(network.r, error)
            except ValueError as fault:
                raise Diverged(f"RLS: {fault} (t = {(i + 1) * network.dt:.4g} s)") from fault
            change.append(np.linalg.norm(gain) * np.linalg.norm(error))
    return {"output": output, "rate": rates, "decoder": decoder, "change": np.array(change)}
