"""A folk song and figures from ape to human: presets, sound, what is found."""

import numpy as np
import pytest
from scipy.io import wavfile

from snnlab.lab.protocol import find_protocol
from snnlab.lab.run import controls_fail
from snnlab.stimuli.pictures.bitmaps import evolution, music

MUSIC, EVOLUTION = find_protocol("dybm_music"), find_protocol("dybm_evolution")


@pytest.mark.programs
@pytest.mark.standalone
def test_the_figures_are_recalled_and_taught_in_another_order_they_are_not(tmp_path):
    _, dataset = EVOLUTION.execute(EVOLUTION.config(quick=True, seed=100), tmp_path)
    assert not controls_fail(EVOLUTION.checks(dataset))
    np.testing.assert_array_equal(dataset.recalled[-1], np.tile(evolution(), (2, 1)))
    assert dataset.checkpoint[:3].values.tolist() == [0, 10, 1000] and dataset.recalled_after < 10_000
    broken = EVOLUTION.config(quick=True, seed=100, control="shuffled_teacher")
    assert controls_fail(EVOLUTION.checks(EVOLUTION.execute(broken, tmp_path)[1]))


@pytest.mark.programs
@pytest.mark.standalone
def test_the_song_is_learned_and_what_is_recalled_is_written_as_sound(tmp_path):
    path, dataset = MUSIC.execute(MUSIC.config(quick=True, seed=100), tmp_path)
    assert not controls_fail(MUSIC.checks(dataset))
    np.testing.assert_array_equal(dataset.sequence, music())
    (written,) = MUSIC.export(dataset, path.with_suffix(""))
    rate, sound = wavfile.read(written)
    assert written.suffix == ".wav" and written.stat().st_size < 500_000
    assert len(sound) / rate == pytest.approx(2 * 56 * 0.25, abs=0.01) and sound.std() > 100
