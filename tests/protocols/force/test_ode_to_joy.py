"""The Ode to Joy protocol: what it measures, its sound, and a reduced run."""

import json

import numpy as np
import pytest
import xarray as xr

from snnlab.errors import UserError
from snnlab.lab.protocol import find_protocol
from snnlab.networks.force import melody
from snnlab.protocols.force import ode_to_joy as module
from snnlab.stimuli.sounds.music import ODE_TO_JOY

PROTOCOL = find_protocol("ode_to_joy")


def synthetic(speed=1.0, order=range(5), noise=0.0, learn_stop=20.0, jump=0.0):
    """A run whose output is the melody, in the free run at another speed, with other notes, with noise, or jumping."""
    time = np.arange(1, round((learn_stop + 40) / 2e-3) + 1) * 2e-3
    free = time > learn_stop
    output = ODE_TO_JOY(
        np.where(free, learn_stop + speed * (time - learn_stop) + jump * (time > learn_stop + 16), time)
    )
    output[free] = output[free][:, list(order)]
    output += noise * free[:, None] * np.random.default_rng(0).standard_normal(output.shape)
    attrs = {"learn_start": 1.0, "learn_stop": learn_stop, "seconds": learn_stop + 40.0, "condition": "default"}
    return xr.Dataset(
        {"output": (("time", "component"), output), "teacher": (("time", "component"), ODE_TO_JOY(time))},
        {"time": time},
        attrs | {"config": json.dumps({"neuron": "izhikevich_b", "n": 5000})},
    )


def failing(dataset):
    return {check.what for check in PROTOCOL.checks(dataset) if not check.holds}


def test_published_settings():
    config = module.settle(PROTOCOL.config())
    setup = config.setup
    assert (config.n, config.g, config.q, config.seconds, setup.learn.step) == (5000, 1e4, 4e3, 1000.0, 100)
    assert module.settle(PROTOCOL.config(learn_stop=30.0)).seconds == 130.0
    assert module.settle(PROTOCOL.config()) == module.settle(PROTOCOL.config(seconds=1000.0))
    assert module.settle(PROTOCOL.config()) != module.settle(PROTOCOL.config(seconds=950.0))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"learn_stop": float("nan")}, "learn_stop: expected"),
        ({"record_interval": 7.0, "dt": 0.5}, "a divisor of 10 ms"),
    ],
)
def test_bad_settings_are_refused_by_name(tmp_path, changes, message):
    with pytest.raises(UserError, match=message):
        PROTOCOL.execute(PROTOCOL.config(target="numpy", **changes), tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("speed", [1.0, 0.97, 1.03])
def test_a_melody_that_drifts_in_time_meets_every_check(speed):
    dataset = synthetic(speed)
    assert failing(dataset) == set() and len(PROTOCOL.checks(dataset)) == 9
    assert melody.measure(dataset)[melody.SPEED_MEASURE] == pytest.approx(speed, abs=0.003)


def test_a_melody_that_loses_its_place_is_not_in_step():
    dataset = synthetic(jump=1.5)
    assert melody.measure(dataset)[melody.IN_STEP] == pytest.approx(7 / 8)
    assert failing(dataset) == {melody.IN_STEP}


def test_wrong_notes_wrong_speed_and_noise_fail():
    assert melody.NOTES_RIGHT in failing(synthetic(order=[0, 2, 1, 3, 4]))
    assert melody.SPEED_MEASURE in failing(synthetic(speed=1.08))
    assert failing(synthetic(noise=1.5)) >= {f"correlation of {c}, median melody" for c in "CDEFG"}


def test_findings_by_length_of_learning():
    rows = PROTOCOL.comparisons([synthetic(learn_stop=20.0), synthetic(learn_stop=12.0, order=[0, 2, 1, 3, 4])])
    assert [f.what.partition(": ")[0].rpartition("for ")[2] for f in rows] == ["11 s"] * 3 + ["19 s"] * 3
    assert rows[0].value < 0.7 < rows[3].value == 1.0


def of_reduced_preset(dataset):
    return dataset.assign_attrs(config=json.dumps({"neuron": "izhikevich_b"} | module.QUICK))


def test_the_reduced_preset_is_asked_to_learn_and_for_more_right_notes_than_chance():
    stop = module.QUICK["learn_stop"]
    checks = PROTOCOL.checks(of_reduced_preset(synthetic(speed=1.08, learn_stop=stop)))
    assert [check.what for check in checks] == [melody.TRAINING, melody.NOTES_RIGHT] and all(c.holds for c in checks)
    wrong = of_reduced_preset(synthetic(learn_stop=stop, order=[1, 2, 3, 4, 0]))
    assert failing(wrong) == {melody.NOTES_RIGHT}
    silent = synthetic(learn_stop=stop)
    silent["output"] = silent.output.where(silent.time <= stop, 0.0)
    assert failing(of_reduced_preset(silent)) == {melody.NOTES_RIGHT}
    silent["output"] *= 0
    assert failing(of_reduced_preset(silent)) == {melody.TRAINING, melody.NOTES_RIGHT}


@pytest.mark.science
@pytest.mark.parametrize("condition", ["default", *module.CONTROLS])
def test_the_reduced_preset_meets_its_checks_and_its_controls_fail(tmp_path, condition):
    _, dataset = PROTOCOL.execute(PROTOCOL.config(quick=True, **PROTOCOL.controls.get(condition, {})), tmp_path)
    assert (dataset.attrs["preset"], dataset.attrs["condition"]) == ("quick", condition)
    assert dataset.attrs["note"] == module.NOTE and len(PROTOCOL.checks(dataset)) == 2
    assert bool(failing(dataset)) == (condition != "default")


def test_a_reduced_run_and_its_sound(tmp_path):
    size = {"n": 60, "seconds": 14.0, "learn_start": 0.1, "learn_stop": 1.0, "dt": 1.0, "target": "numpy"}
    config = PROTOCOL.config(neuron="lif", g=0.04, q=10.0, rls_interval=4.0, **size)
    path, dataset = PROTOCOL.execute(config, tmp_path)
    assert dataset.sizes["component"] == 5 and len(json.loads(dataset.attrs["checks"])) == 8
    (sound,) = PROTOCOL.export(dataset, path.with_suffix(""))
    assert sound == path.with_suffix(".wav") and sound.read_bytes()[:4] == b"RIFF"
    assert PROTOCOL.export(dataset.assign_attrs(seconds=2.0), path.with_suffix("")) == []
