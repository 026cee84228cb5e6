"""Measures of chaos on signals whose answer is known."""

import numpy as np
import pytest

from snnlab.analysis import chaos
from snnlab.stimuli.signals.lorenz import pieces


def test_smoothing_damps_a_sine_as_a_gaussian_does():
    dt, f = 1e-3, 5.0
    t = np.arange(0, 4, dt)
    smoothed = chaos.smooth(np.sin(2 * np.pi * f * t)[:, None], dt)
    assert len(smoothed) == pytest.approx((4 - 6 * chaos.SMOOTHING) / chaos.STEP, abs=1)
    # But for what lies beyond three standard deviations.
    expected = np.exp(-((2 * np.pi * f * chaos.SMOOTHING) ** 2) / 2)
    assert np.abs(smoothed).max() == pytest.approx(expected, rel=5e-3)


def test_a_return_map_holds_successive_maxima_and_no_ripples():
    t = np.arange(0, 5, 0.01)
    heights = np.array([1.0, 0.6, 0.8, 0.5, 0.9])
    # Half waves of these heights, with a ripple below the prominence.
    z = heights[t.astype(int)] * np.sin(np.pi * (t % 1)) + 0.01 * np.sin(2 * np.pi * 17 * t)
    points = chaos.return_map(z, prominence=0.1)
    np.testing.assert_allclose(points, np.stack([heights[:-1], heights[1:]], axis=1), atol=0.02)


def test_distance_from_a_map():
    reference = np.stack([np.linspace(0, 1, 1001)] * 2, axis=1)
    points = np.array([[0.2, 0.2], [0.5, 0.7]])
    # The second point is 0.2/sqrt(2) from the diagonal.
    assert chaos.map_error(points, reference) == pytest.approx(0.1, abs=1e-3)
    assert np.isnan(chaos.map_error(points[:1], reference))


@pytest.mark.parametrize("size", [400, 401])
def test_surrogates_keep_spectra_and_cross_spectra(rng, size):
    x = rng.standard_normal((size, 3)).cumsum(0)
    y = chaos.surrogate(x, rng)
    a, b = (np.fft.rfft(v, axis=0) for v in (x, y))
    np.testing.assert_allclose(np.abs(b), np.abs(a), rtol=1e-8, atol=1e-8)
    np.testing.assert_allclose(b[:, 0] * b[:, 1].conj(), a[:, 0] * a[:, 1].conj(), rtol=1e-6, atol=1e-6)
    assert abs(np.corrcoef(x[:, 0] - y[:, 0], x[:, 0])[0, 1]) > 0.1


def test_the_lyapunov_exponent_of_known_systems(rng):
    # Lorenz: 0.906 per unit of time (Sprott 2003); the estimator is biased by what it fits.
    exponents = [chaos.lyapunov(x, 0.01) for x in pieces(4, 50.0, 0.01)]
    assert np.mean(exponents) == pytest.approx(0.906, abs=0.12) and np.ptp(exponents) < 0.3
    t = np.arange(0, 50, 0.01)
    circle = np.stack([np.sin(2 * np.pi * t), np.cos(2 * np.pi * t)], axis=1) + 0.01 * rng.standard_normal((5000, 2))
    assert abs(chaos.lyapunov(circle, 0.01)) < 0.05
    with pytest.raises(ValueError, match="expected more than"):
        chaos.lyapunov(circle[:300], 0.01)


def test_spike_distance_is_the_root_mean_square_over_each_bin(rng):
    n, tau = 5, 0.02
    first, second = ((np.sort(rng.uniform(0, 0.3, count)), rng.integers(0, n, count)) for count in (40, 50))
    edges = np.linspace(0.05, 0.4, 8)
    fine = np.arange(0.05, 0.4, 1e-5) + 5e-6
    squares = np.zeros(len(fine))
    for neuron in range(n):
        trace = np.zeros(len(fine))
        for sign, (when, who) in ((1, first), (-1, second)):
            for spike in when[who == neuron]:
                trace += sign * np.where(fine >= spike, np.exp(-(fine - spike) / tau), 0)
        squares += trace**2
    expected = np.sqrt(squares.reshape(7, -1).mean(1))
    np.testing.assert_allclose(chaos.spike_distance(first, second, edges, tau, n), expected, rtol=2e-3)
    np.testing.assert_allclose(chaos.spike_distance(first, first, edges, tau, n), 0, atol=1e-6)


def test_a_spike_that_is_late_counts_for_as_little_as_it_is_late():
    edges = np.arange(0, 0.1, 2e-3)
    one, late = ((np.array([when]), np.array([0])) for when in (0.01, 0.01 + 5e-5))
    distance = chaos.spike_distance(one, late, edges, 0.02, 1)
    # D is 1 for 0.05 ms of 2 ms, then 0.05/20 of what a spike leaves.
    assert distance.max() == pytest.approx(np.sqrt(0.05 / 2), rel=0.01)
    assert distance[-1] < 5e-5 / 0.02


def test_growth_of_one_difference():
    step = 2e-3
    times = np.arange(250) * step
    for rate in (12.0, 60.0, 200.0):
        assert chaos.growth(np.minimum(0.02 * np.exp(rate * times), 5.0), step, 1.5) == pytest.approx(rate, rel=1e-3)
    assert np.isnan(chaos.growth(0.02 * np.exp(-50 * times), step, 1.5))
    # A flicker of one bin is no growth; a difference that is there at once has no rate.
    assert np.isnan(chaos.growth(np.where(np.arange(250) == 90, 3.0, 0.1), step, 1.5))
    assert np.isinf(chaos.growth(np.full(250, 3.0), step, 1.5))
