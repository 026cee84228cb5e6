"""The engine: streams, tasks at their steps, guards, and what each target may run."""

import logging
import signal
import subprocess
import sys
from contextlib import nullcontext

import brian2
import numpy as np
import pytest
from brian2.devices.device import RuntimeDevice

from snnlab.engine import device
from snnlab.engine.brian import Engine
from snnlab.engine.naming import named
from snnlab.engine.tasks import Task, Watch
from snnlab.errors import Diverged, UserError


def decaying(name="cells", equations="dx/dt = -x/(10*ms) : 1", n=3, **kwargs):
    clock = brian2.Clock(0.1 * brian2.ms, name=f"{name}_clock")
    group = brian2.NeuronGroup(n, equations, method="euler", clock=clock, name=name, **kwargs)
    return group, clock


def test_streams_depend_on_seed_and_name_alone():
    draws = {(s, k): Engine("numpy", s).rng(k).random() for s in (1, 2) for k in ("weights", "encoder")}
    assert len(set(draws.values())) == 4
    assert draws[1, "weights"] == Engine("numpy", 1).rng("weights").random()


def test_tasks_are_called_at_their_steps_in_the_order_given():
    group, clock = decaying()
    calls = []
    tasks = [
        Task(range(0, 20, 5), lambda n: calls.append(("a", n))),
        Task(range(5, 12, 5), lambda n: calls.append(("b", n))),
        Task(range(19, 20), lambda n: calls.append(("c", n))),
        Task(range(0), lambda n: calls.append(("never", n))),
    ]
    with Engine("numpy") as engine:
        engine.run(brian2.Network(group), 20 * 1e-4, clock, tasks)
    assert calls == [("a", 0), ("a", 5), ("b", 5), ("a", 10), ("b", 10), ("a", 15), ("c", 19)]


def test_a_state_that_leaves_the_finite_numbers_stops_the_run_and_says_when():
    group, clock = decaying(equations="dx/dt = x**2/ms : 1")
    group.x = 1.0
    with Engine("numpy") as engine, pytest.raises(Diverged, match=r"x is not finite at t = 0\.0"):
        engine.run(brian2.Network(group), 1.0, clock, watch=Watch({"x": group.variables["x"].get_value()}))


@pytest.mark.parametrize(("silent", "stops"), [(0, True), (1, True), (3, False)])
def test_neurons_that_fire_at_every_second_step_stop_the_run(silent, stops):
    group, clock = decaying(equations="x : 1\ncount : integer", threshold="x > -1", reset="count += 1", n=4)
    # These are silent of four; the others fire at every step.
    group.x[:silent] = -2
    watch = Watch({}, group.variables["count"].get_value())
    expected = pytest.raises(Diverged, match="neurons fire at every second step or more") if stops else nullcontext()
    with Engine("numpy") as engine, expected:
        engine.run(brian2.Network(group), 0.1, clock, watch=watch)


def test_an_interrupted_run_is_not_taken_for_a_complete_one():
    group, clock = decaying()
    with Engine("numpy") as engine, pytest.raises(KeyboardInterrupt):
        # What Ctrl-C does.
        engine.run(
            brian2.Network(group), 0.01, clock, [Task(range(7, 8), lambda n: signal.raise_signal(signal.SIGINT))]
        )
    with Engine("numpy") as engine:
        assert brian2.prefs["core.stop_on_keyboard_interrupt"] is False


def test_a_run_that_its_network_stops_has_ended():
    group, clock = decaying()
    stopping = brian2.NetworkOperation(lambda t: brian2.stop() if t > 5 * brian2.ms else None, clock=clock)
    network = brian2.Network(group, stopping)
    with Engine("numpy") as engine:
        assert engine.run(network, 0.01, clock)
        assert 5e-3 < float(network.t) < 6e-3
        network.remove(stopping)
        assert not engine.run(network, 0.01, clock)


