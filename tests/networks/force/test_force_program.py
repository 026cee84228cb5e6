"""FORCE as one C++ program: the same run as on Brian2's runtime targets, built once."""

import os

import numpy as np
import pytest

from snnlab.engine import build
from snnlab.engine.brian import Engine
from snnlab.engine.programs import program
from snnlab.errors import Diverged, MachineError
from snnlab.lab.protocol import find_protocol
from snnlab.networks.force import program as force_program
from snnlab.networks.force.config import ForceConfig
from snnlab.networks.force.train import train_force

pytestmark = pytest.mark.standalone
SIZE = {"neuron": "lif", "n": 203, "dt": 0.1, "seconds": 0.5, "learn_start": 0.1, "learn_stop": 0.4, "seed": 5}


def train(target, n_outputs=1, excitatory=None, **changes):
    def teacher(t):
        return np.stack([np.sin(2 * np.pi * (5 + m) * t) for m in range(n_outputs)], axis=1)

    config = ForceConfig(**SIZE | {"target": target} | changes)
    with Engine(target, config.seed) as engine:
        dataset = train_force(config, teacher, engine, excitatory)
        return dataset.assign_attrs(target=engine.target)


CASES = [
    ({}, 1e-9),
]
# These are run by make test-programs alone.
MORE = [
    # So many outputs that feedback is folded into one matrix; the numbers are no multiples of what is done at once.
    ({"n_outputs": 13}, 1e-9),
    # Over checkpoints: learning starts after one and stops on one, and the control breaks the network on it.
    ({"checkpoint": 0.08, "learn_start": 0.1, "learn_stop": 0.32, "control": "permuted_decoder"}, 1e-9),
    # Sums of P r are rounded to 6e-8 in another order.
    ({"rls_precision": "float32"}, 2e-5),
    ({"rls_gain": "exact", "alpha": 2e-5}, 1e-9),
    ({"control": "permuted_decoder"}, 1e-9),
    ({"control": "no_feedback"}, 1e-9),
    ({"control": "shuffled_teacher"}, 1e-9),
    ({"n_outputs": 2}, 1e-9),
    ({"n_outputs": 13, "checkpoint": 0.08, "learn_stop": 0.32, "control": "permuted_decoder"}, 1e-9),
    ({"n_outputs": 13, "rls_gain": "exact", "alpha": 2e-5, "control": "no_feedback"}, 1e-9),
    ({"filter_scheme": "exponential"}, 1e-9),
    ({"checkpoint": 0.1, "n_outputs": 2}, 1e-9),
    ({"checkpoint": 0.08, "n_outputs": 2, "excitatory": 0.5, "control": "permuted_decoder"}, 1e-9),
    # Most neurons fire between two updates.
    ({"bias": -20.0, "rls_interval": 20.0}, 1e-9),
    ({"rls_precision": "float32", "n_outputs": 13}, 2e-5),
]


@pytest.mark.parametrize(
    ("changes", "tolerance"),
    [*CASES, *(pytest.param(*case, marks=pytest.mark.programs) for case in MORE)],
    ids=str,
)
def test_both_targets_give_the_same_run(changes, tolerance):
    python, program = train("numpy", **changes), train("cpp_standalone", **changes)
    assert set(python.variables) == set(program.variables)
    for name in python.variables:
        first, second = python[name].values, program[name].values
        scale = np.abs(first).max() if first.size else 1.0
        np.testing.assert_allclose(second, first, rtol=0, atol=tolerance * max(scale, 1e-300), err_msg=str(name))
    # It did learn, and every kind of recording holds something.
    assert np.abs(python.decoder.values).max() > 0
    assert all(python.sizes[x] for x in ("time", "bin", "spike", "traced", "learned"))


@pytest.mark.programs
@pytest.mark.parametrize("neuron", ["theta", "izhikevich"])
def test_other_models_are_the_same_run_while_they_learn(neuron):
    changes = {"neuron": neuron, "dt": None, "seconds": 0.3, "learn_start": 0.1, "learn_stop": 0.2}
    python, program = train("numpy", **changes), train("cpp_standalone", **changes)
    # The first 100 ms of learning.
    np.testing.assert_allclose(program.decoder, python.decoder, rtol=0, atol=1e-9 * np.abs(python.decoder).max())
    np.testing.assert_array_equal(program.spike_neuron, python.spike_neuron)


def test_another_run_of_the_same_model_compiles_nothing(monkeypatch):
    train("cpp_standalone")

    def refuse(*_):
        raise AssertionError("compiled again")

    monkeypatch.setattr(force_program, "_compile", refuse)
    changes = {"seed": 6, "learn_start": 0.05, "learn_stop": 0.12, "seconds": 0.15, "g": 0.03, "bias": -39.0, "p": 0.2}
    first, second = train("cpp_standalone", **changes), train("numpy", **changes)
    np.testing.assert_allclose(first.output, second.output, rtol=0, atol=1e-9)


def test_programs_that_nobody_used_for_long_are_removed(tmp_path):
    old, used = tmp_path / "old", tmp_path / "used"
    for folder in (old, used):
        folder.mkdir()
        (folder / "main").touch()
    os.utime(old, times=(0, 0))
    build.remove_unused(tmp_path)
    assert not old.exists() and used.exists()


def test_a_program_that_is_used_counts_as_new(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    folder = program([], [], lambda building: (building / "main").touch())
    os.utime(folder, times=(0, 0))
    assert program([], [], None) == folder and folder.stat().st_mtime > 1e9


def test_auto_is_the_program_where_it_can_run_and_the_file_says_so(tmp_path):
    protocol = find_protocol("force_sine")
    _, dataset = protocol.execute(protocol.config(**SIZE), tmp_path)
    assert dataset.attrs["target"] == "cpp_standalone"
    with Engine("auto") as engine:
        assert engine.target == "cython"


def test_a_program_that_diverges_says_when():
    with pytest.raises(Diverged, match=r"^diverged: .* at t = 0\.1"):
        train("cpp_standalone", alpha=1e30)


def test_both_targets_refuse_states_that_are_finite_and_too_large():
    # Weights of the feedback are so small that the output alone grows.
    size = SIZE | {"q": 1e-30, "learn_stop": 0.2, "seconds": 0.3}
    said = set()
    for target in ("numpy", "cpp_standalone"):
        with Engine(target, 5) as engine, pytest.raises(Diverged) as error:
            train_force(ForceConfig(**size, target=target), lambda t: 1e20 * np.sin(30 * t), engine)
        said.add(str(error.value))
    assert said == {"diverged: the output is above 1e+12 at t = 0.11 s"}


def test_a_program_whose_input_is_cut_short_is_refused(monkeypatch):
    write = force_program.ProgramLoop._job

    def short(self, start, stop):
        return {k: v for k, v in write(self, start, stop).items() if k != "alpha"}

    monkeypatch.setattr(force_program.ProgramLoop, "_job", short)
    with pytest.raises(MachineError, match="alpha is missing"):
        train("cpp_standalone")


@pytest.mark.programs
def test_filters_of_silent_neurons_end_at_zero_and_not_at_slow_numbers():
    # After 14.5 s at tau_decay = 20 ms, between the smallest normal and the smallest denormal number.
    final = train("cpp_standalone", bias=-100.0, seconds=14.5, learn_start=0.1, learn_stop=0.2, record_interval=10.0)
    r = np.abs(final.state_r.values)
    assert not ((r > 0) & (r < np.finfo(float).tiny)).any()
    assert (r == 0).any() and final.spike_time.size
