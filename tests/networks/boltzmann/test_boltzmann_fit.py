"""Training in one call, and the likelihood of a sequence: what is learned, when it ends, what is refused."""

import numpy as np
import pytest

from snnlab.engine.brian import Engine
from snnlab.errors import UserError
from snnlab.networks.boltzmann.fit import Boltzmann, stretches, trainer
from snnlab.networks.boltzmann.rule import DybmRule
from snnlab.networks.boltzmann.runtime import RuntimeTrainer
from snnlab.networks.boltzmann.schedule import Limits, Schedule
from snnlab.networks.boltzmann.state import BLOCKS, fresh_state, machine_of
from snnlab.stimuli.pictures.bitmaps import mirrored, sequence_from, word

LETTER = word("I")
PAIR = [word("CI"), mirrored(word("CI"))]
FIGURES = [sequence_from("evolution"), mirrored(sequence_from("evolution"))]


@pytest.fixture
def machine(rng):
    return Boltzmann.random(7, rng)


@pytest.fixture
def walker():
    """With this decay rate, a machine soon knows both sequences of figures."""
    return Boltzmann.random(20, np.random.default_rng(0), DybmRule(mu=(0.9,)))


def same(one, two, tolerance=0.0):
    """Two machines have the same parameters."""
    for name in ("delays", "bias", "u", "v"):
        np.testing.assert_allclose(getattr(one, name), getattr(two, name), rtol=tolerance, atol=tolerance)


def test_a_letter_is_learned_and_recalled(machine):
    fitted = machine.fit(LETTER, 300, target="numpy")
    assert fitted.block_periods.tolist() == [fitted.periods] and 1 < fitted.periods < 300
    np.testing.assert_array_equal(fitted.machine.generate(len(LETTER), fitted.traces), LETTER)
    # A test comes after every period: one period less was not enough.
    before = machine.fit(LETTER, fitted.periods - 1, target="numpy")
    assert before.block_periods.tolist() == [] and before.periods == fitted.periods - 1
    assert (before.machine.generate(len(LETTER), before.traces) != LETTER).any()


def equal_states(one, two):
    """Two states are the same, bit for bit."""
    for name in ("history", "alpha", "gamma"):
        np.testing.assert_array_equal(getattr(one.traces, name), getattr(two.traces, name))
    assert set(one.squares) == set(two.squares) and one.shown == two.shown
    for name, values in one.squares.items():
        np.testing.assert_array_equal(values, two.squares[name])
    np.testing.assert_array_equal(one.turn, two.turn)


@pytest.mark.parametrize("optimizer", ["adagrad", "sgd"])
@pytest.mark.parametrize(("sequences", "cue"), [(LETTER, 0), (LETTER, 2), (PAIR, 3)])
def test_training_that_goes_on_from_a_state_is_training_in_one(rng, optimizer, sequences, cue):
    machine = Boltzmann.random(7, rng, DybmRule(optimizer=optimizer))
    whole = machine.fit(sequences, 12, cue, target="numpy")
    first = machine.fit(sequences, 5, cue, target="numpy")
    second = first.machine.fit(sequences, 7, cue, target="numpy", state=first.state)
    assert first.periods == 5 and second.periods == 7 and not first.recalled
    same(second.machine, whole.machine)
    equal_states(second.state, whole.state)
    assert [*first.block_periods, *second.block_periods] == whole.block_periods.tolist()
    # Without it sums begin at 0 and nothing is remembered.
    anew = first.machine.fit(sequences, 7, cue, target="numpy")
    assert (anew.machine.u != whole.machine.u).any()


def test_a_machine_that_recalls_is_not_trained_and_another_sequence_begins_a_block(machine):
    fitted = machine.fit(LETTER, 300, target="numpy")
    assert fitted.recalled and repr(fitted).startswith(f"Fit(recalled after {fitted.periods} periods, Boltzmann(7 ")
    again = fitted.machine.fit(LETTER, 300, target="numpy", state=fitted.state)
    assert (again.periods, again.block_periods.tolist(), again.recalled) == (0, [0], True)
    same(again.machine, fitted.machine)
    # The last period is enough, though no test comes after it.
    enough = machine.fit(LETTER, fitted.periods, target="numpy")
    assert enough.recalled and enough.block_periods.size == 0
    assert not machine.fit(LETTER, fitted.periods - 1, target="numpy").recalled
    assert machine.fit(LETTER, fitted.periods, testing=False, target="numpy").recalled
    other = fitted.machine.fit(word("L"), 2, target="numpy", state=fitted.state)
    assert other.state.turn.tolist() == [1, 0, 2, 0] and other.state.shown != fitted.state.shown
    assert (other.state.squares["u"] >= fitted.state.squares["u"]).all()


