r"""Reservoirs of leaky rate units, many images at a time in numpy: the same steps as :mod:`.reservoir_network`.

Brian2 steps one image; a batch is a matrix product. Both follow the texts of the unit
(:mod:`snnlab.neurons.leaky_rate`) and of the rule (:class:`snnlab.models.rate_rule.RateRule`), whose mean over a
batch is taken as a sum of matrix products where the signal is one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.linalg import ArpackError, eigs

from ...checking import require_choices
from ...connectivity.random import by_source, sparse_random
from ...errors import Diverged, UserError
from ...models.rate_rule import RateRule, at_percentiles
from .remedies import Remedy, Treatment

# Denser than this, a product with a full matrix is sooner done.
_SPARSE = 0.06
SATURATED = 0.99
# Values of S that thresholds are taken from, at most.
_CALIBRATED = 20_000_000


@dataclass(frozen=True)
class View:
    """What a rule sees of the units, where sources leave it open."""

    quantity: Literal["rate", "state"] = "rate"
    """x and y are what units send, f(h), or their states h (the same in units whose f is around the input)"""
    pre: Literal["sent", "now"] = "sent"
    """x is what was sent into this step, or what the presynaptic unit has become in it"""
    input_in_sum: bool = False
    """whether u holds the input from outside as well"""
    threshold: Literal["mean", "image"] = "mean"
    """whether the change is that of the mean signal of a batch, or the mean of each image's own change"""

    def __post_init__(self):
        require_choices(self)


