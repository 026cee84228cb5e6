"""A dynamic Boltzmann machine: its parameters, its traces, and recall. rule.py defines the model.

Here the machine reads and recalls step by step in numpy, which is fast enough for hundreds of steps. fit.py trains it.

Reference: Osogami & Otsuka 2015, doi:10.1038/srep14149.
"""

from __future__ import annotations

from collections.abc import Sized
from dataclasses import dataclass, field, replace
from statistics import mode
from typing import Self

import numpy as np

from ...checking import checked_numbers, checked_rng, checked_size, require_whole
from ...equality import EqualArrays
from ...errors import UserError, unknown
from .arguments import (
    checked_delays,
    checked_rule,
    checked_sequence,
    checked_step,
)
from .rule import LONGEST_HISTORY, DybmRule

TERMS = ("bias", "spikes that have arrived", "spikes under way", "spikes of the neuron itself")
PARAMETERS = ("bias", "u", "v")
LONGEST_DELAY = 9
INITIAL_SIZE = 0.1


@dataclass(frozen=True, repr=False, eq=False)
class Traces(EqualArrays):
    """The memory of a machine after a step."""

    history: np.ndarray
    """(n,), past steps as bits; the newest step is the lowest bit"""
    alpha: np.ndarray
    """(n, n, K) [pre, post, k], traces of spikes that arrived before this step, without decay since then"""
    gamma: np.ndarray
    """(n, L), traces of each neuron's own spikes"""

    def __repr__(self) -> str:
        return f"Traces({len(self.history)} neurons, K = {self.alpha.shape[-1]}, L = {self.gamma.shape[-1]})"


