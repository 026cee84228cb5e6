"""Replays of a movie are read from a run at their delay and pace, and a movie is stored and read again."""

import numpy as np
import pytest
import xarray as xr

from snnlab.errors import UserError
from snnlab.networks.replay import (
    CORRELATION,
    IDENTIFIED,
    MovieConfig,
    Replay,
    movie_variable,
    replayed,
    score_frames,
    settle_movie,
    stored_movie,
)
from snnlab.stimuli.pictures.movie import synthetic


@pytest.mark.parametrize(("speed", "late"), [(1.0, 0.02), (4.0, 0.05), (-2.0, 0.03)])
def test_the_delay_of_a_replay_is_found(speed, late):
    movie, time = synthetic(9, 16, 4.0), np.arange(1, 10001) * 2e-3
    part = Replay(speed, start=2.0, first=3.0, stop=3.0 + 2 * 4.0 / abs(speed))
    output = np.hstack([movie(speed * (time - late - part.start)), np.zeros((10000, 3))])
    run = xr.Dataset(
        {"output": (("time", "component"), output), "teacher": (("time", "component"), output)}, {"time": time}
    ).assign(voltage=("time", time))
    found = replayed(run, movie, [part])
    np.testing.assert_allclose(found.lag, late)
    np.testing.assert_allclose(found.replay, movie(found.phase.values), atol=0.05)
    np.testing.assert_allclose(found["at"][[0, -1]], [3.0, part.stop - 0.04 / abs(speed)])
    assert found.sizes["shown"] == 200


def test_the_own_clock_of_internal_pulses_is_found():
    movie, time = synthetic(9, 16, 4.0), np.arange(1, 10001) * 2e-3
    part = Replay(1.0, start=0.0, first=3.0, stop=19.0, own=True)
    output = np.hstack([movie(1.7 + 0.98 * time), np.zeros((10000, 3))])
    run = xr.Dataset(
        {"output": (("time", "component"), output), "teacher": (("time", "component"), output)}, {"time": time}
    ).assign(voltage=("time", time))
    found = replayed(run, movie, [part])
    np.testing.assert_allclose(found.pace, 0.98, atol=2e-3)
    scores = score_frames(found["replay"].values, found.phase.values, movie)
    assert scores[IDENTIFIED] == 1.0 and scores[CORRELATION] > 0.99


def test_the_same_picture_at_half_the_contrast_in_another_light_is_the_same_picture():
    movie, phase = synthetic(9, 16, 4.0), np.tile(np.arange(100) / 25, 2)
    assert score_frames(0.5 * movie(phase) + 0.5 * movie.pixels.mean(0), phase, movie)[IDENTIFIED] == 1.0


def test_the_movie_of_a_run_is_the_one_that_was_taught():
    movie = synthetic(9, 16, 4.0)
    found = stored_movie(xr.Dataset({"movie": movie_variable(movie)}))
    np.testing.assert_array_equal(found.frames, movie.frames.astype(np.float32))
    assert found.rate == movie.rate


def test_fields_that_are_left_open_are_filled_in_and_a_run_lasts_until_the_replay_ends():
    config = MovieConfig(movie_seconds=4.0, height=9, width=16)
    found = settle_movie(config, 60.0, 55.0)
    assert (found.seconds, found.g, found.q, found.q_hdts) == (60.0, 5e3, 4e2, 4e3)
    with pytest.raises(UserError, match=r"seconds: expected at least 60\.06 s, where the replay ends, got 60"):
        settle_movie(config, 60.0, 60.0)
