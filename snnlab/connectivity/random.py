"""Random connectivity as plain arrays: sparse recurrent weights and encoders. No brian2 here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from scipy.sparse import csr_array


def sparse_random(n: int, p: float, gain: float, rng: np.random.Generator, zero_row_mean: bool = False) -> csr_array:
    """Return an (n, n) sparse matrix; entry [post, pre] is N(0, gain^2 / (p^2 n)) with probability p, else 0.

    The sum of squares of a row is gain^2 / p on average. Self-connections are allowed.
    ``zero_row_mean`` subtracts the mean of each row's nonzero entries from these entries, so that each neuron's
    summed input weight is zero (Nicola & Clopath 2017, MATLAB scripts for LIF and theta neurons).
    """
    from scipy.sparse import csr_array

    counts = rng.binomial(n, p, size=n)
    pre = [np.sort(rng.choice(n, size=k, replace=False)) for k in counts]
    indices = np.concatenate(pre) if n else np.empty(0, int)
    indptr = np.concatenate([[0], np.cumsum(counts)])
    data = rng.standard_normal(indices.size) * (gain / (p * np.sqrt(n)))
    if zero_row_mean:
        filled = np.maximum(counts, 1)
        sums = np.add.reduceat(np.append(data, 0.0), indptr[:-1]) * (counts > 0)
        data -= np.repeat(sums / filled, counts)
    return csr_array((data, indices, indptr), shape=(n, n))


def with_signs(weights: csr_array, signs: np.ndarray, zero_row_mean: bool = False) -> csr_array:
    """Return the absolute weights with the sign of their presynaptic neuron (the column): Dale's law.

    Parameters
    ----------
    weights : sparse array of shape (n, n)
        [post, pre]; the weights are independent of each other.
    signs : array of shape (n,)
        1 or -1.
    zero_row_mean : bool
        If true, the negative weights of each row with both signs are scaled so that the row's sum is zero. If false,
        and in other rows, they are scaled by f/(1 - f), where f is the share of positive columns, so that sums are zero
        on average.

    All weights are scaled by sqrt((1 - f)/f) as well, so that a row's sum of squares stays the same on average.
    """
    from scipy.sparse import csr_array

    weights = weights.tocsr()
    rows = np.repeat(np.arange(weights.shape[0]), np.diff(weights.indptr))
    data = np.abs(weights.data) * signs[weights.indices]
    share = np.clip((signs > 0).mean(), 1 / len(signs), 1 - 1 / len(signs))
    ratio = np.full(len(signs), share / (1 - share))
    if zero_row_mean:
        sums = [np.bincount(rows, np.maximum(sign * data, 0), len(signs)) for sign in (1, -1)]
        both = (sums[0] > 0) & (sums[1] > 0)
        ratio[both] = sums[0][both] / sums[1][both]
    data *= np.where(data < 0, ratio[rows], 1.0) * np.sqrt((1 - share) / share)
    return csr_array((data, weights.indices, weights.indptr), shape=weights.shape)


def by_source(weights) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return (pre, post, weight) of a sparse (n, n) array [post, pre], sorted by pre, then post.

    The synapses that one spike reaches are adjacent in the arrays.
    """
    columns = weights.tocsc()
    columns.sort_indices()
    pre = np.repeat(np.arange(columns.shape[1]), np.diff(columns.indptr))
    return pre, columns.indices, columns.data


def encoder(n: int, k: int, q: float, rng: np.random.Generator, kind: str = "uniform") -> np.ndarray:
    """Return feedback weights of shape (n, k): uniform in [-q, q] or, for ``kind="binary"``, -q or q at random."""
    if kind == "uniform":
        return (2 * rng.random((n, k)) - 1) * q
    if kind == "binary":
        return rng.choice([-q, q], size=(n, k))
    raise ValueError(f"encoder: expected 'uniform' or 'binary', got {kind!r}")
