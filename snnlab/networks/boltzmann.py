"""A dynamic Boltzmann machine: its parameters, what it remembers, and recall; the model is that of plasticity/dybm.py.

Here it is read and recalled step by step in numpy, for hundreds of steps; boltzmann_training.py trains it in Brian2.

Reference: Osogami & Otsuka 2015, doi:10.1038/srep14149.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from ..errors import UserError, require_whole
from ..plasticity.dybm import LONGEST, DybmRule

if TYPE_CHECKING:
    from .boltzmann_fit import Fit

TERMS = ("bias", "spikes that have arrived", "spikes under way", "spikes of the neuron itself")
LONGEST_DELAY = 9
INITIAL_SIZE = 0.1


@dataclass(frozen=True)
class Traces:
    """What a machine remembers after a step."""

    history: np.ndarray
    """(n,), past steps as bits, the newest the lowest"""
    alpha: np.ndarray
    """(n, n, K) [pre, post, k]: spikes that had arrived before that step, without decay since"""
    gamma: np.ndarray
    """(n, L)"""


@dataclass(frozen=True)
class Boltzmann:
    """Parameters of a machine of n neurons.

    Raises
    ------
    UserError
        If shapes do not fit, or delays are not whole numbers from 1 to 29.
    """

    delays: np.ndarray
    """(n, n) [pre, post], in steps"""
    bias: np.ndarray
    """(n,)"""
    u: np.ndarray
    """(n, n, K), weights of long-term potentiation"""
    v: np.ndarray
    """(n, n, L), weights of long-term depression"""
    rule: DybmRule = field(default_factory=DybmRule)

    def __post_init__(self):
        object.__setattr__(self, "delays", checked_delays(self.delays))
        n = len(self.delays)
        shapes = {"bias": (n,), "u": (n, n, len(self.rule.lam)), "v": (n, n, len(self.rule.mu))}
        for name, shape in shapes.items():
            values = np.asarray(getattr(self, name), float)
            if values.shape != shape or not np.isfinite(values).all():
                raise UserError(f"{name}: expected finite numbers of shape {shape}, got shape {values.shape}")
            object.__setattr__(self, name, values)

    @classmethod
    def random(
        cls,
        n: int,
        rng: np.random.Generator,
        rule: DybmRule | None = None,
        delays: np.ndarray | int = LONGEST_DELAY,
        size: float = INITIAL_SIZE,
    ) -> Boltzmann:
        """Return an untrained machine: parameters normal with standard deviation ``size``.

        ``delays`` are uniform from 1 to a whole number, or given, shape (n, n).
        """
        rule = rule or DybmRule()
        require_whole("n", n, 1, 10**5)
        if not 0 <= size < float("inf"):
            raise UserError(f"size: expected a number >= 0, got {size}")
        if np.ndim(delays) == 0:
            delays = rng.integers(1, int(checked_delays(np.full((1, 1), delays))[0, 0]) + 1, (n, n))
        bias, u, v = (rng.normal(0, size, (n, *shape)) for shape in ((), (n, len(rule.lam)), (n, len(rule.mu))))
        return cls(delays, bias, u, v, rule)

    @property
    def n(self) -> int:
        """Number of neurons."""
        return len(self.bias)

    def silence(self) -> Traces:
        """Return the traces of a machine that has never fired."""
        return Traces(np.zeros(self.n, np.int64), np.zeros_like(self.u), np.zeros((self.n, len(self.rule.mu))))

    def arrived(self, traces: Traces) -> np.ndarray:
        """Return alpha in the next step, shape (n, n, K)."""
        spikes = self.rule.arrived(traces.history[:, None], self.delays)
        return np.array(self.rule.lam) * (traces.alpha + spikes[..., None])

    def under_way(self, traces: Traces) -> np.ndarray:
        """Return beta in the next step, shape (n, n, L)."""
        history = traces.history[:, None]
        return np.stack([self.rule.under_way(history, self.delays, m) for m in range(1, self.v.shape[2] + 1)], 2)

    def terms(self, traces: Traces) -> np.ndarray:
        """Return the four terms of the energy of being on in the next step, shape (4, n), named by TERMS."""
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
        """Return the traces after a step in which neurons were x, shape (n,)."""
        gamma = np.array(self.rule.mu) * (traces.gamma + np.asarray(x, float)[:, None])
        return Traces((2 * traces.history + np.asarray(x, np.int64)) % 2**LONGEST, self.arrived(traces), gamma)

    def read(self, sequence: np.ndarray, traces: Traces | None = None) -> tuple[np.ndarray, Traces]:
        """Show a sequence without learning.

        Returns the negative log likelihood of what each neuron was at each step (nats), shape (steps, n), and the
        traces afterwards.
        """
        sequence, traces = checked_sequence(sequence, self.n), traces or self.silence()
        surprise = np.empty(sequence.shape)
        for step, x in enumerate(sequence):
            energy = self.terms(traces).sum(0) / self.rule.temperature
            # -log P(x) = log(1 + exp(+-E/tau)).
            surprise[step] = np.logaddexp(0, np.where(x, energy, -energy))
            traces = self.after(traces, x)
        return surprise, traces

    def nll(self, sequence: np.ndarray, traces: Traces | None = None) -> np.ndarray:
        """Return the negative log likelihood of a sequence (nats), shape (steps,): of each step, given those before."""
        return self.read(sequence, traces)[0].sum(1)

    def fit(
        self,
        sequences: np.ndarray | Sequence[np.ndarray],
        periods: int,
        cue: int = 0,
        testing: bool = True,
        target: str = "auto",
        progress: bool = False,
    ) -> Fit:
        """Train a copy until it recalls what it is shown, or for so many periods, as a C++ program or in numpy.

        Parameters
        ----------
        sequences : array, shape (steps, n), or several of them
            With several, they take turns: see boltzmann_training.py.
        periods : int
            Passes through a sequence at most.
        cue : int
            Steps that are shown before a test; 0: a test goes on from where training stands.
        testing : bool
            Test after every period, and stop when all is learned.
        target : str
            "auto", "cpp_standalone" or "numpy".
        progress : bool
            Show a progress bar.

        Returns
        -------
        Fit
            ``machine`` and its ``traces`` after training, ``block_periods`` and ``periods``.

        Raises
        ------
        UserError
            For sequences that are not binary or of another size, and other settings that cannot be.
        """
        # Training needs Brian2, whose equations are of a machine.
        from .boltzmann_fit import fit

        return fit(self, sequences, periods, cue, testing, target, progress)

    def generate(
        self,
        steps: int,
        traces: Traces | None = None,
        cue: np.ndarray | None = None,
        temperature: float = 0.0,
        rng: np.random.Generator | None = None,
    ) -> np.ndarray:
        """Return what the machine does on its own, shape (steps, n), after a cue if there is one.

        At temperature 0 a neuron is on if its energy is below 0; above it, at random with its probability.
        """
        require_whole("steps", steps, 0, 10**9)
        if not 0 <= temperature < float("inf"):
            raise UserError(f"temperature: expected a number >= 0, got {temperature}")
        if temperature and rng is None:
            raise UserError("rng: expected a random generator for a temperature above 0")
        traces = traces or self.silence()
        if cue is not None:
            _, traces = self.read(cue, traces)
        found = np.empty((steps, self.n), np.uint8)
        for step in range(steps):
            energy = self.terms(traces).sum(0)
            if temperature:
                chance = 1 / (1 + np.exp(np.clip(energy / temperature, -700, 700)))
                found[step] = rng.random(self.n) < chance
            else:
                found[step] = energy < 0
            traces = self.after(traces, found[step])
        return found

    def with_parameters(self, **arrays: np.ndarray) -> Boltzmann:
        """Return the machine with other ``bias``, ``u`` or ``v``."""
        return replace(self, **arrays)


def checked_delays(delays: np.ndarray) -> np.ndarray:
    """Return delays as whole numbers, shape (n, n); raises UserError unless all are from 1 to 29."""
    try:
        values = np.asarray(delays, float)
    except (TypeError, ValueError):
        raise UserError(f"delays: expected whole numbers of steps, got {delays!r}") from None
    if values.ndim != 2 or values.shape[0] != values.shape[1] or not values.size:
        raise UserError(f"delays: expected a whole number of steps for each pair, shape (n, n), got {values.shape}")
    wrong = values[~((values >= 1) & (values < LONGEST) & (values == np.round(values)))]
    if len(wrong):
        raise UserError(f"delays: expected whole numbers of steps from 1 to {LONGEST - 1}, got {wrong[0]:g}")
    return values.astype(np.int64)


def checked_sequence(sequence: Sequence | np.ndarray, n: int | None = None) -> np.ndarray:
    """Return a binary sequence, shape (steps, neurons); raises UserError for anything else."""
    try:
        values = np.asarray(sequence)
        binary = values.ndim == 2 and values.size > 0 and np.isin(values, (0, 1)).all()
    except ValueError:
        values, binary = np.zeros(0), False
    if not binary:
        raise UserError(f"sequence: expected zeros and ones of shape (steps, neurons), got shape {values.shape}")
    if n is not None and values.shape[1] != n:
        raise UserError(f"sequence: expected {n} neurons, got {values.shape[1]}")
    return values.astype(np.uint8)
