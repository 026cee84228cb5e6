"""Reservoirs of rate units and of spiking neurons with one interface, for sequences of patterns."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np

from ...engine.brian import Engine
from ...stimuli.pictures.patterns import held
from ..liquid import Show, calibrate_input, calibrate_rule, random_liquid, show_images
from ..reservoir import Plasticity, calibrate, random_reservoir
from .config import PatternConfig, find_pattern_rule

# The spiking reservoir is the liquid of liquid_mnist. A step of a sequence lasts 5 ms, and 60 ms of silence follow.
RATE, GAIN, BIAS, ROW, GAP = 20.0, 10.0, -10.0, 5e-3, 60e-3


class PatternReservoir(Protocol):
    """A network that is shown sequences of shape (count, frames, inputs)."""

    pre: np.ndarray
    post: np.ndarray
    signs: np.ndarray
    """1 or -1 for each neuron, 0 for units with weights of both signs, shape (n,)"""

    @property
    def w(self) -> np.ndarray:
        """Plastic weights, shape (synapses,)."""

    def learn(self) -> None:
        """Show all learned sequences once, and let the weights change."""

    def output(self, sequences: np.ndarray) -> np.ndarray:
        """Return the state at the end of each sequence, shape (count, n)."""


class RatePatterns:
    """A reservoir of rate units. A round is a batch of all sequences, with a weight change after each step."""

    def __init__(self, config: PatternConfig, sequences: np.ndarray, engine: Engine):
        self._net = random_reservoir(
            config.n, config.inputs, engine.rng("network"), config.density, config.radius, config.leak, config.w_in
        )
        self.pre, self.post = self._net.pre, self._net.post
        self.signs = np.zeros(config.n, np.int8)
        self._hold, self._shown = config.hold, held(sequences, config.hold)
        rule = find_pattern_rule(config)
        if rule is not None:
            self._learner = Plasticity(self._net, rule, config.eta, engine.rng("plasticity"))
            self._learner.rule = calibrate(self._learner, [self._shown])

    @property
    def w(self) -> np.ndarray:
        return self._net.w

    def learn(self) -> None:
        self._learner.learn(self._shown)

    def output(self, sequences: np.ndarray) -> np.ndarray:
        shown = held(sequences, self._hold)
        return self._net.rate(self._net.states(shown, [shown.shape[1] - 1])[:, 0])


class SpikingPatterns:
    """A reservoir of integrate-and-fire neurons. A round shows all sequences, and the state is filtered spikes.

    The random walk is not a synaptic rule here: in each round, weights take a normal step of size eta, within bounds.
    """

    def __init__(self, config: PatternConfig, sequences: np.ndarray, engine: Engine):
        self._engine, self._hold, self._eta = engine, config.hold, config.eta
        self._shown = held(sequences, config.hold)
        self._show = Show(self._shown.shape[1], config.inputs, row=ROW, gap=GAP, samples=1)
        liquid = random_liquid(config.n, config.inputs, engine, density=config.density, gain=GAIN, bias=BIAS)
        self._liquid = calibrate_input(liquid, self._show, self._shown, RATE, engine)
        self.pre, self.post, _ = self._liquid.synapses["ee"]
        self.signs = self._liquid.signs
        self._rule, self._rng = find_pattern_rule(config), engine.rng("plasticity")
        if self._rule is not None:
            rule = self._rule.with_parameters(eta=config.eta)
            self._rule = calibrate_rule(rule, self._liquid, self._show, self._shown, engine.seed)

    @property
    def w(self) -> np.ndarray:
        return self._liquid.synapses["ee"][2]

    def learn(self) -> None:
        if self._rule is None:
            w = np.clip(self.w + self._eta * self._rng.standard_normal(len(self.w)), 0, 1)
        else:
            order = self._rng.permutation(len(self._shown))
            *_, w = show_images(self._liquid, self._show, self._shown[order], self._engine, self._rule)
        self._liquid = self._liquid.with_weights(w)

    def output(self, sequences: np.ndarray) -> np.ndarray:
        return show_images(self._liquid, self._show, held(sequences, self._hold), self._engine)[0][:, -1]


KINDS: dict[str, Callable[[PatternConfig, np.ndarray, Engine], PatternReservoir]] = {
    "rate": RatePatterns,
    "spiking": SpikingPatterns,
}
