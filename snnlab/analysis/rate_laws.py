"""Firing rates for constant input, in closed form. SI numbers in, Hz out; no brian2."""

from __future__ import annotations

import numpy as np


def leaky(current, tau_m: float, v_threshold: float, v_reset: float, t_ref: float) -> np.ndarray:
    """Return the rate of the leaky integrate-and-fire neuron.

    It is 1 / (t_ref + tau_m ln((I - v_reset)/(I - v_threshold))) for I > v_threshold, else 0.
    """
    current = np.asarray(current, float)
    rate = np.zeros_like(current)
    above = current > v_threshold
    rise = np.log((current[above] - v_reset) / (current[above] - v_threshold))
    rate[above] = 1 / (t_ref + tau_m * rise)
    return rate


def perfect(current, tau_m: float, v_threshold: float, v_reset: float, t_ref: float) -> np.ndarray:
    """Return the rate of the leakless integrate-and-fire neuron.

    It is 1 / (t_ref + tau_m (v_threshold - v_reset)/I) for I > 0, else 0.
    """
    current = np.asarray(current, float)
    rate = np.zeros_like(current)
    above = current > 0
    rate[above] = 1 / (t_ref + tau_m * (v_threshold - v_reset) / current[above])
    return rate


def quadratic(current, tau_m: float, v_peak: float, v_reset: float) -> np.ndarray:
    """Return the rate of the quadratic integrate-and-fire neuron.

    It is sqrt(I)/(tau_m (atan(v_peak/sqrt(I)) - atan(v_reset/sqrt(I)))) for I > 0, else 0.
    """
    current = np.asarray(current, float)
    rate = np.zeros_like(current)
    root = np.sqrt(current[current > 0])
    rate[current > 0] = root / (tau_m * (np.arctan(v_peak / root) - np.arctan(v_reset / root)))
    return rate


def square_root(current, scale: float = 1.0) -> np.ndarray:
    """Return the rate of the theta neuron (scale = 1/tau) or its rate unit (scale = F): scale sqrt(J) for J > 0."""
    return scale * np.sqrt(np.clip(np.asarray(current, float), 0, None))


def izhikevich_adiabatic(current, C, k, v_rest, v_t, a, b, d, v_peak, v_reset) -> np.ndarray:
    """Return the rate of the Izhikevich neuron with u held at its mean, which holds for periods much shorter than 1/a.

    For fixed u the neuron is quadratic, with period T = C/(k w) (atan(x_p/w) - atan(x_r/w)), where
    x = v - (v_rest + v_t)/2 and w^2 = (I - u)/k - (v_t - v_rest)^2/4; its mean is <x> = C/(2 k T)
    ln((x_p^2 + w^2)/(x_r^2 + w^2)). The mean of u solves u = b (<v> - v_rest) + d/(a T).
    """
    from scipy.optimize import brentq

    middle = (v_rest + v_t) / 2
    top, bottom = v_peak - middle, v_reset - middle

    def period_and_mean(drive):
        w2 = drive / k - (v_t - v_rest) ** 2 / 4
        w = np.sqrt(w2)
        period = C / (k * w) * (np.arctan(top / w) - np.arctan(bottom / w))
        return period, middle + C / (2 * k * period) * np.log((top**2 + w2) / (bottom**2 + w2))

    def surplus(u, i):
        period, mean = period_and_mean(i - u)
        return b * (mean - v_rest) + d / (a * period) - u

    rates = np.zeros(np.shape(current))
    for index, i in enumerate(np.asarray(current, float)):
        # The neuron fires only for u below this limit, at which the period is infinite.
        limit = i - k * (v_t - v_rest) ** 2 / 4
        u_low, u_high = limit - 100 * abs(k * (v_t - v_rest) ** 2), limit - 1e-9 * abs(limit)
        if surplus(u_high, i) < 0 < surplus(u_low, i):
            rates[index] = 1 / period_and_mean(i - brentq(surplus, u_low, u_high, args=(i,), xtol=1e-18))[0]
    return rates
