"""A signal from outside drives a network at any speed; phases change what runs."""

from dataclasses import replace
from fractions import Fraction

import brian2
import numpy as np
import pytest
from scipy.sparse import csr_array

from snnlab.engine.brian import Engine
from snnlab.errors import UserError
from snnlab.files.checkpoint import Checkpoints
from snnlab.networks.force.config import ForceConfig
from snnlab.networks.force.drive import Drive
from snnlab.networks.force.phases import Phase
from snnlab.networks.force.plan import Plan
from snnlab.networks.force.runtime import RuntimeLoop
from snnlab.networks.force.train import train_force
from snnlab.networks.force.trained import TrainedNetwork
from snnlab.networks.replay.pulses import Pulses

DT = 2e-4
SIZE = {
    "neuron": "lif", "n": 103, "dt": 0.2, "rls_interval": 2.4, "seconds": 0.4, "learn_start": 0.05, "learn_stop": 0.2,
    "seed": 5,
}  # fmt: skip
PULSES = Pulses(8, 0.04)


def drive(n, size=0.02, every=1):
    signal = PULSES.signal(DT * every)
    weights = np.random.default_rng(1).uniform(-size, size, (n, PULSES.m))
    return Drive(weights, signal, every)


def teacher(k):
    return lambda t: np.stack([np.sin(2 * np.pi * (5 + m) * t) for m in range(k)], axis=1)


def train(target="numpy", k=2, phases=(), driven=True, every=1, excitatory=None, checkpoints=None, **changes):
    config = ForceConfig(**SIZE | {"target": target} | changes)
    with Engine(target, config.seed, checkpoints=checkpoints) as engine:
        external = drive(config.n, every=every) if driven else None
        return train_force(config, teacher(k), engine, excitatory, external, phases)


@pytest.mark.parametrize("speed", [1, 2, 16, 0.5, 1 / 16, -1, -2, -0.5])
@pytest.mark.parametrize("every", [1, 3])
def test_the_sample_that_is_read_is_exact_after_any_time(speed, every):
    external = Drive(np.zeros((1, 1)), csr_array(np.ones((7, 1))), every)
    steps = [*range(-5, 200), 10**7, 10**7 + 1, 10**12 + 11]
    expected = [(Fraction(speed) * s / every).__floor__() % 7 for s in steps]
    assert [external.sample(s, speed) for s in steps] == expected


@pytest.mark.parametrize("speed", [0, 1 / 3, 1 / 32, float("nan"), float("inf")])
def test_speeds_that_are_not_whole_ticks_are_refused(speed):
    with pytest.raises(UserError, match="speed: expected a multiple of 1/16"):
        train(phases=[Phase(0.1, speed=speed)])


