r"""Rate and regularity of a leaky integrate-and-fire neuron under white noise, and the rate of a network of them.

The membrane follows tau dv/dt = -v + mean + sd sqrt(tau) xi(t), fires at ``threshold``, and stays at ``reset`` for the
refractory period. With y(v) = (v - mean)/sd the rate nu and the coefficient of variation of the intervals are

.. math::

    1/\nu = t_{ref} + \tau \sqrt{\pi} \int_{y(reset)}^{y(threshold)} e^{u^2} (1 + erf(u)) du, \qquad
    CV^2 = 2 \pi (\nu \tau)^2 \int_{y(reset)}^{y(threshold)} e^{x^2} \int_{-\infty}^x e^{u^2} (1 + erf(u))^2 du dx.

In a network, mean and sd depend on the rate of the neurons themselves (Brunel 2000, doi:10.1023/A:1008925309027,
equations of the stationary state; the integral of the rate is Siegert's, 1951). SI numbers in and out.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np

# Beyond this distance between mean and threshold, in units of sd, a neuron fires less than once in 10^200 tau.
FAR = 22.0
# Points of the Gauss-Legendre rule in each direction. With them, both integrals are exact to about 10^-10.
_POINTS = 200


def rate(mean: float, sd: float, tau: float, threshold: float, reset: float, refractory: float) -> float:
    """Return the firing rate (Hz).

    Parameters
    ----------
    mean, sd : float
        Mean of the input and strength of its noise (V). Without a threshold, v would vary by sd/sqrt(2).
    tau, refractory : float
        Times (s).
    threshold, reset : float
        Potentials (V).

    Example
    -------
    With little noise it is the rate for a constant input; noise makes a neuron fire below its threshold:

    >>> neuron = dict(tau=0.02, threshold=0.02, reset=0.01, refractory=0.002)
    >>> round(rate(0.03, 1e-5, **neuron), 3), round(1 / (0.002 + 0.02 * float(np.log(2))), 3)
    (63.04, 63.04)
    >>> round(rate(0.018, 1e-5, **neuron), 3), round(rate(0.018, 3e-3, **neuron), 3)
    (0.0, 12.512)
    """
    low, high = (reset - mean) / sd, (threshold - mean) / sd
    if high > FAR:
        return 0.0
    return float(1 / (refractory + tau * np.sqrt(np.pi) * _first(low, high)))


def cv(mean: float, sd: float, tau: float, threshold: float, reset: float, refractory: float) -> float:
    """Return the coefficient of variation of the intervals; see :func:`rate` for the arguments. NaN if it never fires.

    Example
    -------
    A neuron that is driven above its threshold fires regularly; one far below it fires like a Poisson process:

    >>> neuron = dict(tau=0.02, threshold=0.02, reset=0.01, refractory=0.002)
    >>> round(cv(0.04, 1e-4, **neuron), 3), round(cv(0.0, 5e-3, **neuron), 3)
    (0.005, 1.0)
    """
    low, high = (reset - mean) / sd, (threshold - mean) / sd
    if high > FAR:
        return float("nan")
    nodes, weights = np.polynomial.legendre.leggauss(_POINTS)
    x, of_x = (high + low) / 2 + (high - low) / 2 * nodes, (high - low) / 2 * weights
    # The inner integral runs over z = x - u, where its integrand is of size 1 at z = 0 and largest at z = x.
    end = np.maximum(x, 0) + 9
    z, of_z = np.multiply.outer(end / 2, 1 + nodes), np.multiply.outer(end / 2, weights)
    inner = (of_z * np.exp(2 * x[:, None] * z - z**2) * _scaled(x[:, None] - z) ** 2).sum(axis=1)
    found = rate(mean, sd, tau, threshold, reset, refractory)
    return float(np.sqrt(2 * np.pi * (of_x * inner).sum()) * found * tau)


def self_consistent_rate(
    inputs: Callable[[float], tuple[float, float]], tau: float, threshold: float, reset: float, refractory: float
) -> float:
    """Return the rate (Hz) at which neurons fire that get the input that they themselves cause.

    ``inputs(rate)`` returns mean and sd (V) of a neuron's input if all neurons fire at this rate. Where excitation
    dominates there may be several solutions, of which this is one.

    Example
    -------
    Neurons that do not act on each other fire as one alone:

    >>> neuron = dict(tau=0.02, threshold=0.02, reset=0.01, refractory=0.002)
    >>> round(self_consistent_rate(lambda nu: (0.018, 3e-3), **neuron), 3)
    12.512
    """
    from scipy.optimize import brentq

    def surplus(nu: float) -> float:
        return rate(*inputs(nu), tau, threshold, reset, refractory) - nu

    return float(brentq(surplus, 0.0, 1 / refractory, xtol=1e-9))


def _first(low: float, high: float) -> float:
    """Return the integral of exp(u^2) (1 + erf(u)) from low to high."""
    nodes, weights = np.polynomial.legendre.leggauss(_POINTS)
    # Far below 0 the integrand is 1/(sqrt(pi) |u|), far above it grows like exp(u^2): both have pieces of their own.
    ends = np.unique(np.clip([low, -100, -10, -2, 0, 5, 10, 15, high], low, high))
    total = 0.0
    for start, stop in pairwise(ends):
        total += (stop - start) / 2 * float(weights @ _scaled((start + stop) / 2 + (stop - start) / 2 * nodes))
    return total


def _scaled(u: np.ndarray) -> np.ndarray:
    """Return exp(u^2) (1 + erf(u)) without overflow for u < 0."""
    from scipy.special import erfcx

    return erfcx(-u)
