r"""The Euler step of leaky rate units in numpy, with the equations of :mod:`snnlab.neurons.leaky_rate`."""

from __future__ import annotations

from typing import Literal

import numpy as np


def step_rate_units(
    state: np.ndarray, current: np.ndarray, leak: float, form: Literal["reservoir", "rate"] = "reservoir"
) -> np.ndarray:
    r"""Return the states of leaky units after one Euler step.

    .. math::
        \text{reservoir:}\quad & h \leftarrow h + a (I - h) \\
        \text{rate:}\quad & r \leftarrow r + a (\tanh I - r)

    Parameters
    ----------
    state : array of any shape
        State h or r. It is not changed.
    current : array of the same shape
        Input I with the bias. The result is written into this array.
    leak : float
        a = dt/tau.
    form : {"reservoir", "rate"}
        Whether the nonlinearity f is applied to the state or to the input.

    Example
    -------
    >>> step_rate_units(np.array([0.0, 1.0]), np.array([2.0, 1.0]), leak=0.25).tolist()
    [0.5, 1.0]
    """
    if form == "rate":
        np.tanh(current, out=current)
    current -= state
    current *= leak
    current += state
    return current
