"""The dynamic Boltzmann machine: equations, gradient, recall, training on numpy and as a C++ program."""

import json

import brian2
import numpy as np
import pytest
from brian2 import ms

from places import DATA
from references import dybm, jdybm
from snnlab.engine.brian import Engine, on_numpy
from snnlab.engine.tasks import Task
from snnlab.networks.boltzmann.fit import Boltzmann
from snnlab.networks.boltzmann.machine import Traces
from snnlab.networks.boltzmann.network import DT, BoltzmannNetwork
from snnlab.networks.boltzmann.program import ProgramTrainer
from snnlab.networks.boltzmann.rule import LONGEST_HISTORY, DybmRule
from snnlab.networks.boltzmann.runtime import RuntimeTrainer
from snnlab.networks.boltzmann.schedule import Limits, Schedule
from snnlab.networks.boltzmann.state import fresh_state, machine_of
from snnlab.stimuli.pictures.bitmaps import evolution, mirrored, word

WORD = word("SCIENCE")


@pytest.fixture
def machine(rng):
    return Boltzmann.random(7, rng)


def runtime(machine, sequences=(WORD,), cue=0, testing=True):
    return RuntimeTrainer(machine, Schedule.of(sequences, cue, testing), Engine("numpy"))


def past_of(machine, rng, steps=30):
    """A random past and the traces that it leaves."""
    past = list((rng.random((steps, machine.n)) < 0.4).astype(float))
    traces = machine.silence()
    for x in past:
        traces = machine.after(traces, x)
    return past, traces


@pytest.mark.parametrize("timing", ["consistent", "literal"])
def test_traces_are_sums_over_the_whole_past(rng, timing):
    rule = DybmRule(lam=(0.3, 0.6), mu=(0.2, 0.5, 0.8), timing=timing)
    machine = Boltzmann.random(4, rng, rule, delays=12)
    past, traces = past_of(machine, rng, 40)
    alpha, beta, gamma = dybm.traces(machine.delays, past, rule.lam, rule.mu, late=int(timing == "literal"))
    np.testing.assert_allclose(machine.arrived(traces), alpha, rtol=0, atol=1e-14)
    np.testing.assert_allclose(machine.under_way(traces), beta, rtol=1e-13, atol=1e-12)
    np.testing.assert_allclose(traces.gamma, gamma, rtol=0, atol=1e-14)
    expected = dybm.energy(machine.bias, machine.u, machine.v, alpha, beta, gamma)
    np.testing.assert_allclose(machine.terms(traces).sum(0), expected, rtol=1e-12)


@pytest.mark.parametrize("tau", [1.0, 0.7])
def test_learning_follows_the_gradient_of_the_log_likelihood(rng, tau):
    rule = DybmRule(optimizer="sgd", temperature=tau)
    # Small enough for probabilities away from 0 and 1.
    machine = Boltzmann.random(7, rng, rule, size=0.01)
    _, traces = past_of(machine, rng)
    x = np.array([1, 0, 1, 1, 0, 0, 1])
    with Engine("numpy") as engine:
        net = BoltzmannNetwork(machine)
        net.synapses.delay_steps = machine.delays.ravel()
        state = fresh_state(machine)
        for name in (name for names in net.names.values() for name in names):
            net.view(name)[:] = state[name].ravel()
        net.view("history")[:] = traces.history
        for m in range(3):
            net.view(f"alpha_{m + 1}")[:] = traces.alpha[:, :, m].ravel()
            net.view(f"gamma_{m + 1}")[:] = traces.gamma[:, m]
        net.view("target")[:] = x
        net.view("learning")[...] = 1
        engine.run(net.network, DT, net.clock)
        changes = {"bias": net.view("bias") - machine.bias}
        for name in ("u", "v"):
            after = np.stack([net.view(f"{name}_{m}").reshape(7, 7) for m in (1, 2, 3)], 2)
            changes[name] = after - getattr(machine, name)
    size = 1e-5
    for name, change in changes.items():
        numbers = getattr(machine, name)
        slope = np.zeros_like(numbers)
        for where in np.ndindex(numbers.shape):
            step = np.zeros_like(numbers)
            step[where] = size
            likelihoods = [
                -machine.with_parameters(**{name: numbers + sign * step}).read(x[None], traces)[0].sum()
                for sign in (1, -1)
            ]
            slope[where] = (likelihoods[0] - likelihoods[1]) / (2 * size)
        np.testing.assert_allclose(change, slope, rtol=0, atol=1e-8 * max(1, np.abs(slope).max()))
        assert np.abs(slope).max() > 0.1


