"""What a network sings is read from its run, and the song as well."""

import numpy as np
import pytest
import xarray as xr

from snnlab.errors import UserError
from snnlab.networks.song import Song, SongConfig, decoded_songs, first_song, settle_song, stored_song
from snnlab.networks.song.song import song_of


def test_a_song_that_is_taught_is_found_in_its_place_with_its_delay():
    moments = np.arange(22050) / 44100
    tones = ((0.05, 0.12, 2000), (0.18, 0.25, 4000), (0.32, 0.42, 6000))
    sound = sum(np.sin(2 * np.pi * f * moments) * ((moments >= a) & (moments < b)) for a, b, f in tones)
    song = song_of(sound, 44100, m=12)
    time = np.arange(1, 2001) * 2e-3
    dataset = xr.Dataset({"output": (("time", "band"), song(time - 0.02))}, {"time": time})
    sung, lag = decoded_songs(dataset, song, np.array([1.0, 1.5]))
    assert lag == pytest.approx(0.02) and sung.shape == (2, *song.bands.shape)
    np.testing.assert_allclose(sung[0], song.bands, atol=0.12)


def test_the_song_of_a_run_is_the_one_that_was_taught(rng):
    song = Song(rng.random((40, 3)), 200.0, (("a", 0.02, 0.05), ("b", 0.08, 0.15)))
    names, starts, stops = zip(*song.syllables, strict=True)
    run = xr.Dataset(
        {
            "song": (("frame", "band"), song.bands, {"frames_per_second": song.rate}),
            "syllable": ("syllable", list(names)),
            "syllable_start": ("syllable", list(starts)),
            "syllable_stop": ("syllable", list(stops)),
        }
    )
    found = stored_song(run)
    np.testing.assert_array_equal(found.bands, song.bands)
    assert (found.rate, found.syllables) == (song.rate, song.syllables)


def test_a_song_begins_in_step_with_the_teacher_and_fields_are_filled_in(rng):
    song, config = Song(rng.random((400, 3)), 200.0), SongConfig(learn_stop=11.0)
    assert first_song(config, song) == 12.0 and first_song(SongConfig(learn_stop=12.0), song) == 14.0
    found = settle_song(config, song, 2, 20.0)
    assert (found.seconds, found.g, found.q_hdts) == (20.0, 1.3e4, 8e3)
    with pytest.raises(UserError, match=r"seconds: expected at least 16\.06 s, where 2 songs end, got 16"):
        settle_song(config, song, 2, 16.0)
