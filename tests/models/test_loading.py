"""Models found by name, by file and by module, and what is said when they are not."""

import hashlib
import importlib
import pkgutil
import sys

import pytest

import snnlab.neurons
import snnlab.plasticity
import snnlab.synapses
from snnlab.errors import UserError
from snnlab.files.python import content_hash, load_file
from snnlab.models.loading import find_model, find_rule, shipped_models
from snnlab.models.neuron import NeuronModel
from snnlab.models.rate_rule import RateRule
from snnlab.models.spike_rule import SpikeRule
from snnlab.models.synapse import SynapseModel
from snnlab.neurons.leaky_rate import LEAKY_RESERVOIR
from snnlab.neurons.lif import LIF
from snnlab.plasticity.stlr import STLR_RARE
from snnlab.synapses.exponential import EXPONENTIAL

MODELS = (NeuronModel, SynapseModel, RateRule, SpikeRule)

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


def test_a_shipped_model_of_each_kind_is_found_by_its_name_in_any_file():
    model, module = find_model("leaky_reservoir", "neuron")
    assert model is LEAKY_RESERVOIR and module.__name__ == "snnlab.neurons.leaky_rate"
    assert find_rule("stlr_rare", RateRule) is STLR_RARE
    # Two classes may share a name: each protocol asks for one of them.
    assert isinstance(find_rule("hebb", RateRule), RateRule) and isinstance(find_rule("hebb", SpikeRule), SpikeRule)
    # This file imports the model of another one.
    assert find_model("izhikevich", "neuron")[1].__name__ == "snnlab.neurons.izhikevich"
    assert find_model("izhikevich_b", "neuron")[1].__name__ == "snnlab.neurons.izhikevich_b"


def test_every_file_of_a_model_folder_is_searched_and_names_are_unique(monkeypatch, tmp_path):
    (tmp_path / "several.py").write_text(
        "from snnlab.neurons.lif import LIF\n" + MODEL.format(name="first_of_two") + MODEL.format(name="second_of_two")
    )
    monkeypatch.setattr(snnlab.neurons, "__path__", [*snnlab.neurons.__path__, str(tmp_path)])
    model, module = find_model("second_of_two", "neuron")
    assert (model.name, module.__name__) == ("second_of_two", "snnlab.neurons.several")
    assert find_model("lif", "neuron")[1].__name__ == "snnlab.neurons.lif"
    del sys.modules["snnlab.neurons.several"], snnlab.neurons.several
    for package in (snnlab.neurons, snnlab.synapses, snnlab.plasticity):
        names = [m.name for m in pkgutil.iter_modules(package.__path__) if m.name != "several"]
        modules = [importlib.import_module(f"{package.__name__}.{name}") for name in names]
        models = {id(v): v for m in modules for v in vars(m).values() if isinstance(v, MODELS)}.values()
        named = {(type(model), model.name) for model in models}
        assert len(named) == len(models) >= 2


def test_where_spikes_are_needed_rate_units_are_not_offered(file):
    with pytest.raises(UserError) as unusable:
        find_model("lip", "neuron", spiking=True)
    spiking = sorted(name for name, model in shipped_models("neuron").items() if model.threshold)
    assert {"lif", "theta", "izhikevich_b"} <= set(spiking)
    expected = f"neuron: expected one of {', '.join(spiking)}, got 'lip'; did you mean lif?"
    assert str(unusable.value) == expected
    assert {"leaky_rate", "leaky_reservoir", "sqrt_rate"} <= shipped_models("neuron").keys()
    spikes = MODEL.format(name="FIRES").replace("tau=10*ms)", 'tau=10*ms), threshold="v > 1", reset="v = 0"')
    mixed = file(MODEL.format(name="RATE") + spikes)
    assert find_model(mixed, "neuron", spiking=True)[0].name == "FIRES"
    with pytest.raises(UserError, match=r"^neuron: expected one of FIRES, got 'FIRE'"):
        find_model(f"{mixed}:FIRE", "neuron", spiking=True)
    for spec in ("leaky_rate", f"{mixed}:RATE", file(MODEL.format(name="RATE"), "rate.py")):
        with pytest.raises(UserError, match=r"^neuron: expected a model with a threshold, got '.*', which"):
            find_model(spec, "neuron", spiking=True)


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
        ("lif", "filter", r"filter: expected one of .*double_exponential, exponential.*, got 'lif'"),
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


def test_a_file_may_import_what_stands_beside_it_and_its_hash_covers_that(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", [*sys.path])
    for name, text in {
        "own_study.py": "import json\nimport own_helper\nfrom own_family import VALUE\n",
        "own_helper.py": "import snnlab.errors\nfrom own_family import VALUE as TWICE\n",
        "own_family/__init__.py": "from .inner import VALUE\n",
        "own_family/inner.py": "VALUE = 3\n",
        "own_family/later.py": "VALUE = 4\n",
        "no_part_of_it.py": "VALUE = 5\n",
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    study = tmp_path / "own_study.py"
    module = load_file(study, "protocol")
    assert module.VALUE == module.own_helper.TWICE == 3
    hashes = [content_hash(str(study))]
    for name in ("own_family/inner.py", "own_family/later.py", "own_helper.py", "own_study.py"):
        (tmp_path / name).write_text((tmp_path / name).read_text() + "MORE = 1\n")
        hashes.append(content_hash(str(study)))
    assert len(set(hashes)) == 5
    (tmp_path / "no_part_of_it.py").write_text("")
    assert content_hash(str(study)) == hashes[-1]
    # Without files beside it, the hash is that of the file alone.
    assert content_hash(str(tmp_path / "no_part_of_it.py")) == hashlib.sha256(b"").hexdigest()[:16]


def test_models_of_any_form_are_shipped_and_none_twice(tmp_path, monkeypatch):
    """A file that a developer adds: models in a branch and in one line; then one with a name that is taken."""
    monkeypatch.setattr(snnlab.neurons, "__path__", [*snnlab.neurons.__path__, str(tmp_path)])
    form = 'NeuronModel("{}", "dv/dt = (current - v)/tau : 1", "1", dict(tau=10*ms))'
    head = "from brian2 import ms\nfrom ..models.neuron import NeuronModel\nfrom .lif import LIF as AGAIN\n"
    try:
        text = f"{head}if True:\n    A = {form.format('fancy')}\nB, C = {form.format('one')}, {form.format('two')}\n"
        (tmp_path / "extra_forms.py").write_text(text)
        assert {"fancy", "one", "two"} <= shipped_models("neuron").keys()
        assert find_model("two", "neuron")[0].name == "two" and find_model("lif", "neuron")[0] is LIF
        (tmp_path / "extra_twice.py").write_text(f"{head}D = {form.format('fancy')}\n")
        with pytest.raises(
            UserError, match=r"name: expected one model of a name, got 'fancy' in snnlab\.neurons\.extra_"
        ):
            shipped_models("neuron")
    finally:
        for name in [name for name in sys.modules if name.startswith("snnlab.neurons.extra_")]:
            del sys.modules[name]
