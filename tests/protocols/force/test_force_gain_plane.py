"""The (G, Q) plane: what a run measures, which points are judged, and what a study finds."""

import json

import numpy as np
import pytest
import xarray as xr

from snnlab.errors import UserError
from snnlab.lab.protocol import find_protocol
from snnlab.networks.force import SPIKE_STEP
from snnlab.protocols.force import force_gain_plane as module

Q_UNITS = {"lif": 1e-3, "theta": 1.0, "izhikevich": 1e-12}
PROTOCOL = find_protocol("force_gain_plane")
SMALL = {
    "n": 100,
    "seconds": 2.0,
    "learn_start": 0.2,
    "learn_stop": 1.0,
    "perturbations": 2,
    "target": "cpp_standalone",
}


@pytest.mark.programs
def test_a_small_run_has_its_measures_and_only_published_gains_are_judged(tmp_path):
    _, dataset = PROTOCOL.execute(PROTOCOL.config(**SMALL), tmp_path)
    measured = module.measure(dataset)
    assert set(measured) == {module.ERROR, module.GROW, module.RATE}
    # A coupled network above its rheobase, of irregular neurons: both spikes grow.
    assert measured[module.GROW] == 1.0
    assert dataset.distance.shape == (2, 250) and (dataset.distance.values > 0).all()
    assert [check.what for check in PROTOCOL.checks(dataset)] == [module.ERROR]
    elsewhere = json.loads(dataset.attrs["config"]) | {"g": 0.08}
    assert PROTOCOL.checks(dataset.assign_attrs(config=json.dumps(elsewhere))) == []


def test_moved_spikes_do_not_grow_where_neurons_are_hardly_coupled(tmp_path):
    # Driven above the rheobase each fires like a clock, and keeps what little it was shifted by.
    size = SMALL | {"seconds": 1.3, "perturbations": 2, "dt": 1.0, "rls_interval": 4.0, "target": "numpy"}
    config = PROTOCOL.config(**size, bias=-38.0, g=4e-4)
    _, dataset = PROTOCOL.execute(config, tmp_path)
    assert module.measure(dataset)[module.GROW] == 0.0


@pytest.mark.programs
def test_a_silent_network_has_no_share(tmp_path):
    config = PROTOCOL.config(**SMALL | {"seconds": 1.3}, neuron="izhikevich", g=50.0)
    _, dataset = PROTOCOL.execute(config, tmp_path)
    assert np.isnan(dataset.distance).all() and np.isnan(module.measure(dataset)[module.GROW])
    assert len(module.growth(dataset)) == 0


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"dt": 1.5, "rls_interval": 1.5}, "dt: expected at most 1 ms, the delay"),
        ({"filter": "odd.py:ODD"}, "filter: expected a filter"),
    ],
)
def test_spikes_that_cannot_be_moved_are_refused_before_training(tmp_path, monkeypatch, changes, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "odd.py").write_text(
        "from snnlab.synapses.double_exponential import DOUBLE_EXPONENTIAL as D\n"
        "from dataclasses import replace\n"
        "ODD = replace(D, name='odd', on_spike='h += weight*int(rand() < 2)/(tau_rise*tau_decay)')\n"
    )
    with pytest.raises(UserError, match=message):
        PROTOCOL.execute(PROTOCOL.config(**SMALL | changes), tmp_path / "runs")


def test_negative_counts_are_refused(tmp_path):
    with pytest.raises(UserError, match="perturbations: expected an integer >= 0, got -1"):
        PROTOCOL.execute(PROTOCOL.config(**SMALL | {"perturbations": -1}), tmp_path)


def test_published_gains_are_those_of_the_neurons():
    for neuron, (g, q) in module.PUBLISHED.items():
        setup = PROTOCOL.config(neuron=neuron).setup
        assert (setup.g / float(setup.weight_unit), setup.q) == pytest.approx((g, q * Q_UNITS[neuron]))


def test_factors_of_the_published_gains():
    assert module.factors({"neuron": "lif", "g": None, "q": 5.0}) == (1.0, 0.5)
    assert module.factors({"neuron": "izhikevich", "g": 50.0, "q": None}) == (0.01, 1.0)
    assert np.isnan(module.factors({"neuron": "mine.py:X", "g": 1.0, "q": None})).all()
    assert {module.factors(v) for v in module.VARIANTS.values()} == {
        (x, y) for x in module.G_FACTORS for y in module.Q_FACTORS
    }


def synthetic(g, seed, chaotic, learned, moved=True):
    """A run whose moved spikes grow at 20/s or are forgotten, and whose free run is the teacher or half of it."""
    time, delay = np.arange(1, 6001) * 1e-3, SPIKE_STEP * (np.arange(250) + 0.5)
    teacher = np.sin(2 * np.pi * 5 * time)[:, None]
    dataset = xr.Dataset(
        {
            "output": (("time", "component"), teacher * (1.0 if learned else 0.5)),
            "teacher": (("time", "component"), teacher),
        },
        {"time": time},
        {
            "learn_stop": 3.0,
            "preset": "full",
            "config": json.dumps({"neuron": "lif", "g": g, "q": 10.0, "seed": seed, "control": "none"}),
        },
    )
    if not moved:
        return dataset
    distance = np.minimum(0.01 * np.exp((20 if chaotic else -50) * delay), 10.0)
    unrelated = np.nan if chaotic is None else 10.0
    return dataset.assign(
        distance=(("perturbation", "delay"), np.tile(distance, (2, 1))),
        distance_of_unrelated=("perturbation", [unrelated] * 2),
    )


def test_growth_of_each_moved_spike():
    np.testing.assert_allclose(module.growth(synthetic(0.04, 0, True, True)), 20, rtol=1e-6)
    assert np.isnan(module.growth(synthetic(0.04, 0, False, True))).all()


def test_findings_tell_where_chaos_and_learning_begin():
    runs = [
        synthetic(g, s, g > 0.005 if g > 0.001 else None, g > 0.015)
        for s in range(3)
        for g in (0.0004, 0.004, 0.02, 0.04)
    ]
    # Another Q at one G, at which no spike was moved.
    runs += [synthetic(0.004, s, None, True, moved=False) for s in range(3)]
    found = {row.what.partition("): ")[2]: row.value for row in PROTOCOL.comparisons(runs)}
    learn = "share of points that learn where the network is {} before learning"
    assert found == pytest.approx(
        {
            "moved spikes that grow at 0.1 of the published G": 0,
            "moved spikes that grow at 0.5 of the published G": 1,
            "moved spikes that grow at 1 of the published G": 1,
            learn.format("chaotic"): 1,
            learn.format("not chaotic"): 0.5,
            learn.format("silent"): 0,
            "smallest G that learns / published G": 0.1,
        }
    )
    assert PROTOCOL.comparisons(runs[:8]) == []
