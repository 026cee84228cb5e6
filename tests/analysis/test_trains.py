"""Trains, counts, rates and CV of intervals against elephant, and against what can be counted by hand."""

import elephant.statistics
import neo
import numpy as np
import pytest
import quantities as pq
import xarray as xr

from snnlab.analysis.trains import counts, cv_isi, rates, recorded, trains
from snnlab.errors import UserError


@pytest.fixture
def spikes(rng):
    """Poisson neurons of 0 to 40 Hz for 5 s, in order of time as a run records them; the last one is silent."""
    n, seconds = 12, 5.0
    found = [(t, i) for i in range(n - 1) for t in rng.uniform(0, seconds, rng.poisson(40 * i / n * seconds))]
    times, neurons = (np.array(column) for column in zip(*sorted(found), strict=True))
    return times, neurons.astype(np.int32), n


def as_neo(train, stop=5.0):
    return neo.SpikeTrain(train * pq.s, t_stop=stop * pq.s)


def test_trains_hold_every_spike_of_their_neuron_once(spikes):
    times, neurons, n = spikes
    found = trains(times, neurons, n)
    assert len(found) == n and len(found[-1]) == 0 and sum(map(len, found)) == len(times)
    for neuron, train in enumerate(found):
        np.testing.assert_array_equal(train, np.sort(times[neurons == neuron]))


def test_rates_and_cv_agree_with_elephant(spikes):
    found = rates(*spikes, 1.0, 4.0)
    for neuron, train in enumerate(trains(*spikes)):
        # elephant refuses a train without a spike.
        expected = elephant.statistics.mean_firing_rate(train, 1.0, 4.0) if len(train) else 0.0
        assert found[neuron] == pytest.approx(expected)
        if len(train) > 2:
            cv = elephant.statistics.cv(elephant.statistics.isi(as_neo(train)).magnitude)
            assert cv_isi(train) == pytest.approx(cv)
    assert np.isnan(cv_isi(np.array([0.1, 0.2])))


def test_counts_agree_with_elephant(spikes):
    from elephant.conversion import BinnedSpikeTrain

    found = counts(*spikes, 0.0, 5.0, 50)
    binned = BinnedSpikeTrain(
        [as_neo(train) for train in trains(*spikes)], n_bins=50, t_start=0 * pq.s, t_stop=5 * pq.s
    )
    np.testing.assert_array_equal(found, binned.to_array())


def test_windows_are_half_open_and_neurons_beyond_n_are_left_out():
    times, neurons = np.array([0.0, 1.0, 1.5, 2.0]), np.array([0, 0, 5, 0])
    np.testing.assert_array_equal(counts(times, neurons, 1, 0.0, 2.0, 2), [[1, 1]])
    np.testing.assert_array_equal(rates(times, neurons, 6, 1.0, 2.0), [1, 0, 0, 0, 0, 1])
    np.testing.assert_array_equal(trains(times, neurons, 1), [[0.0, 1.0, 2.0]])
    assert trains(times, neurons, 0) == []
    with pytest.raises(UserError, match="start < stop"):
        rates(times, neurons, 6, 2.0, 2.0)


def test_spikes_of_a_run_and_of_one_without():
    times, neurons = ("spike", [0.1, 0.2]), ("spike", [1, 0])
    run = xr.Dataset({"spike_time": times, "spike_neuron": neurons}, attrs={"recorded_neurons": 4})
    found = recorded(run)
    assert found.n == 4
    np.testing.assert_array_equal(rates(*found, 0.0, 1.0), [1, 1, 0, 0])
    # Those without a spike are counted where a run says which neurons it recorded.
    assert recorded(run.assign_coords(recorded=np.arange(6))).n == 6
    with pytest.raises(UserError, match="recorded no spikes"):
        recorded(run.drop_vars("spike_time"))
