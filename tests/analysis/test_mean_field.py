"""Rate and regularity of noisy neurons: against direct integrals, closed forms, and what Brunel (2000) published."""

import numpy as np
import pytest
from scipy.integrate import dblquad, quad
from scipy.special import erf

from snnlab.analysis import mean_field, rate_laws

NEURON = {"tau": 0.02, "threshold": 0.02, "reset": 0.01, "refractory": 0.002}


@pytest.mark.parametrize(("mean", "sd"), [(0.010, 0.005), (0.018, 0.003), (0.021, 0.0077), (0.030, 0.010)])
def test_rate_and_cv_are_the_integrals_of_the_source(mean, sd):
    low, high = (0.01 - mean) / sd, (0.02 - mean) / sd
    passage = quad(lambda u: np.exp(u**2) * (1 + erf(u)), low, high)[0]
    rate = 1 / (0.002 + 0.02 * np.sqrt(np.pi) * passage)
    assert mean_field.rate(mean, sd, **NEURON) == pytest.approx(rate, rel=1e-9)
    inner = dblquad(lambda u, x: np.exp(x**2 + u**2) * (1 + erf(u)) ** 2, low, high, -5, lambda x: x)[0]
    expected = np.sqrt(2 * np.pi * inner) * rate * 0.02
    assert mean_field.cv(mean, sd, **NEURON) == pytest.approx(expected, rel=1e-6)


def test_without_noise_it_is_the_neuron_with_constant_input():
    for current in (0.021, 0.03, 0.1):
        law = rate_laws.leaky(np.array([current]), 0.02, 0.02, 0.01, 0.002)[0]
        assert mean_field.rate(current, 1e-6, **NEURON) == pytest.approx(law, rel=1e-4)
        assert mean_field.cv(current, 1e-6, **NEURON) < 1e-2


def test_a_neuron_far_below_its_threshold_never_fires():
    assert mean_field.rate(0.0, 1e-4, **NEURON) == 0.0
    assert np.isnan(mean_field.cv(0.0, 1e-4, **NEURON))


def test_noisy_neurons_fire_as_the_integral_says():
    # A plain loop with exact decay. Steps of 0.01 ms see nearly every crossing of the threshold.
    rng, dt, n, steps = np.random.default_rng(0), 1e-5, 2000, 12_000
    v, wait, spikes = np.full(n, 0.01), np.zeros(n, int), 0
    for step in range(steps):
        noise = 0.003 * np.sqrt(dt / 0.02) * rng.standard_normal(n)
        v = np.where(wait > 0, 0.01, v + dt / 0.02 * (0.02 - v) + noise)
        wait -= wait > 0
        fired = v > 0.02
        v[fired], wait[fired] = 0.01, 200
        spikes += fired.sum() * (step >= steps // 3)
    measured = spikes / n / (steps * 2 / 3 * dt)
    assert measured == pytest.approx(mean_field.rate(0.02, 0.003, **NEURON), rel=0.04)
