"""Songs as teachers: bands, sound back from them, WAV files of every kind, segmentation, and what is refused."""

import io
import struct
import wave

import numpy as np
import pytest
from scipy.io import wavfile

from snnlab.errors import UserError
from snnlab.networks.song.song import SYLLABLES, SYNTHETIC_SECONDS, Song, loudness, places, segments, song_from, song_of
from snnlab.stimuli.sounds.sound import bands_of, read_wav, sound_from, wav_bytes, wav_seconds


def melody(rate, seconds=1.0):
    """Tone bursts of 100 ms every 200 ms: 1, 2, 4, 8 kHz in turn, starting at 50 ms; and where they sound."""
    times = np.arange(round(seconds * rate)) / rate
    turn = np.floor((times - 0.05) / 0.2)
    inside = (times >= 0.05) & (np.mod(times - 0.05, 0.2) < 0.1)
    return 0.5 * inside * np.sin(2 * np.pi * 1000 * 2 ** (np.maximum(turn, 0) % 4) * times)


def write_24_bit(path, rate, samples):
    """As PCM of three bytes a sample, which scipy does not write."""
    numbers = np.round(samples * (2**23 - 1)).astype("<i4")
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1 if samples.ndim == 1 else samples.shape[1])
        file.setsampwidth(3)
        file.setframerate(rate)
        file.writeframes(numbers.reshape(-1, 1).view(np.uint8).reshape(-1, 4)[:, :3].tobytes())


def write(path, rate, samples, kind):
    if kind == "int24":
        write_24_bit(path, rate, samples)
    elif kind == "uint8":
        wavfile.write(path, rate, np.round(samples * 127 + 128).astype(np.uint8))
    elif kind.startswith("int"):
        wavfile.write(path, rate, np.round(samples * (2.0 ** (int(kind[3:]) - 1) - 1)).astype(kind))
    else:
        wavfile.write(path, rate, samples.astype(kind))


@pytest.mark.parametrize("rate", [22050, 44100, 48000])
@pytest.mark.parametrize("frequency", [700.0, 2000.0, 5300.0, 9400.0])
def test_a_pure_tone_is_in_its_band(rate, frequency):
    bands, frames = bands_of(np.sin(2 * np.pi * frequency * np.arange(rate) / rate), rate)
    assert bands.shape == (345, 45) and frames == pytest.approx(344.53, abs=0.01) and bands.max() == 1
    middle = bands[20:-20].mean(axis=0)
    assert middle.argmax() == int((frequency - 500) / (9500 / 45))
    # The window spreads a tone over four frequencies, 0.34 kHz.
    away = np.abs(np.arange(45) - middle.argmax()) > 2
    assert middle[away].max() < 0.01 * middle.max()


@pytest.mark.parametrize("m", [1, 20, 45, 100, 200])
def test_bands_of_any_number_average_the_amplitude(m, rng):
    bands, _ = bands_of(rng.standard_normal(44100), 44100, m)
    assert bands.shape == (345, m) and bands.min() >= 0 and bands.max() == 1
    # White noise is as loud in every band.
    means = bands.mean(axis=0)
    assert np.ptp(means) < 0.25 * means.mean()


def test_the_sound_from_the_bands_has_these_bands_for_any_step():
    bands, frames = bands_of(melody(44100), 44100)
    for rate in (frames, 250.0):
        times = np.arange(round(rate)) / rate
        given = np.stack([np.interp(times, np.arange(345) / frames, band) for band in bands.T], axis=1)
        sound, sampling = sound_from(given, rate)
        assert sampling == 44100 and abs(len(sound) - 44100) <= 60 and np.abs(sound).max() == 1
        again, _ = bands_of(sound, sampling)
        length = min(len(again), len(bands))
        assert np.corrcoef(again[:length].ravel(), bands[:length].ravel())[0, 1] > 0.95


