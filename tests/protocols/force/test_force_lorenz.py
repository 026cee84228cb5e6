"""The Lorenz protocol: its settings, what it measures, and a reduced run."""

import json

import numpy as np
import pytest
import xarray as xr

from snnlab.analysis import chaos
from snnlab.lab.protocol import find_protocol
from snnlab.protocols.force import force_lorenz as module
from snnlab.stimuli.signals.lorenz import lorenz, pieces

PROTOCOL = find_protocol("force_lorenz")
DT, STOP, END = 2e-3, 20.0, 60.0


def synthetic(free, condition="default"):
    """A run that follows the teacher and then is what it is given, shape (T, 3)."""
    time = np.arange(1, round(END / DT) + 1) * DT
    teacher = lorenz(time, END + 1)
    output = teacher.copy()
    output[time > STOP + DT / 2] = free
    attrs = {
        "learn_start": 5.0,
        "learn_stop": STOP,
        "seconds": END,
        "condition": condition,
        "preset": "full",
        "seed": 0,
    }
    return xr.Dataset(
        {"output": (("time", "component"), output), "teacher": (("time", "component"), teacher)},
        {"time": time},
        attrs | {"config": json.dumps({"neuron": "theta"})},
    )


@pytest.fixture(scope="module")
def other():
    """Another stretch of the attractor, as long as the free run."""
    return pieces(1, END - STOP, DT, seed=5)[0]


def failing(dataset):
    return {check.what for check in PROTOCOL.checks(dataset) if not check.holds}


def test_published_settings_and_ours():
    config = module.settle(PROTOCOL.config())
    assert (config.neuron, config.n, config.g, config.q, config.alpha) == ("theta", 5000, 15, 1e4, 1e-5)
    assert module.settle(PROTOCOL.config(neuron="izhikevich_b")).n == 2000
    assert module.settle(PROTOCOL.config(neuron="lif", g=0.2, n=50)).g == 0.2
    for name in module.SETTINGS:
        assert module.settle(PROTOCOL.config(neuron=name)).setup.neuron.name == name


@pytest.mark.programs
def test_another_stretch_of_the_attractor_meets_every_check(other):
    assert failing(synthetic(other)) == set()
    assert len(PROTOCOL.checks(synthetic(other))) == 7


def test_what_is_no_lorenz_attractor_fails(other, rng):
    error = "return-map error (sd of z)"
    assert error in failing(synthetic(chaos.surrogate(other, rng)))
    assert failing(synthetic(1.3 * other)) >= {f"range of {c} / the teacher's" for c in "xyz"}
    # One lobe.
    assert "share of time with x > 0" in failing(synthetic(np.abs(other)))
    assert error in failing(synthetic(np.zeros_like(other)))
    # A limit cycle of the right size.
    turns = np.linspace(0, 2 * np.pi * 55, len(other))
    cycle = other.mean(0) + 2 * other.std(0) * np.stack([np.sin(turns), np.sin(turns), np.cos(2 * turns)], axis=1)
    assert "distance of the teacher's map (sd of z)" in failing(synthetic(cycle))


@pytest.mark.programs
def test_findings_set_the_free_run_beside_teacher_and_surrogates(other, rng):
    rows = {f.what.partition(": ")[2]: f for f in PROTOCOL.comparisons([synthetic(other)] * 3)}
    # The true one is 0.906; one piece of 39 s tells it to about 0.1.
    assert rows["largest Lyapunov exponent (1/s)"].value == pytest.approx(0.906, abs=0.2)
    assert "surrogates" in rows["return-map error (sd of z)"].null
    noise = PROTOCOL.comparisons([synthetic(chaos.surrogate(other, rng))] * 3)
    assert abs(noise[-1].value) < 0.2


def test_the_reduced_preset_is_asked_to_learn_and_to_follow_for_a_moment(other):
    def reduced(free):
        dataset = synthetic(free)
        return dataset.assign_attrs(config=json.dumps({"neuron": "lif"} | module.QUICK))

    follows = "RMSE / sd of the teacher, first 0.25 s of the free run"
    on = lorenz(np.arange(1, round(END / DT) + 1) * DT, END + 1)[-len(other) :]
    assert len(PROTOCOL.checks(reduced(on))) == 2 and failing(reduced(on)) == set()
    assert failing(reduced(0 * on)) == failing(reduced(-on)) == {follows}


@pytest.mark.science
@pytest.mark.parametrize("condition", ["default", *module.CONTROLS])
def test_the_reduced_preset_meets_its_checks_and_its_controls_fail(tmp_path, condition):
    _, dataset = PROTOCOL.execute(PROTOCOL.config(quick=True, **PROTOCOL.controls.get(condition, {})), tmp_path)
    assert (dataset.attrs["preset"], dataset.attrs["condition"]) == ("quick", condition)
    assert dataset.attrs["note"] == module.NOTE and len(PROTOCOL.checks(dataset)) == 2
    assert bool(failing(dataset)) == (condition != "default")


def test_a_reduced_run_has_its_checks(tmp_path):
    size = {"n": 60, "seconds": 13.0, "learn_start": 0.1, "learn_stop": 1.0, "dt": 1.0, "target": "numpy"}
    config = PROTOCOL.config(neuron="lif", record_interval=5.0, rls_interval=4.0, **size)
    _, dataset = PROTOCOL.execute(config, tmp_path)
    # In pieces of 11 s the teacher's share of time in a lobe is anything: there is nothing to check.
    stated = [check["what"] for check in json.loads(dataset.attrs["checks"])]
    assert dataset.sizes["component"] == 3 and len(stated) == 6
    assert not any(what.startswith("share of time") for what in stated)
    short = dataset.isel(time=slice(0, 1000)).assign_attrs(seconds=5.0)
    assert len(PROTOCOL.checks(short)) == 1
