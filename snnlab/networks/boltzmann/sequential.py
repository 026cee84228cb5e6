"""Neurons of a dynamic Boltzmann machine that learn one after the other, as in the authors' program jdybm.

In equations, all neurons learn at once from the parameters of the step before. The program goes through the neurons
within a step. Each neuron's energy has what the neurons before it have learned in this step, because both neurons of a
pair change the same v. A second difference has no place in equations, either: if the square of a gradient underflows to
0, and so did all squares before it, the program adds the learning rate whatever the sign of the gradient. It does so
for the bias, for u, and for v in its part of the postsynaptic neuron.

Reference: github.com/ibm-research-tokyo/dybm, folder src/jdybm, with which Osogami & Otsuka 2015 made their results.
"""

from __future__ import annotations

import numpy as np

from .machine import Machine, Traces
from .runtime import RuntimeTrainer
from .state import state_names


class SequentialNetwork:
    """A machine as arrays, with :meth:`view` as in :class:`snnlab.networks.boltzmann.network.BoltzmannNetwork`."""

    def __init__(self, machine: Machine):
        self.names = state_names(machine)
        self._machine, n = machine, machine.n
        shown = {name: np.zeros(n) for name in ("x", "target")} | {"learning": np.zeros(()), "recalling": np.zeros(())}
        self._arrays = shown | {name: np.zeros(n) for name in self.names["neurons"]}
        self._arrays |= {name: np.zeros(n * n) for name in self.names["synapses"]}
        # Without AdaGrad, sums are not part of the state and stay 0.
        pairs, squares = {"u": machine.rule.lam, "v": machine.rule.mu}, {"bias_squares": np.zeros(n)}
        for name, rates in pairs.items():
            squares |= {f"{name}_squares_{m}": np.zeros(n * n) for m in range(1, len(rates) + 1)}
        self._arrays = squares | self._arrays
        self._arrays["history"] = np.zeros(n, np.int32)

    def view(self, name: str) -> np.ndarray:
        """Return the array of a variable. Synapses have the order [pre, post]."""
        return self._arrays[name]

    def step(self) -> None:
        """Make one step: energy, state and learning of each neuron in turn, then the new traces."""
        machine, n = self._machine, self._machine.n
        history = self.view("history").astype(np.int64)
        alpha, gamma = self._stacked("alpha", (n, n)), self._stacked("gamma", (n,))
        traces = Traces(history, alpha, gamma)
        arrived, under_way = machine.arrived(traces), machine.under_way(traces)
        u, v = self._stacked("u", (n, n)), self._stacked("v", (n, n))
        u_sums, v_sums = (self._stacked(f"{name}_squares", (n, n)) for name in ("u", "v"))
        bias, x = self.view("bias"), self.view("x")
        for j in range(n):
            energy = -bias[j] - (u[:, j] * arrived[:, j]).sum() + (v[:, j] * under_way[:, j]).sum()
            energy += (v[:, j] @ gamma[j]).sum()
            x[j] = energy < 0 if self.view("recalling") else self.view("target")[j]
            if not self.view("learning"):
                continue
            tau = machine.rule.temperature
            surprise = (x[j] - _probability(energy / tau)) / tau
            here = slice(j, j + 1)
            self._climb(bias[here], self.view("bias_squares")[here], np.array([surprise]))
            self._climb(u[:, j], u_sums[:, j], arrived[:, j] * surprise)
            self._climb(v[:, j], v_sums[:, j], -under_way[:, j] * surprise)
            self._climb(v[j], v_sums[j], -gamma * surprise, post=False)
        for name, values in {"u": u, "v": v, "u_squares": u_sums, "v_squares": v_sums, "alpha": arrived}.items():
            self._store(name, values)
        after = machine.after(traces, x.astype(np.int64))
        self._store("gamma", after.gamma)
        self.view("history")[:] = after.history

    def _climb(self, values: np.ndarray, squares: np.ndarray, gradient: np.ndarray, post: bool = True) -> None:
        """Change parameters along their gradient, in place."""
        rule = self._machine.rule
        if rule.optimizer == "sgd":
            values += rule.rate * gradient
            return
        squares += gradient**2
        some = squares > 0
        values[some] += rule.rate * gradient[some] / np.sqrt(squares[some])
        if post:
            values[~some & (gradient != 0)] += rule.rate

    def _stacked(self, name: str, shape: tuple[int, ...]) -> np.ndarray:
        """Return a copy of a variable of all decay rates, with the rates in the last axis."""
        count = len(self._machine.rule.lam if name[0] in "ua" else self._machine.rule.mu)
        return np.stack([self.view(f"{name}_{m}").reshape(shape) for m in range(1, count + 1)], -1)

    def _store(self, name: str, values: np.ndarray) -> None:
        for m in range(values.shape[-1]):
            self.view(f"{name}_{m + 1}")[:] = values[..., m].ravel()


def _probability(energy: float) -> float:
    """Return the probability of being on. Probabilities below 1e-308 are not 0, because their squares decide a step."""
    return float(np.exp(-energy) / (1 + np.exp(-energy)) if energy > 0 else 1 / (1 + np.exp(energy)))


class SequentialTrainer(RuntimeTrainer):
    """A trainer like :class:`RuntimeTrainer` whose neurons learn one after the other. It does not use Brian2."""

    def _network(self, machine: Machine) -> SequentialNetwork:
        return SequentialNetwork(machine)

    def _run(self) -> None:
        done = False
        while not done:
            self._net.step()
            done = self._step(0)