def brunel(engine, seconds=0.1):
    """Return the spikes of the balanced network of Brunel 2000, whose objects have no names."""
    # Brian2 finds these in the equations.
    tau, v_r, theta, j, g = 20 * brian2.ms, 10 * brian2.mV, 20 * brian2.mV, 0.1, 5  # noqa: F841
    n, delay = 100, 1.5 * brian2.ms
    equations, refractory = "dv/dt = -v/tau : volt (unless refractory)", 2 * brian2.ms
    neurons = brian2.NeuronGroup(
        n, equations, threshold="v > theta", reset="v = v_r", refractory=refractory, method="exact"
    )
    excitatory, inhibitory = neurons[:80], neurons[80:]
    excite = brian2.Synapses(excitatory, neurons, on_pre="v += j*mV", delay=delay)
    excite.connect(p=0.1)
    inhibit = brian2.Synapses(inhibitory, neurons, on_pre="v += -g*j*mV", delay=delay)
    inhibit.connect(p=0.1)
    drive = brian2.PoissonInput(neurons, "v", 1000, 20 * brian2.Hz, j * brian2.mV)
    monitor = brian2.SpikeMonitor(neurons)
    engine.run(brian2.Network(neurons, excite, inhibit, drive, monitor), seconds * brian2.second)
    assert drive.name.startswith("poissoninput") and not drive.name.endswith("_0000")
    return np.array(monitor.t), np.array(monitor.i)


@pytest.mark.parametrize("target", ["numpy", pytest.param("cython", marks=pytest.mark.programs)])
def test_a_network_of_a_tutorial_runs_unchanged_and_again(target, monkeypatch):
    results, others, notes = [], [], []
    monkeypatch.setattr(logging.getLogger("snnlab"), "info", notes.append)
    device._note_order.cache_clear()
    for created_before in (0, 9):
        # What was created before shifts the numbers in Brian2's own names: ..._9 and ..._10 are sorted as text.
        others += [brian2.NeuronGroup(1, "x : 1") for _ in range(created_before)]
        with Engine(target, 1) as engine:
            results.append(brunel(engine))
    assert len(results[0][0]) > 100
    for a, b in zip(*results, strict=True):
        np.testing.assert_array_equal(a, b)
    # It is said once in a process.
    assert [note[:29] for note in notes] == ["Brian2 objects without a name"]


class Cells(brian2.NeuronGroup):
    """A user's own class, whose objects Brian2 calls by the name of the class below."""


def unnamed():
    """Objects without a name of every kind that Brian2 names in its own way, twelve of some."""
    groups = [brian2.NeuronGroup(1, "x : 1") for _ in range(12)]
    cells = [Cells(1, "dv/dt = -v/ms : 1", threshold="v > 1", reset="v = 0", method="exact") for _ in range(12)]
    monitors = [brian2.PopulationRateMonitor(cells[0]), brian2.StateMonitor(cells[0], "v", record=True)]
    inputs = [brian2.PoissonInput(cell, "v", 10, 1 * brian2.Hz, 0.1) for cell in cells[:2]]
    named = brian2.NeuronGroup(1, "x : 1", name="explicit")
    for k in range(12):
        named.run_regularly(f"x = {k}")
    return [*groups, *cells, *monitors, *inputs, named]


def test_every_kind_of_unnamed_object_gets_the_same_name_whatever_was_created_before():
    found = []
    for _ in range(2):
        objects = unnamed()
        before = [obj.name for obj in objects]
        with named(brian2.Network(objects)) as count:
            parts = [part.name for obj in objects for part in obj.contained_objects]
            found.append(([obj.name for obj in objects], parts))
            assert count == 12 + 12 + 2 + 2 and len(set(found[-1][0])) == len(objects)
            # Sorted as text they stand in order of creation.
            assert found[-1][0][:12] == sorted(found[-1][0][:12])
        assert [obj.name for obj in objects] == before
    assert found[0] == found[1]
    assert found[0][0][-1] == "explicit"
    regular = [name for name in found[0][1] if "run_regularly" in name]
    assert regular == sorted(regular) and len(regular) == 12


