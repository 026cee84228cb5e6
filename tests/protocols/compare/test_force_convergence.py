"""Error over the number of neurons: one run of each kind, and slopes of known errors."""

import json

import numpy as np
import pytest
import xarray as xr

from snnlab.errors import UserError
from snnlab.lab.protocol import find_protocol
from snnlab.protocols.compare import force_convergence as module

PROTOCOL = find_protocol("force_convergence")


@pytest.mark.programs
@pytest.mark.parametrize(
    "config", [{"network": "tanh", "n": 125}, {"network": "lif", "n": 50, "target": "cpp_standalone"}]
)
def test_both_kinds_of_networks_give_the_same_measures(tmp_path, config):
    _, dataset = PROTOCOL.execute(PROTOCOL.config(**config), tmp_path)
    assert dataset.output.shape == dataset.teacher.shape == (10000, 1)
    measured = module.measure(dataset)
    assert set(measured) == {module.TRAINING, module.AFTERWARDS}
    assert all(0 < value < 0.5 for value in measured.values()) == (config["network"] == "tanh")


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"network": "relu"}, "network"),
        ({"n": 0}, "n: expected"),
        ({"network": "lif", "n": -3}, "n: "),
        ({"after": 0.1}, "learn, after: expected at least two periods"),
    ],
)
def test_bad_settings_are_refused_by_name(tmp_path, config, message):
    with pytest.raises(UserError, match=message):
        PROTOCOL.execute(PROTOCOL.config(**config), tmp_path)


def synthetic(n, seed, error):
    time = np.arange(1, 10001) * 1e-3
    teacher = np.sin(2 * np.pi * 5 * time)[:, None]
    output = teacher * (1 + error)
    return xr.Dataset(
        {"output": (("time", "component"), output), "teacher": (("time", "component"), teacher)},
        {"time": time},
        {"learn_start": 1.0, "learn_stop": 6.0, "preset": "full"}
        | {"config": json.dumps({"network": "theta", "n": n, "seed": seed})},
    )


def test_slopes_of_known_errors():
    runs = [synthetic(n, seed, n**-0.5) for n in (100, 400, 1600) for seed in range(3)]
    for row in PROTOCOL.comparisons(runs):
        assert row.value == pytest.approx(-0.5, abs=1e-6)
        assert row.published.kind == "direction" and row.judge(True) == (
            "reproduced under a condition",
            "fewer than 10 seeds",
        )
    assert len(PROTOCOL.comparisons(runs)) == 2
    assert PROTOCOL.comparisons(runs[:6]) == []


def test_rate_units_have_the_settings_of_rate_force():
    rate = find_protocol("rate_force").Config()
    assert (rate.p, rate.g, rate.q, rate.tau * 1e-3, rate.rls_steps, rate.alpha) == (
        module.P,
        module.G,
        module.Q,
        module.TAU,
        module.RLS_STEPS,
        module.ALPHA,
    )
