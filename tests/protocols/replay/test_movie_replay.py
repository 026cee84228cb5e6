"""The movie protocols: settings, measures on made-up replays, and reduced runs."""

import json

import numpy as np
import pytest
import xarray as xr
from PIL import Image

from snnlab.errors import UserError
from snnlab.files.record import attribute
from snnlab.lab.figure import find_figure
from snnlab.lab.protocol import find_protocol
from snnlab.lab.run import controls_fail
from snnlab.networks.force import TrainedNetwork
from snnlab.networks.replay import CORRELATION, IDENTIFIED, movie_of, score_frames, stored_movie
from snnlab.networks.replay import moments as replay
from snnlab.protocols.replay import movie_replay as module
from snnlab.protocols.replay import replay_compression as compression
from snnlab.protocols.replay._shared import by_speed, grouped, nulls
from snnlab.stimuli.pictures.movie import synthetic

REPLAY, COMPRESSION = find_protocol("movie_replay"), find_protocol("replay_compression")


def test_published_settings():
    config = module.settle(REPLAY.config())
    setup = config.setup
    assert (config.n, config.g, config.q, config.q_hdts, config.pulses) == (1000, 5e3, 4e2, 4e3, 32)
    assert (config.seconds, config.learn_start, config.learn_stop, setup.learn.step) == (100.0, 1.0, 50.0, 100)
    assert movie_of(config).frames.shape == (200, 18, 32)
    parts = compression.segments(COMPRESSION.config(), 8.0)
    assert [part.speed for part in parts] == [1.0, 2.0, 4.0, 8.0, 16.0, 0.5, -1.0, -4.0]
    assert [part.stop - part.first for part in parts] == [8.0, 4.0, 4.0, 4.0, 4.0, 16.0, 8.0, 4.0]
    assert compression.settle(COMPRESSION.config()).seconds == pytest.approx(110.1)


@pytest.mark.parametrize(
    ("protocol", "changes", "message"),
    [
        ("replay_compression", {"speeds": (2.0,)}, "speeds: expected distinct numbers, the first 1"),
        ("replay_compression", {"hdts": "internal"}, "hdts: expected one of external, chain"),
        ("replay_compression", {"speeds": ()}, "speeds: expected distinct numbers, the first 1"),
        ("replay_compression", {"speeds": (1.0, 0.3)}, "speeds: expected a multiple of 1/16"),
        ("replay_compression", {"speeds": (1.0, 0.0)}, "speeds: expected a multiple of 1/16"),
        ("movie_replay", {"hdts": "extern"}, "hdts: expected one of .*, got 'extern'; did you mean external"),
        ("movie_replay", {"pulses": 0}, "pulses: expected"),
        ("movie_replay", {"q_hdts": -1.0}, "q_hdts: expected a number >= 0"),
        (
            "movie_replay",
            {"neuron": "if", "alpha": 1e-5, "q_hdts": None},
            "q_hdts: expected a number >= 0, since neuron 'if' states none",
        ),
        ("movie_replay", {"movie_seconds": 1.0}, "movie_seconds: expected at least 2 s"),
        ("movie_replay", {"hdts": "none", "pulse_order": "permuted"}, "pulse_order: expected pulses"),
        ("movie_replay", {"record_start": 10.0}, "record_start: expected a number <= learn_stop"),
        ("replay_compression", {"speeds": (1.0, 64.0)}, "speeds: expected sizes from 0.25 to 32, got 64"),
        (
            "replay_compression",
            {"speeds": (1.0, -0.125)},
            "speeds: expected sizes from 0.25 to 32, got -0.125",
        ),
        ("movie_replay", {"height": 1000, "width": 1000}, "height, width: expected at most 100,000 pixels"),
        ("movie_replay", {"pulses": 10**8}, "pulses: expected at most 25000 in 2 s"),
        ("movie_replay", {"hdts": "internal", "q": 0.0}, "q: expected a number > 0 for internal pulses"),
        ("movie_replay", {"seconds": 12.0}, "seconds: expected at least 12.06 s, where the replay ends"),
        ("replay_compression", {"seconds": 12.0}, "seconds: expected at least"),
        ("movie_replay", {"movie": "nothing.mp4"}, "movie: expected .*, got no file"),
    ],
    ids=str,
)
def test_bad_settings_are_refused_by_name_and_nothing_is_written(tmp_path, protocol, changes, message):
    protocol = find_protocol(protocol)
    with pytest.raises(UserError, match=message):
        protocol.execute(protocol.config(quick=True, **changes), tmp_path)
    assert not list(tmp_path.iterdir())


