"""Binary pictures of any size: every form of a file gives the same sequence."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from snnlab.errors import UserError
from snnlab.stimuli.pictures.bitmaps import sequence_from

PICTURES = arrays(np.uint8, st.tuples(st.integers(1, 9), st.integers(1, 9)), elements=st.integers(0, 1))
BREAKS = st.sampled_from(["\n", "\r\n"])
# What stands for 0 and 1, between them and at the end of a row.
TEXTS = {"txt": ("01", ""), "dat": ("01", " "), "csv": ("01", ","), "marks.txt": (".#", ""), "marks.csv": (".#", ", ")}
DARK, BRIGHT = st.integers(0, 127), st.integers(128, 255)


def write(path, picture, line, dark, bright):
    """Write a picture (rows, columns) in the form that the name of a file asks for."""
    form = path.name.partition(".")[2]
    if form in TEXTS:
        marks, between = TEXTS[form]
        path.write_bytes(line.join(between.join(marks[bit] for bit in row) for row in picture).encode())
        return
    grey = Image.fromarray(np.where(picture, dark, bright).astype(np.uint8))
    (grey.convert("1", dither=Image.Dither.NONE) if form == "pbm" else grey).save(path)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(PICTURES, st.sampled_from([*TEXTS, "png", "bmp", "tif", "pgm", "pbm"]), BREAKS, DARK, BRIGHT)
def test_every_form_of_a_picture_is_the_same_sequence(tmp_path_factory, picture, form, line, dark, bright):
    path = tmp_path_factory.getbasetemp() / f"picture.{form}"
    write(path, picture, line, dark, bright)
    if picture.min() == picture.max():
        try:
            sequence_from(str(path))
        except UserError as refused:
            assert str(refused).startswith("sequence: expected ones and zeros, got") and "\n" not in str(refused)
            return
        raise AssertionError("a picture of one colour was read")
    sequence = sequence_from(str(path))
    np.testing.assert_array_equal(sequence, picture[::-1].T)
    assert sequence.dtype == np.uint8


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.text(st.sampled_from(list("01.#, \t\n\r\x0b\x1d\u2028aé\0")), max_size=40))
def test_any_text_is_a_picture_of_its_marks_or_refused_in_one_line(tmp_path_factory, text):
    path = tmp_path_factory.getbasetemp() / "any.txt"
    path.write_bytes(text.encode())
    try:
        sequence = sequence_from(str(path))
    except UserError as refused:
        assert str(refused).startswith("sequence: ") and "\n" not in str(refused)
        return
    assert sequence.sum() == sum(mark in "1#" for mark in text)
    assert sequence.size == sum(mark in "01.#" for mark in text) and 0 < sequence.sum() < sequence.size
