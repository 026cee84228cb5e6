"""Eigenvalues that a trained decoder moves out of the disc of the random weights, from a few small matrices.

With feedback E (n x K) and decoder phi (n x K) the total weights are A + E phi'. A number lambda that is no eigenvalue
of A is one of A + E phi' where

    det(1 - phi' (lambda - A)^-1 E) = 0,    (lambda - A)^-1 = 1/lambda + A/lambda^2 + A^2/lambda^3 + ...

so that outside the disc the K x K matrices phi' A^k E give the eigenvalues, and the first few suffice. For phi
independent of A see Tao 2013, doi:10.1007/s00440-011-0397-9; here phi was learned with A, so matrices with k > 0
matter.
"""

from __future__ import annotations

import numpy as np


def outliers(
    recurrent, encoder: np.ndarray, decoder: np.ndarray, radius: float, moments: int = 20, factor: float = 1.1
) -> np.ndarray:
    """Return the eigenvalues of recurrent + encoder decoder' that the series predicts beyond ``factor * radius``.

    Parameters
    ----------
    recurrent : array or sparse array of shape (n, n)
    encoder, decoder : arrays of shape (n, K)
    radius : float
        Radius of the disc of the recurrent matrix's eigenvalues, in the unit of the matrix.
    moments : int
        Number of matrices phi' A^k E that are used; the error falls as (radius/|lambda|)^moments.
    factor : float
        Eigenvalues nearer the disc are left out, because the series converges slowly there.

    Returns
    -------
    array of complex, largest modulus first
    """
    k = encoder.shape[1]
    # The unit is the radius, so that the powers of A neither grow nor vanish.
    state = encoder / radius
    blocks = []
    for _ in range(moments):
        blocks.append(decoder.T @ state)
        state = recurrent @ state / radius
    # lambda^m - sum_j lambda^(m - 1 - j) phi' A^j E is singular at the eigenvalues of its companion matrix.
    companion = np.eye(k * moments, k=-k)
    companion[:k] = np.hstack(blocks)
    values = np.linalg.eigvals(companion)
    values = values[np.abs(values) > factor]
    return radius * values[np.argsort(-np.abs(values))]


def filter_lag(frequency: float, *taus: float) -> float:
    """Return the phase in rad by which filters 1/(1 + tau d/dt) in a row lag at a frequency in Hz; taus in s."""
    return float(np.sum(np.arctan(2 * np.pi * frequency * np.asarray(taus))))
