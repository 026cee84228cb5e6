"""Which moment of a signal is this? Measures of replay recover what was put in."""

import numpy as np
import pytest
from scipy.sparse import csr_array

from snnlab.analysis import trains
from snnlab.networks.force import Drive
from snnlab.networks.replay import levers
from snnlab.networks.replay import moments as replay


@pytest.fixture
def known(rng):
    """50 moments of a smooth signal of 30 components that repeats."""
    turns = 2 * np.pi * (np.arange(50) / 50)[:, None] * rng.integers(1, 6, 30)
    return np.sin(turns + rng.uniform(0, 2 * np.pi, 30))


def test_values_between_samples(rng):
    time, values = 0.1 + np.arange(20) * 0.1, rng.random((20, 3))
    np.testing.assert_allclose(replay.at(time, time, values), values)
    np.testing.assert_allclose(replay.at(np.array([0.75]), time, values), values[6:8].mean(0)[None])
    np.testing.assert_allclose(replay.at(np.array([0.0, 2.1]), time, values), values[[0, -1]])
    for outside in (-0.2, 2.4):
        with pytest.raises(ValueError, match=r"at: expected times from 0\.1 to 2 s"):
            replay.at(np.array([outside]), time, values)


def test_correlation_about_the_mean_is_blind_to_what_all_moments_share(known):
    shared = known + 10 * np.arange(30)
    mean = shared.mean(0)
    constant = np.tile(mean, (50, 1))
    assert replay.correlation(constant, shared) > 0.99
    assert replay.correlation(constant, shared, mean) == 0.0
    assert replay.correlation(shared, shared, mean) == pytest.approx(1.0)
    assert replay.correlation(2 * mean - shared, shared, mean) == pytest.approx(-1.0)
    np.testing.assert_allclose(replay.row_cosines(3 * (shared - mean) + mean, shared, mean), 1.0)


def test_every_moment_is_identified_at_any_contrast_and_noise_is_not(known, rng):
    mean = known.mean(0)
    np.testing.assert_array_equal(replay.identify(mean + 0.1 * (known - mean), known), np.arange(50))
    found = replay.identify(rng.standard_normal((2000, 30)), known)
    assert np.bincount(found, minlength=50).max() < 200


def test_phases_are_at_most_half_a_period_apart():
    np.testing.assert_allclose(replay.apart(np.array([0.1, 3.9, 2.0]), 0.0, 4.0), [0.1, 0.1, 2.0])


def test_blurring_keeps_the_mean_and_takes_the_neighbours(known):
    blurred = replay.blurred(known, 5)
    np.testing.assert_allclose(blurred.mean(0), known.mean(0), atol=1e-12)
    np.testing.assert_allclose(blurred[10], known[8:13].mean(0))
    np.testing.assert_allclose(blurred[0], known[[48, 49, 0, 1, 2]].mean(0))


@pytest.mark.parametrize("speed", [1.0, 4.0, 0.5, -1.0, -8.0])
def test_a_template_is_found_at_the_speed_at_which_spikes_were_made(speed, rng):
    turns, n = np.arange(200) / 200, 80
    centre, width = rng.random(n), 0.03
    away = replay.apart(turns[None], centre[:, None], 1.0)
    rates = np.exp(-((away / width) ** 2) / 2)
    # One pass of 8 s at speed 1, from the middle on, in bins of 10 ms; 20 spikes/s at the peak.
    seconds = 8.0 / abs(speed)
    times, neurons = [], []
    for step in np.arange(0, seconds, 1e-3):
        place = int((0.5 + speed * step / 8.0) % 1 * 200)
        fired = np.flatnonzero(rng.random(n) < 0.2 * rates[:, place])
        times += [step] * len(fired)
        neurons += list(fired)
    bins = round(seconds / 0.01)
    counts = trains.counts(np.array(times), np.array(neurons), n, 0.0, seconds, bins)
    assert counts.sum() == len(times)
    speeds = np.concatenate([sign * 2.0 ** (np.arange(-16, 41) / 8) for sign in (1, -1)])
    fits = replay.match_template(rates, counts, 0.01 / 0.04, speeds)
    assert speeds[fits.argmax()] == pytest.approx(speed, rel=0.1)
    # Each neuron keeps its response to each of 16 pieces, but their order is lost.
    order = np.arange(16).reshape(4, 4).T.ravel()
    lost = replay.match_template(replay.in_other_order(rates, 16, order), counts, 0.25, speeds)
    assert lost.max() < 0.7 * fits.max()


def test_pieces_of_a_template_change_places():
    template = np.arange(12.0)[None] + np.array([[0.0], [100.0]])
    other = replay.in_other_order(template, 3, np.array([2, 0, 1]))
    assert other[0].tolist() == [8, 9, 10, 11, 0, 1, 2, 3, 4, 5, 6, 7] and (other[1] == other[0] + 100).all()
    np.testing.assert_array_equal(replay.in_other_order(template, 5, np.arange(5)), template)


def test_the_template_of_the_input_is_the_encoded_pulses():
    drive = Drive(np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]), csr_array([[1.0, 0], [0.5, 0], [0, 1.0], [0, 0.5]]))
    np.testing.assert_allclose(replay.input_template(drive, 2, 2), 0.75 * np.array([[1.0, 2.0], [3.0, 4.0]]))


def test_spikes_of_silent_networks_fit_nothing():
    np.testing.assert_array_equal(replay.match_template(np.eye(4), np.zeros((4, 9)), 1.0, np.array([1.0, 2.0])), 0.0)


def test_the_pace_of_a_replay_is_found(rng):
    after = np.arange(0, 10, 0.01)
    for speed in (1.0, 3.9, -2.1):
        found = np.mod(1.3 + speed * after + 0.1 * rng.standard_normal(len(after)), 4.0)
        pace, begin, steady = replay.pace(found, after, 4.0, levers.speeds())
        assert pace == pytest.approx(speed, rel=0.01) and steady > 0.95
        assert replay.apart(begin, 1.3, 4.0) < 0.3
    *_, steady = replay.pace(rng.uniform(0, 4, len(after)), after, 4.0, levers.speeds())
    assert steady < 0.2


def test_order_counts_pulses_that_last():
    chain = np.repeat([0, 1, 2, 3, 0, 1], 10)
    assert replay.in_order(chain, 4, 5) == 1.0
    assert replay.in_order(np.repeat([0, 2, 1, 3, 0], 10), 4, 5) == 0.25
    flicker = chain.copy()
    flicker[[13, 35]] = 3
    # Pulse 1 for 3, 3 for 1, 1 for 6 samples: one pulse.
    assert replay.in_order(flicker, 4, 3) == 1.0 and replay.in_order(np.zeros(50, int), 4, 5) == 0.0
