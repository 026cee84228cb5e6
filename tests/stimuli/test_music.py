"""Melodies as teachers and as sound."""

import io

import numpy as np
import pytest
from scipy.io import wavfile

from snnlab.stimuli.sounds.music import ODE_TO_JOY, Melody, scale_wav


def test_the_ode_to_joy_note_by_note():
    dt = 1e-3
    values = ODE_TO_JOY(np.arange(0, 8, dt))
    assert ODE_TO_JOY.period == 4.0
    np.testing.assert_allclose(values[:4000], values[4000:], atol=1e-9)
    slots = values[:4000].reshape(16, 250, 5)
    assert "".join("CDEFG"[slot.sum(0).argmax()] for slot in slots) == "EEFGGFEDCCDEEDDD"
    # One component at a time; quarter notes are half sines of 4 Hz, the held D one of 2 Hz.
    assert (np.count_nonzero(values > 1e-9, axis=1) <= 1).all()
    np.testing.assert_allclose(slots[0][:, 2], np.abs(np.sin(4 * np.pi * np.arange(250) * dt)), atol=1e-8)
    held = values[3500:4000, 1]
    np.testing.assert_allclose(held, np.sin(2 * np.pi * np.arange(500) * dt), atol=1e-8)
    assert slots[13][-1, 1] < 0.02


def test_times_on_the_border_of_a_slot_belong_to_the_next():
    times = np.arange(0, 64) * 0.25
    np.testing.assert_array_equal(ODE_TO_JOY.slots(times), np.arange(64) % 16)
    assert np.abs(ODE_TO_JOY(times)).max() == pytest.approx(1.0)  # the middle of the held note
    assert np.abs(ODE_TO_JOY(np.delete(times, np.s_[15::16]))).max() < 1e-6


def test_the_sound_of_a_melody_has_its_pitches():
    melody = Melody((0, 1), (), (300.0, 500.0), slot=0.5)
    rate, sound = wavfile.read(io.BytesIO(melody.wav(melody(np.arange(0, 1, 1e-3)), 1e-3)))
    assert rate == 8192 and len(sound) == 8192 and np.abs(sound).max() == 32767
    for half, pitch in zip(np.split(sound.astype(float), 2), melody.frequencies, strict=True):
        assert np.fft.rfftfreq(len(half), 1 / rate)[np.abs(np.fft.rfft(half)).argmax()] == pytest.approx(pitch, abs=2)
    _, silent = wavfile.read(io.BytesIO(melody.wav(-np.ones((100, 2)), 1e-3)))
    assert not silent.any()


@pytest.mark.parametrize("held", [(3,), (-1,), (9,)])
def test_a_held_note_needs_a_next_slot(held):
    with pytest.raises(ValueError, match="held: expected slots with a next one, 0 to 2"):
        Melody((0, 1, 0, 1), held, (440.0, 220.0))


def test_a_binary_sequence_sounds_as_a_c_major_scale():
    rate, sound = wavfile.read(io.BytesIO(scale_wav(np.eye(8, dtype=int), slot=0.5)))
    assert rate == 8192 and len(sound) == pytest.approx(8 * 0.5 * rate, abs=2)
    # C4 to C5: whole and half tones.
    expected = 261.0 * 2 ** (np.array([0, 2, 4, 5, 7, 9, 11, 12]) / 12)
    for beat, frequency in enumerate(expected):
        piece = sound[round(beat * 0.5 * rate) : round((beat + 1) * 0.5 * rate)].astype(float)
        assert np.abs(np.fft.rfft(piece)).argmax() * 2.0 == pytest.approx(frequency, abs=2.0)