def made_up(shown, phase, movie, speed=1.0, q=None):
    config = {"neuron": "izhikevich_c", "n": 1000, "hdts": "external", "pulses": 32, "movie": "synthetic", "seed": 0}
    config |= {"g": None, "q": q, "parameters": []}
    return xr.Dataset(
        {
            "movie": (("frame", "row", "column"), movie.frames, {"frames_per_second": movie.rate}),
            "replay": (("shown", "pixel"), shown),
            "phase": ("shown", phase),
            "lag": ("shown", np.zeros(len(phase))),
            "speed": ("shown", np.full(len(phase), speed)),
        },
        attrs={"condition": "default", "config": json.dumps(config)},
    )


def test_a_perfect_replay_meets_the_criteria_and_what_is_none_does_not(rng):
    movie = synthetic(9, 16, 4.0)
    phase = np.tile(np.arange(100) / 25, 2)
    assert all(check.holds for check in module.checks(made_up(movie(phase), phase, movie)))
    still, order = np.tile(movie.pixels.mean(0), (200, 1)), movie.pixels[rng.integers(0, 100, 200)]
    for shown in (still, order):
        assert not any(check.holds for check in module.checks(made_up(shown, phase, movie)))
    # Blurred in time it is still alike, but its moments are not found.
    blurred = np.tile(replay.blurred(movie.pixels, 25), (2, 1))
    assert [check.holds for check in module.checks(made_up(blurred, phase, movie))][1] is False
    backward = made_up(movie(-phase), phase, movie)
    assert controls_fail(module.checks(backward))


def test_networks_with_other_settings_are_told_apart():
    movie = synthetic(9, 16, 4.0)
    phase = np.arange(100) / 25
    runs = [made_up(movie(phase), phase, movie, q=q) for q in (None, 0.0) for _ in range(3)]
    names = [name for name, group in grouped(runs)]
    assert len(set(names)) == 2 and sum("Q = 0" in name for name in names) == 1


def test_findings_need_three_seeds_and_state_what_is_no_replay():
    movie = synthetic(9, 16, 4.0)
    phase = np.arange(100) / 25
    runs = [made_up(movie(phase + 0.04 * k), phase, movie) for k in range(3)]
    assert module.comparisons(runs[:2]) == []
    found = {finding.what: finding for finding in module.comparisons(runs)}
    identified = next(finding for what, finding in found.items() if IDENTIFIED in what)
    assert identified.value == 1.0 and identified.n == 3 and "random order" in identified.null
    assert "permuted pulses" not in identified.null
    other = made_up(movie(-phase), phase, movie)
    other.attrs["condition"] = "permuted_pulses"
    of = score_frames(movie(-phase), phase, movie)[IDENTIFIED]
    elsewhere = made_up(movie(phase), phase, movie, q=0.0).assign_attrs(condition="permuted_pulses")
    identified = next(row for row in module.comparisons([*runs, other, elsewhere]) if IDENTIFIED in row.what)
    assert f"permuted pulses {of:.2f}" in identified.null and identified.n == 3


@pytest.mark.parametrize("speed", [1.0, -8.0])
def test_frames_in_random_order_are_found_by_chance(speed):
    # Eleven of 100 frames lie within 0.2 s.
    found = nulls(synthetic(9, 16, 4.0), speed)["random order"]
    assert found[IDENTIFIED] == pytest.approx(0.11, abs=0.04) and abs(found[CORRELATION]) < 0.1


def test_the_largest_speed_that_keeps_the_accuracy():
    def measured(**values):
        return {float(k[1:]): {IDENTIFIED: v} for k, v in values.items()}

    assert compression.largest(measured(x1=0.95, x2=0.9, x4=0.88, x8=0.5, x16=0.95), 0.05) == 4.0
    assert compression.largest(measured(x1=0.95, x2=0.5, x4=0.9), 0.05) == 1.0


@pytest.mark.programs
@pytest.mark.standalone
def test_a_reduced_run_replays_the_movie_and_its_file_holds_the_network(tmp_path):
    _, dataset = REPLAY.execute(REPLAY.config(quick=True), tmp_path)
    assert all(check.holds for check in REPLAY.checks(dataset))
    assert dataset.likeness.size == 400 and float(dataset.likeness[dataset.moment > 9].median()) > 0.8
    assert "output" not in dataset and dataset.movie.shape == (50, 9, 16)
    net = TrainedNetwork(dataset)
    assert net.hdts.signal.shape == (50000, 8) and net.hdts.encoder.shape == (400, 8)
    run = net.run(2.0, target="numpy", record_interval=8.0)
    movie = stored_movie(dataset)
    # The pulses start anew: after 0.5 s the network is where they are.
    shown, at = run.output.values[62::5], run.time.values[62::5]
    assert score_frames(shown, at, movie)[IDENTIFIED] > 0.7


