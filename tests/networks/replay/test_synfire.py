"""The spiking synfire chain: its wave, what lesions do to it, its activity."""

import numpy as np
import pytest

from snnlab.errors import UserError
from snnlab.networks.replay import HdtsConfig, chain_signals, synfire
from snnlab.networks.replay.train import samples_per

POOLS, SECONDS = 20, 0.3


@pytest.fixture(scope="module")
def waves():
    half, one = np.arange(10 * 20, 10 * 20 + 12), np.arange(10 * 20, 11 * 20)
    return synfire.simulate(POOLS, SECONDS, [[], half, one])


def test_each_neuron_fires_once_and_the_wave_takes_10_ms_from_pool_to_pool(waves):
    times, neurons = waves[0]
    np.testing.assert_array_equal(np.sort(neurons), np.arange(POOLS * synfire.SIZE))
    means = np.array([times[neurons // synfire.SIZE == pool].mean() for pool in range(POOLS)])
    np.testing.assert_allclose(np.diff(means), synfire.LINK, rtol=0.03)


@pytest.mark.parametrize("index", [1, 2])
def test_a_pool_that_lost_more_than_half_ends_the_wave(waves, index):
    times, neurons = waves[index]
    whole = waves[0]
    early = whole[1] < 10 * synfire.SIZE
    np.testing.assert_array_equal(np.sort(neurons[neurons < 200]), np.sort(whole[1][early]))
    assert neurons.max() < 11 * synfire.SIZE
    assert len(neurons) == 200 + (8 if index == 1 else 0)
    assert times.max() < 0.13


def test_the_activity_of_a_pool_that_fires_at_once_reaches_1():
    times, neurons = np.full(10, 0.0200001), np.arange(20, 30)
    signal = synfire.activity(times, neurons, 3, 0.1).toarray()
    assert signal.shape == (100, 3) and not signal[:, [0, 2]].any() and not signal[:20].any()
    assert signal[:, 1].max() == pytest.approx(0.5)
    # A filter of 2 and 5 ms is largest 3 ms after the spike.
    assert signal[:, 1].argmax() in (22, 23)


def test_a_chain_must_fill_the_period_and_its_samples_the_steps():
    signals = chain_signals(HdtsConfig(pulses=20), 0.2, [[], np.arange(100, 120)])
    assert [signal.shape for signal in signals] == [(200, 20)] * 2
    order = signals[0].toarray().argmax(0)
    assert (np.diff(order) > 0).all() and not signals[1].toarray()[:, 6:].any()
    with pytest.raises(
        UserError, match=r"pulses: expected an integer from 18 to 20 for a chain of .* s, whose wave takes 10 ms"
    ):
        chain_signals(HdtsConfig(pulses=32), 0.2)
    with pytest.raises(UserError, match="period: expected a multiple of 1 ms"):
        synfire.activity(np.zeros(0), np.zeros(0, int), 3, 0.1005)
    assert samples_per(4e-5) == 25
    with pytest.raises(UserError, match="dt: expected a divisor of 1 ms"):
        samples_per(3e-4)


def test_a_chain_with_dead_neurons_is_late_and_one_that_is_cut_ends(rng):
    dead = rng.permutation(40 * synfire.SIZE)[: 4 * synfire.SIZE]
    whole, thin, cut = (
        synfire.activity(*spikes, 40, 0.5) for spikes in synfire.simulate(40, 0.5, [(), dead, np.arange(400, 420)])
    )
    late, reached = synfire.lateness(thin, whole)
    assert reached == 1 and late[0] == 0 and 0.002 < late[-1] < 0.05 and (np.diff(late) > -0.002).all()
    late, reached = synfire.lateness(cut, whole)
    assert reached == pytest.approx(20 / 40) and not late.any()
    assert synfire.lateness(whole, whole)[1] == 1
