r"""Common remedies for unstable plasticity, which limit the weights of a reservoir that learns.

Review: Zenke & Gerstner 2017, doi:10.1098/rstb.2016.0259. Intrinsic plasticity of reservoirs follows Triesch 2005,
doi:10.1007/11550822_11, in its simplest form, which changes only the bias.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from ...checking import require_between, require_choices, require_whole
from .units import RateReservoir

# Number of batches between two rescalings of the spectral radius. A rescaling takes as long as some batches.
_RESCALED = 10


@dataclass(frozen=True)
class Remedy:
    r"""Remedies that are applied in addition to a rule. By default, there are none.

    Raises
    ------
    UserError
        For values out of range.
    """

    normalise: Literal["none", "l2", "subtractive", "spectral"] = "none"
    """normalisation after every batch: l2 keeps the norm of the plastic weights into each unit; subtractive keeps their
    sum and the norm of their deviations from the mean; spectral keeps the spectral radius, every 10 batches"""
    decay: float = 0.0
    """relative decay of a weight towards ``decay_to`` in each learning step"""
    decay_to: Literal["start", "zero"] = "start"
    """target of the decay: the weight before learning, or 0"""
    homeostasis: float = 0.0
    """factor of homeostasis: after every batch, each bias changes by minus this factor times the unit's mean rate"""
    learn_every: int = 1
    """weights learn only in every k-th step of an image, where k is this number"""
    plastic_share: float = 1.0
    """share of plastic synapses, drawn once"""

    def __post_init__(self):
        require_choices(self)
        require_between(self, "decay", 0, 1)
        require_between(self, "plastic_share", 0, 1)
        require_between(self, "homeostasis", 0)
        require_whole("learn_every", self.learn_every, 1, 1_000_000)


class Treatment:
    """A remedy that is applied to a reservoir. It must be created before the reservoir learns."""

    def __init__(self, remedy: Remedy, reservoir: RateReservoir, rng: np.random.Generator):
        self.remedy, self._reservoir = remedy, reservoir
        self._start = reservoir.w.copy()
        few = remedy.plastic_share < 1
        self._learning = (
            (rng.random(len(self._start)) < remedy.plastic_share) if few else np.ones(len(self._start), bool)
        )
        self._inputs = np.maximum(self._into(np.ones_like(self._start)), 1)
        self._sum, self._norm = self._into(self._start), self._norms(self._start)
        # The radius that "spectral" keeps is None for other remedies.
        self._radius = reservoir.radius() if remedy.normalise == "spectral" else None
        self._batches = 0

    def _into(self, values: np.ndarray) -> np.ndarray:
        """Return the sum over the plastic synapses into each unit."""
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
        """Normalise the weights, and change biases against the mean rates, shape (n,)."""
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
