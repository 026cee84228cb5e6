"""The long Ode to Joy with pulses: teachers, made-up runs, reduced runs."""

import json

import numpy as np
import pytest
import xarray as xr

from snnlab.errors import UserError
from snnlab.lab.figure import find_figure, save_figure
from snnlab.lab.protocol import find_protocol
from snnlab.lab.run import controls_fail
from snnlab.networks.force import melody
from snnlab.networks.replay.pulses import Pulses
from snnlab.protocols.replay import ode_to_joy_hdts as module
from snnlab.stimuli.sounds.music import ODE_TO_JOY, ODE_TO_JOY_LONG

PROTOCOL = find_protocol("ode_to_joy_hdts")
SMALL = {
    "neuron": "lif",
    "target": "cpp_standalone",
    "n": 60,
    "dt": 0.5,
    "learn_start": 0.1,
    "learn_stop": 2.0,
    "seconds": 4.0,
}


def test_the_long_melody_begins_with_the_short_one():
    assert ODE_TO_JOY_LONG.period == 16.0 and ODE_TO_JOY_LONG.notes[:16] == ODE_TO_JOY.notes
    t = np.arange(0, 4, 0.01)
    np.testing.assert_allclose(ODE_TO_JOY_LONG(t), ODE_TO_JOY(t), atol=1e-9)
    assert len(melody.played(ODE_TO_JOY_LONG(np.arange(0, 16, 0.01)))) == 60


def test_pulses_without_order_have_the_same_power_and_another_order_in_each_period():
    pulses = Pulses(8, 0.8)
    t = np.arange(1, 3201) * 1e-3
    ordered, unordered = pulses(t), pulses.unordered(3)(t)
    np.testing.assert_allclose(np.sort(unordered, 1), np.sort(ordered, 1))
    periods = unordered.reshape(4, 800, 8)[:, 50::100].argmax(2)
    assert all(sorted(each) == list(range(8)) for each in periods.tolist())
    assert len({tuple(each) for each in periods.tolist()}) == 4
    np.testing.assert_array_equal(pulses.unordered(3)(t[1000:1010]), unordered[1000:1010])


def test_settings_of_the_script_but_for_stronger_pulses():
    config = module.settle(PROTOCOL.config())
    setup = config.setup
    assert (config.g, config.q, config.q_hdts, config.seconds, setup.learn.step) == (1e4, 4e3, 8e3, 306.0, 100)
    assert module.settle(PROTOCOL.config(q_hdts=4e3)).q_hdts == 4e3


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"song_start": 0.05}, "song_start: expected a number >= learn_start = 0.1 s and < learn_stop = 2 s, got 0.05"),
        ({"song_start": 1.0, "hdts": "none"}, "song_start: expected None unless pulses are internal"),
        ({"pulse_order": "random", "hdts": "none"}, "pulse_order: expected internal pulses for a random order"),
        ({"learn_stop": float("nan")}, "learn_stop: expected"),
        ({"record_start": 3.0}, "record_start: expected a number <= learn_stop = 2 s, got 3"),
        ({"hdts": "extrenal"}, "hdts: expected one of .*, got 'extrenal'; did you mean external"),
    ],
    ids=str,
)
def test_bad_settings_are_refused_by_name(tmp_path, changes, message):
    with pytest.raises(UserError, match=message):
        PROTOCOL.execute(PROTOCOL.config(**SMALL | changes), tmp_path / "runs")
    assert not list(tmp_path.rglob("*.nc"))


@pytest.mark.parametrize(
    "changes",
    [
        {},
        *(
            pytest.param(c, marks=pytest.mark.programs)
            for c in ({"song_start": 1.0}, {"pulse_order": "random"}, {"hdts": "none"})
        ),
    ],
    ids=str,
)
def test_a_reduced_run(tmp_path, changes):
    _, dataset = PROTOCOL.execute(PROTOCOL.config(**SMALL | {"q_hdts": 10.0} | changes), tmp_path)
    assert dataset.output.dims == ("time", "note") and dataset.sizes["note"] == 5
    assert ("loudest_pulse" in dataset) == (changes.get("hdts") != "none")
    taught = dataset.teacher.values[dataset.time.values < 1.0]
    assert taught.any() == ("song_start" not in changes)
    assert dataset.sizes["component"] == (5 if changes.get("hdts") == "none" else 69)
    # Two seconds of free run hold no melody.
    assert save_figure(find_figure("ode_to_joy_hdts"), [dataset], tmp_path / "drawn", pdf=False)[0].is_file()


def synthetic(hdts, learned, seed, error, order=1):
    """A run whose free run is the melody with noise, and pulses that go on, or stay where they are."""
    stop = learned + 1.0
    time = np.arange(1, round((stop + 60) / 0.01) + 1) * 0.01
    teacher = ODE_TO_JOY_LONG(time)
    noise = error * np.sqrt(teacher.var(0).mean()) * np.random.default_rng(seed).standard_normal(teacher.shape)
    config = {"hdts": hdts, "n": 5000, "seed": seed, "pulse_order": "learned", "song_start": None, "pulses": 64}
    dataset = xr.Dataset(
        {"output": (("time", "note"), teacher + noise), "teacher": (("time", "note"), teacher)},
        {"time": time},
        {"learn_start": 1.0, "learn_stop": stop, "seconds": stop + 60, "condition": "default"}
        | {"config": json.dumps(config), "seed": seed, "n_neurons": 5000},
    )
    if hdts == "internal":
        dataset["loudest_pulse"] = ("time", Pulses(64, 16.0).active(time)[0] * order)
    return dataset


