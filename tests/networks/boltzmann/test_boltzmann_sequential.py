"""Neurons that learn one after the other are the authors' program; machines are compared, saved and loaded."""

import json

import numpy as np
import pytest

import snnlab
from places import DATA
from references import jdybm
from snnlab.errors import UserError
from snnlab.lab.protocol import find_protocol
from snnlab.networks.boltzmann.fit import Boltzmann
from snnlab.networks.boltzmann.rule import DybmRule
from snnlab.stimuli.pictures.bitmaps import word

WORD, LETTER = word("SCIENCE"), word("I")
SEQUENTIAL = DybmRule(variant="jdybm_sequential")
STATE = ("delays", "bias", "u", "v")


def java(name, variant="jdybm_sequential"):
    stored = json.loads((DATA / f"jdybm_{name}.json").read_text())
    return Boltzmann(*(np.array(stored[each]) for each in STATE), DybmRule(variant=variant))


def apart(one, two):
    return max(np.abs(getattr(one, name) - getattr(two, name)).max() for name in STATE)


def test_it_has_the_state_of_the_java_program_after_a_period_and_equations_do_not():
    after = java("period1")
    assert apart(java("init").fit(WORD, 1, testing=False, target="numpy").machine, after) < 1e-12
    at_once = java("init", "jdybm").fit(WORD, 1, testing=False, target="numpy").machine
    assert 1.9 < apart(at_once, after) < 2.1


def test_it_is_the_plain_loop_for_ten_periods():
    trained = java("init").fit(WORD, 10, testing=False, target="numpy").machine
    expected = jdybm.train(*(getattr(java("init"), name) for name in STATE), WORD, 10)
    for name, values in zip(STATE[1:], expected, strict=True):
        np.testing.assert_allclose(getattr(trained, name), values, rtol=0, atol=1e-7)


@pytest.mark.parametrize("optimizer", ["adagrad", "sgd"])
def test_it_learns_a_letter_and_goes_on_from_a_state(rng, optimizer):
    rule = DybmRule(variant="jdybm_sequential", optimizer=optimizer)
    machine = Boltzmann.random(7, rng, rule)
    whole = machine.fit(LETTER, 9, target="numpy")
    first = machine.fit(LETTER, 4, target="numpy")
    second = first.machine.fit(LETTER, 5, target="numpy", state=first.state)
    assert second.machine == whole.machine and second.state == whole.state and first.machine != machine
    if optimizer == "adagrad":
        fitted = machine.fit(LETTER, 300)
        assert fitted.recalled
        np.testing.assert_array_equal(fitted.machine.generate(len(LETTER), fitted.traces), LETTER)


def test_it_runs_in_numpy_alone(machine_file):
    with pytest.raises(UserError, match=r"^target: expected auto or numpy, since variant is jdybm_sequential, got"):
        Boltzmann.random(3, 0, SEQUENTIAL).fit(np.eye(3), 1, target="cpp_standalone")
    science = find_protocol("dybm_science")
    size = {"sequence": "I", "periods": 2, "variant": "jdybm_sequential"}
    with pytest.raises(UserError, match=r"^target: expected auto or numpy"):
        science.prepare(science.config(**size, target="cpp_standalone"))
    _, run = science.execute(science.config(**size), machine_file.parent)
    assert run.attrs["target"] == "none" and run.attrs["equations"].startswith("# neurons decide and learn one after")


def test_the_expected_time_is_that_of_what_computes():
    """A step of SCIENCE took 0.5 ms in numpy, and 1 ms if neurons learn one after the other."""
    config, steps = find_protocol("dybm_science").config, 300_000 * len(WORD)
    seconds = [config(**each).cost().seconds for each in ({"target": "numpy"}, {"variant": "jdybm_sequential"}, {})]
    assert seconds[0] / steps == pytest.approx(0.5e-3, rel=0.1) and seconds[1] / steps == pytest.approx(1.2e-3, rel=0.1)
    assert seconds[2] < 200


@pytest.fixture
def machine_file(tmp_path):
    return tmp_path / "machine.nc"


def test_equality_is_true_or_false(rng):
    one, two = Boltzmann.random(4, 1), Boltzmann.random(4, 1)
    assert one == two and (one == two) is True and one in [two]
    assert one != Boltzmann.random(4, 2) and one != Boltzmann.random(5, 1) and one != 3 and one != one.silence()
    assert one != Boltzmann(one.delays, one.bias, one.u, one.v, DybmRule(rate=0.5))
    fit, again = (one.fit(np.eye(4), 2, target="numpy") for _ in range(2))
    assert fit == again and fit.state == again.state and fit.traces == again.traces
    assert fit.traces != one.silence()


def test_a_machine_is_saved_and_loaded_without_a_protocol(machine_file):
    fit = Boltzmann.random(7, 0, DybmRule(lam=(0.5,), optimizer="sgd")).fit(LETTER, 3, target="numpy")
    machine, traces = snnlab.load_machine(fit.save(machine_file))
    state = snnlab.load_state(machine_file)
    assert machine == fit.machine and traces == fit.traces and state == fit.state
    one, two = (
        each.fit(LETTER, 2, target="numpy", state=s) for each, s in ((fit.machine, fit.state), (machine, state))
    )
    assert one == two
    untrained = Boltzmann.random(7, 1)
    machine, traces = snnlab.load_machine(untrained.save(machine_file))
    assert machine == untrained and traces == untrained.silence()
    with pytest.raises(UserError, match=r"^path: expected the name of a file"):
        untrained.save(machine_file.parent)
    with pytest.raises(UserError, match=r"^state: traces: expected history of shape"):
        Boltzmann.random(5, 1).save(machine_file, fit.state)
    with pytest.raises(UserError, match=r"^run file: expected a run with a trained network, got one of no protocol"):
        snnlab.load(machine_file)
