"""Runs that a script starts itself, and what a script may not change."""

import logging

import brian2
import numpy as np
import pytest
from brian2 import ms
from brian2.devices.device import runtime_device

from snnlab.engine.brian import Engine, on_numpy
from snnlab.errors import UserError


def spiking(n=5):
    cells = brian2.NeuronGroup(
        n, "dv/dt = (2 - v)/(5*ms) : 1", threshold="v > 1", reset="v = 0.5*rand()", method="exact"
    )
    return cells, brian2.SpikeMonitor(cells)


def run_alone():
    _cells, spikes = spiking()
    brian2.run(10 * ms)
    return np.array(spikes.t)


def run_by_engine(engine):
    _cells, spikes = spiking()
    engine.run(brian2.Network(brian2.collect()), 10 * ms)
    return np.array(spikes.t)


def test_a_script_may_run_itself_or_be_run_by_the_engine():
    with Engine("numpy", 3) as engine:
        alone = run_alone()
        assert engine.used == "numpy"
    with Engine("numpy", 3) as engine:
        np.testing.assert_array_equal(run_by_engine(engine), alone)
    with Engine("numpy", 4) as engine:
        assert not np.array_equal(run_by_engine(engine), alone)
    # An engine that is not entered changes nothing.
    before = dict(vars(runtime_device))
    Engine("numpy", 3)
    assert len(alone) > 5 and vars(runtime_device) == before


def test_a_run_sees_the_variables_of_its_caller():
    def growing():
        return brian2.NeuronGroup(1, "dx/dt = rate/second : 1", method="euler")

    def explicit():
        rate, group = 3, growing()  # noqa: F841
        net = brian2.Network(group)
        net.run(10 * ms, namespace={"rate": 5})
        net.run(10 * ms)
        return float(group.x[0])

    def magic():
        rate, group = 3, growing()  # noqa: F841
        brian2.run(10 * ms)
        return float(group.x[0])

    with Engine("numpy"):
        assert explicit() == pytest.approx(0.05 + 0.03)
        assert magic() == pytest.approx(0.03)


def test_errors_in_equations_are_one_line_however_a_network_is_run():
    for alone in (True, False):
        with Engine("numpy"), pytest.raises(UserError, match=r"^equations of \w+: .*\"nowhere\""):
            group = brian2.NeuronGroup(1, "dx/dt = nowhere/second : 1", method="euler")
            if alone:
                brian2.run(1 * ms)
            brian2.Network(group).run(1 * ms)


@pytest.mark.parametrize("target", ["numpy", "cpp_standalone"])
def test_a_script_cannot_choose_another_target_while_it_runs(target):
    other = "cpp_standalone" if target == "numpy" else "runtime"
    with (
        Engine(target),
        pytest.raises(UserError, match=rf"^target: expected {target}, as --target says, got set_device"),
    ):
        brian2.set_device(other)
        spiking()
        brian2.run(1 * ms)
    assert brian2.get_device() is runtime_device
    with Engine("numpy"), pytest.raises(UserError, match=r"got codegen\.target = 'auto' in the protocol$"):
        brian2.prefs["codegen.target"] = "auto"
        brian2.run(1 * ms)


def test_a_device_chosen_before_is_left_with_a_warning(monkeypatch):
    warnings = []
    monkeypatch.setattr(logging.getLogger("snnlab"), "warning", warnings.append)
    brian2.set_device("cpp_standalone")
    with Engine("numpy", 3) as engine:
        assert len(run_alone()) > 5 and engine.used == "numpy"
    assert warnings == ["set_device: the option --target chooses where code runs, here numpy"]
    assert brian2.get_device() is runtime_device


def test_preferences_and_the_default_step_are_those_of_one_run():
    before = brian2.prefs["codegen.loop_invariant_optimisations"], float(brian2.defaultclock.dt)
    for target in ("numpy", "cpp_standalone"):
        with Engine(target) as engine:
            assert engine.target == target
            brian2.prefs["codegen.loop_invariant_optimisations"] = False
            brian2.prefs["codegen.cpp.include_dirs"] += ["/somewhere"]
            brian2.defaultclock.dt = 0.5 * ms
    assert (brian2.prefs["codegen.loop_invariant_optimisations"], float(brian2.defaultclock.dt)) == before
    assert "/somewhere" not in brian2.prefs["codegen.cpp.include_dirs"]


def test_a_seed_in_a_script_holds_and_is_said(monkeypatch):
    warnings, found = [], []
    monkeypatch.setattr(logging.getLogger("snnlab"), "warning", warnings.append)
    for seed in (1, 2):
        with Engine("numpy", seed) as engine:
            engine.seed_brian2()
            brian2.seed(7)
            found.append(run_alone())
    np.testing.assert_array_equal(*found)
    assert warnings == ["seed: the protocol calls brian2.seed(7), which takes the place of the option --seed"] * 2


def test_numbers_that_a_script_draws_from_numpy_follow_the_seed_on_every_target():
    def draw(target, seed):
        with Engine(target, seed) as engine:
            assert engine.target == target
            return np.random.randn(3).tolist()  # noqa: NPY002 (as scripts do)

    first = draw("numpy", 1)
    assert draw("cpp_standalone", 1) == draw("cpp_standalone", 1) == first
    assert draw("cpp_standalone", 2) != first


def test_objects_with_longer_steps_than_a_run_by_the_default_clock():
    brian2.defaultclock.dt = 5 * ms
    try:
        with Engine("numpy") as engine:
            group = brian2.NeuronGroup(1, "dx/dt = 1/ms : 1", method="euler", dt=0.1 * ms)
            assert not engine.run(brian2.Network(group), 2 * ms)
        assert float(group.x[0]) == pytest.approx(2)
    finally:
        brian2.defaultclock.dt = 0.1 * ms


class Python(brian2.core.base.BrianObject):
    """An object of the user's own that runs in Python."""

    def run(self):
        raise AssertionError


def test_standalone_refuses_objects_of_a_script_that_run_in_python():
    with Engine("cpp_standalone"), pytest.raises(UserError, match=r"^target: expected cython or numpy"):
        brian2.Network(Python(dt=1 * ms)).run(1 * ms)


def test_a_part_on_numpy_runs_inside_an_engine_of_another_target():
    with Engine("cpp_standalone", 3) as engine:
        assert engine.target == "cpp_standalone"
        with on_numpy():
            assert len(run_alone()) > 5
        with on_numpy(), Engine("numpy", 3):
            assert len(run_alone()) > 5
        with pytest.raises(UserError, match="needs Python"):
            brian2.Network(brian2.NetworkOperation(lambda: None)).run(1 * ms)


@pytest.mark.programs
@pytest.mark.standalone
def test_several_runs_are_one_program_also_with_objects_that_come_later():
    def script():
        cells, spikes = spiking()
        net = brian2.Network(cells, spikes)
        net.run(5 * ms)
        others = brian2.NeuronGroup(2, "dx/dt = 1/ms : 1", method="euler")
        links = brian2.Synapses(cells, others, on_pre="x += 1")
        links.connect()
        cells.v = 0.25
        net.add(others, links)
        net.run(5 * ms)
        return np.array(spikes.t), np.array(others.x)

    results = []
    for target in ("numpy", "cpp_standalone"):
        with Engine(target, 3):
            results.append(script())
    for a, b in zip(*results, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9)
