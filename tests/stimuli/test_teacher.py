"""A user's own teacher signals: CSV files, functions, and what is refused."""

import numpy as np
import pytest

from snnlab.errors import UserError
from snnlab.stimuli.signals.oscillators import sine
from snnlab.stimuli.signals.teacher import sample, teacher_digest, teacher_from


class Unit:
    """A quantity like those of Brian2."""

    is_dimensionless = False


ROWS = "0,0,5\n0.1,1,4\n0.2,0,3\n0.3,-1,4\n"


def csv(folder, text):
    file = folder / "teacher.csv"
    file.write_text(text)
    return str(file)


@pytest.mark.parametrize(
    "text", [ROWS, "time,x,y\n" + ROWS, "# made by hand\ntime,x,y\n\n" + ROWS, ROWS.replace("\n", "\r\n")]
)
def test_csv_is_linear_between_samples_and_repeats(tmp_path, text):
    teacher = teacher_from(csv(tmp_path, text))
    np.testing.assert_allclose(sample(teacher, np.array([0.0, 0.1, 0.2, 0.3])), [[0, 5], [1, 4], [0, 3], [-1, 4]])
    np.testing.assert_allclose(sample(teacher, np.array([0.05, 0.125])), [[0.5, 4.5], [0.75, 3.75]])
    # The period is 0.4 s; its last step leads back to the first row.
    later = sample(teacher, np.array([0.35, 0.4, 10.1, 1000.2]))
    np.testing.assert_allclose(later, [[-0.5, 4.5], [0, 5], [1, 4], [0, 3]], atol=1e-9)


def test_csv_that_starts_later_repeats_before_its_start(tmp_path):
    teacher = teacher_from(csv(tmp_path, "1.0,7\n1.5,8\n"))
    np.testing.assert_allclose(sample(teacher, np.array([0.0, 0.5, 1.0, 1.25, 2.0]))[:, 0], [7, 8, 7, 7.5, 7])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "at least two rows"),
        ("time,x\n0,1\n", "at least two rows"),
        ("0\n1\n2\n", "at least two rows"),
        ("0,1\n0.1\n0.2,3\n", "rows of equal length"),
        ("0,1\n0.1,nan\n0.2,3\n", "data row 2: expected finite numbers"),
        ("0,1\n0.1,2\n0.2,inf\n", "data row 3: expected finite numbers"),
        ("0,1\n0.1,high\n0.2,3\n", "data row 2"),
        ("0,1\n0.1,2\n0.25,3\n", "data row .: expected times that rise in even steps"),
        ("0,1\n1,2\n2,3\n4,4\n", "data row 4: expected times that rise in even steps of about 1, got 4 after 2"),
        ("0,5;1\n0,6;2\n", "data row 1: expected numbers with a decimal point, got .*0,5"),
        ("0,1_000\n0.1,2\n", "data row 1"),
        ("0,0x1\n0.1,2\n", "data row 1"),
        ("0,1\n0.1,2\n0.1,3\n", "even steps"),
        ("0.2,1\n0.1,2\n0.0,3\n", "even steps"),
    ],
)
def test_csv_that_cannot_be_used_is_refused(tmp_path, text, message):
    with pytest.raises(UserError, match=f"^teacher: teacher.csv: .*{message}"):
        teacher_from(csv(tmp_path, text))


@pytest.mark.parametrize(
    ("header", "unit"),
    [
        ("t,x", 1.0),
        ("Time (s),x", 1.0),
        ("time_ms,x", 1e-3),
        ("timeMs,x", 1e-3),
        ("Zeit [µs],x", 1e-6),
        ("ms,mV", 1e-3),
        ("time,x\nmin,mV", 60.0),
        ("time,0", 1.0),
        ("# time_ms,x", 1e-3),
        ("# written in ms, by hand", 1.0),
    ],
)
def test_the_unit_of_time_is_that_of_the_header(tmp_path, header, unit):
    teacher = teacher_from(csv(tmp_path, f"{header}\n0,1\n0.05,3\n0.10,2\n"))
    np.testing.assert_allclose(sample(teacher, unit * np.array([0.0, 0.05, 0.075, 0.15]))[:, 0], [1, 3, 2.5, 1])
    assert teacher.period == pytest.approx(0.15 * unit)


@pytest.mark.parametrize("header", [",time,x", "index,time,x", "time (samples),t,x", "phase,x,y", "frame,time,x"])
def test_a_first_column_that_is_no_time_is_refused(tmp_path, header):
    with pytest.raises(UserError, match=r"^teacher: teacher\.csv: expected time as the first column, .*, got '"):
        teacher_from(csv(tmp_path, f"{header}\n0,0,1\n1,0.1,2\n2,0.2,3\n"))