def test_a_state_of_another_machine_is_refused_by_name(machine, rng):
    state = machine.fit(LETTER, 1, target="numpy").state
    with pytest.raises(UserError, match=r"^state: traces: expected history of shape \(20,\)"):
        Boltzmann.random(20, rng).fit(FIGURES[0], 1, target="numpy", state=state)
    plain = Boltzmann.random(7, rng, DybmRule(optimizer="sgd")).fit(LETTER, 1, target="numpy").state
    with pytest.raises(UserError, match=r"^state: expected AdaGrad's sums of bias of shape"):
        machine.fit(LETTER, 1, target="numpy", state=plain)


def test_the_machine_itself_is_not_changed(machine):
    arrays = {name: getattr(machine, name).copy() for name in ("bias", "u", "v")}
    fitted = machine.fit(LETTER, 3, target="numpy")
    for name, values in arrays.items():
        np.testing.assert_array_equal(getattr(machine, name), values)
        assert (getattr(fitted.machine, name) != values).any()
    np.testing.assert_array_equal(fitted.machine.delays, machine.delays)
    assert fitted.machine.rule == machine.rule


@pytest.mark.programs
@pytest.mark.standalone
def test_compiled_and_numpy_give_the_same_machine(machine):
    # Training is chaotic in rounding, so only a few periods.
    for sequences, cue in ((LETTER, 0), (PAIR, 3)):
        compiled = machine.fit(sequences, 3, cue, target="cpp_standalone")
        runtime = machine.fit(sequences, 3, cue, target="numpy")
        same(compiled.machine, runtime.machine, 1e-9)
        np.testing.assert_array_equal(compiled.traces.history, runtime.traces.history)
        np.testing.assert_allclose(compiled.traces.alpha, runtime.traces.alpha, atol=1e-9)
        assert compiled.periods == runtime.periods == 3
        np.testing.assert_array_equal(compiled.block_periods, runtime.block_periods)


@pytest.mark.programs
def test_fit_is_what_a_trainer_does(machine):
    fitted = machine.fit(LETTER, 5, testing=False, target="numpy")
    loop = RuntimeTrainer(machine, Schedule.of([LETTER], testing=False), Engine("numpy"))
    state, _ = loop.advance(fresh_state(machine), Limits(periods_stop=5))
    same(fitted.machine, machine_of(machine, state)[0])
    assert fitted.periods == 5 and fitted.block_periods.size == 0


def test_without_tests_training_goes_on_after_all_is_learned(machine):
    periods = machine.fit(LETTER, 300, target="numpy").periods
    further = machine.fit(LETTER, periods + 3, testing=False, target="numpy")
    assert further.periods == periods + 3 and further.block_periods.size == 0


@pytest.mark.programs
@pytest.mark.standalone
def test_several_sequences_take_turns_until_a_block_needs_no_period(walker):
    fitted = walker.fit(FIGURES, 15_000, cue=30)
    needed = fitted.block_periods
    assert needed.sum() == fitted.periods < 15_000 and needed[-1] == 0 and (needed[:-1] > 0).all()
    for figures in FIGURES:
        recalled = fitted.machine.generate(len(figures), cue=figures[:30])
        np.testing.assert_array_equal(recalled, np.roll(figures, -30, axis=0))


def test_a_nested_list_is_one_picture(machine):
    listed, array = (machine.fit(each, 2, target="numpy") for each in (LETTER.tolist(), LETTER))
    same(listed.machine, array.machine)
    one = machine.fit([LETTER], 2, target="numpy")
    same(one.machine, array.machine)


@pytest.mark.programs
@pytest.mark.standalone
def test_stretches_end_at_the_given_blocks_and_periods(walker):
    whole = walker.fit(FIGURES, 400, cue=30).block_periods
    assert len(whole) > 4
    with Engine("auto") as engine:
        loop, state, found, periods = trainer(walker, Schedule.of(FIGURES, 30), engine), fresh_state(walker), [], 0
        for blocks in (1, 2, 4):
            parts = list(stretches(loop, state, 1000, blocks))
            state = parts[-1][0]
            found.extend(np.concatenate([part.block_periods for _, part in parts]).tolist())
            periods += sum(part.periods for _, part in parts)
            # A stretch ends with its last block, not within the next.
            assert state["control"][BLOCKS] == blocks == len(found) and state["control"][2] == 0
        assert found == whole[:4].tolist() and periods == sum(found)
        # There already: nothing is left to do.
        assert not list(stretches(loop, state, 1000, 4)) and not list(stretches(loop, state, 0))
        ((state, part),) = stretches(loop, state, 3)
        assert part.periods == 3 and part.block_periods.size == 0 and state["control"][2] == 3


def test_progress_is_counted_from_the_start(machine, monkeypatch):
    monkeypatch.setattr(RuntimeTrainer, "stretch", 20)
    with Engine("numpy") as engine:
        told, loop = [], RuntimeTrainer(machine, Schedule.of([LETTER], testing=False), engine)
        assert len(list(stretches(loop, fresh_state(machine), 12, show=told.append))) == 3
    assert told == list(range(1, 13))


