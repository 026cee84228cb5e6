"""The oscillator protocol: its table of settings, its teachers, and how it measures."""

import json

import numpy as np
import pytest
import xarray as xr

from snnlab.lab.protocol import find_protocol
from snnlab.protocols.force import _shared as module

PROTOCOL = find_protocol("force_oscillator")


def synthetic(task="product", speed=1.0, amplitude=1.0, noise=0.0, condition="default"):
    """A run whose output is the teacher, in the free run at another speed or size, or with noise."""
    config = module.settle(PROTOCOL.config(task=task, neuron="izhikevich"))
    time = np.arange(1, round(config.seconds / 1e-3) + 1) * 1e-3
    teacher, stop = module.teacher(config), config.learn_stop
    free = time > stop
    output = teacher(np.where(free, stop + speed * (time - stop), time)) * np.where(free, amplitude, 1.0)[:, None]
    rng = np.random.default_rng(0)
    output = output + (0.02 + noise * free[:, None]) * teacher(time).std() * rng.standard_normal(output.shape)
    names = ("learn_start", "learn_stop", "seconds")
    attrs = {name: getattr(config, name) for name in names} | {"condition": condition, "preset": "full"}
    return xr.Dataset(
        {"output": (("time", "component"), output), "teacher": (("time", "component"), teacher(time))},
        {"time": time},
        attrs | {"config": json.dumps({"task": task, "neuron": "izhikevich"})},
    )


def failing(dataset):
    return {check.what.partition(" /")[0].partition(",")[0] for check in PROTOCOL.checks(dataset) if not check.holds}


def test_every_published_cell_can_be_run():
    for task, neuron in module.PUBLISHED:
        config = module.settle(PROTOCOL.config(task=task, neuron=neuron))
        setup = config.setup
        values = module.teacher(config)(np.arange(1, 100) * setup.dt)
        assert values.shape == (99, 2 if task.startswith("vdp") else 1)
        assert np.isfinite(values).all()


def test_what_the_user_gives_stands_above_the_table():
    config = module.settle(PROTOCOL.config(task="product", neuron="lif", g=0.2, seconds=40.0))
    assert (config.g, config.q, config.seconds, config.learn_stop) == (0.2, 30, 40.0, 30.0)
    # A model that the scripts did not train keeps what its file states.
    assert module.settle(PROTOCOL.config(task="complex", neuron="lif")).g == 0.04


@pytest.mark.parametrize("task", module.PERIODS)
def test_a_faithful_output_meets_the_criteria_of_every_task(task):
    assert failing(synthetic(task)) == set()
    assert len(PROTOCOL.checks(synthetic(task))) == (5 if task in module.COUNTED else 4)


def test_each_way_to_be_wrong_breaks_its_own_criterion():
    assert "free-run speed" in failing(synthetic(speed=1.08)) & failing(synthetic(speed=0.92))
    assert failing(synthetic(amplitude=0.7)) == {"free-run amplitude"}
    assert "best-lag correlation" in failing(synthetic(noise=0.8))
    # The output follows a teacher that is not the one of the task.
    other = synthetic("vdp_harmonic")
    other.attrs["config"] = json.dumps({"task": "vdp_relaxation", "neuron": "izhikevich"})
    assert "frequency of the teacher (Hz)" in failing(other)


def test_the_share_of_seeds_that_succeed():
    (finding,) = PROTOCOL.comparisons([synthetic(), synthetic(amplitude=0.5), synthetic(speed=1.01)])
    assert finding.value == pytest.approx(2 / 3) and "product, izhikevich" in finding.what
    # Two of three are too few to say that most networks succeed; ten of ten are not.
    assert finding.published.kind == "existence" and finding.judge(True).word == "undecided"
    (finding,) = PROTOCOL.comparisons([synthetic()] * 10)
    assert finding.judge(True).word == "reproduced"
