"""The (G, Q) plane: what a run measures, which points are judged, and what a study finds."""

import json

import numpy as np
import pytest
import xarray as xr

from snnlab.errors import UserError
from snnlab.protocol import find_protocol
from snnlab.protocols import force_gain_plane as module

PROTOCOL = find_protocol("force_gain_plane")
SMALL = {"n": 100, "seconds": 2.0, "learn_start": 0.2, "learn_stop": 1.0, "perturbations": 2, "target": "numpy"}


def test_a_small_run_has_both_measures_and_only_published_gains_are_judged(tmp_path):
    _, dataset = PROTOCOL.execute(PROTOCOL.config(**SMALL), tmp_path)
    measured = module.measure(dataset)
    assert set(measured) == {module.ERROR, module.EXPONENT} and np.isfinite(list(measured.values())).all()
    assert dataset.distance.shape == (2, 100) and (dataset.distance.values > 0).all()
    assert [check.what for check in PROTOCOL.checks(dataset)] == [module.ERROR]
    elsewhere = json.loads(dataset.attrs["config"]) | {"g": 0.08}
    assert PROTOCOL.checks(dataset.assign_attrs(config=json.dumps(elsewhere))) == []


def test_a_silent_network_has_no_exponent(tmp_path):
    config = PROTOCOL.config(**SMALL | {"seconds": 1.3}, neuron="izhikevich", g=50.0)
    _, dataset = PROTOCOL.execute(config, tmp_path)
    assert "distance" not in dataset and np.isnan(module.measure(dataset)[module.EXPONENT])


def test_negative_counts_are_refused(tmp_path):
    with pytest.raises(UserError, match="perturbations: expected an integer >= 0, got -1"):
        PROTOCOL.execute(PROTOCOL.config(**SMALL | {"perturbations": -1}), tmp_path)


def test_factors_of_the_published_gains():
    assert module.factors({"neuron": "lif", "g": None, "q": 5.0}) == (1.0, 0.5)
    assert module.factors({"neuron": "izhikevich", "g": 50.0, "q": None}) == (0.01, 1.0)
    assert np.isnan(module.factors({"neuron": "mine.py:X", "g": 1.0, "q": None})).all()
    assert {module.factors(v) for v in module.VARIANTS.values()} == {
        (x, y) for x in module.G_FACTORS for y in module.Q_FACTORS
    }


def synthetic(g, seed, chaotic, learned):
    """A run whose moved spike grows at 20/s or is forgotten, and whose free run is the teacher or half of it."""
    time, delay = np.arange(1, 6001) * 1e-3, np.arange(1, 101) * 5e-3
    teacher = np.sin(2 * np.pi * 5 * time)[:, None]
    distance = np.minimum(0.01 * np.exp((20 if chaotic else -50) * delay), 10.0)[None]
    return xr.Dataset(
        {
            "output": (("time", "component"), teacher * (1.0 if learned else 0.5)),
            "teacher": (("time", "component"), teacher),
            "distance": (("perturbation", "delay"), distance),
            "distance_of_unrelated": ("perturbation", [10.0]),
        },
        {"time": time, "delay": delay},
        {
            "learn_stop": 3.0,
            "seed": seed,
            "preset": "full",
            "config": json.dumps({"neuron": "lif", "g": g, "q": 10.0, "perturbations": 1}),
        },
    )


def test_findings_tell_where_chaos_and_learning_begin():
    runs = [synthetic(g, s, g > 0.005, g > 0.015) for s in range(3) for g in (0.004, 0.01, 0.02, 0.04)]
    assert module.exponent(runs[0]) == pytest.approx(-50) and module.exponent(runs[1]) == pytest.approx(20)
    found = {row.what.partition(": ")[2]: row.value for row in PROTOCOL.findings(runs)}
    assert found == pytest.approx(
        {
            "smallest G at which a moved spike grows": 0.25,
            "smallest G that learns with some Q": 0.5,
            "share of points that learn where a moved spike grows": 2 / 3,
            "share of points that learn where a moved spike does not grow": 0,
        }
    )
    assert PROTOCOL.findings(runs[:8]) == []