@dataclass(frozen=True, repr=False, eq=False)
class Machine(EqualArrays):
    """Parameters of a machine of n neurons.

    Raises
    ------
    UserError
        If shapes do not fit, numbers are not finite, or delays are not integers from 1 to 29.
    """

    delays: np.ndarray
    """(n, n) [pre, post], delays in steps"""
    bias: np.ndarray
    """(n,)"""
    u: np.ndarray
    """(n, n, K), weights of long-term potentiation"""
    v: np.ndarray
    """(n, n, L), weights of long-term depression"""
    rule: DybmRule = field(default_factory=DybmRule)

    def __post_init__(self):
        checked_rule(self.rule)
        # The error names the array whose length differs from the others.
        n = mode(_length(given) for given in (self.delays, self.bias, self.u, self.v))
        object.__setattr__(self, "delays", checked_delays(self.delays, n or None))
        n = len(self.delays)
        for name, shape in zip(PARAMETERS, ((n,), (n, n, len(self.rule.lam)), (n, n, len(self.rule.mu))), strict=True):
            object.__setattr__(self, name, checked_numbers(name, getattr(self, name), shape))

    def __repr__(self) -> str:
        traces = f"K = {len(self.rule.lam)}, L = {len(self.rule.mu)}"
        return f"{type(self).__name__}({self.n} neurons, delays {self.delays.min()} to {self.delays.max()}, {traces})"

    @classmethod
    def random(
        cls,
        n: int,
        rng: np.random.Generator | int,
        rule: DybmRule | None = None,
        delays: np.ndarray | int = LONGEST_DELAY,
        size: float = INITIAL_SIZE,
    ) -> Self:
        """Return an untrained machine with normal parameters of standard deviation ``size``.

        With an integer ``delays``, delays are uniform from 1 to this number. An array has the shape (n, n) [pre, post].
        ``rng`` is a random generator or a seed.
        """
        rng, rule = checked_rng(rng), checked_rule(DybmRule() if rule is None else rule)
        require_whole("n", n, 1, 10**5)
        size = checked_size("size", size)
        if _length(delays):
            delays = checked_delays(delays, n)
        else:
            delays = rng.integers(1, int(checked_delays([[delays]])[0, 0]) + 1, (n, n))
        bias, u, v = (rng.normal(0, size, (n, *shape)) for shape in ((), (n, len(rule.lam)), (n, len(rule.mu))))
        return cls(delays, bias, u, v, rule)

    @property
    def n(self) -> int:
        """Number of neurons."""
        return len(self.bias)

    def silence(self) -> Traces:
        """Return the traces of a machine that has never fired."""
        return Traces(np.zeros(self.n, np.int64), np.zeros_like(self.u), np.zeros((self.n, len(self.rule.mu))))

    def own(self, traces: Traces | None) -> Traces:
        """Return these traces, or the traces of silence for None; raises UserError if they do not fit this machine."""
        if traces is None:
            return self.silence()
        if not isinstance(traces, Traces):
            raise UserError(f"traces: expected Traces, such as Fit.traces, got {traces!r}")
        shapes = {"history": self.bias.shape, "alpha": self.u.shape, "gamma": (self.n, len(self.rule.mu))}
        for name, shape in shapes.items():
            if np.shape(getattr(traces, name)) != shape:
                found = np.shape(getattr(traces, name))
                raise UserError(f"traces: expected {name} of shape {shape}, got shape {found}")
        return traces

    def arrived(self, traces: Traces) -> np.ndarray:
        """Return alpha in the next step, shape (n, n, K)."""
        spikes = self.rule.arrived(traces.history[:, None], self.delays)
        return np.array(self.rule.lam) * (traces.alpha + spikes[..., None])

    def under_way(self, traces: Traces) -> np.ndarray:
        """Return beta in the next step, shape (n, n, L)."""
        history = traces.history[:, None]
        return np.stack([self.rule.under_way(history, self.delays, m) for m in range(1, self.v.shape[2] + 1)], 2)

    def terms(self, traces: Traces) -> np.ndarray:
        """Return the four terms of the energy of a spike in the next step, shape (4, n), with the names in TERMS."""
        own = "jil,il->j" if self.rule.variant == "paper" else "ijl,jl->j"
        return np.stack(
            [
                -self.bias,
                -np.einsum("ijk,ijk->j", self.u, self.arrived(traces)),
                np.einsum("ijl,ijl->j", self.v, self.under_way(traces)),
                np.einsum(own, self.v, traces.gamma),
            ]
        )

    def after(self, traces: Traces, x: np.ndarray) -> Traces:
        """Return the traces after a step with the neurons' states x, shape (n,)."""
        x = checked_step(x, self.n)
        gamma = np.array(self.rule.mu) * (traces.gamma + x[:, None])
        return Traces((2 * traces.history + x) % 2**LONGEST_HISTORY, self.arrived(traces), gamma)

    def read(self, sequence: np.ndarray, traces: Traces | None = None) -> tuple[np.ndarray, Traces]:
        """Show a sequence without learning.

        Returns the negative log likelihood of each neuron's state at each step (nats), shape (steps, n), and the traces
        afterwards. Without ``traces``, the machine starts from silence.
        """
        sequence, traces = checked_sequence(sequence, self.n), self.own(traces)
        surprise = np.empty(sequence.shape)
        for step, x in enumerate(sequence):
            energy = self.terms(traces).sum(0) / self.rule.temperature
            # -log P(x) = log(1 + exp(+-E/tau)).
            surprise[step] = np.logaddexp(0, np.where(x, energy, -energy))
            traces = self.after(traces, x)
        return surprise, traces

    def nll(self, sequence: np.ndarray, traces: Traces | None = None) -> np.ndarray:
        """Return the negative log likelihood (nats) of each step of a sequence, given the steps before, shape (steps,).

        Without ``traces``, for example Fit.traces, the sequence follows silence.
        """
        return self.read(sequence, traces)[0].sum(1)

    def generate(
        self,
        steps: int,
        traces: Traces | None = None,
        cue: np.ndarray | None = None,
        temperature: float = 0.0,
        rng: np.random.Generator | int | None = None,
    ) -> np.ndarray:
        """Return the spikes that the machine generates by itself, shape (steps, n), after a cue if there is one.

        Without ``traces``, for example Fit.traces, the machine starts from silence. At temperature 0, a neuron fires if
        its energy is below 0. At a temperature > 0, it fires with its probability, drawn from ``rng``, a generator or a
        seed.
        """
        require_whole("steps", steps, 0, 10**9)
        temperature, traces = checked_size("temperature", temperature), self.own(traces)
        generator = checked_rng(rng) if temperature else None
        if cue is not None:
            _, traces = self.read(cue, traces)
        found = np.empty((steps, self.n), np.uint8)
        for step in range(steps):
            energy = self.terms(traces).sum(0)
            if generator is not None:
                chance = 1 / (1 + np.exp(np.clip(energy / temperature, -700, 700)))
                found[step] = generator.random(self.n) < chance
            else:
                found[step] = energy < 0
            traces = self.after(traces, found[step])
        return found

    def with_parameters(self, **arrays: np.ndarray) -> Self:
        """Return the machine with other ``bias``, ``u`` or ``v``; raises UserError for other names."""
        for name in arrays:
            if name not in PARAMETERS:
                raise unknown("with_parameters", name, list(PARAMETERS))
        bias, u, v = (arrays.get(name, getattr(self, name)) for name in PARAMETERS)
        return replace(self, bias=bias, u=u, v=v)


def _length(given: object) -> int:
    return len(given) if np.iterable(given) and isinstance(given, Sized) else 0
