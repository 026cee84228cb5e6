"""Labels that a person gave to syllables: the forms in which programs write them, and what is refused."""

import numpy as np
import pytest
from scipy.io import wavfile

from snnlab.errors import UserError
from snnlab.networks.song import SongConfig, labelled_by, song_from, taught_song
from snnlab.stimuli.sounds.labels import read_labels

SYLLABLES = (("a", 0.05, 0.12), ("b", 0.18, 0.25), ("a", 0.3, 0.4))


@pytest.mark.parametrize(
    "text",
    [
        # As Audacity writes them; a line with a backslash is the range of frequencies of the one above.
        "0.050000\t0.120000\ta\n0.180000\t0.250000\tb\n\\\t1000.0\t4000.0\n0.300000\t0.400000\ta\n",
        "0.05,0.12,a\n0.18,0.25,b\n0.3,0.4,a\n",
        "\ufeff0.18,0.25,b\r\n0.05,0.12,a\r\n0.3,0.4,a\r\n",
        "onset_s,offset_s,label\n0.05,0.12,a\n0.18,0.25,b\n0.3,0.4,a\n",
        "label;onset (ms);offset (ms)\na;50;120\nb;180;250\na;300;400\n",
        "Selection\tBegin Time (s)\tEnd Time (s)\tAnnotation\n1\t0.05\t0.12\ta\n2\t0.18\t0.25\tb\n3\t0.3\t0.4\ta\n",
        ",label,onset_sample,offset_sample,onset_s,offset_s\n0,a,1,2,0.05,0.12\n1,b,1,2,0.18,0.25\n2,a,1,2,0.3,0.4\n",
        "start,stop,label\n0.05,0.12,a\n0.18,0.25,b\n0.3,0.4,a\n",
    ],
)
def test_labels_are_read_as_programs_write_them(tmp_path, text):
    (tmp_path / "labels.txt").write_text(text, encoding="utf-8")
    found = read_labels(tmp_path / "labels.txt", 0.5)
    assert [name for name, _, _ in found] == [name for name, _, _ in SYLLABLES]
    np.testing.assert_allclose([each[1:] for each in found], [each[1:] for each in SYLLABLES], atol=1e-12)


def test_a_syllable_without_a_label_has_its_number(tmp_path):
    (tmp_path / "labels.txt").write_text("0.1\t0.2\n0.3\t0.4\n")
    assert read_labels(tmp_path / "labels.txt", 0.5) == (("1", 0.1, 0.2), ("2", 0.3, 0.4))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "expected rows of onset, offset and label, got none"),
        ("0.1\t0.2\ta\n0.3\t0.3\ta\n", "data row 2: expected 0 <= onset < offset, got 0.3 and 0.3"),
        ("-0.1,0.2,a\n", "data row 1: expected 0 <= onset < offset"),
        ("nan,0.2,a\n", "data row 1: expected 0 <= onset < offset"),
        ("0,1;0,2;a\n", "data row 1: expected numbers for onset and offset, with a decimal point"),
        ("0.1,a,0.2\n", "data row 1: expected numbers for onset and offset"),
        ("50,120,a\n180,250,b\n", "data row 1: expected an offset within the 0.5 s of the recording, got 120 s"),
        ("0.1,0.3,a\n0.2,0.4,b\n", "expected syllables one after the other, got 'b' at 0.2 s"),
        ("onset_sample,offset_sample,label\n1,2,a\n", "expected columns onset, offset and label"),
        ("0.1\t0.2\ta\n\\\t1000\t4000\n0.3\tb\n", "data row 3: expected numbers for onset and offset"),
        ("time,label\n1,a\n", "expected columns onset, offset and label, .*, got time, label"),
        (None, "No such file"),
        (b"\xff\xfe0", "it is not UTF-8"),
    ],
)
def test_labels_that_do_not_fit_are_refused_in_one_line(tmp_path, text, message):
    if text is not None:
        (tmp_path / "labels.csv").write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(UserError, match=f"^labels: .*{message}") as refused:
        read_labels(tmp_path / "labels.csv", 0.5)
    assert "\n" not in str(refused.value)


@pytest.fixture
def files(tmp_path):
    """A recording of half a second with three tones, and labels that name other times than its loudness does."""
    t = np.arange(22050) / 44100
    tones = ((0.05, 0.12, 2000), (0.18, 0.25, 4000), (0.32, 0.42, 6000))
    sound = sum(np.sin(2 * np.pi * f * t) * ((t >= a) & (t < b)) for a, b, f in tones)
    wavfile.write(tmp_path / "tones.wav", 44100, (sound * 20000).astype(np.int16))
    (tmp_path / "human.txt").write_text("0.05\t0.12\ta\n0.18\t0.25\tb\n0.30\t0.40\ta\n")
    return {"song": str(tmp_path / "tones.wav"), "labels": str(tmp_path / "human.txt")}


def test_a_song_has_the_syllables_of_its_labels(files):
    assert song_from(files["song"], labels=files["labels"]).syllables == SYLLABLES
    assert [name for name, _, _ in song_from(files["song"]).syllables] == ["1", "2", "3"]
    # Labels are those of the whole recording; what is cut loses its syllables.
    cut = song_from(files["song"], seconds=0.35, labels=files["labels"]).syllables
    assert cut == (*SYLLABLES[:2], ("a", 0.3, 0.35))
    assert song_from(files["song"], seconds=0.28, labels=files["labels"]).syllables == SYLLABLES[:2]


def test_the_text_says_what_syllables_are_measured_against(files):
    assert labelled_by({"song": "synthetic"}) == "syllables of the synthetic song"
    assert labelled_by({"song": "a.wav"}) == "syllables cut from the loudness of the same recording"
    assert labelled_by(files) == "labels in human.txt"
    with pytest.raises(UserError, match="labels: expected None for the synthetic song, which has its own, got"):
        taught_song(SongConfig(labels=files["labels"]))
    assert taught_song(SongConfig(**files)).syllables == SYLLABLES