def test_what_is_negative_is_silent():
    sound, _ = sound_from(-np.ones((100, 5)), 100.0)
    assert len(sound) == 44100 and not sound.any()


def test_a_frame_stands_at_its_time_and_between_two_the_song_is_linear(rng):
    song = Song(rng.random((5, 3)), rate=10.0)
    assert song.period == 0.5
    np.testing.assert_allclose(song(np.arange(10) / 10), np.tile(song.bands, (2, 1)), atol=1e-7)
    np.testing.assert_allclose(song(np.array([0.15])), song.bands[1:3].mean(0)[None], atol=1e-7)
    # After the last frame the first.
    np.testing.assert_allclose(song(np.array([0.45])), song.bands[[4, 0]].mean(0)[None], atol=1e-7)


@pytest.mark.parametrize(("rate", "length"), [(44100, 44100), (48000, 30011), (32000, 22222), (22050, 9999)])
def test_the_period_is_a_whole_number_of_10_ms(rate, length):
    song = song_of(melody(rate, length / rate)[:length], rate)
    assert song.period == pytest.approx(np.floor(length / rate * 100) / 100, abs=1e-12)
    assert song.rate == pytest.approx(44100 / 128, rel=0.02)


@pytest.mark.parametrize("noise", [0.0, 0.005])
def test_syllables_are_found_where_they_are(noise, rng):
    sound = melody(44100)
    found = song_of(sound + noise * rng.standard_normal(len(sound)), 44100).syllables
    assert [name for name, _, _ in found] == ["1", "2", "3", "4", "5"]
    np.testing.assert_allclose([start for _, start, _ in found], 0.05 + 0.2 * np.arange(5), atol=0.01)
    np.testing.assert_allclose([stop for _, _, stop in found], 0.15 + 0.2 * np.arange(5), atol=0.01)


def test_short_pauses_and_short_sounds_do_not_count():
    bands = np.zeros((1000, 2))
    # In frames of 1 ms: a click, two sounds 5 ms apart, one 15 ms later.
    for start, stop in [(100, 110), (300, 340), (345, 400), (415, 450)]:
        bands[start:stop] = 1
    assert segments(bands, 1000.0) == (("1", 0.3, 0.4), ("2", 0.415, 0.45))
    assert segments(np.zeros((50, 2)), 1000.0) == ()
    np.testing.assert_array_equal(loudness(bands)[[0, 305]], [0, 2])


def test_the_gestures_make_a_song_without_overlaps():
    starts, stops = (np.array([place[i] for place in places()]) for i in (1, 2))
    assert (starts[1:] > stops[:-1] + 0.02).all() and stops[-1] < SYNTHETIC_SECONDS
    assert all(0.06 <= gesture.seconds <= 0.2 for gesture in SYLLABLES.values()) and len(SYLLABLES) >= 5


@pytest.mark.parametrize("rate", [22050, 44100, 48000])
@pytest.mark.parametrize("kind", ["int16", "int24", "int32", "float32", "float64", "uint8"])
@pytest.mark.parametrize("channels", [1, 2])
def test_every_kind_of_wav_reads_alike(tmp_path, rate, kind, channels):
    sound = melody(rate)
    # Two channels whose mean it is.
    samples = sound if channels == 1 else np.stack([1.5 * sound, 0.5 * sound], axis=1)
    write(tmp_path / "song.wav", rate, samples, kind)
    read, sampling = read_wav(tmp_path / "song.wav")
    assert sampling == rate
    np.testing.assert_allclose(read, sound, atol=0.01 if kind == "uint8" else 1e-4)
    song, reference = song_from(str(tmp_path / "song.wav")), song_of(melody(44100), 44100)
    assert song.bands.shape == reference.bands.shape and len(song.syllables) == 5
    assert np.corrcoef(song.bands.ravel(), reference.bands.ravel())[0, 1] > 0.98