def test_unnamed_objects_run_in_order_of_creation():
    order = []
    with Engine("numpy") as engine:
        clock = brian2.Clock(1 * brian2.ms)

        def noting(k):
            return lambda: order.append(k)

        made = [brian2.NetworkOperation(noting(k), clock=clock) for k in range(12)]
        engine.run(brian2.Network(made[::-1]), 1e-3, clock)
    assert order == list(range(12))


def test_unknown_targets_and_wrong_units_are_refused():
    with Engine("numpy") as engine:
        group, clock = decaying(equations="dx/dt = x : 1")
        for seconds in (0, -1.0, 2 * brian2.mV, float("inf"), "3", None):
            with pytest.raises(UserError, match="seconds: expected a time > 0"):
                engine.run(brian2.Network(group), seconds, clock)
        with pytest.raises(UserError, match="unit"):
            engine.run(brian2.Network(group), 0.001, clock)
    with pytest.raises(UserError, match="target: expected one of"):
        Engine("gpu")
    with pytest.raises(UserError, match="seed"):
        Engine("numpy", -1)


@pytest.mark.parametrize("how", ["tasks", "network operation"])
def test_standalone_refuses_python_during_the_run_instead_of_dropping_it(how):
    with Engine("cpp_standalone") as engine:
        group, clock = decaying()
        tasks, extra = [], []
        if how == "tasks":
            tasks = [Task(range(3), lambda n: None)]
        else:
            extra = [brian2.NetworkOperation(lambda: None, clock=clock, name="mine")]
        with pytest.raises(UserError, match=r"target: expected cython or numpy, .*, got cpp_standalone"):
            engine.run(brian2.Network(group, *extra), 0.001, clock, tasks)
    # The engine gives the device back.
    assert isinstance(brian2.get_device(), RuntimeDevice)


def test_an_engine_says_what_ran():
    with Engine("numpy") as engine:
        assert engine.used == "none" and engine.rng("weights").random() > 0
        engine.show(0.0, 1.0)
        assert engine.used == "none"
        group, clock = decaying()
        assert engine.used == "numpy"
        engine.run(brian2.Network(group), 1e-3, clock)
        assert engine.used == "numpy"
    with Engine("numpy") as engine:
        # The group above is not its own.
        assert engine.used == "none" and group.name == "cells"
        engine.require_python()
        assert engine.used == "numpy"
    with Engine("cpp_standalone") as engine:
        assert engine.as_program() and engine.used == "cpp_standalone"


ON_DEMAND = """
import sys
from snnlab.lazy import postpone
postpone("brian2")
from snnlab import Engine
with Engine("numpy", seed=4) as engine:
    engine.rng("weights")
assert engine.used == "none" and "brian2.core" not in sys.modules
with Engine("numpy", seed=4) as engine:
    import brian2
    assert "brian2.core" not in sys.modules
    group = brian2.NeuronGroup(3, "x : 1")
    group.x = "rand()"
    first = list(group.x)
    assert brian2.prefs["codegen.target"] == "numpy" and engine.used == "numpy"
assert brian2.prefs["codegen.target"] == "auto"
with Engine("numpy", seed=4) as engine:
    group.x = "rand()"
    assert list(group.x) == first and engine.used == "none"
with Engine("cpp_standalone") as engine:
    assert type(brian2.get_device()).__name__ == "CPPStandaloneDevice"
"""


def test_brian2_is_set_up_when_it_is_imported_and_before_anything_is_built():
    done = subprocess.run([sys.executable, "-c", ON_DEMAND], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("settings", [{"target": "fortran"}, {"seed": -1}])
def test_what_an_engine_cannot_be_is_refused_before_brian2_is_set_up(settings):
    before = brian2.prefs["codegen.target"]
    with pytest.raises(UserError, match=next(iter(settings))):
        Engine(**{"target": "numpy"} | settings)
    assert brian2.prefs["codegen.target"] == before