def test_the_likelihood_sums_what_each_neuron_contributes(machine):
    past = machine.read(PAIR[0])[1]
    for traces in (None, past):
        surprise, _ = machine.read(LETTER, traces)
        nll = machine.nll(LETTER, traces)
        assert nll.shape == (len(LETTER),) and (nll > 0).all()
        np.testing.assert_allclose(nll, surprise.sum(1), rtol=1e-14)
    assert (machine.nll(LETTER) != machine.nll(LETTER, past)).any()
    # Given what comes before: in parts as in one.
    _, traces = machine.read(LETTER[:2])
    parts = np.concatenate([machine.nll(LETTER[:2]), machine.nll(LETTER[2:], traces)])
    np.testing.assert_array_equal(machine.nll(LETTER), parts)
    zero = machine.with_parameters(**{name: 0 * getattr(machine, name) for name in ("bias", "u", "v")})
    np.testing.assert_allclose(zero.nll(LETTER), 7 * np.log(2))


@pytest.mark.parametrize(
    ("sequences", "settings", "message"),
    [
        (LETTER, {"periods": 0}, "periods: expected an integer from 1 to 1,000,000,000,000, got 0"),
        (LETTER, {"periods": -3}, "periods: expected an integer from 1 to 1,000,000,000,000, got -3"),
        ([[0, 1, 0], [1, 0]], {}, "sequence: expected zeros and ones in rows of one length, got lengths 3, 2$"),
        ([[0, 1, 2]], {}, "sequence: expected zeros and ones, got 2 at step 0, neuron 2$"),
        ([LETTER, [[0, 1], [1]]], {"cue": 1}, "sequence: expected zeros and ones in rows of one length"),
        ([PAIR[0], PAIR[1][:, :5]], {"cue": 2}, "sequence: expected 7 neurons, got 5"),
        ([], {}, r"sequence: expected zeros and ones of shape .*, got shape \(0,\)"),
        (5, {}, "sequence: expected zeros and ones of shape"),
        (LETTER, {"periods": 2.5}, "periods: expected an integer from 1 to"),
        (np.zeros((0, 7)), {}, "sequence: expected "),
        ([LETTER, np.zeros((0, 7))], {"cue": 1}, r"sequence: expected zeros and ones of shape .*, got shape \(0, 7\)"),
        (2 * LETTER, {}, "sequence: expected zeros and ones, got 2 at step 1, neuron 0$"),
        (LETTER[:, :5], {}, "sequence: expected 7 neurons, got 5"),
        (LETTER[0], {}, "sequence: expected zeros and ones of shape"),
        (LETTER, {"cue": 4}, "cue: expected an integer from 0 to 3, got 4"),
        (LETTER, {"cue": 1.5}, "cue: expected an integer from 0 to 3, got 1.5"),
        (LETTER, {"cue": -1}, "cue: expected an integer from 0 to 3, got -1"),
        (PAIR, {}, "cue: expected an integer >= 1 to tell several sequences apart, got 0"),
        (PAIR, {"cue": 9}, "cue: expected an integer from 0 to 8, got 9"),
        (LETTER, {"target": "fortran"}, "target: expected one of auto, .*, got 'fortran'"),
        (LETTER, {"target": "cython"}, "target: expected one of auto, cpp_standalone, numpy, got 'cython'"),
        (LETTER, {"state": Boltzmann.random(7, 0).silence()}, r"state: expected the state of a Fit, got Traces\("),
    ],
)
def test_what_cannot_be_fitted_is_refused_by_name(machine, sequences, settings, message):
    with pytest.raises(UserError, match=f"^{message}"):
        machine.fit(sequences, **{"periods": 2, "target": "numpy"} | settings)


def test_the_likelihood_of_what_is_no_sequence_is_refused(machine):
    with pytest.raises(UserError, match=r"^sequence: expected 7 neurons, got 5"):
        machine.nll(LETTER[:, :5])
    with pytest.raises(UserError, match=r"^sequence: expected zeros and ones, got 2 at step 1, neuron 0"):
        machine.nll(LETTER + 1)


@pytest.mark.programs
@pytest.mark.standalone
def test_turns_go_on_from_a_state_within_a_block_and_at_its_end(walker):
    whole = walker.fit(FIGURES, 400, 30)
    first, second = whole.block_periods[:2].tolist()
    assert len(whole.block_periods) > 2 and second > 1
    for periods in (first, first + second // 2):
        begun = walker.fit(FIGURES, periods, 30)
        ended = begun.machine.fit(FIGURES, 400 - periods, 30, state=begun.state)
        same(ended.machine, whole.machine)
        equal_states(ended.state, whole.state)
        assert [*begun.block_periods, *ended.block_periods][: len(whole.block_periods)] == whole.block_periods.tolist()


@pytest.mark.programs
@pytest.mark.standalone
def test_a_third_sequence_that_was_never_shown_is_not_recalled(walker):
    fitted = walker.fit(FIGURES, 15_000, 30)
    assert fitted.recalled
    more = fitted.machine.fit([*FIGURES, np.roll(FIGURES[0], 7, 0)[:, ::-1]], 1, 30, state=fitted.state)
    assert not more.recalled