@pytest.mark.parametrize(
    ("timing", "tau", "tolerances"),
    # Where the two terms of a gradient cancel, rounding is divided by what is left; training is chaotic in it later.
    [("consistent", 1.0, (1e-12, 1e-10)), ("consistent", 0.7, (1e-12, 1e-10)), ("literal", 1.0, (1e-10, 1e-10))],
)
def test_training_equals_a_loop_over_the_whole_past(rng, timing, tau, tolerances):
    rule = DybmRule(timing=timing, temperature=tau)
    machine = Boltzmann.random(7, rng, rule)
    loop, state = runtime(machine, testing=False), fresh_state(machine)
    arrays, late = (machine.delays, machine.bias, machine.u, machine.v), int(timing == "literal")
    for periods, tolerance in enumerate(tolerances, 1):
        state, progress = loop.advance(state, Limits(periods_stop=1))
        trained, _ = machine_of(machine, state)
        expected = dybm.train(*arrays, WORD, periods, rule.lam, rule.mu, tau, late)
        for name, values in zip(("bias", "u", "v"), expected, strict=True):
            np.testing.assert_allclose(getattr(trained, name), values, rtol=0, atol=tolerance)
        assert (progress.periods, progress.steps) == (1, 35)


def test_the_loop_of_the_java_program_gives_its_state_after_a_period():
    first, after = (json.loads((DATA / f"jdybm_{name}.json").read_text()) for name in ("init", "period1"))
    arrays = [np.array(first[name]) for name in ("delays", "bias", "u", "v")]
    for name, values in zip(("bias", "u", "v"), jdybm.train(*arrays, WORD, 1), strict=True):
        np.testing.assert_allclose(values, np.array(after[name]), rtol=0, atol=1e-12)


def test_the_jdybm_variant_has_the_energy_of_the_java_program(rng):
    machine = Boltzmann.random(5, rng, DybmRule(variant="jdybm"))
    past, traces = past_of(machine, rng)
    alpha, _, gamma = dybm.traces(machine.delays, past, machine.rule.lam, machine.rule.mu)
    mu, now = np.array(machine.rule.mu), len(past)
    for j in range(5):
        expected = -machine.bias[j]
        for i in range(5):
            d = machine.delays[i, j]
            beta = sum(past[now - age][i] * mu ** -float(d - age) for age in range(1, d))
            arrived = alpha[i, j] * (d > 1)
            expected += -machine.u[i, j] @ arrived + machine.v[i, j] @ (beta + 0 * mu) + machine.v[i, j] @ gamma[j]
        assert machine.terms(traces).sum(0)[j] == pytest.approx(expected, rel=1e-12)


def test_the_register_equals_delays_of_brian2(rng):
    """The jumps of alpha come when Brian2 delivers spikes with a delay of d - 1 steps."""
    machine, steps = Boltzmann.random(5, rng), 60
    spikes = rng.random((steps, 5)) < 0.3
    with on_numpy():
        clock = brian2.Clock(1 * ms, name="delay_clock")
        step, neuron = np.nonzero(spikes)
        source = brian2.SpikeGeneratorGroup(5, neuron, step * ms, clock=clock, name="delay_source")
        target = brian2.NeuronGroup(5, "nothing : 1", clock=clock, name="delay_target")
        synapses = brian2.Synapses(source, target, "count : 1", on_pre="count += 1", clock=clock, name="delay_synapses")
        pre, post = (index.ravel() for index in np.indices((5, 5)))
        synapses.connect(i=pre, j=post)
        synapses.delay = (machine.delays.ravel() - 1) * ms
        monitor = brian2.StateMonitor(
            synapses, "count", record=range(25), when="end", clock=clock, name="delay_monitor"
        )
        brian2.Network(source, target, synapses, monitor).run(steps * ms, namespace={})
        delivered = np.diff(np.asarray(monitor.count), prepend=0, axis=1)
    traces = machine.silence()
    for now, x in enumerate(spikes):
        traces = machine.after(traces, x)
        arrived = machine.rule.arrived(traces.history[:, None], machine.delays)
        np.testing.assert_array_equal(arrived.ravel(), delivered[:, now])


@pytest.mark.programs
@pytest.mark.standalone
@pytest.mark.parametrize(("variant", "cue"), [("paper", 5), ("paper", 0), ("jdybm", 0)])
def test_the_program_does_what_numpy_does(rng, variant, cue):
    rule = DybmRule(variant=variant)
    # Beyond eight steps, the queue needs a second byte of the table.
    machine = Boltzmann.random(7, rng, rule, delays=12)
    sequences = [WORD[:10], mirrored(WORD[:10])] if cue else [WORD]
    limits, state = Limits(periods_stop=2), fresh_state(machine)
    with Engine("auto") as engine:
        assert engine.as_program()
        compiled, one = ProgramTrainer(machine, Schedule.of(sequences, cue)).advance(state, limits)
    expected, two = runtime(machine, sequences, cue).advance(state, limits)
    assert (one.periods, one.steps) == (two.periods, two.steps) and one.steps > 20
    for name, values in expected.items():
        np.testing.assert_allclose(compiled[name], values, rtol=1e-9, atol=1e-9)


def test_a_state_of_many_decay_rates_is_its_machine(rng):
    rates = tuple(np.linspace(0.05, 0.9, 11))
    machine = Boltzmann.random(3, rng, DybmRule(lam=rates, mu=rates))
    back, _ = machine_of(machine, fresh_state(machine))
    np.testing.assert_array_equal(back.u, machine.u)
    np.testing.assert_array_equal(back.v, machine.v)


