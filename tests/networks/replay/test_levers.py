"""A network's own pulses at other speeds: lessons, levers, what is measured of a replay."""

import numpy as np
import pytest

from snnlab.engine.brian import Engine
from snnlab.networks.replay import LeverConfig, levers
from snnlab.networks.replay import moments as replay
from snnlab.stimuli.pictures.movie import synthetic


def test_lessons_take_turns_and_the_clock_goes_on_from_one_to_the_next():
    turns = levers.lessons((1.0, 2.0, 4.0), 4.0, 30.0)
    assert turns == [(0.0, 1.0), (8.0, 2.0), (12.0, 4.0), (14.0, 1.0), (22.0, 2.0), (26.0, 4.0), (28.0, 1.0)]
    clock = levers.clock(turns)
    # Every lesson begins at the start of the movie, and the speed is the slope.
    starts = np.array([start for start, _ in turns])
    np.testing.assert_allclose(np.mod(clock(starts) + 1e-9, 4.0), 0, atol=1e-6)
    np.testing.assert_allclose((clock(starts + 0.5) - clock(starts)) / 0.5, [speed for _, speed in turns])


def test_a_replay_is_measured_at_its_own_pace():
    movie = synthetic(9, 16, 4.0)
    time = np.arange(1, 3001) * 4e-3
    clock = 0.7 + 2.5 * time
    pulses = np.eye(16)[(np.mod(clock, 4.0) / 4.0 * 16).astype(int)]
    found = levers.replay_at(time, np.hstack([movie(clock), pulses]), 0.0, 16, movie)
    assert found["pace"] == pytest.approx(2.5, rel=0.01) and found["steady"] > 0.99 and found["in_order"] == 1.0
    assert found["identified"] > 0.99 and found["correlation"] > 0.95
    # The last pass begins with the first frame.
    assert replay.correlation(found["replay"], movie.pixels, movie.pixels.mean(0)) > 0.95


def test_every_level_is_as_long_whenever_it_begins():
    movie = synthetic(9, 16, 4.0)
    time = np.arange(1, 8001) * 4e-3
    output = np.hstack([movie(time), np.eye(16)[(time % 4 * 4).astype(int)]])
    for start in (0.0, 4.05, 8.1, 15.3, 19.9):
        found = levers.replay_at(time, output, start, 16, movie)
        assert len(found["pulse"]) == len(found["moment_found"]) == 994
        assert found["null_correlation"] < 0.6 and found["null_steady"] < 0.6


def test_each_lever_has_its_drive_and_is_set_when_its_level_begins():
    turns, tests = [(0.0, 1.0), (8.0, 2.0)], [(30.0, 1.0), (42.0, 4.0)]

    def driven(lever):
        config = LeverConfig(neuron="lif", n=20, lever=lever, q_cue=3.0, seconds=60.0, learn_stop=30.0)
        with Engine("numpy", seed=1) as engine:
            return levers.drive(config, config.setup, turns, tests, engine)

    drive, phases = driven("feedback")
    assert drive is None and [(phase.start, phase.feedback) for phase in phases] == [(30.0, 1.0), (42.0, 4.0)]
    drive, phases = driven("input")
    # The same for all neurons, 1 mV, and 0 while the network learns.
    np.testing.assert_allclose(drive.encoder, 1e-3)
    assert [phase.start for phase in phases] == [30.0, 42.0] and phases[1].signal.toarray() == 4.0
    drive, phases = driven("cue")
    assert np.ptp(drive.encoder) > 0 and np.abs(drive.encoder).max() <= 3e-3
    assert [phase.start for phase in phases] == [0.0, 8.0, 30.0, 42.0]
    assert [float(phase.signal.toarray()[0, 0]) for phase in phases] == [0.0, 1.0, 0.0, 2.0]
