"""Plasticity in a reservoir: the variables of a rule, the changes of the weights, and the calibration of thresholds.

The rule is a :class:`snnlab.models.rate_rule.RateRule`. If its signal is a product, the mean over a batch of images is
a sum of matrix products.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from ...checking import require_choices
from ...errors import Diverged
from ...models.rate_rule import RateRule, at_percentiles
from .remedies import Remedy, Treatment
from .units import RateReservoir

# Thresholds are computed from at most this number of values of S.
_CALIBRATED = 20_000_000


@dataclass(frozen=True)
class View:
    """The variables of the units that a rule uses. The sources leave these choices open."""

    quantity: Literal["rate", "state"] = "rate"
    """whether x and y are the rates f(h) or the states h (they are equal if f is applied to the input)"""
    pre: Literal["sent", "now"] = "sent"
    """whether x is the presynaptic value at the start of a step (sent) or at its end (now)"""
    input_in_sum: bool = False
    """whether u includes the external input"""
    threshold: Literal["mean", "image"] = "mean"
    """whether the rule is applied to the mean signal of a batch (mean), or to each image before the mean (image)"""

    def __post_init__(self):
        require_choices(self)


@dataclass
class Plasticity:
    """A rule that changes the weights of a reservoir while it runs.

    Parameters
    ----------
    reservoir : RateReservoir
        Its weights change.
    rule : RateRule
    eta : float
        Learning rate.
    rng : numpy.random.Generator
        For rules with random changes.
    view : View
        What the rule sees of the units.
    mean_steps : float
        Time constant of running means in a rule (steps).
    remedy : Remedy
        Remedies that are applied in addition to the rule.

    Example
    -------
    >>> import numpy as np
    >>> import snnlab
    >>> from snnlab.plasticity.hebb import HEBB
    >>> rng = np.random.default_rng(0)
    >>> reservoir = snnlab.random_reservoir(20, inputs=1, rng=rng, density=0.3)
    >>> before = reservoir.w.copy()
    >>> snnlab.Plasticity(reservoir, HEBB, eta=1e-3, rng=rng).learn(np.ones((4, 10, 1)))
    >>> bool((reservoir.w != before).all())
    True
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
            If a weight is not finite.
        """
        treatment = self._treatment
        for step, summed in enumerate(self.signals(sequences)):
            if treatment.learns(step):
                w = self.reservoir.w
                change = self.rule.change_of(summed, w if summed.ndim == 1 else w[:, None], self.rng)
                self.reservoir.w = treatment.changed(w, self.eta * (change if change.ndim == 1 else change.mean(1)))
        if not np.isfinite(self.reservoir.w).all():
            raise Diverged(f"diverged: plasticity {self.rule.name!r}: weights are not finite; a smaller eta may help")
        treatment.after_batch(self._rates / sequences.shape[1])

    def signals(self, sequences: np.ndarray) -> Iterable[np.ndarray]:
        """Yield S after each step, shape (synapses,), or (synapses, batch) if the rule is applied to each image."""
        net, view = self.reservoir, self.view
        drive, state = net.drive(sequences), net.rest(len(sequences))
        rate = net.rate(state)
        summed: np.ndarray | float = 0.0
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
        total: np.ndarray | float = 0.0
        seen["w"] = net.w
        for term in self._terms:
            pre, post, own = (f and f(seen) for f in (term.pre, term.post, term.own))
            total = total + (1.0 if own is None else own) * self._mean(pre, post)
        return np.broadcast_to(total, net.w.shape)

    def _mean(self, pre: np.ndarray | None, post: np.ndarray | None) -> np.ndarray | float:
        """Return the mean over the batch of the product of both sides, at the synapses."""
        net = self.reservoir
        if pre is None or post is None or 1 in (pre.shape[1], post.shape[1]):
            means = [(side.mean(1), at) for side, at in ((pre, net.pre), (post, net.post)) if side is not None]
            return np.prod([mean[at] for mean, at in means], axis=0) if means else 1.0
        product = post @ pre.T
        return net.pick(product) / pre.shape[1]


def calibrate(plasticity: Plasticity, batches: Iterable[np.ndarray]) -> RateRule:
    """Return the rule with the parameters set that are percentiles of S in the current network.

    ``batches`` are sequences of shape (batch, steps, inputs). If there are more than 2e7 values, every k-th one is
    used. Raises UserError as in :func:`snnlab.models.rate_rule.at_percentiles`.
    """
    rule, batches = plasticity.rule, list(batches)
    if not rule.percentiles or not len(plasticity.reservoir.w):
        return rule
    each = plasticity.view.threshold == "image"
    count = sum(len(x) * x.shape[1] if each else x.shape[1] for x in batches) * len(plasticity.reservoir.w)
    every = -(-count // _CALIBRATED)
    # The step is odd, so that all images of a batch are used.
    every += every % 2 == 0
    seen = [np.ravel(s)[::every].copy() for sequences in batches for s in plasticity.signals(sequences)]
    return at_percentiles(rule, np.concatenate(seen))