def test_pulses_that_go_on_are_in_order_and_others_are_not():
    values = module.measure(synthetic("internal", 20.0, 0, 0.1))
    assert values[module.IN_ORDER] == 1 and values[melody.NOTES_RIGHT] == 1
    assert values[module.ERROR] == pytest.approx(0.1, rel=0.05)
    assert module.measure(synthetic("internal", 20.0, 0, 0.1, order=0))[module.IN_ORDER] == 0
    assert not controls_fail(PROTOCOL.checks(synthetic("internal", 200.0, 0, 0.1)))
    assert not all(check.holds for check in PROTOCOL.checks(synthetic("external", 20.0, 0, 2.0)))
    # Nothing is claimed about what it is compared with, nor about pulses that had no time.
    assert (
        PROTOCOL.checks(synthetic("none", 200.0, 0, 0.1)) == PROTOCOL.checks(synthetic("internal", 20.0, 0, 0.1)) == []
    )


def test_findings_tell_how_many_more_notes_are_right():
    runs = [synthetic(hdts, 20.0, seed, 0.1) for hdts in ("none", "internal") for seed in range(3)]
    for run in runs[:3]:
        # Every note is another one.
        run["output"] = run.output.roll(note=1)
    found = {row.what: row for row in PROTOCOL.comparisons(runs)}
    what = "internal pulses, N = 5000, learning for 20 s: notes right (share) less those with no pulses"
    by_chance, _ = melody.chance(melody=ODE_TO_JOY_LONG)
    assert found[what].value == pytest.approx(1 - by_chance, abs=0.05) and found[what].null == "0: no difference"


@pytest.mark.parametrize("never", [False, True])
def test_findings_tell_how_much_sooner_it_is_learned(never):
    errors = {("none", 20.0): 1.0, ("none", 80.0): 0.7 if never else 0.4, ("internal", 20.0): 0.3}
    runs = [synthetic(hdts, learned, seed, e) for (hdts, learned), e in errors.items() for seed in range(3)]
    *rows, right, beside, sooner = PROTOCOL.comparisons(runs)
    assert len(rows) == 2 * 2 + 3
    assert right.what == "internal pulses, N = 5000, learning for 20 s: notes right (share) less those with no pulses"
    # Noise moves no note.
    assert right.value == 0
    assert beside.what == "internal pulses, N = 5000, learning for 20 s: error over that with no pulses"
    assert beside.value == pytest.approx(0.3, abs=0.05) and beside.high < 1 and beside.null == "1: no difference"
    least = "lower bound of " if never else ""
    name = "internal pulses, N = 5000, 3 of 3 networks that learn with pulses"
    assert sooner.what.startswith(f"{name}: {least}learning time to an error") and sooner.value == pytest.approx(4)
    assert np.isinf(sooner.high) == never
    assert ("3 never" in sooner.what) == never


def sooner(errors, lost=()):
    """The findings about time of runs with these errors, by source and time; pulses of ``lost`` seeds never learn."""
    runs = [
        synthetic(hdts, learned, seed, 0.8 if seed in lost and hdts != "none" else error)
        for (hdts, learned), error in errors.items()
        for seed in range(4)
    ]
    return [row for row in PROTOCOL.comparisons(runs) if "learning time to an error" in row.what]


def test_how_much_sooner_is_told_of_networks_that_learn_with_pulses():
    errors = {("none", 80.0): 0.7, ("internal", 20.0): 0.3}
    (row,) = sooner(errors, lost=[2])
    assert "3 of 4 networks that learn with pulses" in row.what and "3 never reach it" in row.what
    assert (row.value, row.low, row.high, row.n) == (4, 4, np.inf, 3)
    assert sooner(errors, lost=[1, 2]) == []


def test_nothing_is_said_of_times_shorter_than_those_tried():
    # Without pulses the only time tried is enough: a shorter one might be.
    assert sooner({("none", 80.0): 0.3, ("internal", 20.0): 0.3}) == []


def test_the_figure_is_drawn_of_every_source_and_of_none():
    runs = [synthetic(hdts, learned, 0, 0.3) for hdts in ("none", "internal", "external") for learned in (20.0, 80.0)]
    figure = find_figure("ode_to_joy_hdts")
    *_, error, right = figure.draw(runs).get_axes()
    assert error.get_ylabel() == "error (sd)" and right.get_ylabel() == "notes right"
    means = [line.get_ydata() for line in error.lines if len(line.get_xdata()) == 2 and line.get_marker() == "o"]
    np.testing.assert_allclose(means, 0.3, atol=0.02)
    assert len(means) == 3
    # Ten networks where pulses teach the melody, three of the others.
    drawn = [{field: value for field, value in overrides.items() if field != "seed"} for _, overrides in figure.needs]
    assert sorted(drawn.count(variant) for variant in module.VARIANTS.values()) == [3] * 6 + [10] * 2


@pytest.mark.science
@pytest.mark.parametrize("seed", [0, 1])
def test_external_pulses_teach_the_long_melody(tmp_path, seed):
    _, dataset = PROTOCOL.execute(PROTOCOL.config(quick=True, seed=seed), tmp_path)
    assert module.measure(dataset)[melody.NOTES_RIGHT] > 0.9
