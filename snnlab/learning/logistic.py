r"""Logistic regression on the past: a baseline for models of binary sequences.

.. math:: P(x_j(t) = 1) = 1/(1 + e^{-(w_j \cdot h(t) + c_j)})

with h(t) the steps t-1 to t-m of all neurons, fitted by maximum likelihood with a penalty :math:`\lambda |w_j|^2/2`.
"""

from __future__ import annotations

import numpy as np


def past(sequence: np.ndarray, before: np.ndarray, lags: int) -> np.ndarray:
    """Return the ``lags`` steps before each step of a sequence (steps, n) that follows ``before``: (steps, lags n)."""
    whole = np.concatenate([before, sequence]).astype(float)
    start = len(before)
    if start < lags:
        raise ValueError(f"before: expected at least {lags} steps, got {start}")
    return np.hstack([whole[start - lag : len(whole) - lag] for lag in range(1, lags + 1)])


class Logistic:
    """Logistic regression of each of n neurons on the same features; ``penalty`` is lambda."""

    def __init__(self, features: np.ndarray, targets: np.ndarray, penalty: float = 1e-2):
        from scipy.optimize import minimize

        rows = np.hstack([features, np.ones((len(features), 1))])
        weights = []
        for wanted in np.asarray(targets, float).T:

            def cost(w, wanted=wanted):
                drive = rows @ w
                slope = rows.T @ (1 / (1 + np.exp(-drive)) - wanted)
                slope[:-1] += penalty * w[:-1]
                value = np.logaddexp(0, drive).sum() - wanted @ drive + penalty / 2 * w[:-1] @ w[:-1]
                return value, slope

            weights.append(minimize(cost, np.zeros(rows.shape[1]), jac=True, method="L-BFGS-B").x)
        self.weights = np.stack(weights, 1)

    def surprise(self, features: np.ndarray, sequence: np.ndarray) -> np.ndarray:
        """Return the negative log likelihood (nats) of each neuron at each step, shape (steps, n)."""
        drive = features @ self.weights[:-1] + self.weights[-1]
        return np.logaddexp(0, np.where(sequence, -drive, drive))
