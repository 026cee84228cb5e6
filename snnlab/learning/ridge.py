"""Ridge regression from a stream of activity, without keeping the activity."""

from __future__ import annotations

import numpy as np
import scipy


class Ridge:
    r"""Ridge regression on a streamed Gram matrix.

    .. math:: \phi = (\sum_t r_t r_t^T + \lambda I)^{-1} \sum_t r_t y_t^T

    Parameters
    ----------
    n_units, n_outputs : int
        Number of units that are read out, and number of outputs.
    ridge : float
        lambda >= 0, in the square of the unit of r. RLS with the exact gain and alpha gives lambda = 1/alpha.

    Raises
    ------
    ValueError
        For sizes that are not positive, a negative lambda, wrong shapes, or values that are not finite.

    Example
    -------
    >>> import numpy as np
    >>> import snnlab
    >>> ridge = snnlab.Ridge(n_units=2, n_outputs=1, ridge=1.0)
    >>> ridge.add(np.array([[1.0, 0.0], [0.0, 2.0]]), np.array([[1.0], [1.0]]))
    >>> ridge.weights.ravel().round(12).tolist()
    [0.5, 0.4]

    Reference: Hoerl & Kennard 1970, doi:10.1080/00401706.1970.10488634.
    """

    def __init__(self, n_units: int, n_outputs: int, ridge: float):
        if n_units < 1 or n_outputs < 1:
            raise ValueError(f"n_units, n_outputs: expected integers >= 1, got {n_units} and {n_outputs}")
        if not (np.isfinite(ridge) and ridge >= 0):
            raise ValueError(f"ridge: expected a finite number >= 0, got {ridge}")
        self.ridge = float(ridge)
        self._gram = np.zeros((n_units, n_units), order="F")
        self._cross = np.zeros((n_units, n_outputs))

    def add(self, r: np.ndarray, target: np.ndarray) -> None:
        """Add a batch: r of shape (n_samples, n_units), target of shape (n_samples, n_outputs)."""
        r, target = np.atleast_2d(np.asarray(r, float)), np.atleast_2d(np.asarray(target, float))
        n_units, n_outputs = self._cross.shape
        if r.shape[1] != n_units or target.shape != (r.shape[0], n_outputs):
            raise ValueError(
                f"r, target: expected shapes (n, {n_units}) and (n, {n_outputs}), got {r.shape} and {target.shape}"
            )
        if not (np.isfinite(r).all() and np.isfinite(target).all()):
            raise ValueError("r, target: expected finite numbers, got NaN or infinity")
        scipy.linalg.blas.dsyrk(1.0, r.T, beta=1.0, c=self._gram, overwrite_c=1, lower=1)
        self._cross += r.T @ target

    @property
    def n_units(self) -> int:
        """Number of units that are read out."""
        return len(self._cross)

    @property
    def weights(self) -> np.ndarray:
        """The solution by Cholesky, of shape (n_units, n_outputs); raises ValueError if it is not unique."""
        return self.solve(self.ridge)

    def solve(self, ridge: float, units: np.ndarray | None = None) -> np.ndarray:
        """Return the solution for another lambda, or for some of the units only: shape (len(units), n_outputs)."""
        units = np.arange(self.n_units) if units is None else np.asarray(units)
        # The units are sorted, because only the lower triangle is filled.
        order = np.argsort(units)
        # This copy has the memory order for which LAPACK makes no other copy.
        gram = self._gram.T[np.ix_(units[order], units[order])].T
        gram[np.diag_indices_from(gram)] += ridge
        try:
            solution = scipy.linalg.cho_solve(
                scipy.linalg.cho_factor(gram, lower=True, overwrite_a=True), self._cross[units[order]]
            )
        except np.linalg.LinAlgError:
            raise ValueError("ridge: expected a number > 0 or more data, got a singular Gram matrix") from None
        return solution[np.argsort(order)]
