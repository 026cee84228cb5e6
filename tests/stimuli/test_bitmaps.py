"""Binary sequences: letters, figures, files."""

import numpy as np
import pytest
from PIL import Image

from snnlab.errors import UserError
from snnlab.stimuli.pictures.bitmaps import evolution, from_rows, letter_places, mirrored, music, sequence_from, word

# As printed by IBM Research, 16 September 2015.
SCIENCE = """
00111001100111011110100010011001111
01000010010010010000100010100101000
01000010000010010000110010100001000
00110010000010011100101010100001110
00001010000010010000100110100001000
00001010010010010000100010100101000
01110001100111011110100010011001111
"""


def test_the_word_of_the_paper():
    np.testing.assert_array_equal(word("SCIENCE"), from_rows(SCIENCE))
    places = letter_places("SCIENCE")
    assert places[0] == (0, 5) and places[-1] == (30, 35)
    assert not word("SCIENCE")[[start for start, _ in places]].any()


def test_the_figures_of_the_paper():
    figures = evolution()
    assert figures.shape == (41, 20) and figures.sum() == 229
    assert not figures[[0, 11, 21, 31]].any()


def test_the_song_of_the_paper():
    song = music()
    assert song.shape == (56, 12) and song.sum() == 123
    # The upbeat is G4, the first beat C5 over C4; A4 is never played.
    assert np.flatnonzero(song[0]).tolist() == [4] and np.flatnonzero(song[1]).tolist() == [0, 7]
    assert not song[:, 5].any() and song.any(1).all()
    np.testing.assert_array_equal(sequence_from("music"), song)


def test_a_mirrored_picture_keeps_its_first_column():
    picture = word("SCIENCE")
    back = mirrored(picture)
    assert not back[0].any()
    np.testing.assert_array_equal(back[1:], picture[:0:-1])
    np.testing.assert_array_equal(mirrored(back), picture)


def test_files_and_words_are_read(tmp_path):
    picture = word("AN")
    rows = ["".join(".#"[bit] for bit in row) for row in picture.T[::-1]]
    (tmp_path / "picture.txt").write_text("\n".join(rows) + "\n")
    spaced = [" ".join(str(bit) for bit in row) for row in picture.T[::-1]]
    (tmp_path / "numbers.txt").write_text("\n".join(spaced))
    dark = Image.fromarray(np.where(picture.T[::-1], 20, 255).astype(np.uint8))
    names = [f"picture.{ending}" for ending in ("png", "bmp", "tif", "gif", "PNG", "ppm", "webp")]
    for name in names:
        dark.save(tmp_path / name, **({"lossless": True} if name.endswith("webp") else {}))
    (tmp_path / "bom.txt").write_bytes("\n".join(spaced).encode("utf-8-sig"))
    for spec in ("AN", *(str(tmp_path / name) for name in ("picture.txt", "numbers.txt", "bom.txt", *names))):
        np.testing.assert_array_equal(sequence_from(spec), picture)


@pytest.mark.parametrize("name", ["picture.jpg", "picture.jpeg", "picture.tif"])
def test_a_picture_is_turned_as_its_flag_says(tmp_path, name):
    picture = np.kron(word("AN"), np.ones((8, 8), int))
    upright = Image.fromarray(np.where(picture.T[::-1], 20, 235).astype(np.uint8))
    flag = Image.Exif()
    # To be turned clockwise by a quarter.
    flag[0x0112] = 6
    upright.transpose(Image.Transpose.ROTATE_90).save(tmp_path / name, exif=flag)
    np.testing.assert_array_equal(sequence_from(str(tmp_path / name)), picture)


@pytest.mark.parametrize("name", ["deep.png", "deep.tif", "deep.pgm"])
def test_16_bits_are_scaled_and_not_cut_off(tmp_path, name):
    grey = np.full((3, 4), 40_000, np.uint16)
    grey[1, 2] = 20_000
    Image.fromarray(grey).save(tmp_path / name)
    assert np.argwhere(sequence_from(str(tmp_path / name))).tolist() == [[2, 1]]