def test_pulses_follow_each_other_and_repeat():
    dt = 1e-4
    t = np.arange(1, 801) * dt
    values = PULSES(t)
    component, height = PULSES.active(t)
    assert values.shape == (800, 8) and (np.count_nonzero(values > 1e-12, axis=1) <= 1).all()
    np.testing.assert_array_equal(component, np.arange(1, 801) // 50 % 8)
    np.testing.assert_allclose(height, np.abs(np.sin(np.pi * t / 5e-3)), atol=1e-6)
    np.testing.assert_allclose(PULSES.signal(dt).toarray(), values[:400], atol=1e-9)
    np.testing.assert_allclose(values[400:], values[:400], atol=1e-6)


@pytest.mark.parametrize(("m", "period"), [(0, 1.0), (3, 0.0), (3, float("nan"))])
def test_chains_without_pulses_or_length_are_refused(m, period):
    with pytest.raises(UserError, match="pulses: expected at least 1"):
        Pulses(m, period)


@pytest.mark.parametrize(
    ("period", "message"), [(0.01003, "period: expected a multiple of dt"), (0.0007, "pulses: expected at most")]
)
def test_a_period_that_is_no_whole_number_of_steps_or_too_short_is_refused(period, message):
    with pytest.raises(UserError, match=message):
        Pulses(8, period).signal(DT)


def test_the_network_gets_what_a_timed_array_gives_it():
    """Speed 2 backward: every second sample from the end, the first one at the first step."""
    dataset = train().assign_attrs(protocol="test")
    net = TrainedNetwork(dataset)
    run = net.run(0.1, speed=-2, target="numpy", record_voltages=103)
    samples = -2 * np.arange(500) % 200
    currents = net.hdts.signal.toarray()[samples] @ net.hdts.encoder.T
    net.hdts = None
    timed = brian2.TimedArray(currents * brian2.volt, dt=DT * brian2.second)
    expected = net.run(0.1, drive=timed, target="numpy", record_voltages=103)
    np.testing.assert_allclose(run.voltage, expected.voltage, rtol=1e-9)
    np.testing.assert_array_equal(run.spike_neuron, expected.spike_neuron)
    assert np.ptp(currents, axis=0).min() > 0 and run.sizes["spike"] > 50


PHASES = [
    Phase(0.1, fresh_rls=True),
    Phase(0.22, speed=4.0, restart=True, silent_pulses=np.array([1, 2])),
    Phase(0.26, speed=-0.5, silent=np.arange(30, 60), silent_outputs=np.array([1])),
    Phase(0.33, permutation=np.arange(103)[::-1], feedback=0.5, pulse_order=np.arange(8)[::-1]),
    Phase(0.35, output_order=np.array([1, 0]), restart=True, signal=PULSES.signal(DT)[::-1]),
    Phase(0.37),
]


def of_outputs(k, every):
    """PHASES for a network of k outputs and a drive whose samples last for so many steps."""
    others, signal = np.arange(2, k), PULSES.signal(DT * every)[::-1]
    return [
        replace(p, output_order=[*p.output_order, *others], signal=signal) if len(p.output_order) else p for p in PHASES
    ]


@pytest.mark.programs
@pytest.mark.standalone
@pytest.mark.parametrize(
    "changes",
    [
        {"k": 13, "checkpoint": 0.08, "every": 4},
        {},
        {"k": 13},
        {"checkpoint": 0.08},
        {"checkpoint": 0.08, "excitatory": 0.5},
        {"driven": False},
    ],
    ids=str,
)
def test_both_targets_give_the_same_run(changes):
    phases = [Phase(p.start, fresh_rls=p.fresh_rls, silent=p.silent) for p in PHASES]
    phases = phases if changes.get("driven") is False else of_outputs(changes.get("k", 2), changes.get("every", 1))
    python, program = (train(target, phases=phases, **changes) for target in ("numpy", "cpp_standalone"))
    assert set(python.variables) == set(program.variables)
    for name in python.variables:
        first, second = python[name].values, program[name].values
        scale = np.abs(first).max() if first.size else 1.0
        np.testing.assert_allclose(second, first, rtol=0, atol=1e-9 * max(scale, 1e-300), err_msg=str(name))


def test_after_a_lesion_the_whole_network_is_there_again():
    dataset = train(phases=PHASES)
    # The end of learning: what the last phase goes on with.
    learned = train(seconds=0.2, phases=PHASES[:1])
    np.testing.assert_array_equal(dataset.decoder, learned.decoder)
    assert dataset.attrs["feedback"] == 1.0


def test_silent_neurons_reach_nobody_and_silent_outputs_and_pulses_do_nothing():
    """A network whose every neuron is silent, and every output and pulse too, is one of uncoupled neurons."""
    everything = Phase(0.2, silent=np.arange(103), silent_outputs=np.arange(2), silent_pulses=np.arange(8))
    # A bias below the threshold: without input nobody fires.
    dataset, whole = (train(phases=phases, bias=-41.0) for phases in ([everything], []))
    assert (whole.spike_time > 0.35).sum() > 20
    assert (dataset.spike_time > 0.35).sum() == 0
    np.testing.assert_array_equal(dataset.output[dataset.time > 0.201], 0.0)


def test_fresh_rls_starts_with_the_filtered_spikes_as_gain():
    """P = alpha I: the first change of the decoder has the direction of r; a later one has not."""
    settings = {"rls_gain": "exact", "alpha": 1e-3, "record_decoders": 103, "record_spikes": 103}
    r = {}
    for name, phases in {"plain": [], "fresh": [Phase(0.1, fresh_rls=True)]}.items():
        run = train(k=1, phases=phases, **settings)
        update = int((run.learned <= 0.1).sum())
        change = run.decoder_trace.values[update, :, 0] - run.decoder_trace.values[update - 1, :, 0]
        rates = filtered(run, round(float(run.learned[update]) / DT))
        r[name] = np.corrcoef(change, rates)[0, 1] ** 2
    assert r["fresh"] > 0.9999 and r["plain"] < 0.9


def filtered(run, steps):
    """r of every neuron at the end of these steps, from its spikes: Euler, as the network."""
    rates, slopes = np.zeros(103), np.zeros(103)
    fired = np.round(run.spike_time.values / DT).astype(int)
    for step in range(steps):
        rates, slopes = rates * (1 - DT / 2e-3) + slopes * DT, slopes * (1 - DT / 2e-2)
        np.add.at(slopes, run.spike_neuron.values[fired == step], 1 / (2e-3 * 2e-2))
    return rates


@pytest.mark.parametrize(
    ("phase", "message"),
    [
        ({"silent": [103]}, "silent: expected integers from 0 to 102"),
        ({"silent_outputs": [-1]}, "silent_outputs: expected integers from 0 to 1"),
        ({"silent_pulses": [8]}, "silent_pulses: expected integers from 0 to 7"),
        ({"permutation": np.zeros(103, int)}, "permutation: expected a permutation of 0 to 102"),
        ({"start": -1.0}, "phases: expected starts >= 0 and < 0.4 s in rising order"),
        ({"start": 0.4}, "phases: expected starts >= 0 and < 0.4 s in rising order"),
        ({"silent": [0.5]}, "silent: expected integers"),
        ({"output_order": [1.0, 0.0]}, "output_order: expected integers"),
        ({"signal": PULSES.signal(2 * DT)}, r"signal: expected the drive's shape \(200, 8\), got \(100, 8\)"),
        ({"silent": [1], "start": 0.1}, r"phases: silent, permutation: expected starts >= 0\.2 s, after learning"),
    ],
    ids=str,
)
def test_phases_that_make_no_sense_are_refused(phase, message):
    with pytest.raises(UserError, match=message):
        train(phases=[Phase(**{"start": 0.25} | phase)])
    with pytest.raises(UserError, match="rising order"):
        train(phases=[Phase(0.1), Phase(0.10002)])


def test_a_phase_that_changes_nothing_changes_nothing():
    """The drive goes on where it stands: what a control breaks is all that it breaks."""
    orders = {"permutation": np.arange(103), "pulse_order": np.arange(8), "output_order": np.arange(2)}
    whole, same = train(), train(phases=[Phase(0.1), Phase(0.208, **orders)])
    np.testing.assert_allclose(same.output, whole.output, rtol=0, atol=1e-6)
    again = train(phases=[Phase(0.208, restart=True)])
    assert np.abs(again.output - whole.output).max() > 0.1


def test_the_drive_goes_on_from_where_it_stands_at_any_speed():
    phases = [(100, Phase(0.1, speed=2.0)), (150, Phase(0.2, speed=-0.5)), (180, Phase(0.3, restart=True))]
    plan = Plan(DT, 400, range(0), 0, 0, phases=tuple(phases))
    places = [0, 100 * 16, (100 + 2 * 50) * 16, 0]
    assert [plan.drive_start(step) for step in (99, 100, 150, 399)] == places
    external = drive(5)
    assert external.sample(3, -0.5, places[2]) == 198


@pytest.mark.programs
def test_a_run_is_resumed_within_a_lesion(tmp_path, monkeypatch):
    settings = {"phases": PHASES, "checkpoint": 0.07, "excitatory": 0.5}
    path = tmp_path / "run.nc"
    with Checkpoints(path, False) as checkpoints:
        whole = train(checkpoints=checkpoints, **settings).load()
        checkpoints.remove()
    advance = RuntimeLoop.advance

    def stop(loop, start, *rest):
        # Neurons have been silent since 0.26 s; the checkpoint before is at 0.28 s.
        if start * DT > 0.27:
            raise KeyboardInterrupt
        return advance(loop, start, *rest)

    with monkeypatch.context() as patched, Checkpoints(path, False) as checkpoints:
        patched.setattr(RuntimeLoop, "advance", stop)
        with pytest.raises(KeyboardInterrupt):
            train(checkpoints=checkpoints, **settings)
    with Checkpoints(path, True) as checkpoints:
        resumed = train(checkpoints=checkpoints, **settings).load()
    assert resumed.attrs["resumed_at"] == pytest.approx(0.28)
    for name in whole.variables:
        np.testing.assert_array_equal(resumed[name], whole[name], err_msg=str(name))


def test_a_control_breaks_every_phase_after_learning():
    """With phases as without: feedback is cut in all that follows."""
    cut = train(phases=[Phase(0.1), Phase(0.3, speed=2.0)], control="no_feedback")
    phases = [Phase(0.1), Phase(0.2002, feedback=0.0), Phase(0.3, speed=2.0, feedback=0.0)]
    np.testing.assert_array_equal(cut.output, train(phases=phases).output)


def test_a_drive_of_another_network_is_refused():
    with Engine("numpy", 0) as engine, pytest.raises(UserError, match=r"drive: expected an encoder of shape \(50, 8\)"):
        train_force(ForceConfig(**SIZE | {"n": 50, "target": "numpy"}), teacher(1), engine, drive=drive(103))