@pytest.mark.programs
@pytest.mark.standalone
def test_blocks_end_and_take_turns_in_the_program_as_in_numpy():
    # With one decay rate of 0.9 training is not chaotic in rounding, and these figures are learned in 200 periods.
    machine = Boltzmann.random(20, np.random.default_rng(0), DybmRule(mu=(0.9,)))
    schedule, limits = (
        Schedule.of([evolution(), mirrored(evolution())], cue=30),
        Limits(periods_stop=400, blocks_stop=3),
    )
    with Engine("auto") as engine:
        assert engine.as_program()
        state, one = ProgramTrainer(machine, schedule).advance(fresh_state(machine), limits)
    with Engine("numpy") as engine:
        after, two = RuntimeTrainer(machine, schedule, engine).advance(fresh_state(machine), limits)
    assert len(one.block_periods) == 3 and one.block_periods.tolist() == two.block_periods.tolist()
    assert (one.periods, one.steps, one.learned) == (two.periods, two.steps, two.learned)
    np.testing.assert_array_equal(state["control"], after["control"])


@pytest.mark.programs
@pytest.mark.standalone
def test_training_in_parts_is_training_in_one(machine):
    with Engine("auto"):
        loop = ProgramTrainer(machine, Schedule.of([WORD[:8], mirrored(WORD[:8])], cue=3))
        whole, once = loop.advance(fresh_state(machine), Limits(periods_stop=60))
        state, steps = fresh_state(machine), 0
        for _ in range(6):
            state, part = loop.advance(state, Limits(periods_stop=10))
            steps += part.steps
    # A part ends before the test, which the next begins with; each reads what comes before a test once.
    assert steps >= once.steps > 480
    for name, values in whole.items():
        np.testing.assert_array_equal(state[name], values)


@pytest.mark.programs
@pytest.mark.standalone
def test_training_ends_when_all_is_recalled(machine):
    with Engine("auto"):
        loop = ProgramTrainer(machine, Schedule.of([WORD[:6]]))
        state, progress = loop.advance(fresh_state(machine), Limits(periods_stop=10_000))
    assert progress.block_periods.tolist() == [progress.periods] and 1 < progress.periods < 10_000
    trained, traces = machine_of(machine, state)
    np.testing.assert_array_equal(trained.generate(6, traces), WORD[:6])


def test_recall_at_a_temperature_draws_with_the_machine_s_probabilities(rng):
    machine = Boltzmann.random(3, rng, size=1.0)
    _, traces = past_of(machine, rng, 12)
    chance = 1 / (1 + np.exp(machine.terms(traces).sum(0) / 0.8))
    draws = [machine.generate(1, traces, temperature=0.8, rng=rng)[0] for _ in range(3000)]
    np.testing.assert_allclose(np.mean(draws, 0), chance, atol=4 * 0.5 / np.sqrt(3000))
    surprise, _ = machine.read(np.array([[1, 0, 1]]), traces)
    p = 1 / (1 + np.exp(machine.terms(traces).sum(0)))
    np.testing.assert_allclose(surprise[0], -np.log([p[0], 1 - p[1], p[2]]), rtol=1e-12)


def test_a_sure_machine_has_a_finite_likelihood():
    # An energy of 1e5, as early in training.
    machine = Boltzmann(np.full((1, 1), 2), np.array([1e5]), np.zeros((1, 1, 3)), np.zeros((1, 1, 3)))
    assert machine.read(np.array([[0]]))[0][0, 0] == pytest.approx(1e5)
    assert machine.read(np.array([[1]]))[0][0, 0] == 0


def test_a_seed_is_a_generator():
    one, two = Boltzmann.random(3, 5), Boltzmann.random(3, np.random.default_rng(5))
    np.testing.assert_array_equal(one.u, two.u)
    drawn = [one.generate(9, temperature=1.0, rng=rng) for rng in (7, np.random.default_rng(7))]
    np.testing.assert_array_equal(*drawn)


def test_what_is_printed_is_one_short_line(machine):
    assert repr(machine) == "Boltzmann(7 neurons, delays 1 to 9, K = 3, L = 3)"
    assert repr(machine.silence()) == "Traces(7 neurons, K = 3, L = 3)"


def test_traces_of_a_run_hold_the_machine_s_past(machine, rng):
    past, traces = past_of(machine, rng)
    assert isinstance(traces, Traces)
    bits = (traces.history[:, None] >> np.arange(LONGEST_HISTORY)) & 1
    np.testing.assert_array_equal(bits, np.array(past)[::-1][:LONGEST_HISTORY].T)


def test_a_task_can_end_a_run():
    with Engine("numpy") as engine:
        clock = brian2.Clock(1 * ms, name="ending_clock")
        group = brian2.NeuronGroup(1, "x : 1", clock=clock, name="ending_group")
        network = brian2.Network(group)
        assert engine.run(network, 0.02, clock, [Task(range(5, 6), lambda step: True)])
        assert round(float(network.t / ms)) == 6
        assert not engine.run(network, 0.02, clock)
