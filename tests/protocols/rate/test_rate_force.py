"""The protocol of rate FORCE at its reduced preset."""

import numpy as np
import pytest

from snnlab.errors import UserError
from snnlab.lab.protocol import find_protocol
from snnlab.protocols.rate import rate_force as module

PROTOCOL = find_protocol("rate_force")


def failing(dataset):
    return [check.what for check in PROTOCOL.checks(dataset) if not check.holds]


@pytest.mark.parametrize(
    ("task", "rate"),
    [
        ("sine", "tanh"),
        *(pytest.param(*each, marks=pytest.mark.programs) for each in (("four_sines", "tanh"), ("sine", "sqrt"))),
    ],
)
def test_the_reduced_preset_learns_and_goes_on_alone(tmp_path, task, rate):
    _, dataset = PROTOCOL.execute(PROTOCOL.config(quick=True, task=task, rate=rate, seed=100), tmp_path)
    assert failing(dataset) == [] and len(PROTOCOL.checks(dataset)) == 3
    assert dataset.attrs["preset"] == "quick"


@pytest.mark.programs
@pytest.mark.parametrize("control", module.CONTROLS)
def test_controls_fail(tmp_path, control):
    config = PROTOCOL.config(quick=True, seed=100, **module.CONTROLS[control])
    _, dataset = PROTOCOL.execute(config, tmp_path)
    assert dataset.attrs["condition"] == control and failing(dataset)


def test_teachers_repeat_with_their_periods():
    t = np.arange(0, 1, 1e-3)
    for task, period in module.PERIODS.items():
        np.testing.assert_allclose(module.teacher(task, t), module.teacher(task, t + period), atol=1e-9)
        assert 1 < np.abs(module.teacher(task, t)).max() < 1.5
    x = module.teacher("lorenz", np.arange(0, 20, 1e-2))
    assert x.shape == (2000, 1) and 0.6 < x.std() < 1.0


def test_a_chaotic_teacher_has_a_time_it_is_followed(tmp_path):
    size = {"n": 50, "before": 0.1, "learn": 1.0, "after": 1.0}
    _, dataset = PROTOCOL.execute(PROTOCOL.config(task="lorenz", **size), tmp_path)
    assert len(PROTOCOL.checks(dataset)) == 1
    assert 0 <= module.followed(dataset) <= 1.0
    rows = PROTOCOL.comparisons([dataset] * 3)
    assert any("off by one sd" in row.what for row in rows)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"n": 0}, "n: expected"),
        ({"p": 2.0}, "p: expected a number > 0 and <= 1"),
        ({"dt": 20.0}, "dt: expected a number < tau"),
        ({"after": -1.0}, "after: expected a number >= 0"),
        ({"g": float("nan")}, "g: expected a number from 0 to"),
        ({"task": "lorenz", "learn": 500.0}, "before, learn, after: expected a sum <= 150 s"),
        ({"task": "sinus"}, "task"),
        ({"rate": "relu"}, "rate"),
        ({"learn": 1e-4}, "learn: expected"),
        ({"tau": 2000.0, "dt": 1000.0}, "dt: expected"),
    ],
)
def test_bad_settings_are_refused_by_name(tmp_path, changes, message):
    with pytest.raises(UserError, match=message):
        PROTOCOL.execute(PROTOCOL.config(**changes), tmp_path)
    assert not list(tmp_path.iterdir())
