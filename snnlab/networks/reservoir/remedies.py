r"""The usual remedies against a rule that runs away: they limit the weights of a reservoir that learns.

Reviewed by Zenke & Gerstner 2017, doi:10.1098/rstb.2016.0259; intrinsic plasticity of reservoirs after Triesch 2005,
doi:10.1007/11550822_11, in its simplest form, which moves the bias alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from ...checking import require_between, require_choices, require_whole
from .units import RateReservoir

# Batches between two rescalings of the spectral radius, which takes as long as some batches do.
_RESCALED = 10


@dataclass(frozen=True)
class Remedy:
    r"""What is done beside a rule; by default nothing is done.

    Raises
    ------
    UserError
        For values out of range.
    """

    normalise: Literal["none", "l2", "subtractive", "spectral"] = "none"
    """after every batch. l2: the weights into a unit that learn keep their norm; subtractive: their sum and the norm of
    their deviations from its mean; spectral: every 10 batches, the spectral radius of all"""
    decay: float = 0.0
    """share of its way to where it decays to that a weight goes in each step that it learns in"""
    decay_to: Literal["start", "zero"] = "start"
    """its value before learning, or 0"""
    homeostasis: float = 0.0
    """after every batch, biases change by minus this times the unit's mean rate"""
    learn_every: int = 1
    """weights learn in every so many-th step of an image, and not in those before"""
    plastic_share: float = 1.0
    """share of synapses, drawn once, that learn at all"""

    def __post_init__(self):
        require_choices(self)
        require_between(self, "decay", 0, 1)
        require_between(self, "plastic_share", 0, 1)
        require_between(self, "homeostasis", 0)
        require_whole("learn_every", self.learn_every, 1, 1_000_000)


class Treatment:
    """A remedy at work in a reservoir; it must be made before the reservoir learns."""

    def __init__(self, remedy: Remedy, reservoir: RateReservoir, rng: np.random.Generator):
        self.remedy, self._reservoir = remedy, reservoir
        self._start = reservoir.w.copy()
        few = remedy.plastic_share < 1
        self._learning = (
            (rng.random(len(self._start)) < remedy.plastic_share) if few else np.ones(len(self._start), bool)
        )
        self._inputs = np.maximum(self._into(np.ones_like(self._start)), 1)
        self._sum, self._norm = self._into(self._start), self._norms(self._start)
        # The radius that "spectral" keeps; None without it.
        self._radius = reservoir.radius() if remedy.normalise == "spectral" else None
        self._batches = 0

    def _into(self, values: np.ndarray) -> np.ndarray:
        """Return the sum over the learning synapses into each unit."""
        return np.bincount(self._reservoir.post, values * self._learning, self._reservoir.n)

    def _means(self, w: np.ndarray) -> np.ndarray:
        """Return the point from which norms are measured: the mean weight into each unit, or 0."""
        return self._into(w) / self._inputs if self.remedy.normalise == "subtractive" else np.zeros(self._reservoir.n)

    def _norms(self, w: np.ndarray) -> np.ndarray:
        return np.sqrt(self._into((w - self._means(w)[self._reservoir.post]) ** 2))

    def learns(self, step: int) -> bool:
        """Tell whether weights learn in a step of an image, counted from 0."""
        return (step + 1) % self.remedy.learn_every == 0

    def changed(self, w: np.ndarray, change: np.ndarray) -> np.ndarray:
        """Return the weights after a rule's change in a step."""
        if self.remedy.decay:
            end = self._start if self.remedy.decay_to == "start" else 0.0
            change = change + self.remedy.decay * (end - w)
        return w + (change * self._learning if self.remedy.plastic_share < 1 else change)

    def after_batch(self, mean_rate: np.ndarray) -> None:
        """Normalise the weights, and move biases against the mean rates, of shape (n,)."""
        net, kind = self._reservoir, self.remedy.normalise
        self._batches += 1
        if kind in ("l2", "subtractive"):
            norm, means = self._norms(net.w), self._means(net.w)
            scale = np.divide(self._norm, norm, out=np.ones_like(norm), where=norm > 0)
            kept = self._sum / self._inputs if kind == "subtractive" else means
            scaled = (net.w - means[net.post]) * scale[net.post] + kept[net.post]
            net.w = np.where(self._learning, scaled, net.w)
        if self._radius is not None and self._batches % _RESCALED == 0:
            radius = net.radius()
            net.w = net.w * (self._radius / radius if radius else 1.0)
        if self.remedy.homeostasis:
            net.bias = net.bias - self.remedy.homeostasis * mean_rate