def test_colours_of_print_are_read_and_what_has_no_full_scale_is_refused(tmp_path):
    grey = np.full((16, 16), 230, np.uint8)
    grey[:8, :8] = 10
    Image.fromarray(grey).convert("CMYK").save(tmp_path / "print.jpg")
    assert sequence_from(str(tmp_path / "print.jpg"))[:7, 9:].all()
    Image.fromarray(grey.astype(np.float32)).save(tmp_path / "float.tif")
    with pytest.raises(UserError, match="expected a picture of 8 or 16 bits, got"):
        sequence_from(str(tmp_path / "float.tif"))
    flag = Image.Exif()
    flag[0x0112] = 6
    for name, options in (("whole.tif", {}), ("turned.tif", {"exif": flag})):
        Image.fromarray(grey.astype(np.int32) << 24).save(tmp_path / name, **options)
        with pytest.raises(UserError, match="expected a picture of 8 or 16 bits, got"):
            sequence_from(str(tmp_path / name))
    pages = [Image.fromarray(grey), Image.fromarray(grey.T)]
    pages[0].save(tmp_path / "pages.tif", save_all=True, append_images=pages[1:])
    with pytest.raises(UserError, match=r"expected a file with one picture, got .*pages\.tif' with 2"):
        sequence_from(str(tmp_path / "pages.tif"))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("01\n0", "sequence: row 2: expected 2 columns as in row 1, got 1"),
        ("01\n.#", "sequence: row 2: expected 0 and 1 as before, got '#'"),
        ("#.\n.1", "sequence: row 2: expected . and # as before, got '1'"),
        ("1.0 0.0\n0.0 1.0", "sequence: row 1: expected 0 and 1 as before, got '.'"),
        ("000\n000", "sequence: expected ones and zeros, got .*bad.txt', whose pixels are all off"),
        ("##\n##", "sequence: expected ones and zeros, got .*bad.txt', whose pixels are all on"),
        ("012", "sequence: row 1: expected 0 and 1, or . and #, got '2'"),
        ("\n\n", "sequence: expected rows of 0 and 1"),
        (",,\n,,\n", "sequence: expected rows of 0 and 1, or of . and #, got none"),
        (None, "sequence: expected a text file, or .*, got .*bad.txt"),
        (b"\xff\xfe\xff", "sequence: expected a text file, or .*, got .*bad.txt"),
    ],
)
def test_text_that_is_no_picture_is_refused(tmp_path, content, message):
    path = tmp_path / "bad.txt"
    if content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(UserError, match=message):
        sequence_from(str(path))


@pytest.mark.parametrize("content", [None, b"", b"no picture", b"\x89PNG\r\n\x1a\n cut off"])
def test_a_png_that_cannot_be_read_is_refused(tmp_path, content):
    path = tmp_path / "bad.png"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UserError, match=r"sequence: expected a picture, got .*bad\.png"):
        sequence_from(str(path))


@pytest.mark.parametrize(("grey", "kind"), [(200, "off"), (20, "on")])
def test_a_png_without_contrast_is_refused(tmp_path, grey, kind):
    Image.new("L", (4, 4), grey).save(tmp_path / "plain.png")
    with pytest.raises(UserError, match=rf"sequence: expected ones and zeros, got .*plain\.png', .* all {kind}$"):
        sequence_from(str(tmp_path / "plain.png"))


def test_a_dot_or_a_slash_makes_a_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("pictures", "some.folder"):
        (tmp_path / name).mkdir()
        for spec in (name, f"./{name}"):
            with pytest.raises(UserError, match=f"^sequence: expected .*file, got the folder '{spec}'$"):
                sequence_from(spec)
    # A word is a word, though there is such a file.
    for name in ("SUN", "rows"):
        (tmp_path / name).write_text("01\n10\n")
        np.testing.assert_array_equal(sequence_from(f"./{name}"), [[1, 0], [0, 1]])
    np.testing.assert_array_equal(sequence_from("SUN"), word("SUN"))
    with pytest.raises(
        UserError, match=r"sequence: expected the letters .*, got 'r'; for the file of that name write \./rows$"
    ):
        sequence_from("rows")
    with pytest.raises(
        UserError, match=r"^sequence: expected a text file, or .*, got 'none\.txt': No such file or directory$"
    ):
        sequence_from("none.txt")
    with pytest.raises(UserError, match=r"^sequence: expected a word, got the path 'none\.txt'$"):
        word("none.txt")


@pytest.mark.parametrize("spec", ["", "QUARTZ", "science"])
def test_words_without_letters_are_refused(spec):
    with pytest.raises(UserError, match="sequence: "):
        sequence_from(spec)