def test_bytes_of_a_wav_read_back_and_seconds_cut(tmp_path):
    sound = melody(44100)
    (tmp_path / "song.wav").write_bytes(wav_bytes(sound, 44100))
    read, rate = read_wav(tmp_path / "song.wav", seconds=0.5)
    np.testing.assert_allclose(read, sound[:22050] / np.abs(sound).max(), atol=1e-4)
    assert rate == 44100 and song_from(str(tmp_path / "song.wav"), 20, 0.5).bands.shape == (173, 20)


def test_the_recording_that_can_be_fetched_goes_by_its_name(tmp_path, monkeypatch):
    (tmp_path / "song.wav").write_bytes(WHOLE)
    monkeypatch.setattr("snnlab.files.data.get", lambda name: {"bengalese": tmp_path / "song.wav"}[name])
    assert song_from("bengalese").period == 1.0


def test_a_part_of_the_file_that_is_no_sound_does_no_harm(tmp_path):
    content = bytearray(wav_bytes(melody(44100), 44100))
    content += b"LIST" + (4).to_bytes(4, "little") + b"note"
    content += b"odd " + (4).to_bytes(4, "little") + b"note"
    content[4:8] = (len(content) - 8).to_bytes(4, "little")
    (tmp_path / "song.wav").write_bytes(content)
    assert len(read_wav(tmp_path / "song.wav")[0]) == 44100


@pytest.mark.parametrize(
    "sizes", [(0xFFFFFFFF, 0xFFFFFFFF), (0, 0), (0x7FFFFFFF, 0x7FFFFFDB), (36, 0), (88236, 2**31), (2**31, 88200)]
)
@pytest.mark.parametrize("extra", [b"", b"\0"])
@pytest.mark.parametrize("order", ["little", "big"])
def test_a_file_that_was_written_through_a_pipe_is_whole(tmp_path, sizes, extra, order):
    content = bytearray(WHOLE if order == "little" else big(melody(44100)))
    for place, size in zip((4, 40), sizes, strict=True):
        content[place : place + 4] = size.to_bytes(4, order)
    (tmp_path / "song.wav").write_bytes(content + extra)
    read, rate = read_wav(tmp_path / "song.wav")
    assert rate == 44100
    np.testing.assert_allclose(read, melody(44100) / np.abs(melody(44100)).max(), atol=1e-4)


def big(sound):
    """As RIFX, whose numbers have their highest byte first."""
    samples = np.round(sound / np.abs(sound).max() * 32767).astype(">i2").tobytes()
    kind = struct.pack(">HHIIHH", 1, 1, 44100, 88200, 2, 16)
    chunks = b"WAVEfmt " + struct.pack(">I", 16) + kind + b"data" + struct.pack(">I", len(samples)) + samples
    return b"RIFX" + struct.pack(">I", len(chunks)) + chunks


def test_a_file_without_samples_is_empty_though_parts_follow(tmp_path):
    content = bytearray(WHOLE[:40] + bytes(4) + b"LIST" + (40_000).to_bytes(4, "little") + bytes(40_000))
    content[4:8] = (len(content) - 8).to_bytes(4, "little")
    (tmp_path / "song.wav").write_bytes(content)
    with pytest.raises(UserError, match=r"song: song\.wav: expected .*"):
        read_wav(tmp_path / "song.wav")


def wav(rate, samples):
    file = io.BytesIO()
    wavfile.write(file, rate, samples)
    return file.getvalue()