def changed(dataset, **values):
    """The same run with other values in its Config."""
    return dataset.assign_attrs(config=json.dumps(attribute(dataset, "config") | values))


@pytest.mark.programs
@pytest.mark.standalone
def test_pulses_in_another_order_and_faster_ones(tmp_path):
    permuted = REPLAY.config(quick=True, **module.CONTROLS["permuted_pulses"])
    _, broken = REPLAY.execute(permuted, tmp_path)
    assert broken.attrs["condition"] == "permuted_pulses" and controls_fail(REPLAY.checks(broken))
    figure = find_figure("nicola2017_fig5")
    *_, likeness, found, _ = figure.draw([broken]).get_axes()
    assert likeness.get_title() == "permuted pulses" and likeness.get_xlabel() and found.get_xlabel()
    # There are four networks and a control.
    others = [changed(broken, hdts=name).assign_attrs(condition="default") for name in ("none", "a", "b", "c")]
    axes = figure.draw([*others, broken]).get_axes()
    labels = {ax.get_title(): ax.get_xlabel() for ax in axes if "pulses" in ax.get_title()}
    assert labels == {"no pulses": "", "a pulses": "", "b pulses": "", "c pulses": "time (s)"}
    bars = [text.get_text() for ax in axes for text in ax.get_yticklabels()]
    assert [name for name in bars if "pulses" in name] == [*labels, "permuted pulses"]
    _, dataset = COMPRESSION.execute(COMPRESSION.config(quick=True), tmp_path)
    assert all(check.holds for check in COMPRESSION.checks(dataset))
    (film,) = COMPRESSION.export(dataset, tmp_path / "film")
    with Image.open(film) as image:
        # Two speeds side by side, the movie above what is shown; 4 s of every other frame.
        assert (image.n_frames, image.info["duration"]) == (50, 80)
        assert image.size == (2 * 16 * 6 + 6, 2 * 9 * 6 + 6)
    measured = by_speed(dataset)
    assert set(measured) == {1.0, 4.0}
    assert COMPRESSION.measure(dataset)[f"{IDENTIFIED}, speed 4"] == measured[4.0][IDENTIFIED]
    fast = dataset.isel(shown=dataset.speed.values == 4.0)
    # Kinds of networks whose speeds are not the same.
    backward = fast.assign(speed=-4.0 * xr.ones_like(fast.speed))
    backward = xr.concat([dataset.isel(shown=dataset.speed.values == 1.0), backward], "shown", data_vars="minimal")
    drawn = find_figure("replay_compression").draw([dataset, changed(backward, neuron="lif", speeds=[1.0, -4.0])])
    others = next(ax for ax in drawn.get_axes() if "-4\u00d7" in [text.get_text() for text in ax.get_xticklabels()])
    assert len(others.get_xticks()) == 1
    np.testing.assert_allclose(np.diff(fast["at"]), 0.01)
    np.testing.assert_allclose(np.mod(np.diff(fast["phase"]), 2.0), 0.04, atol=1e-9)
    assert measured[4.0][IDENTIFIED] > 0.45
    speed, fit, other_order, by_input = compression.sequences(dataset)[4.0]
    assert speed == pytest.approx(4.0, rel=0.25) and fit > 1.5 * other_order
    # The pulses' input alone has the same order.
    assert 0 < by_input < fit
    runs = [changed(dataset, seed=seed) for seed in range(3)]
    found = {finding.what.partition(": ")[2]: finding for finding in COMPRESSION.comparisons(runs)}
    assert found[f"{IDENTIFIED} at speed 4"].value == pytest.approx(measured[4.0][IDENTIFIED])
    kept = found["largest speed that keeps 90% of the identified frames above chance"]
    assert kept.value in (1.0, 4.0) and kept.published.value == (5.4, 8.1)
    assert kept.judge(True).word == "undecided" and "text or program was not read" in kept.judge(True).why
    assert found["speed of the best spike template / that of the pulses, at 4"].value == pytest.approx(speed / 4)
