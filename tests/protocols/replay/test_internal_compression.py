"""A network's own pulses at other speeds: lessons, what is measured of a replay, a reduced run, bad input."""

import json

import numpy as np
import pytest
import xarray as xr

from snnlab.errors import UserError
from snnlab.lab.figure import find_figure, save_figure
from snnlab.lab.protocol import controls_fail, find_protocol
from snnlab.networks.replay import moments as replay
from snnlab.protocols.replay import internal_compression as module
from snnlab.stimuli.pictures.movie import synthetic

PROTOCOL = find_protocol("internal_compression")


def test_lessons_take_turns_and_the_clock_goes_on_from_one_to_the_next():
    config = PROTOCOL.config(taught=(1.0, 2.0, 4.0), learn_stop=30.0)
    turns = module.lessons(config, 4.0)
    assert turns == [(0.0, 1.0), (8.0, 2.0), (12.0, 4.0), (14.0, 1.0), (22.0, 2.0), (26.0, 4.0), (28.0, 1.0)]
    clock = module.clock_of(turns)
    # Every lesson begins at the start of the movie, and the speed is the slope.
    starts = np.array([start for start, _ in turns])
    np.testing.assert_allclose(np.mod(clock(starts) + 1e-9, 4.0), 0, atol=1e-6)
    np.testing.assert_allclose((clock(starts + 0.5) - clock(starts)) / 0.5, [speed for _, speed in turns])
    assert module.lessons(PROTOCOL.config(lever="input", taught=(2.0,)), 4.0) == [(0.0, 2.0)]


def test_the_pace_of_a_replay_is_found(rng):
    after = np.arange(0, 10, 0.01)
    for speed in (1.0, 3.9, -2.1):
        found = np.mod(1.3 + speed * after + 0.1 * rng.standard_normal(len(after)), 4.0)
        pace, begin, steady = replay.pace(found, after, 4.0, module.SPEEDS)
        assert pace == pytest.approx(speed, rel=0.01) and steady > 0.95
        assert replay.apart(begin, 1.3, 4.0) < 0.3
    *_, steady = replay.pace(rng.uniform(0, 4, len(after)), after, 4.0, module.SPEEDS)
    assert steady < 0.2


def test_order_counts_pulses_that_last():
    chain = np.repeat([0, 1, 2, 3, 0, 1], 10)
    assert replay.in_order(chain, 4, 5) == 1.0
    assert replay.in_order(np.repeat([0, 2, 1, 3, 0], 10), 4, 5) == 0.25
    flicker = chain.copy()
    flicker[[13, 35]] = 3
    # Pulse 1 for 3, 3 for 1, 1 for 6 samples: one pulse.
    assert replay.in_order(flicker, 4, 3) == 1.0 and replay.in_order(np.zeros(50, int), 4, 5) == 0.0


def test_a_replay_is_measured_at_its_own_pace():
    movie, config = synthetic(9, 16, 4.0), PROTOCOL.config(movie_seconds=4.0)
    time = np.arange(1, 3001) * 4e-3
    clock = 0.7 + 2.5 * time
    pulses = np.eye(16)[(np.mod(clock, 4.0) / 4.0 * 16).astype(int)]
    found = module._replayed(time, movie(clock), pulses, 0.0, config, movie)
    assert found["pace"] == pytest.approx(2.5, rel=0.01) and found["steady"] > 0.99 and found["in_order"] == 1.0
    assert found["identified"] > 0.99 and found["correlation"] > 0.95
    # The last pass begins with the first frame.
    assert replay.correlation(found["replay"], movie.pixels, movie.pixels.mean(0)) > 0.95


def made_up(seed, lever="cue", broken=False):
    config = vars(PROTOCOL.config(lever=lever, seed=seed))
    levels = np.array(module.LEVELS[lever])
    data = {"pace": levels if lever == "cue" else np.ones(len(levels)), "steady": np.full(len(levels), 0.95)}
    data |= {name: np.full(len(levels), 0.1 if broken else 0.95) for name in ("in_order", "correlation", "identified")}
    data |= {f"null_{name}": np.full(len(levels), 0.2) for name in ("steady", "correlation", "identified")}
    return xr.Dataset(
        {name: ("level", values) for name, values in data.items()},
        {"level": levels},
        {"config": json.dumps(config), "condition": "default"},
    )


