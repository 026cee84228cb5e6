r"""Memories of binary sequences older than STDP: asymmetric Hebb weights, and a static Boltzmann machine on windows.

Both learn one period of a periodic sequence x(t) of zeros and ones, shape (steps, n).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...equality import EqualArrays

# Up to this number of neurons, all columns are compared (2^20 columns).
ENUMERATED = 20


def windows(sequence: np.ndarray, lags: int) -> np.ndarray:
    """Return each step of a periodic sequence with the ``lags`` steps before it, oldest first: (steps, lags + 1, n)."""
    at = np.arange(len(sequence))[:, None] + np.arange(-lags, 1)
    return np.asarray(sequence, float)[at % len(sequence)]


@dataclass(frozen=True, eq=False)
class SequenceHopfield(EqualArrays):
    r"""A Hopfield network whose weights lead from each state to the next: delayed Hebbian learning in one pass.

    With :math:`s = 2x - 1`, for lags :math:`\tau` from 1 to m, which all have equal weight,

    .. math::
        W_\tau = \frac{1}{T} \sum_t s(t) s(t - \tau)^\top, \quad
        x_j(t) = 1 \text{ if } \Bigl[\sum_\tau W_\tau s(t - \tau)\Bigr]_j > 0 \text{, else } 0

    References: Amari 1972, doi:10.1109/T-C.1972.223477, and Hopfield 1982, doi:10.1073/pnas.79.8.2554, for one lag;
    Sompolinsky & Kanter 1986, doi:10.1103/PhysRevLett.57.2861, and Kleinfeld 1986, doi:10.1073/pnas.83.24.9469, for
    weights of longer delays.
    """

    weights: np.ndarray
    """(lags, n, n) [lag, post, pre], the longest lag first"""

    @classmethod
    def learn(cls, sequence: np.ndarray, lags: int = 1) -> SequenceHopfield:
        """Return the network that has learned one period, shape (steps, n)."""
        signs = 2 * windows(sequence, lags) - 1
        return cls(np.einsum("tj,tli->lji", signs[:, -1], signs[:, :-1]) / len(signs))

    @property
    def lags(self) -> int:
        """Number of past steps that determine the next step."""
        return len(self.weights)

    @property
    def parameters(self) -> int:
        """Number of weights."""
        return self.weights.size

    def next(self, before: np.ndarray) -> np.ndarray:
        """Return the step that follows the steps ``before``, shape (lags, n), oldest first."""
        drive = np.einsum("lji,li->j", self.weights, 2.0 * before - 1)
        # The terms are integers divided by T, so a sum of 0 must not depend on rounding.
        return (drive > 1e-9).astype(np.uint8)


@dataclass(frozen=True, eq=False)
class WindowBoltzmann(EqualArrays):
    r"""A Boltzmann machine over m + 1 successive columns of a sequence, all visible. It has no notion of time.

    For all (m + 1) n units y of a window, with symmetric weights and no self-connections,

    .. math:: P(y) \propto e^{b \cdot y + y^\top W y/2}

    In recall, m columns are clamped to the past, and the next step is the most probable last column. With up to 20
    neurons, all columns are compared. With more, each neuron in turn takes its more probable value until none changes.
    This search starts from silence, from all neurons on, from each neuron alone and from the past columns, and the best
    result counts. Recall is deterministic.

    Reference: Ackley, Hinton & Sejnowski 1985, doi:10.1207/s15516709cog0901_7.
    """

    weights: np.ndarray
    """((lags + 1) n, (lags + 1) n), symmetric, the oldest column first"""
    bias: np.ndarray
    """((lags + 1) n,)"""
    n: int
    """number of neurons, which are the units of a column"""
    passes: int = 0
    """number of passes through all windows during learning"""

    @classmethod
    def learn(cls, sequence: np.ndarray, lags: int, penalty: float = 1e-2) -> WindowBoltzmann:
        r"""Return the machine with the highest log pseudolikelihood of all windows of one period, shape (steps, n).

        The objective minus :math:`\lambda \sum_{i<j} w_{ij}^2/2`, with ``penalty`` :math:`\lambda`, is concave, so
        L-BFGS finds the same machine from any start.

        References: Besag 1975, doi:10.2307/2987782; Hyvärinen 2006, doi:10.1162/neco.2006.18.10.2283.
        """
        from scipy.optimize import minimize

        rows = windows(sequence, lags).reshape(len(sequence), -1)
        size = rows.shape[1]
        start = np.zeros(size + size * (size - 1) // 2)
        found = minimize(pseudolikelihood, start, (rows, penalty), "L-BFGS-B", jac=True, options={"maxiter": 2000})
        return cls(symmetric(found.x[size:], size), found.x[:size], np.shape(sequence)[1], int(found.nfev))

    @property
    def lags(self) -> int:
        """Number of past steps that determine the next step."""
        return len(self.bias) // self.n - 1

    @property
    def parameters(self) -> int:
        """Number of weights, each counted once, and biases."""
        return len(self.bias) * (len(self.bias) + 1) // 2

    def next(self, before: np.ndarray) -> np.ndarray:
        """Return the most probable step after the steps ``before``, shape (lags, n), oldest first."""
        drive = self._drive(before)
        if self.n > ENUMERATED:
            return self._climbed(drive, before)
        return ((int(np.argmax(self._goodness(drive))) >> np.arange(self.n)) & 1).astype(np.uint8)

    def surprise(self, sequence: np.ndarray, before: np.ndarray) -> np.ndarray:
        """Return the negative log likelihood (nats) of each step, given the steps before it, shape (steps,).

        Raises
        ------
        ValueError
            For more than 20 neurons, whose columns are too many to sum over.
        """
        if self.n > ENUMERATED:
            raise ValueError(f"n: expected at most {ENUMERATED} neurons to sum over all columns, got {self.n}")
        nats = []
        for past, x in _each(sequence, before, self.lags):
            goodness = self._goodness(self._drive(past))
            best = goodness.max()
            index = int(x.astype(np.int64) @ (1 << np.arange(self.n)))
            nats.append(best + np.log(np.exp(goodness - best).sum()) - goodness[index])
        return np.array(nats)

    def _drive(self, before: np.ndarray) -> np.ndarray:
        """Return the input of the clamped columns and the biases to the last column, shape (n,)."""
        return self.bias[-self.n :] + self.weights[-self.n :, : -self.n] @ np.ravel(before).astype(float)

    def _goodness(self, drive: np.ndarray) -> np.ndarray:
        """Return the log probability, up to a constant, of every last column. Bit i of an index is neuron i."""
        within = self.weights[-self.n :, -self.n :]
        goodness = np.zeros(1)
        # Each neuron doubles the number of columns: first the columns with the neuron off, then with it on.
        for i in range(self.n):
            others = np.zeros(1)
            for j in range(i):
                others = np.concatenate([others, others + within[i, j]])
            goodness = np.concatenate([goodness, goodness + drive[i] + others])
        return goodness

    def _climbed(self, drive: np.ndarray, before: np.ndarray) -> np.ndarray:
        """Return the best column that iterated conditional modes find (Besag 1986)."""
        within = self.weights[-self.n :, -self.n :]
        found = []
        for start in (np.zeros(self.n), np.ones(self.n), *np.eye(self.n), *np.asarray(before, float)):
            x, last = start.copy(), None
            # Each change makes the column more probable, so the loop ends.
            while last is None or (x != last).any():
                last = x.copy()
                for i in range(self.n):
                    x[i] = drive[i] + within[i] @ x > 0
            found.append((drive @ x + x @ within @ x / 2, x))
        return max(found, key=lambda pair: pair[0])[1].astype(np.uint8)


def symmetric(upper: np.ndarray, size: int) -> np.ndarray:
    """Return the symmetric matrix with these values above the diagonal and zeros on the diagonal."""
    matrix = np.zeros((size, size))
    matrix[np.triu_indices(size, 1)] = upper
    return matrix + matrix.T


def pseudolikelihood(parameters: np.ndarray, rows: np.ndarray, penalty: float) -> tuple[float, np.ndarray]:
    r"""Return the negative log pseudolikelihood of rows of units (nats) with its penalty, and its gradient.

    .. math:: -\sum_{y} \sum_i \log P(y_i | y_{j \ne i}) + \frac{\lambda}{2} \sum_{i<j} w_{ij}^2

    ``parameters`` holds the biases and then the weights above the diagonal.
    """
    size = rows.shape[1]
    bias, upper = parameters[:size], parameters[size:]
    drive = rows @ symmetric(upper, size) + bias
    value = np.logaddexp(0, np.where(rows > 0, -drive, drive)).sum() + penalty / 2 * upper @ upper
    error = 1 / (1 + np.exp(-np.clip(drive, -700, 700))) - rows
    slope = rows.T @ error
    # A weight contributes to the input of both of its units.
    slope = (slope + slope.T)[np.triu_indices(size, 1)] + penalty * upper
    return float(value), np.concatenate([error.sum(0), slope])


def _each(sequence: np.ndarray, before: np.ndarray, lags: int):
    """Yield pairs of the past of a step, shape (lags, n), and the step."""
    if len(before) < lags:
        raise ValueError(f"before: expected at least {lags} steps, got {len(before)}")
    whole = np.concatenate([before[len(before) - lags :], sequence])
    return ((whole[t : t + lags], whole[t + lags]) for t in range(len(sequence)))


def predict(memory: SequenceHopfield | WindowBoltzmann, sequence: np.ndarray, before: np.ndarray) -> np.ndarray:
    """Return a memory's prediction of each step of a sequence that is shown after ``before``, shape (steps, n)."""
    return np.stack([memory.next(past) for past, _ in _each(sequence, before, memory.lags)])


def recall(memory: SequenceHopfield | WindowBoltzmann, steps: int, cue: np.ndarray) -> np.ndarray:
    """Return the steps that a memory generates after a cue of at least its lags, shape (steps, n)."""
    if len(cue) < memory.lags:
        raise ValueError(f"cue: expected at least {memory.lags} steps, got {len(cue)}")
    found = list(np.asarray(cue, np.uint8))
    for _ in range(steps):
        found.append(memory.next(np.stack(found[len(found) - memory.lags :])))
    return np.stack(found[len(cue) :])
