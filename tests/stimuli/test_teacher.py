"""A user's own teacher signals: CSV files, functions, and what is refused."""

import numpy as np
import pytest

from snnlab.errors import UserError
from snnlab.stimuli.signals.oscillators import sine
from snnlab.stimuli.signals.teacher import sample, teacher_from

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
        ("0,1\n0.1,2\n0.25,3\n", "even steps"),
        ("0,1\n0.1,2\n0.1,3\n", "even steps"),
        ("0.2,1\n0.1,2\n0.0,3\n", "even steps"),
    ],
)
def test_csv_that_cannot_be_used_is_refused(tmp_path, text, message):
    with pytest.raises(UserError, match=f"^teacher: teacher.csv: .*{message}"):
        teacher_from(csv(tmp_path, text))


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
    only = python(tmp_path, "def ramp(t):\n    return 2 * t\n")
    assert teacher_from(only)(0.5) == 1


@pytest.mark.parametrize("name", ["", ":ramp3", ":sin", ":np"])
def test_a_file_without_that_function_is_refused(tmp_path, name):
    spec = python(tmp_path, "def ramp(t):\n    return t\ndef pair(t):\n    return t\n")
    with pytest.raises(UserError, match=r"^teacher: expected .*functions there: ramp, pair"):
        teacher_from(spec + name)


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
        (lambda t: ["a"] * 4, "expected a function of times, got ValueError"),
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