class RateReservoir:
    r"""Leaky rate units, one of the two forms of :mod:`snnlab.neurons.leaky_rate` in Euler steps, a = dt/tau:

    .. math::
        \text{reservoir:}\quad & h \leftarrow (1 - a) h + a (W r + W_{in} x + b), \quad r = \tanh h \\
        \text{rate:}\quad & r \leftarrow (1 - a) r + a \tanh(W r + W_{in} x + b)

    Parameters
    ----------
    weights : sparse array of shape (n, n)
        W, [post, pre].
    w_in : array of shape (n, inputs)
    leak : float
        a, above 0 up to 1.
    form : {"reservoir", "rate"}
    bias : array of shape (n,), optional
        b; 0 if left out.

    Attributes
    ----------
    pre, post, w : arrays of shape (synapses,)
        Units and weights of the synapses, by presynaptic unit.
    """

    def __init__(
        self,
        weights: csr_array,
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
            self._matrix = csr_array((values, (self.post, self.pre)), shape=(self.n, self.n))
        else:
            self._dense.ravel()[self._flat] = values
            self._matrix = self._dense

    @property
    def matrix(self) -> csr_array:
        """W as it is now, sparse, [post, pre]."""
        return csr_array((self._w, (self.post, self.pre)), shape=(self.n, self.n))

    def rest(self, batch: int) -> np.ndarray:
        """Return the state at the start of an image, of shape (n, batch): 0."""
        return np.zeros((self.n, batch))

    def rate(self, state: np.ndarray) -> np.ndarray:
        """Return what units of this state send."""
        return np.tanh(state) if self.form == "reservoir" else state

    def recurrent(self, rate: np.ndarray) -> np.ndarray:
        """Return W r for rates of shape (n, batch)."""
        return self._matrix @ rate

    def step(self, state: np.ndarray, rate: np.ndarray, drive: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the next state and the recurrent input that led to it, each of shape (n, batch).

        ``rate`` is what the state sends, ``drive`` is W_in x + b.
        """
        recurrent = self.recurrent(rate)
        total = recurrent + drive
        if self.form == "rate":
            np.tanh(total, out=total)
        total -= state
        total *= self.leak
        total += state
        return total, recurrent

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


@dataclass
class Plasticity:
    """A rule at work in a reservoir: changes its weights while it runs.

    ``mean_steps`` is the time constant, in steps, of the running means that a rule may name. ``remedy`` is what is done
    beside the rule.
    """

    reservoir: RateReservoir
    rule: RateRule
    eta: float
    rng: np.random.Generator
    view: View = field(default_factory=View)
    mean_steps: float = 1000.0
    remedy: Remedy = field(default_factory=Remedy)

    def __post_init__(self):
        self._treatment = Treatment(self.remedy, self.reservoir, self.rng)
        self._rates = np.zeros(self.reservoir.n)
        self._terms = self.rule.terms() if self.view.threshold == "mean" else None
        n = self.reservoir.n
        self._means = {name: np.zeros((n, 1)) for name in ("x_mean_pre", "y_mean_post") if self.rule.sees(name)}

    def learn(self, sequences: np.ndarray) -> None:
        """Run a batch of sequences, shape (batch, steps, inputs), and change the weights after each step.

        Raises
        ------
        Diverged
            If a weight is no longer finite.
        """
        treatment = self._treatment
        for step, summed in enumerate(self.signals(sequences)):
            if treatment.learns(step):
                w = self.reservoir.w
                change = self.rule.change_of(summed, w if summed.ndim == 1 else w[:, None], self.rng)
                self.reservoir.w = treatment.changed(w, self.eta * (change if change.ndim == 1 else change.mean(1)))
        if not np.isfinite(self.reservoir.w).all():
            raise Diverged(f"plasticity {self.rule.name!r}: weights are not finite; take a smaller eta")
        treatment.after_batch(self._rates / sequences.shape[1])

    def signals(self, sequences: np.ndarray) -> Iterable[np.ndarray]:
        """Yield S after each step, of shape (synapses,) or, with thresholds of each image, (synapses, batch)."""
        net, view = self.reservoir, self.view
        drive, state = net.drive(sequences), net.rest(len(sequences))
        rate, summed = net.rate(state), 0.0
        self._rates = np.zeros(net.n)
        for t in range(sequences.shape[1]):
            before, sent = state, rate
            state, recurrent = net.step(state, sent, drive[t])
            rate = net.rate(state)
            if self.remedy.homeostasis:
                self._rates += rate.mean(1)
            x, y = (sent, rate) if view.quantity == "rate" else (before, state)
            if view.pre == "now":
                x = y
            u = recurrent if x is sent else net.recurrent(x)
            if view.input_in_sum:
                u = u + (drive[t] - net.bias[:, None])
            summed = self._signal({"x_pre": x, "y_post": y, "u_post": u}) + self.rule.kept * summed
            yield summed

    def _signal(self, seen: dict[str, np.ndarray]) -> np.ndarray:
        for name, mean in self._means.items():
            mean += (seen[name.replace("mean_", "")].mean(1, keepdims=True) - mean) / self.mean_steps
        net, seen = self.reservoir, seen | self._means | self.rule.parameters
        if self._terms is None:
            sides = {"_pre": net.pre, "_post": net.post}
            at = {k: v[sides[k[k.rindex("_") :]]] for k, v in seen.items() if k.endswith(("_pre", "_post"))}
            signal = np.broadcast_to(self.rule.signal_of(seen | at | {"w": net.w[:, None]}), at["x_pre"].shape)
            return signal if self.view.threshold == "image" else signal.mean(1)
        total, seen["w"] = 0.0, net.w
        for term in self._terms:
            pre, post, own = (f and f(seen) for f in (term.pre, term.post, term.own))
            total = total + (1.0 if own is None else own) * self._mean(pre, post)
        return np.broadcast_to(total, net.w.shape)

    def _mean(self, pre, post) -> np.ndarray | float:
        """Return the batch's mean of a product of both sides, at the synapses."""
        net = self.reservoir
        if pre is None or post is None or 1 in (pre.shape[1], post.shape[1]):
            means = [(side.mean(1), at) for side, at in ((pre, net.pre), (post, net.post)) if side is not None]
            return np.prod([mean[at] for mean, at in means], axis=0) if means else 1.0
        product = post @ pre.T
        return product.ravel()[net._flat] / pre.shape[1]


def spectral_radius(matrix: csr_array) -> float:
    """Return the largest absolute eigenvalue of a square sparse array."""
    n = matrix.shape[0]
    if n > 500:
        # Eigenvalues of random networks fill a disc: with fewer vectors the largest one may be missed.
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

    They are scaled to a spectral radius; input weights are uniform in [-w_in, w_in], from every input to every unit.
    Raises UserError if a radius is wanted and there are too few connections to have one.
    """
    weights = sparse_random(n, density, 1.0, rng).tolil() if density else csr_array((n, n)).tolil()
    weights.setdiag(0)
    weights = csr_array(weights)
    weights.eliminate_zeros()
    found = spectral_radius(weights)
    if radius and not found:
        raise UserError(f"density: expected a network with cycles, which alone have a spectral radius, got {density}")
    weights = weights * (radius / found) if radius else csr_array((n, n))
    return RateReservoir(weights, rng.uniform(-w_in, w_in, (n, inputs)), leak, form)


def calibrate(plasticity: Plasticity, batches: Iterable[np.ndarray]) -> RateRule:
    """Return the rule with those parameters set that are percentiles of S in the network as it is.

    ``batches`` are sequences of shape (batch, steps, inputs). Of more than 2e7 values every so many-th is taken. Raises
    UserError as :func:`snnlab.models.rate_rule.at_percentiles`.
    """
    rule, batches = plasticity.rule, list(batches)
    if not rule.percentiles or not len(plasticity.reservoir.w):
        return rule
    each = plasticity.view.threshold == "image"
    count = sum(len(x) * x.shape[1] if each else x.shape[1] for x in batches) * len(plasticity.reservoir.w)
    every = -(-count // _CALIBRATED)
    # Odd, so that images of a batch take turns.
    every += every % 2 == 0
    seen = [np.ravel(s)[::every].copy() for sequences in batches for s in plasticity.signals(sequences)]
    return at_percentiles(rule, np.concatenate(seen))