@pytest.mark.parametrize("digits", [3, 4])
@pytest.mark.parametrize(("rate", "round_"), [(128, np.round), (512, np.round), (300, np.floor)])
def test_times_that_a_device_rounded_are_even(tmp_path, rate, round_, digits):
    exact = 7 + np.arange(600) / rate
    times, values = round_(exact * 10**digits) / 10**digits, np.sin(exact)
    rows = "".join(f"{t:.{digits}f},{v:.6f}\n" for t, v in zip(times, values, strict=True))
    teacher = teacher_from(csv(tmp_path, rows))
    assert teacher.period == pytest.approx(600 / rate, abs=10.0**-digits)
    np.testing.assert_allclose(teacher.times[:-1], exact, atol=10.0**-digits)
    # A missing row is no rounding; it is named.
    rows = rows.splitlines(keepends=True)
    with pytest.raises(UserError, match=r"data row 401: expected times that rise in even steps of about .* after"):
        teacher_from(csv(tmp_path, "".join(rows[:400] + rows[401:])))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("teacher.CSV", ROWS),
        ("teacher.txt", ROWS.replace(",", "\t")),
        ("teacher.dat", ROWS.replace(",", "  ")),
        ("teacher.tsv", "time_s;x;y\n" + ROWS.replace(",", "; ")),
        ("bom.csv", "\ufefftime,x,y\n" + ROWS),
    ],
)
def test_samples_are_read_from_text_of_every_form(tmp_path, name, text):
    (tmp_path / name).write_text(text, encoding="utf-8")
    assert_is_rows(teacher_from(str(tmp_path / name)))
    assert bool(teacher_digest(str(tmp_path / name))) != name.endswith(".csv")


def assert_is_rows(teacher):
    np.testing.assert_allclose(
        sample(teacher, np.array([0.0, 0.1, 0.25, 0.7])), [[0, 5], [1, 4], [-0.5, 3.5], [-1, 4]], atol=1e-6
    )


def test_samples_are_read_from_an_array_of_numpy(tmp_path):
    rows = np.array([row.split(",") for row in ROWS.split()], float)
    for kind in ("float64", "float32"):
        np.save(tmp_path / "teacher.npy", rows.astype(kind))
        assert_is_rows(teacher_from(str(tmp_path / "teacher.npy")))
    before = teacher_digest(str(tmp_path / "teacher.npy"))
    for wrong in (rows[:, 0], rows * 1j, rows.astype(str), rows[:, :1], rows.astype(object)):
        np.save(tmp_path / "teacher.npy", wrong)
        with pytest.raises(UserError, match=r"^teacher: teacher.npy: expected (real numbers of shape|an array)"):
            teacher_from(str(tmp_path / "teacher.npy"))
        assert teacher_digest(str(tmp_path / "teacher.npy")) != before


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("teacher.mat", "writematrix"),
        ("teacher.xlsx", "got '.*xlsx'"),
        ("no.npy", "got no file"),
        ("a.txt", "UTF-8"),
    ],
)
def test_files_of_another_kind_are_refused_in_one_line(tmp_path, name, message):
    if not name.startswith("no"):
        (tmp_path / name).write_bytes(b"\xff\x00")
    with pytest.raises(UserError, match=f"^teacher: expected .*{message}") as refused:
        teacher_from(str(tmp_path / name))
    assert "\n" not in str(refused.value)


def python(folder, text):
    file = folder / "mine.py"
    file.write_text("import numpy as np\nfrom numpy import sin\n" + text)
    return str(file)


def test_function_of_a_file_or_a_module(tmp_path):
    spec = python(tmp_path, "def ramp(t):\n    return 2 * t\ndef pair(t):\n    return np.stack([t, -t], axis=1)\n")
    t = np.array([0.0, 0.5, 1.0])
    np.testing.assert_array_equal(sample(teacher_from(f"{spec}:ramp"), t), [[0], [1], [2]])
    np.testing.assert_array_equal(sample(teacher_from(f"{spec}:pair"), t), [[0, 0], [0.5, -0.5], [1, -1]])
    assert teacher_from("snnlab.stimuli.signals.oscillators:sine") is sine
    assert teacher_from(f"{spec}:sin") is np.sin
    only = python(tmp_path, "def ramp(t):\n    return 2 * t\n")
    assert teacher_from(only)(0.5) == 1


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("import functools\nf = functools.partial(np.multiply, 2)", 1.0),
        ("from scipy.interpolate import CubicSpline\nf = CubicSpline([0, 1, 2], [0, 2, 4])", 1.0),
        ("from scipy.interpolate import CubicSpline\nf = CubicSpline([0, 1, 2], [[0, 1], [2, 1], [4, 1]])", [1.0, 1.0]),
        ("f = np.vectorize(lambda t: 1.0 if t > 0.4 else 0.0)", 1.0),
        ("f = np.polynomial.Polynomial([0, 2])", 1.0),
        ("class Ramp:\n    def __call__(self, t):\n        return 2 * t\nf = Ramp()", 1.0),
    ],
)
@pytest.mark.parametrize("name", ["", ":f"])
def test_an_object_that_can_be_called_is_a_teacher(tmp_path, text, value, name):
    teacher = teacher_from(python(tmp_path, text) + name)
    np.testing.assert_allclose(sample(teacher, np.array([0.5])), np.reshape(value, (1, -1)))


