"""Memories from before STDP against known answers, and beside a machine with it: reduced runs, findings, picture."""

import itertools
import json
from functools import cache

import numpy as np
import pytest

from snnlab.errors import UserError
from snnlab.files.record import load
from snnlab.lab.figure import find_figure, save_figure
from snnlab.lab.protocol import find_protocol
from snnlab.lab.run import controls_fail
from snnlab.networks.boltzmann import rivals as sequence_memories
from snnlab.networks.boltzmann.rivals import (
    SequenceHopfield,
    WindowBoltzmann,
    predict,
    pseudolikelihood,
    recall,
    symmetric,
    windows,
)
from snnlab.protocols.boltzmann.dybm_baselines import DYNAMIC, LAGS, MEMORIES, MISSED, ONE_LAG, STATIC, WRONG
from snnlab.stimuli.pictures.bitmaps import word

PROTOCOL = find_protocol("dybm_baselines")
CONTROLS = ("none", "shuffled_teacher")


def random_machine(rng, n, lags):
    """A static machine of random weights."""
    size = (lags + 1) * n
    return WindowBoltzmann(symmetric(rng.normal(size=size * (size - 1) // 2), size), rng.normal(size=size), n)


def test_windows_hold_each_step_after_the_steps_before_it():
    found = windows(np.arange(8).reshape(4, 2), 2)
    assert found.shape == (4, 3, 2)
    np.testing.assert_array_equal(found[0], [[4, 5], [6, 7], [0, 1]])
    np.testing.assert_array_equal(found[3], [[2, 3], [4, 5], [6, 7]])


def test_hebb_weights_are_those_of_the_sum():
    sequence = word("SUN")
    signs, memory = 2.0 * sequence - 1, SequenceHopfield.learn(sequence, 3)
    for tau in (1, 2, 3):
        summed = sum(np.outer(signs[t], signs[t - tau]) for t in range(len(signs))) / len(signs)
        np.testing.assert_allclose(memory.weights[-tau], summed, atol=1e-12)
    assert memory.parameters == 3 * 49


@pytest.mark.parametrize(("lags", "steps"), [(1, 30), (4, 12)])
def test_a_large_hopfield_network_recalls_few_random_patterns_and_not_too_many(rng, lags, steps):
    few = rng.integers(0, 2, (steps, 500), np.uint8)
    np.testing.assert_array_equal(recall(SequenceHopfield.learn(few, lags), 2 * steps, few), np.tile(few, (2, 1)))
    many = rng.integers(0, 2, (500, 500), np.uint8)
    memory = SequenceHopfield.learn(many, 1)
    # At a load of 1 the crosstalk is as large as the signal: P(N(0, 1) > 1) = 0.16 of the bits are wrong.
    assert (predict(memory, many, many) != many).mean() == pytest.approx(0.159, abs=0.01)


def test_the_gradient_of_the_pseudolikelihood_is_that_of_finite_differences(rng):
    rows = windows(rng.integers(0, 2, (9, 3)), 2).reshape(9, -1)
    parameters = rng.normal(size=9 + 36)
    value, slope = pseudolikelihood(parameters, rows, 0.3)
    numeric = [
        (pseudolikelihood(parameters + step, rows, 0.3)[0] - pseudolikelihood(parameters - step, rows, 0.3)[0]) / 2e-5
        for step in 1e-5 * np.eye(len(parameters))
    ]
    np.testing.assert_allclose(slope, numeric, rtol=1e-6, atol=1e-6)
    # From its definition: each unit given all others.
    bias, weights = parameters[:9], symmetric(parameters[9:], 9)
    total = 0.15 * (parameters[9:] ** 2).sum()
    for row in rows:
        for i in range(9):
            odds = bias[i] + sum(weights[i, j] * row[j] for j in range(9) if j != i)
            total += np.log(1 + np.exp(-odds if row[i] else odds))
    assert value == pytest.approx(total, rel=1e-12)


def test_the_most_probable_column_and_its_surprise_are_those_of_all_columns(rng):
    machine, before = random_machine(rng, 4, 2), rng.integers(0, 2, (2, 4))
    columns = list(itertools.product((0, 1), repeat=4))
    whole = [np.concatenate([before.ravel(), column]) for column in columns]
    goodness = np.array([machine.bias @ y + y @ machine.weights @ y / 2 for y in whole])
    chances = np.exp(goodness) / np.exp(goodness).sum()
    np.testing.assert_array_equal(machine.next(before), columns[chances.argmax()])
    for column, chance in zip(columns, chances, strict=True):
        assert machine.surprise(np.array([column]), before)[0] == pytest.approx(-np.log(chance))


def test_climbing_finds_the_same_in_what_was_learned_and_never_anything_better(rng, monkeypatch):
    sequence = word("SUN")
    learned, machines = WindowBoltzmann.learn(sequence, 3), [random_machine(rng, 5, 1) for _ in range(30)]
    befores = rng.integers(0, 2, (30, 1, 5))
    exact = [machine.next(before) for machine, before in zip(machines, befores, strict=True)]
    monkeypatch.setattr(sequence_memories, "ENUMERATED", 0)
    np.testing.assert_array_equal(recall(learned, 32, sequence), np.tile(sequence, (2, 1)))
    same = 0
    for machine, before, best in zip(machines, befores, exact, strict=True):
        found, drive, within = machine.next(before), machine._drive(before), machine.weights[-5:, -5:]
        high, low = (drive @ x + x @ within @ x / 2 for x in (best.astype(float), found.astype(float)))
        assert high >= low - 1e-12
        # No neuron alone would rather be otherwise.
        assert ((drive + within @ found > 0) == found).all()
        same += (found == best).all()
    assert same >= 24
    with pytest.raises(ValueError, match="n: expected at most 0 neurons to sum over all columns, got 7"):
        learned.surprise(sequence, sequence)


def test_a_static_machine_learns_the_best_weights_there_are():
    sequence = word("SUN")
    machine = WindowBoltzmann.learn(sequence, 2, penalty=0.1)
    upper = machine.weights[np.triu_indices(21, 1)]
    rows = windows(sequence, 2).reshape(len(sequence), -1)
    _, slope = pseudolikelihood(np.concatenate([machine.bias, upper]), rows, 0.1)
    # Biases of units that are never on grow without end; weights do not.
    assert np.abs(slope[21:]).max() < 0.01 and (machine.weights == machine.weights.T).all()
    assert not machine.weights.diagonal().any() and machine.parameters == 21 + 210


def test_a_window_that_shows_too_little_cannot_tell_the_word():
    sequence = word("SCIENCE")
    whole, short = (WindowBoltzmann.learn(sequence, lags) for lags in (7, 6))
    np.testing.assert_array_equal(recall(whole, 70, sequence), np.tile(sequence, (2, 1)))
    assert (predict(short, sequence, sequence) != sequence).any()
    # What it expects most is what comes: a bit more likely than not is less than log 2 of surprise.
    assert whole.surprise(sequence, sequence).max() < np.log(2)


def test_too_short_a_past_is_refused():
    memory = SequenceHopfield.learn(word("SUN"), 3)
    with pytest.raises(ValueError, match="cue: expected at least 3 steps, got 2"):
        recall(memory, 1, word("SUN")[:2])
    with pytest.raises(ValueError, match="before: expected at least 3 steps, got 0"):
        predict(memory, word("SUN"), word("SUN")[:0])


@pytest.fixture(scope="module")
def small_run(tmp_path_factory):
    """Return a run without a compiler, in which the dynamic machine learns next to nothing."""
    folder = tmp_path_factory.mktemp("runs")

    @cache
    def run(seed, control):
        settings = {"sequence": "I", "periods": 3, "window": 6, "target": "numpy"}
        return load(PROTOCOL.execute(PROTOCOL.config(**settings, seed=seed, control=control), folder)[0])

    return run


@pytest.fixture(scope="module")
def small_runs(small_run):
    return [small_run(seed, control) for control in CONTROLS for seed in range(3)]


@pytest.mark.programs
def test_each_memory_learns_what_the_machine_is_taught(small_runs):
    for run, broken in zip(small_runs[:3], small_runs[3:], strict=True):
        assert run.memory.values.tolist() == list(MEMORIES)
        # A window longer than the sequence goes round it.
        assert run.parameters.values.tolist() == [49, 6 * 49, 49 * 50 // 2, 7 + 2 * 3 * 49]
        assert run.passes.values[:2].tolist() == [1, 1] and run.passes.values[3] == run.period.values[-1]
        sequence = run.sequence.values
        wrong = (run.memory_recalled.values[:, : len(sequence)] != sequence).sum((1, 2))
        np.testing.assert_array_equal(run.memory_wrong, wrong)
        assert run.memory_wrong[3] == run.wrong[-1] and run.memory_missed[3] == run.missed[-1]
        assert run.memory_wrong[2] == 0 and run.memory_missed[2] == 0
        np.testing.assert_array_equal(run.memory_recalled[2], np.tile(sequence, (2, 1)))
        assert (broken.memory_recalled[2].values.sum(0) == 2 * sequence.sum(0)).all()


@pytest.mark.programs
def test_what_is_measured_and_found(small_runs):
    measured = PROTOCOL.measure(small_runs[0])
    assert (
        measured[f"{STATIC}: {WRONG}"] == 0 and measured[f"{ONE_LAG}: {MISSED}"] == small_runs[0].memory_missed[0] / 28
    )
    assert measured["past held by a window (bytes)"] == 6 * 7 / 8
    found = {finding.what: finding for finding in PROTOCOL.comparisons(small_runs)}
    assert found[f"I: {STATIC}: {WRONG}"].n == 1 and found[f"I: {DYNAMIC}: {WRONG}"].n == 3
    gain = found[f"I: {WRONG}, {LAGS} minus dynamic: what STDP in time adds"]
    expected = [(run.memory_wrong[1] - run.memory_wrong[3]) / 28 for run in small_runs[:3]]
    assert gain.value == pytest.approx(np.mean(expected))
    assert found["I: share of dynamic machines that recall all"].value == 0
    assert PROTOCOL.comparisons(small_runs[:2]) == []


def test_the_figure_holds_every_memory(small_run, tmp_path):
    figure, run = find_figure("dybm_baselines"), small_run(0, "none")
    drawn = figure.draw([run])
    titles = [ax.get_title("left") for ax in drawn.axes if ax.get_title("left")]
    wrong = run.memory_wrong.values
    assert titles == [f"{name}, {bits} of 28 bits wrong" for name, bits in zip(MEMORIES, wrong, strict=True)]
    assert save_figure(figure, [run], tmp_path / "drawn", pdf=False)[0].stat().st_size > 10_000
    assert len(figure.needs) == 20


@pytest.mark.programs
@pytest.mark.standalone
def test_the_reduced_preset_meets_its_claims_and_its_control_does_not(tmp_path):
    for control in CONTROLS:
        _, dataset = PROTOCOL.execute(PROTOCOL.config(quick=True, seed=100, control=control), tmp_path)
        assert controls_fail(PROTOCOL.checks(dataset)) == (control != "none")
    assert json.loads(dataset.attrs["config"])["window"] == 9


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"window": 0}, "window: expected an integer from 1 to 29, got 0"),
        ({"window": 30}, "window: expected an integer from 1 to 29, got 30"),
        ({"window": 2.5}, "window: expected an integer from 1 to 29, got 2.5"),
        ({"penalty": 0.0}, "penalty: expected a number > 0, got 0"),
        ({"sequence": "SPIKE"}, "sequence: expected the letters .*, got 'K'"),
        ({"periods": 0}, "periods: expected an integer from 1 to 1,000,000,000,000, got 0"),
    ],
    ids=str,
)
def test_bad_settings_are_refused_by_name_and_nothing_is_written(tmp_path, changes, message):
    with pytest.raises(UserError, match=f"^{message}"):
        PROTOCOL.execute(PROTOCOL.config(**{"target": "numpy"} | changes), tmp_path / "runs")
    assert not list(tmp_path.rglob("*.nc"))
