"""Lesions of a network that sings: what is silent, where a song stands, what is left of it."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter1d

from snnlab.networks.replay import synfire
from snnlab.networks.song import Song, SongConfig, lesions


def test_where_a_song_of_its_own_time_begins_is_found(rng):
    bands = gaussian_filter1d(rng.random((400, 6)), 4, axis=0, mode="wrap")
    song = Song(bands, 200.0, (("a", 0.1, 0.5), ("b", 0.8, 1.5)))
    time = np.arange(900) / 200.0
    output = song(0.6 + 1.01 * (time - 1.0)) + 0.01 * rng.standard_normal((900, 6))
    begun, pace, alike = lesions.place(time, output, 1.0, song)
    assert begun == pytest.approx(0.6, abs=0.01) and pace == pytest.approx(1.01, abs=1e-6) and alike > 0.9
    assert lesions.place(time, rng.random((900, 6)), 1.0, song)[2] < lesions.SINGING
    # It begins at 0.6 s: a piece from 0.8 to 1 s is reached after 0.2 s, and what comes before is the end of the rest.
    config = SongConfig(hdts="internal", pulses=20)
    since = np.mod(np.arange(400) / 200.0 - 0.6, 2.0)
    bands = np.where((since < 0.2)[:, None], song.bands, song.bands.mean(0))
    lesion = lesions.Lesion("piece", 0.1, 0, np.arange(8, 10))
    before, within, after = lesions.describe(lesion, bands, 0.0, song, config, 0.6)["errors"][:3]
    assert before == 0 and within == pytest.approx(1, abs=0.15) and after == pytest.approx(1, abs=0.1)
    inside = lesions.Lesion("piece", 0.1, 0, np.arange(5, 7))
    assert np.isnan(lesions.describe(inside, bands, 0.0, song, config, 0.6)["errors"]).all()


def test_lesions_are_what_they_say():
    config = SongConfig(hdts="chain")
    each = list(lesions.draw(config, 3, np.random.default_rng(0)))
    assert [len(lesion.silent) for lesion in each[:3]] == [0, 0, 0] and len(each) == 3 + 3 * 6 * 3
    for lesion in each[3:]:
        whole = {"piece": 500, "random": 500 * synfire.SIZE, "neurons": 1000}[lesion.kind]
        assert len(lesion.silent) == round(lesion.share * whole) and lesion.silent.max() < whole
        assert len(set(lesion.silent)) == len(lesion.silent)
        if lesion.kind == "piece":
            assert (np.diff(lesion.silent) == 1).all()
            dead = lesions.dead_neurons(lesion)
            assert set(dead // synfire.SIZE) == set(lesion.silent) and len(dead) == synfire.SIZE * len(lesion.silent)


def test_half_seconds_behind_a_cut_are_found_in_their_place_and_elsewhere(rng):
    # A motif of 0.75 s twice, between other sounds: a song of 4 s.
    sounds = gaussian_filter1d(rng.random((650, 12)), 6, axis=0, mode="wrap")
    bands = np.concatenate([sounds[:150], sounds[150:300], sounds[300:450], sounds[150:300], sounds[450:650]])
    song = Song(bands, 200.0, (("a", 0.1, 0.5), ("b", 0.8, 1.5)))
    noise = 0.01 * rng.standard_normal(bands.shape)
    # As it is, off the grid of frames, without a lesion: in its place, though half of a copy fits as well.
    here, anywhere = lesions.fits_behind(song(np.arange(800) / 200.0 + 0.0023) + noise, song, np.nan, np.nan, 1.5)
    assert len(here) == 8 and (here > 0.95).all() and (anywhere >= here).all()
    # It was 3.5 s in, leaves the piece 0.4 s later, over the end of the song, and goes on 1.3 s too early.
    assert lesions.passed(3.5, 3.9, 3.5, 4.0) == pytest.approx((0, 0.4))
    here, anywhere = lesions.fits_behind(np.roll(bands, 260, 0) + noise, song, 3.5, 3.9, 3.5)
    assert len(here) == 7 and (here < lesions.OF_SONG).all() and (anywhere > 0.95).all()
    # 0.05 s late it still is in its place. Silence is not, nor other sounds.
    assert (lesions.fits_behind(np.roll(bands, 10, 0), song, 3.5, 3.9, 3.5)[0] > 0.95).all()
    for other in (np.zeros(bands.shape), rng.random(bands.shape)):
        assert (lesions.fits_behind(other, song, 3.5, 3.9, 3.5)[1] < lesions.OF_SONG).all()
    # It began within the piece, and never leaves it.
    assert lesions.passed(1.0, 1.4, 1.5, 4.0) == pytest.approx((3.5, 3.9))
    assert np.isnan(lesions.passed(1.0, 2.0, 1.5, 4.0)[1])
    assert lesions.fits_behind(bands, song, 1.0, 2.0, 1.5)[0].size == 0


def test_a_network_of_its_own_time_is_followed_through_a_lesion(rng):
    bands = gaussian_filter1d(rng.random((400, 6)), 4, axis=0, mode="wrap")
    song = Song(bands, 200.0, (("a", 0.1, 0.5), ("b", 0.8, 1.5)))
    time = np.arange(1640) / 200.0
    phase = 0.7 + 1.01 * time
    # Two songs; babble from 0.3 s behind the beginning of the lesion on; then the song again.
    sung = np.where(((time < 4.3) | (time >= 6))[:, None], song(phase), rng.random((1640, 6)))
    row = lesions.own_time(time, sung, 4.0, song)
    assert row["begun"] == pytest.approx((0.7 + 4 * 1.01) % 2, abs=0.02)
    assert row["pace"] == pytest.approx(1.01, abs=2e-3)
    assert min(row["alike"], row["next"]) > 0.9 and row["during"] < lesions.SINGING


def test_each_lesion_is_in_its_own_song_and_its_error_in_its_own_place(rng):
    config = SongConfig(hdts="external", pulses=100)
    song = Song(rng.random((400, 6)), 200.0, (("a", 0.1, 0.5), ("b", 0.8, 1.5)))
    chosen = list(lesions.draw(config, 1, rng))
    order = rng.permutation(len(chosen))
    phases = lesions.phases(config, song, chosen, 54.0 + 4.0 * order, [None] * len(chosen))
    assert [phase.start for phase in phases] == [52 + 2 * index for index in range(2 * len(chosen))]
    for lesion, index in zip(chosen, order, strict=True):
        before, phase = phases[2 * index : 2 * index + 2]
        assert phase.restart and before.restart and not len(before.silent) and not len(before.silent_pulses)
        hit, spared = ("silent", "silent_pulses")[:: 1 if lesion.kind == "neurons" else -1]
        np.testing.assert_array_equal(getattr(phase, hit), lesion.silent)
        assert not len(getattr(phase, spared))
    lesion = lesions.Lesion("piece", 0.1, 0, np.arange(30, 40))
    bands = song.bands.copy()
    bands[120:160] = song.bands.mean(0)
    row = lesions.describe(lesion, bands, 0.0, song, config)
    assert (row["first"], row["stop"]) == pytest.approx((0.6, 0.8))
    before, within, after, *behind = row["errors"]
    assert before == after == 0 and np.nansum(behind) == 0 and within == pytest.approx(1, abs=0.1)
    assert row["error"] == pytest.approx(np.sqrt(0.1), abs=0.05)


@pytest.mark.parametrize(("hdts", "pulses"), [pytest.param("chain", 50, marks=pytest.mark.programs), ("internal", 20)])
def test_what_is_silent_in_a_chain_or_of_own_pulses(rng, hdts, pulses):
    config = SongConfig(hdts=hdts, pulses=pulses, bands=12)
    song = Song(rng.random((100, 12)), 200.0)
    chosen = list(lesions.draw(config, 1, rng))
    signals = lesions.signals(config, song, chosen)
    apart = 1 + lesions.REST[hdts]
    starts = apart * song.period * (1 + np.arange(len(chosen)))
    phases = lesions.phases(config, song, chosen, starts, signals)
    # One of its own time has three songs to find back.
    assert np.diff([phase.start for phase in phases])[:2] == pytest.approx([(apart - 1) * song.period, song.period])
    phases = phases[1::2]
    for lesion, phase in zip(chosen, phases, strict=True):
        neurons = lesion.silent if lesion.kind == "neurons" else []
        np.testing.assert_array_equal(phase.silent, neurons)
        assert phase.restart == (hdts == "chain")
        if hdts == "internal" and lesion.kind in ("piece", "random"):
            # The bands are fed back as before.
            np.testing.assert_array_equal(phase.silent_outputs, 12 + lesion.silent)
        elif hdts == "chain" and lesion.kind == "piece":
            active = np.flatnonzero(phase.signal.toarray().max(0) > 0.5)
            assert active.max(initial=-1) == lesion.silent[0] - 1
        else:
            assert not len(phase.silent_outputs)
