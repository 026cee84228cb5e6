"""Scores of a song that comes again, on made-up songs."""

import numpy as np
import pytest

from snnlab.networks.song import scores as module
from snnlab.networks.song.song import Song

RATE = 200.0


@pytest.fixture
def song(rng):
    """Three syllables, each twice, of different bands; silence between."""
    bands, syllables = np.zeros((240, 6)), []
    for place, name in enumerate("abcabc"):
        start = 10 + 40 * place
        bands[start : start + 25, 2 * "abc".index(name)] = 1
        bands[start : start + 25, 1] = np.linspace(0, 0.5, 25)
        syllables.append((name, start / RATE, (start + 25) / RATE))
    return Song(bands, RATE, tuple(syllables))


def test_the_song_itself_has_all_scores_1(song):
    values = module.scores(song.bands, song)
    assert values == pytest.approx({module.CORRELATION: 1, module.LOUDNESS: 1, module.IDENTITY: 1})


def test_what_is_no_song_has_none(song):
    values = module.nulls(song)
    assert values["mean spectrum"][module.CORRELATION] == pytest.approx(0, abs=1e-9)
    assert values["mean spectrum"][module.LOUDNESS] == pytest.approx(0.5)
    assert abs(values["frames in random order"][module.CORRELATION]) < 0.2
    assert 0.35 < values["frames in random order"][module.LOUDNESS] < 0.65
    assert values["mean spectrum"][module.IDENTITY] == pytest.approx(1 / 3)
    assert 0.1 < values["frames in random order"][module.IDENTITY] < 0.6


def test_a_syllable_in_the_place_of_another_is_found_out(song):
    bands = song.bands.copy()
    bands[10:35] = song.bands[50:75]
    assert module.identified(bands, song) == pytest.approx(5 / 6)
