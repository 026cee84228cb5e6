"""Measures of an oscillation on signals whose answers are known."""

import numpy as np
import pytest

from snnlab.analysis import oscillations as osc

DT = 1e-3
T = np.arange(5000) * DT


def sine(frequency, phase=0.0, t=T):
    return np.sin(2 * np.pi * frequency * t + phase)


@pytest.mark.parametrize("f", [0.7, 4.95, 5.03, 40.0])
@pytest.mark.parametrize("phase", [0.0, 1.0, -2.0])
def test_frequency_of_a_shifted_and_scaled_sine(f, phase):
    # Crossings are interpolated: far better than one sample in five seconds.
    assert osc.frequency(0.3 + 2 * sine(f, phase), DT) == pytest.approx(f, rel=2e-3 if f < 1 else 2e-4)


@pytest.mark.parametrize("noise", [0.01, 0.05])
def test_frequency_with_noise_counts_no_crossing_twice(noise, rng):
    noisy = sine(5.0, 0.3) + noise * rng.standard_normal(T.size)
    # The first and the last crossing each move by noise / slope = 1.6 ms at most on average, of 5 s.
    assert osc.frequency(noisy, DT) == pytest.approx(5.0, rel=1e-3)


def test_frequency_of_noise_that_sits_at_zero_is_not_doubled():
    x = sine(5.0)
    # At each upward crossing the sign flickers once more.
    for c in np.flatnonzero((x[:-1] < 0) & (x[1:] >= 0)):
        x[c : c + 4] = [1e-3, -1e-3, 1e-3, -1e-3]
    assert osc.frequency(x, DT) == pytest.approx(5.0, rel=1e-3)


@pytest.mark.parametrize("x", [np.zeros(100), np.full(100, 0.1), sine(5.0, t=T[:150]), np.linspace(-1, 1, 100)])
def test_frequency_needs_two_crossings(x):
    assert np.isnan(osc.frequency(x, DT))


def test_amplitude():
    assert osc.amplitude(3 * sine(5.0, 0.4) + 7) == pytest.approx(3)
    assert osc.amplitude(np.full(100, 5.0)) == 0


def test_rmse():
    assert osc.rmse(np.array([1.0, 2.0, 3.0]), np.array([1.0, 2.0, 6.0])) == pytest.approx(np.sqrt(3))
    assert osc.rmse(sine(5.0), np.zeros(T.size)) == pytest.approx(1 / np.sqrt(2))


@pytest.mark.parametrize("delay", [0, 24, -37, 100])
def test_a_delayed_output_has_correlation_one_at_its_delay(delay):
    # Not periodic within the lags searched.
    teacher = np.stack([sine(1.3) + sine(3.1, 1), sine(2.3)], axis=1)
    output = 0.5 * np.roll(teacher, delay, axis=0) + 3
    correlations, lags = osc.lag_correlations(output, teacher, DT, start=1.0)
    assert len(correlations) == 3  # the window from 4 to 5 s has no teacher behind it
    np.testing.assert_allclose(correlations, 1, atol=1e-12)
    np.testing.assert_allclose(lags, delay * DT)


def test_lags_of_a_slow_output_grow_from_window_to_window():
    # At 4.95 Hz a 5 Hz signal falls behind by 1 % of the time passed, measured in the middle of a window.
    correlations, lags = osc.lag_correlations(sine(4.95)[:, None], sine(5.0)[:, None], DT, start=0.5)
    np.testing.assert_allclose(lags, 0.01 * np.array([1.0, 2.0, 3.0, 4.0]), atol=1.5e-3)
    assert (correlations > 0.99).all() and (correlations < 1).all()


def test_correlation_of_noise_and_of_a_constant_output(rng):
    teacher = sine(5.0)[:, None]
    noise, _ = osc.lag_correlations(rng.standard_normal((T.size, 1)), teacher, DT, 1.0, max_lag=0.0)
    assert (np.abs(noise) < 5 / np.sqrt(1000)).all()
    constant, _ = osc.lag_correlations(np.full((T.size, 1), 0.1), teacher, DT, 1.0)
    # Its mean is not exactly 0.1.
    np.testing.assert_allclose(constant, 0, atol=1e-12)


def test_windows_end_where_the_teacher_does():
    x = sine(5.0)[:, None]
    assert len(osc.lag_correlations(x, x, DT, 0.1, window=1.2)[0]) == 4
    assert len(osc.lag_correlations(x[:1199], x[:1199], DT, 0.1)[0]) == 0
    assert len(osc.lag_correlations(x[:1200], x[:1200], DT, 0.1)[0]) == 1


@pytest.mark.parametrize("f", [4.9, 4.99, 5.0, 5.05])
def test_phase_drift_is_the_difference_in_frequency(f, rng):
    x = 0.2 + 3 * sine(f, 2.0)
    assert osc.phase_drift(x, DT, 5.0) == pytest.approx(f - 5, abs=1e-3)
    # The slope's standard error with this noise is about 0.001 cycles per second.
    assert osc.phase_drift(x + 0.3 * rng.standard_normal(T.size), DT, 5.0) == pytest.approx(f - 5, abs=5e-3)


def test_phase_drift_needs_two_periods():
    assert np.isnan(osc.phase_drift(sine(5.0, t=T[:399]), DT, 5.0))
    assert osc.phase_drift(sine(5.0, t=T[:400]), DT, 5.0) == pytest.approx(0, abs=1e-9)