def test_what_replays_at_the_speeds_taught_meets_the_criteria_and_what_has_no_order_does_not():
    assert len(module.checks(made_up(0))) == 15 and all(check.holds for check in module.checks(made_up(0)))
    assert controls_fail(module.checks(made_up(0, broken=True)))
    assert len(module.checks(made_up(0, "feedback"))) == len(module.checks(made_up(0, "input"))) == 3


def test_findings_state_what_each_lever_does():
    runs = [made_up(seed, lever) for lever in ("cue", "input") for seed in range(3)]
    found = {finding.what: finding for finding in PROTOCOL.comparisons(runs)}
    cue, flat = (f"{lever}, izhikevich_b, N = 3000" for lever in ("cue", "input"))
    asked = found[f"{cue}, level 2.5: speed of the replay, of 3 networks that do"]
    assert asked.value == 2.5 and asked.null == "2.5: asked for"
    assert found[f"{cue}, level 4: speed of the replay, of 3 networks that do"].null == "4: taught"
    assert found[f"{flat}, level 100: speed of the replay, of 3 networks that do"].null == "1: taught"
    assert found[f"{cue}, level 4: {module.IDENTIFIED}"].null == "0.20: the same frames in random order"
    ratio = "speed at the highest level with a replay over that at the lowest, of 3 networks"
    assert found[f"{cue}: {ratio}"].value == 12 and found[f"{flat}: {ratio}"].value == 1
    assert not PROTOCOL.comparisons(runs[:2])
    # Whose pulses have no order does not replay, at whatever speed fits best.
    lost = PROTOCOL.comparisons([made_up(seed, broken=True) for seed in range(3)])
    assert not any(module.PACE in finding.what or ratio[:9] in finding.what for finding in lost)


def test_every_level_is_as_long_whenever_it_begins():
    movie, config = synthetic(9, 16, 4.0), PROTOCOL.config(movie_seconds=4.0)
    time = np.arange(1, 8001) * 4e-3
    for start in (0.0, 4.05, 8.1, 15.3, 19.9):
        found = module._replayed(time, movie(time), np.eye(16)[(time % 4 * 4).astype(int)], start, config, movie)
        assert len(found["pulse"]) == len(found["moment_found"]) == 994
        assert found["null_correlation"] < 0.6 and found["null_steady"] < 0.6


@pytest.mark.standalone
def test_a_reduced_network_replays_at_both_speeds_taught_and_not_with_its_pulses_permuted(tmp_path):
    _, run = PROTOCOL.execute(PROTOCOL.config(quick=True, seed=100), tmp_path)
    assert all(check.holds for check in PROTOCOL.checks(run))
    assert run["replay"].shape == (2, 50, 144) and run.pulse.shape[0] == 2
    assert save_figure(find_figure("internal_compression"), [run], tmp_path / "drawn", pdf=False)[0].is_file()
    _, control = PROTOCOL.execute(PROTOCOL.config(quick=True, seed=100, pulse_order="permuted"), tmp_path)
    assert controls_fail(PROTOCOL.checks(control))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"hdts": "external"}, "hdts: 'external' is unknown"),
        ({"lever": "bias"}, "lever: 'bias' is unknown"),
        ({"learn_stop": 4.0}, "learn_stop: expected at least 6 s, in which each speed is taught, got 4"),
        ({"taught": ()}, "taught: expected speeds above 0"),
        ({"taught": (1.0, float("nan"))}, "taught: expected speeds above 0 up to 32"),
        ({"movie_seconds": 11.0}, "movie_seconds: expected at most 10 s"),
        ({"levels": (0.0, 1.0)}, "levels: expected numbers > 0 for --lever cue"),
        ({"levels": (1.0, 1.0)}, "levels: expected finite numbers, each once"),
        ({"q_cue": -1.0}, "q_cue: expected a finite number > 0"),
        ({"neuron": "lif", "q_hdts": 80.0}, "q_cue: neuron 'lif' has no value of its own"),
        ({"seconds": 20.0}, "seconds: expected at least"),
    ],
    ids=str,
)
def test_bad_settings_are_refused_by_name_and_nothing_is_written(tmp_path, changes, message):
    with pytest.raises(UserError, match=message):
        PROTOCOL.execute(PROTOCOL.config(quick=True, **changes), tmp_path)
    assert not list(tmp_path.iterdir())