WHOLE = wav_bytes(melody(44100), 44100)
BROKEN = {
    "text": (b"this is no sound at all, but a text", r"song\.wav: expected a WAV file, cannot read it"),
    "empty": (b"", r"song\.wav: expected a WAV file, cannot read it"),
    "cut header": (WHOLE[:30], r"song\.wav: expected a WAV file, cannot read it"),
    "header alone": (WHOLE[:44], r"song\.wav: expected a WAV file, cannot read it|got 0 s"),
    "cut": (
        WHOLE[:40000],
        r"song\.wav: expected a WAV file, cannot read it: it is cut: .* 88,200 bytes .* 39,956",
    ),
    "short": (wav(44100, melody(44100)[:4410]), r"song\.wav: expected at least 0\.2 s, got 0\.1 s"),
    "long": (wav(22050, np.ones(61 * 22050, np.uint8)), r"song\.wav: expected at most 60 s, got 61 s"),
    "silent": (wav(44100, np.zeros(44100, np.int16)), r"song\.wav: expected a sound, got silence"),
    "offset": (wav(44100, np.full(44100, 999, np.int16)), r"song\.wav: expected a sound, got silence"),
    "no sound": (wav(44100, np.array([0, np.nan] * 22050)), r"song\.wav: expected finite samples"),
    "no samples": (WHOLE[:36], r"song\.wav: expected a WAV file, cannot read it: it has no chunk of samples"),
    "lost samples": (
        WHOLE[:16] + b"\xf0\xff\xff\x0f" + WHOLE[20:],
        r"song\.wav: expected a WAV file, cannot read it: it has no chunk of samples",
    ),
    "rate 0": (WHOLE[:24] + bytes(4) + WHOLE[28:], r"song\.wav: expected a WAV file, cannot read it"),
    "slow": (
        wav(16000, melody(16000)),
        r"song\.wav: expected at least 20000 samples/s, twice high = 10000 Hz, got 16000",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_files_that_are_no_song_are_refused_in_one_line(tmp_path, name):
    content, message = BROKEN[name]
    (tmp_path / "song.wav").write_bytes(content)
    with pytest.raises(UserError, match=message) as refused:
        song_from(str(tmp_path / "song.wav"))
    assert "\n" not in str(refused.value) and str(refused.value).startswith("song: ")


def test_the_length_of_a_file_is_that_of_its_sound(tmp_path, recwarn):
    # A chunk of another program stands before the samples.
    note = b"note" + (4).to_bytes(4, "little") + b"mine"
    whole = (len(WHOLE) - 8 + len(note)).to_bytes(4, "little")
    (tmp_path / "song.wav").write_bytes(WHOLE[:4] + whole + WHOLE[8:36] + note + WHOLE[36:])
    assert wav_seconds(tmp_path / "song.wav") == 1.0 and not recwarn.list
    (tmp_path / "song.wav").write_bytes(WHOLE[:40000])
    with pytest.raises(UserError, match=r"^song: song\.wav: expected a WAV file, cannot read it: it is cut"):
        wav_seconds(tmp_path / "song.wav")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"m": 0}, "bands: expected an integer from 1 to 441, bands of 22 Hz, got 0"),
        ({"m": 5000}, "bands: expected an integer from 1 to 441"),
        ({"low": 9000.0, "high": 800.0}, "low, high: expected 0 <= low < high <= 22050 Hz"),
        ({"seconds": 0.1}, r"song_seconds: expected a number from 0\.2 to 60 s, got 0\.1"),
        ({"seconds": float("nan")}, r"song_seconds: expected a number from 0\.2 to 60 s, got nan"),
        ({"seconds": 2.0}, r"song: song\.wav: expected at least 2 s, got 1 s"),
        ({"spec": "nothing.wav"}, r"song: expected synthetic, bengalese or a WAV file, got no file 'nothing\.wav'"),
        ({"spec": "."}, r"song: expected synthetic, bengalese or a WAV file, got no file '\.'"),
        ({"spec": ""}, "song: expected .*, got no file '.'"),
    ],
    ids=str,
)
def test_songs_that_cannot_be_had_are_refused(tmp_path, changes, message):
    (tmp_path / "song.wav").write_bytes(WHOLE)
    with pytest.raises(UserError, match=message):
        song_from(**{"spec": str(tmp_path / "song.wav")} | changes)


def test_a_sound_outside_the_bands_is_refused():
    with pytest.raises(UserError, match="song: expected a sound between 500 and 10000 Hz, got silence"):
        bands_of(np.zeros(22050), 44100)
