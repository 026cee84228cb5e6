"""Signals of any numbers: what is written to a file of any form is what is read from it."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from snnlab.errors import UserError
from snnlab.files.table import UNITS
from snnlab.stimuli.signals.teacher import teacher_from

MARKS = {"csv": ",", "txt": " ", "tsv": "\t", "dat": ";"}
ANY = st.floats(width=64) | st.floats(-10, 10)


@st.composite
def signals(draw):
    """Return times in even steps, in a unit, and values of shape (T, K)."""
    shape = draw(st.tuples(st.integers(2, 12), st.integers(1, 3)))
    start, step = draw(st.integers(-5, 50)), draw(st.sampled_from([0.001, 0.02, 0.5, 1.0, 3.0]))
    return (start + np.arange(shape[0])) * step, draw(arrays(float, shape, elements=st.floats(-1e6, 1e6)))


def assert_is_what_was_written(teacher, times, values, unit=1.0, close=1e-9):
    np.testing.assert_array_equal(teacher.values[:-1], values)
    step = (times[-1] - times[0]) / (len(times) - 1)
    np.testing.assert_allclose(teacher.times[:-1], times * unit, atol=2 * close * step * unit)
    np.testing.assert_allclose(teacher.period, len(times) * step * unit, rtol=close)
    # The signal repeats.
    np.testing.assert_array_equal(teacher.values[-1], values[0])


@settings(max_examples=80, deadline=None, derandomize=True)
@given(signals(), st.sampled_from(sorted(MARKS)), st.sampled_from([None, *sorted(UNITS)]), st.booleans())
def test_a_text_file_holds_what_was_written(tmp_path_factory, signal, suffix, unit, brackets):
    times, values = signal
    path, mark = tmp_path_factory.getbasetemp() / f"text.{suffix}", MARKS[suffix]
    rows = [mark.join(map(repr, [float(t), *map(float, x)])) for t, x in zip(times, values, strict=True)]
    name = f"time({unit})" if brackets else f"time_{unit}"
    header = [] if unit is None else [mark.join([name, *(f"x{k}" for k in range(values.shape[1]))])]
    path.write_text("\n".join([*header, *rows]) + "\n", encoding="utf-8")
    assert_is_what_was_written(teacher_from(str(path)), times, values, 1.0 if unit is None else UNITS[unit])


@settings(max_examples=60, deadline=None, derandomize=True)
@given(signals(), st.sampled_from(["<f8", ">f8", "<f4", "<i4"]), st.sampled_from("CF"))
def test_an_array_holds_what_was_written(tmp_path_factory, signal, kind, order):
    times, values = signal
    rows = np.column_stack([np.arange(len(times)) if "i" in kind else times, values]).astype(kind, order=order)
    path = tmp_path_factory.getbasetemp() / "array.npy"
    np.save(path, rows)
    # Single precision rounds times.
    close = 1e-3 if kind == "<f4" else 1e-9
    teacher = teacher_from(str(path))
    assert_is_what_was_written(teacher, rows[:, 0].astype(float), rows[:, 1:].astype(float), close=close)


@settings(max_examples=120, deadline=None, derandomize=True)
@given(arrays(float, st.tuples(st.integers(1, 5), st.integers(1, 3)), elements=ANY), st.sampled_from(["csv", "npy"]))
def test_any_table_is_read_as_it_is_or_refused_in_one_line(tmp_path_factory, table, suffix):
    path = tmp_path_factory.getbasetemp() / f"any.{suffix}"
    if suffix == "npy":
        np.save(path, table)
    else:
        path.write_text("\n".join(",".join(map(repr, row)) for row in table.tolist()))
    try:
        teacher = teacher_from(str(path))
    except UserError as refused:
        assert str(refused).startswith(f"teacher: {path.name}: ") and "\n" not in str(refused)
        return
    assert np.isfinite(table).all() and len(table) > 1 and (np.diff(table[:, 0]) > 0).all()
    assert_is_what_was_written(teacher, table[:, 0], table[:, 1:], close=1e-3)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.text(st.sampled_from(list("0123456789.,;\t\n -+e#%\"'nat\0\x1d\u2028é")), max_size=60))
def test_any_text_is_a_finite_signal_or_refused_in_one_line(tmp_path_factory, text):
    path = tmp_path_factory.getbasetemp() / "text.csv"
    path.write_text(text, encoding="utf-8")
    try:
        teacher = teacher_from(str(path))
    except UserError as refused:
        assert str(refused).startswith("teacher: ") and "\n" not in str(refused)
        return
    assert np.isfinite(teacher.values).all() and (np.diff(teacher.times) > 0).all() and teacher.period > 0
