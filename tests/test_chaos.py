"""Measures of chaos on signals whose answer is known."""

import numpy as np
import pytest

from snnlab.analysis import chaos
from snnlab.stimuli.lorenz import pieces


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


def test_spike_distance_is_the_sum_over_spikes(rng):
    n, tau = 5, 0.02
    first, second = ((np.sort(rng.uniform(0, 0.3, count)), rng.integers(0, n, count)) for count in (40, 50))
    times = np.arange(0.01, 0.4, 0.01)
    expected = []
    for time in times:
        traces = [
            [np.exp(-(time - when[(who == j) & (when < time)]) / tau).sum() for j in range(n)]
            for when, who in (first, second)
        ]
        expected.append(np.linalg.norm(np.subtract(*traces)))
    np.testing.assert_allclose(chaos.spike_distance(first, second, times, tau, n), expected, rtol=1e-9)
    assert not chaos.spike_distance(first, first, times, tau, n).any()


def test_growth_rate_is_fitted_until_saturation():
    times = np.arange(1, 101) * 5e-3
    for rate in (-50.0, 12.0, 60.0):
        distances = np.minimum(0.02 * np.exp(rate * times), 5.0) * np.array([[0.5], [2.0]])
        assert chaos.growth_rate(times, distances, 5.0) == pytest.approx(rate, rel=0.02)
    # Saturated from the start: four times are still needed for a slope.
    assert chaos.growth_rate(times, np.full((1, 100), 5.0), 5.0) == pytest.approx(0, abs=1e-9)
