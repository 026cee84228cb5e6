"""A trained network from its run file: it goes on as the run would have, and can be lesioned and driven."""

import brian2
import numpy as np
import pytest

import snnlab
from snnlab.errors import UserError
from snnlab.files.record import load
from snnlab.lab.protocol import find_protocol

SIZE = {
    "neuron": "lif",
    "n": 150,
    "learn_start": 0.1,
    "learn_stop": 0.6,
    "record_spikes": 150,
    "target": "numpy",
    "dt": 0.5,
}


@pytest.fixture(scope="module")
def paths(tmp_path_factory):
    """The same run once to 0.8 s and once to 1.0 s."""
    folder, protocol = tmp_path_factory.mktemp("runs"), find_protocol("force_sine")
    return [protocol.execute(protocol.config(seconds=s, **SIZE), folder)[0] for s in (0.8, 1.0)]


def test_it_goes_on_exactly_as_the_longer_run_did(paths):
    longer = load(paths[1])
    more = snnlab.load(paths[0]).run(0.2, target="numpy", record_spikes=150)
    late = longer.sel(time=slice(0.8, None))
    # The same arithmetic on the same numbers but for the time of the last spike, which has moved by 0.8 s.
    np.testing.assert_allclose(more.output.values, late.output.values[-more.sizes["time"] :], rtol=1e-9, atol=1e-12)
    old = longer.spike_time.values >= 0.8 - 1e-9
    np.testing.assert_allclose(more.spike_time.values, longer.spike_time.values[old] - 0.8, atol=1e-9)
    np.testing.assert_array_equal(more.spike_neuron.values, longer.spike_neuron.values[old])


def test_a_whole_lesion_silences_the_output_and_a_mask_means_the_same_as_indices(paths):
    net = snnlab.load(paths[0])
    assert np.abs(net.run(0.1, target="numpy", silence=range(150)).output).max() == 0
    mask = np.zeros(150, bool)
    mask[:40] = True
    by_mask, by_index = (net.run(0.1, target="numpy", silence=s).output.values for s in (mask, range(40)))
    np.testing.assert_array_equal(by_mask, by_index)
    assert not np.array_equal(by_mask, net.run(0.1, target="numpy").output.values)


def test_feedback_can_be_cut_and_inputs_given(paths):
    net = snnlab.load(paths[0])
    plain, cut = (net.run(0.2, target="numpy", feedback=f) for f in (1.0, 0.0))
    assert not np.allclose(plain.output, cut.output)
    strong = brian2.TimedArray(np.full((20, 150), 20.0) * brian2.mV, dt=10 * brian2.ms)
    driven = net.run(0.2, target="numpy", drive=strong)
    assert driven.population_rate.mean() > 1.5 * plain.population_rate.mean()


def test_what_differs_from_neuron_to_neuron_comes_back(tmp_path):
    file = tmp_path / "mixed.py"
    file.write_text(
        "from dataclasses import replace\nfrom snnlab.networks.force import PUBLISHED\n"
        "from snnlab.neurons.lif import LIF\nFORCE = PUBLISHED['lif']\n"
        "MIXED = replace(LIF, name='mixed', equations='dv/dt = (current + own - v)/tau_m : volt (unless refractory)'"
        "'\\nown : volt (constant)', initial=dict(v='v_reset', own='rand()*10*mV'))\n"
    )
    protocol = find_protocol("force_sine")
    path, dataset = protocol.execute(protocol.config(seconds=0.8, **SIZE | {"neuron": str(file)}), tmp_path)
    assert np.ptp(dataset.state_own.values) > 5e-3
    first, second = (snnlab.load(path).run(0.1, target="numpy", seed=seed) for seed in (0, 1))
    np.testing.assert_array_equal(first.spike_time, second.spike_time)
    assert len(first.spike_time) > 50


def test_what_cannot_be_run_is_refused_by_name(paths):
    net = snnlab.load(paths[0])
    with pytest.raises(UserError, match="silence: expected integers from 0 to 149"):
        net.run(0.1, silence=[150])
    with pytest.raises(UserError, match="seconds"):
        net.run(-1)
    with pytest.raises(UserError, match="drive: expected a TimedArray in volt"):
        net.run(0.1, drive=brian2.TimedArray(np.ones(3) * brian2.pA, dt=1 * brian2.ms))
    with pytest.raises(UserError, match="drive: expected shape"):
        net.run(0.1, drive=brian2.TimedArray(np.ones((3, 2)) * brian2.mV, dt=1 * brian2.ms))


def test_a_run_without_a_network_is_refused(tmp_path):
    protocol = find_protocol("synaptic_filters")
    path, _ = protocol.execute(protocol.config(), tmp_path)
    with pytest.raises(UserError, match="run file: expected a run with a trained network"):
        snnlab.load(path)