@pytest.mark.parametrize("name", ["", ":ramp3", ":Class", ":np"])
def test_a_file_without_that_function_is_refused(tmp_path, name):
    spec = python(tmp_path, "def ramp(t):\n    return t\ndef pair(t):\n    return t\nclass Class: pass\n")
    with pytest.raises(UserError, match=r"^teacher: expected .*functions there: ramp, pair"):
        teacher_from(spec + name)


@pytest.mark.parametrize(
    "text",
    [
        "from numpy import *\ndef f(t):\n    return 2 * t\n",
        "from functools import partial\ndef _power(t, b):\n    return 2 * t**b\nf = partial(_power, b=1)\n",
        "from brian2 import ms, sin\ndef _f(t):\n    return 2 * t\n",
    ],
)
def test_the_only_function_of_a_file_is_found_beside_imports_and_helpers(tmp_path, text):
    np.testing.assert_allclose(sample(teacher_from(python(tmp_path, text)), np.array([0.5])), [[1.0]])


def test_a_module_without_source_has_no_functions_to_name():
    with pytest.raises(UserError, match=r"^teacher: expected .*functions there: none"):
        teacher_from("math:tau")


@pytest.mark.parametrize("spec", ["missing.csv", "missing.py:f", "missing_module:f", "data.csv:f"])
def test_what_does_not_exist_is_refused(tmp_path, monkeypatch, spec):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match=r"^teacher: "):
        teacher_from(spec)


@pytest.mark.parametrize(
    ("teacher", "message"),
    [
        (lambda t: t[:-1], r"shape \(4,\) or \(4, K\), got \(3, 1\)"),
        (lambda t: np.zeros((4, 2, 1)), r"got \(4, 2, 1\)"),
        (lambda t: np.zeros((2, 4)), r"got \(2, 4\)"),
        (lambda t: np.zeros((4, 0)), r"got \(4, 0\)"),
        (lambda t: 1.0, r"got \(\)"),
        (lambda t: np.where(t == 2, np.nan, t), "expected finite numbers, got others at t = 2 s"),
        (lambda t: np.stack([t, 1 / (t > 0)], axis=1), "expected finite numbers, got others at t = 0 s"),
        (lambda t: ["1"] * 4, "expected real numbers, got values of type <U1"),
        (lambda t: np.exp(1j * t), "expected real numbers, got complex numbers"),
        (lambda t: [1j, 1, 1, 1], "expected real numbers, got complex numbers"),
        (lambda t: np.array([1j, 1, 1, None]), "expected a function of times, got TypeError"),
        (lambda t: Unit(), "expected numbers without a unit, got Unit with one"),
        (lambda t: np.ma.masked_equal(t, 2.0), "expected finite numbers, got others at t = 2 s"),
        (lambda t: t / undefined, "got NameError: name 'undefined'"),  # noqa: F821
        (lambda t, x: t, "expected a function of times, got TypeError"),
    ],
)
def test_a_teacher_of_the_wrong_shape_or_that_fails_is_refused(teacher, message):
    with np.errstate(divide="ignore"), pytest.raises(UserError, match=f"^teacher: .*{message}"):
        sample(teacher, np.arange(4.0))


def test_sine():
    np.testing.assert_allclose(sine(np.array([0.0, 0.05, 0.1, 0.15]))[:, 0], [0, 1, 0, -1], atol=1e-15)
    assert sine(np.zeros(3), frequency=2.0).shape == (3, 1)


def test_a_teacher_that_ends_the_program_is_refused(tmp_path):
    teacher = teacher_from(python(tmp_path, "import sys\ndef f(t):\n    sys.exit(0)\n"))
    with pytest.raises(UserError, match=r"^teacher: expected a function of times, got SystemExit: 0$"):
        sample(teacher, np.array([0.5]))


def test_times_whose_last_decimal_is_no_number_are_compared_by_their_steps(tmp_path):
    (tmp_path / "tiny.csv").write_text("0e-400,1\n1,2\n3,4\n")
    with pytest.raises(UserError, match=r"^teacher: tiny.csv: data row \d: expected times that rise in even steps"):
        teacher_from(str(tmp_path / "tiny.csv"))
