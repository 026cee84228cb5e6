"""Recursive least squares with one inverse correlation matrix shared by all outputs."""

from __future__ import annotations

import numpy as np
import scipy

_GAINS = ("exact", "undivided")


class RLS:
    r"""Recursive least squares (FORCE), exact, with the downdates of P applied in blocks.

    One update with activity r and error e = z - target:

    .. math:: q = P r, \quad k = q / (1 + r^T q), \quad \phi \leftarrow \phi - k e^T, \quad P \leftarrow P - q k^T

    P starts at alpha * I. Instead of writing P at each update, the scaled columns c = q / sqrt(1 + r'q) are kept
    and P r is taken as P0 r - C (C' r); after ``block`` updates P0 <- P0 - C C' in one symmetric rank-k product.
    The result is the same as the plain form up to rounding.

    Parameters
    ----------
    n_units, n_outputs : int
        Number of units that are read out, and number of outputs that share P.
    alpha : float
        P(0) = alpha * I, in the inverse square of the unit of r. With the exact gain the weights are
        those of ridge regression with lambda = 1/alpha.
    gain : {"exact", "undivided"}
        "exact" uses k = P(t) r(t) (the paper's formula). "undivided" uses q = P(t-1) r(t) in the weight step only,
        as the 2017 MATLAB scripts do (ModelDB 190565), which takes larger first steps.
    dtype : {"float64", "float32"}
        Precision of P. The weights are always float64.
    block : int
        Number of updates between two writes of P.

    Raises
    ------
    ValueError
        For sizes or alpha that are not positive, an unknown gain, wrong shapes, or values that are not finite.

    Example
    -------
    One activity that has the target 1:

    >>> import numpy as np
    >>> import snnlab
    >>> rls, r = snnlab.RLS(n_units=2, n_outputs=1, alpha=1.0), np.array([1.0, 0.0])
    >>> gain = rls.update(r, error=r @ rls.weights - 1.0)
    >>> rls.weights.ravel().tolist(), rls.P.round(12).tolist()
    ([0.5, 0.0], [[0.5, 0.0], [0.0, 1.0]])

    References
    ----------
    Sussillo & Abbott 2009, doi:10.1016/j.neuron.2009.07.018; Nicola & Clopath 2017, doi:10.1038/s41467-017-01827-3.
    """

    def __init__(
        self,
        n_units: int,
        n_outputs: int,
        alpha: float,
        gain: str = "exact",
        dtype: str = "float64",
        block: int = 16,
    ):
        if n_units < 1 or n_outputs < 1 or block < 1:
            raise ValueError(f"n_units, n_outputs, block: expected integers >= 1, got {n_units}, {n_outputs}, {block}")
        if not (np.isfinite(alpha) and alpha > 0):
            raise ValueError(f"alpha: expected a finite number > 0, got {alpha}")
        if gain not in _GAINS:
            raise ValueError(f"gain: expected one of {', '.join(_GAINS)}, got {gain!r}")
        self.gain = gain
        self.block = block
        self.weights = np.zeros((n_units, n_outputs))
        self._p = np.zeros((n_units, n_units), dtype, order="F")
        if self._p.dtype not in (np.float32, np.float64):
            raise ValueError(f"dtype: expected one of float64, float32, got {dtype}")
        np.fill_diagonal(self._p, alpha)
        self._columns = np.zeros((n_units, block), dtype, order="F")
        self._pending = 0
        self._bind()

    def _bind(self) -> None:
        single = self._p.dtype == np.float32
        self._symv, self._syrk = (
            (scipy.linalg.blas.ssymv, scipy.linalg.blas.ssyrk)
            if single
            else (scipy.linalg.blas.dsymv, scipy.linalg.blas.dsyrk)
        )

    def update(self, r: np.ndarray, error: np.ndarray) -> np.ndarray:
        """Take one step; r has shape (n_units,), error = output - target has shape (n_outputs,).

        Returns the gain vector of shape (n_units,) that multiplied the error.
        """
        n_units, n_outputs = self.weights.shape
        r = np.asarray(r, self._p.dtype)
        error = np.asarray(error, float).reshape(-1)
        if r.shape != (n_units,) or error.shape != (n_outputs,):
            raise ValueError(
                f"r, error: expected shapes ({n_units},) and ({n_outputs},), got {r.shape} and {error.shape}"
            )
        q = self._symv(1.0, self._p, r, lower=1)
        if self._pending:
            columns = self._columns[:, : self._pending]
            q -= columns @ (columns.T @ r)
        divisor = 1.0 + float(r @ q)
        # One test covers r, P and their product: any NaN or infinity reaches the divisor.
        if not (np.isfinite(divisor) and np.isfinite(error).all()):
            raise ValueError("r, error: expected finite numbers, got NaN or infinity")
        if divisor <= 0:
            raise ValueError("P is no longer positive definite; use dtype float64 or a smaller alpha")
        gain = q / divisor if self.gain == "exact" else q
        if n_outputs == 1:
            self.weights[:, 0] -= gain * error[0]
        else:
            self.weights -= np.multiply.outer(gain, error)
        self._columns[:, self._pending] = q / np.sqrt(divisor)
        self._pending += 1
        if self._pending == self.block:
            self._flush()
        return gain

    def _flush(self) -> None:
        if self._pending:
            columns = self._columns[:, : self._pending]
            # Only the lower triangle is read and written.
            self._syrk(-1.0, columns, beta=1.0, c=self._p, overwrite_c=1, lower=1)
            self._pending = 0

    @property
    def P(self) -> np.ndarray:
        """The inverse correlation matrix, a full symmetric copy of shape (n_units, n_units)."""
        self._flush()
        lower = np.tril(self._p)
        return lower + np.tril(lower, -1).T

    def state(self) -> dict[str, np.ndarray]:
        """Return everything that :meth:`restore` needs to continue, as arrays.

        ``p_lower`` is the lower triangle of P, column after column; ``p_columns`` (n_units, pending) the columns c.
        """
        return {
            "weights": self.weights.copy(),
            "p_lower": self._p.T[np.triu_indices(len(self._p))],
            "p_columns": self._columns[:, : self._pending].copy(),
        }

    def restore(self, state: dict[str, np.ndarray]) -> None:
        """Set the state that :meth:`state` returned; the next updates are bit for bit those of the original.

        The C++ program has larger blocks. With more columns than fit here, P is written first.
        """
        n, pending = len(self._p), state["p_columns"].shape[1]
        if state["weights"].shape != self.weights.shape or len(state["p_lower"]) != n * (n + 1) // 2:
            raise ValueError(
                f"state: expected weights {self.weights.shape} and {n * (n + 1) // 2} entries of P, "
                f"got {state['weights'].shape} and {len(state['p_lower'])}"
            )
        if state["p_lower"].dtype != self._p.dtype:
            raise ValueError(f"state: expected P as {self._p.dtype}, got {state['p_lower'].dtype}")
        self.weights[:] = state["weights"]
        self._p.T[np.triu_indices(n)] = state["p_lower"]
        self._pending = 0
        for first in range(0, pending, self.block):
            columns = state["p_columns"][:, first : first + self.block]
            self._columns[:, : columns.shape[1]], self._pending = columns, columns.shape[1]
            if self._pending == self.block:
                self._flush()
