"""Largest Lyapunov exponents of a reservoir with and without input, from the growth of a small difference."""

from __future__ import annotations

from typing import Literal

import numpy as np
import scipy
import xarray as xr

from .units import RateReservoir

# Number of steps before the measurement, and of measured steps.
SETTLE, MEASURED = 500, 1000


def rebuild_reservoir(
    dataset: xr.Dataset, epoch: int, leak: float, form: Literal["reservoir", "rate"]
) -> RateReservoir:
    """Return the reservoir of a run of :func:`.train.train_epochs` in its state after an epoch."""
    n = dataset.sizes["unit"]
    weights = dataset.weights.sel(epoch=epoch).values.astype(float)
    matrix = scipy.sparse.csr_array((weights, (dataset.post.values, dataset.pre.values)), shape=(n, n))
    return RateReservoir(matrix, dataset.w_in.values, leak, form, dataset.bias.values)


def measure_exponents(
    reservoir: RateReservoir, drive: np.ndarray, state: np.ndarray, rng: np.random.Generator, settle: int = SETTLE
) -> tuple[np.ndarray, np.ndarray]:
    r"""Return the largest Lyapunov exponent (1/step) of each of several runs, and the size of the last step.

    A small difference d evolves with the derivative of the step, in the reservoir form

    .. math:: d \leftarrow (1 - a) d + a W (1 - \tanh^2 h) d, \quad
        \lambda = \langle \ln |d(t + 1)| / |d(t)| \rangle_t

    with the mean over the steps after the first ``settle``.

    Parameters
    ----------
    drive : array of shape (steps, n, runs) or (steps, n, 1)
        The drive W_in x + b.
    state : array of shape (n, runs)
        Initial state.
    """
    difference = rng.standard_normal(state.shape)
    difference /= np.linalg.norm(difference, axis=0)
    total, moved = np.zeros(state.shape[1]), np.zeros(state.shape[1])
    for t, now in enumerate(drive):
        rate, before = reservoir.rate(state), state
        state, recurrent = reservoir.step(state, rate, now)
        if reservoir.form == "reservoir":
            through = reservoir.recurrent((1 - rate**2) * difference)
        else:
            through = (1 - np.tanh(recurrent + now) ** 2) * reservoir.recurrent(difference)
        difference = (1 - reservoir.leak) * difference + reservoir.leak * through
        size = np.maximum(np.linalg.norm(difference, axis=0), 1e-300)
        difference /= size
        if t >= settle:
            total += np.log(size)
        moved = np.abs(state - before).max(0)
    return total / (len(drive) - settle), moved


def measure_dynamics(reservoir: RateReservoir, sequences: np.ndarray, rng: np.random.Generator, runs: int = 10) -> dict:
    """Return the exponents without and with input, and whether the reservoir comes to rest without input.

    ``sequences``, shape (images, steps, inputs), are shown one after another without a reset to 0, in a different order
    for each run. Without input, the reservoir starts from its last state, and only the bias drives it.

    Returns
    -------
    dict
        ``lyapunov_driven``, ``lyapunov_alone`` (1/step), and ``settled`` (1 if no unit changes by 1e-6 per step at the
        end), each of shape (runs,).
    """
    steps = sequences.shape[1]
    images = -(-(SETTLE + MEASURED) // steps)
    orders = [rng.integers(len(sequences), size=images) for _ in range(runs)]
    stream = np.stack([sequences[order].reshape(images * steps, -1) for order in orders])
    drive = reservoir.drive(stream)
    state = reservoir.rest(runs)
    for now in drive[: 3 * steps]:
        state, _ = reservoir.step(state, reservoir.rate(state), now)
    driven, _ = measure_exponents(reservoir, drive, state, rng)
    alone = np.broadcast_to(reservoir.bias[:, None], (SETTLE + MEASURED, reservoir.n, 1))
    free, moved = measure_exponents(reservoir, alone, state, rng)
    return {"lyapunov_driven": driven, "lyapunov_alone": free, "settled": (moved < 1e-6).astype(float)}


def leading_eigenvalues(reservoir: RateReservoir, count: int) -> np.ndarray:
    """Return the eigenvalues of W with the largest modulus, shape (min(count, n),), complex."""
    values = np.linalg.eigvals(reservoir.matrix.toarray())
    return values[np.argsort(-np.abs(values), kind="stable")[:count]]
