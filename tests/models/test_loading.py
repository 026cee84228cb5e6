"""Models found by name, by file and by module, and what is said when they are not."""

import sys

import pytest

from snnlab.errors import UserError
from snnlab.files.python import content_hash, load_file
from snnlab.models.loading import find_model
from snnlab.neurons.lif import LIF
from snnlab.synapses.exponential import EXPONENTIAL

MODEL = """
from brian2 import ms, second
from snnlab.models.neuron import NeuronModel
{name} = NeuronModel("{name}", "dv/dt = (current - v)/tau : 1", "1", dict(tau=10*ms))
"""


@pytest.fixture
def file(tmp_path):
    """Write a Python file and return its path as text."""

    def write(text, name="mine.py"):
        path = tmp_path / name
        path.write_text(text)
        return str(path)

    return write


def test_by_name():
    model, module = find_model("lif", "neuron")
    assert model is LIF
    assert module.__name__ == "snnlab.neurons.lif"
    assert find_model("if", "neuron")[0].name == "if"  # a name that Python cannot import by statement
    assert find_model("exponential", "filter")[0] is EXPONENTIAL


def test_by_path_with_and_without_a_name(file, monkeypatch, tmp_path):
    one, two = file(MODEL.format(name="ONE")), file(MODEL.format(name="A") + MODEL.format(name="B"), "two.py")
    model, module = find_model(one, "neuron")
    assert model.name == "ONE" and module.__file__ == one
    assert sys.modules[module.__name__] is module
    assert find_model(f"{one}:ONE", "neuron")[0].name == "ONE"
    assert find_model(f"{two}:B", "neuron")[0].name == "B"
    monkeypatch.chdir(tmp_path)
    assert find_model("mine.py", "neuron")[0].name == "ONE"
    assert find_model("./two.py:A", "neuron")[0].name == "A"


def test_by_module(file, monkeypatch, tmp_path):
    assert find_model("snnlab.neurons.lif:LIF", "neuron")[0] is LIF
    file(MODEL.format(name="OWN"), "own_models_of_a_test.py")
    monkeypatch.syspath_prepend(tmp_path)
    assert find_model("own_models_of_a_test:OWN", "neuron")[0].name == "OWN"
    with pytest.raises(UserError, match=r"^neuron: module 'no_such_module' cannot be imported"):
        find_model("no_such_module:LIF", "neuron")


def test_a_changed_file_is_read_again(file):
    spec = file(MODEL.format(name="ONE"))
    assert float(find_model(spec, "neuron")[0].parameters["tau"]) == pytest.approx(10e-3)
    file(MODEL.format(name="ONE").replace("10*ms", "2.5*second"))
    assert float(find_model(spec, "neuron")[0].parameters["tau"]) == pytest.approx(2.5)


def test_two_files_of_one_name_are_two_modules(tmp_path):
    for folder, name in [("a", "ONE"), ("b", "TWO")]:
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "mine.py").write_text(MODEL.format(name=name))
    first, second = (find_model(str(tmp_path / folder / "mine.py"), "neuron") for folder in "ab")
    assert (first[0].name, second[0].name) == ("ONE", "TWO")
    assert first[1].__name__ != second[1].__name__


@pytest.mark.parametrize(
    ("spec", "kind", "message"),
    [
        ("izhikevic", "neuron", "neuron: expected one of .*, got 'izhikevic'; did you mean izhikevich"),
        ("lif", "filter", r"filter: expected one of double_exponential, exponential.*, got 'lif'"),
        ("no/such.py", "neuron", "neuron: expected a Python file, got no file '.*no/such.py'"),
        ("no/such.py:X", "filter", "filter: expected a Python file, got no file '.*no/such.py'"),
        ("snnlab.neurons.lif:LIV", "neuron", "neuron: expected one of .*, got 'LIV'; did you mean LIF"),
        (
            "snnlab.errors:LIF",
            "neuron",
            "neuron: expected a file with a NeuronModel, got snnlab.errors, which holds no",
        ),
    ],
)
def test_what_is_not_there_is_named(spec, kind, message):
    with pytest.raises(UserError, match=f"^{message}"):
        find_model(spec, kind)


@pytest.mark.parametrize(
    ("text", "name", "message"),
    [
        ("x = 1\n", "", "holds no NeuronModel"),
        ("x = 1\n", ":x", "holds no NeuronModel"),
        (MODEL.format(name="ONE"), ":TWO", "expected one of ONE, got 'TWO'"),
        (MODEL.format(name="B") + MODEL.format(name="A"), "", "expected one of A, B, as in .*mine.py:A, got .*mine.py"),
        ("x = (\n", "", "mine.py cannot be imported: SyntaxError"),
        ("import no_such_module\n", "", "mine.py cannot be imported: ModuleNotFoundError: No module named 'no_such"),
        ("1/0\n", ":A", "mine.py cannot be imported: ZeroDivisionError"),
        (MODEL.format(name="ONE").replace("tau=", "tua="), "", "neuron 'ONE': equations: .*got the name 'tau'"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_and_not_kept(file, text, name, message):
    spec = file(text) + name
    before = set(sys.modules)
    with pytest.raises(UserError, match=message):
        find_model(spec, "neuron")
    if "cannot be imported" in message:
        assert not {m for m in set(sys.modules) - before if m.startswith("snnlab_user")}


def test_a_file_that_is_no_python_is_refused(file):
    with pytest.raises(UserError, match=r"^protocol: expected a Python file, got '.*data\.csv'"):
        load_file(file("0,1\n", "data.csv"), "protocol")


def test_content_hash_follows_the_content_of_the_file_named(file):
    spec = file("x = 1\n")
    first = content_hash(spec)
    assert len(first) == 16 and content_hash(spec) == first
    assert content_hash(f"{spec}:name") == first
    file("x = 2\n")
    assert content_hash(spec) not in ("", first)
    assert content_hash(file("0,1\n", "teacher.csv")) != ""
    assert len(content_hash("snnlab.neurons.lif:LIF")) == 16
    for other in ("lif", "no/such.py", "numpy", "no.such:NAME"):
        assert content_hash(other) == ""
