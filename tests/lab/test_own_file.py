"""The names of a user's protocol and figure file are checked when it is read, and no exit in it goes unseen."""

import numpy as np
import pytest
import xarray as xr

from snnlab.cli.main import main
from snnlab.errors import UserError
from snnlab.lab.figure import find_figure, save_figure
from snnlab.lab.protocol import find_protocol

TEXT = """
import dataclasses
from dataclasses import dataclass

import numpy as np
import xarray as xr

from snnlab import Check, Finding
{top}
@dataclass(frozen=True)
class Config:
    a: float = 1.0
    seed: int = 0
    {field}

def run(config, engine):
    {run}
    return xr.Dataset({{"x": ("draw", np.random.rand(3) + config.a, {{"units": "1", "long_name": "draws"}})}})

def checks(dataset):
    {checks}
    return [Check("x", dataset.x.values.mean(), 0.0, 9.0, "mine")]

def findings(datasets):
    {findings}
    return [Finding.over_seeds("x", [float(d.x.mean()) for d in datasets], 0.0)]

{end}
"""


PASTED = """
from dataclasses import dataclass

import xarray as xr
from brian2 import *


@dataclass
class Config:
    target: str = "numpy"


def run(config, engine):
    tau = 10*ms
    G = NeuronGroup(2, "dv/dt = (1 - v)/tau : 1", method="exact")
    run(tau)
    run(duration=tau, report=None)
    return xr.Dataset({"v": ("neuron", G.v[:], {"units": "1", "long_name": "v"})})
"""


def test_a_script_calls_the_run_of_brian2_by_its_name(tmp_path):
    (tmp_path / "pasted.py").write_text(PASTED)
    protocol = find_protocol(str(tmp_path / "pasted.py"))
    _, dataset = protocol.execute(protocol.config(), tmp_path)
    assert dataset.v.values == pytest.approx([1 - np.exp(-2)] * 2)


def own(folder, **parts):
    stated = {"top": "", "field": "", "run": "pass", "checks": "pass", "findings": "pass", "end": ""} | parts
    (folder / "own.py").write_text(TEXT.format(**stated))
    return str(folder / "own.py")


@pytest.mark.parametrize(
    ("end", "words"),
    [
        ("CONTROLS = ['a']", "CONTROLS: expected a dict {name: {field: value}}, got ['a']"),
        ("CONTROLS = {'c': 3}", "CONTROLS: c: expected a dict {field: value}, got 3"),
        ("CONTROLS = {3: {'a': 2.0}}", "CONTROLS: expected a dict {name: {field: value}}, got {3: {'a': 2.0}}"),
        ("CONTROLS = {'c': {'b': 3}}", "CONTROLS: c: expected one of a, seed, got 'b'"),
        ("CONTROLS = {'c': {'a': 'x'}}", "CONTROLS: c: a: expected a number, got 'x'"),
        ("CONTROLS = {'c': {}}", "CONTROLS: c: expected a value that is not the default, got {}"),
        ("CONTROLS = {'c': {'a': 1}}", "CONTROLS: c: expected a value that is not the default, got {'a': 1}"),
        ("QUICK = {'seed': 1.5}", "QUICK: seed: expected an integer, got 1.5"),
        ("QUICK = 3", "QUICK: expected a dict {field: value}, got 3"),
        ("VARIANTS = ['a']", "VARIANTS: expected a dict"),
        ("QUICK_VARIANTS = {'b': {}}", "QUICK_VARIANTS: expected one of default, got 'b'"),
        ("FIGURE = 3", "FIGURE: expected a name from `snnlab list` or the path of a figure file, got 3"),
        ("FIGURE = 'nope'", "FIGURE: expected a name from `snnlab list`, got 'nope'"),
        ("FIGURE = 'b.py'", "FIGURE: expected a name from `snnlab list` or the path of a figure file, got no file"),
        ("checks = 3", "checks: expected a function checks(dataset), got 3"),
        ("def measure(): return {}", "measure: expected a function measure(dataset), got one with arguments ()"),
        ("def run(c): return None", "run: expected a function run(config, engine), got one with arguments (c)"),
        ("export = True", "export: expected a function export(dataset, stem), got True"),
    ],
)  # fmt: skip
def test_a_name_of_another_kind_is_one_line_and_nothing_runs(end, words, tmp_path, capsys):
    path = own(tmp_path, end=end)
    for command in ("run", "study"):
        assert main([command, path, "--out", str(tmp_path / "runs")]) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert line.startswith(f"snnlab: protocol: {path}: {words}") and not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    ("field", "words"),
    [
        ("b: float = dataclasses.field(kw_only=True)", "Config: b: expected a default value, got none"),
        ("b: float = 'x'", "Config: b: expected a number as default, got 'x'"),
        ("b: int = 2.5", "Config: b: expected an integer as default, got 2.5"),
        ("b: 'Nope' = 3", "Config: expected types that exist, got NameError: name 'Nope' is not defined"),
        ("jobs: int = 3", "Config: expected a name other than an option, got 'jobs'"),
        ("seed: float = 1.0", "Config: seed: expected an integer as default, got 1.0"),
        ("def __post_init__(self): 1/0", "Config fails at line 14 with ZeroDivisionError: division by zero"),
        ("def __post_init__(self): raise SystemExit(0)", "Config fails at line 14 with SystemExit: 0"),
    ],
)
def test_a_config_that_cannot_be_made_is_one_line(field, words, tmp_path):
    with pytest.raises(UserError) as error:
        find_protocol(own(tmp_path, field=field))
    assert str(error.value) == f"protocol: {tmp_path / 'own.py'}: {words}"


def test_fields_that_settle_fills_in_and_fields_without_init_work(tmp_path, capsys, recwarn):
    path = own(tmp_path, field="b: float = None\n    c: int = dataclasses.field(default=2, init=False)")
    assert main(["study", path, "--seeds", "0:2", "--jobs", "1", "--out", str(tmp_path / "runs"), "--no-progress"]) == 0
    assert len(list((tmp_path / "runs").glob("*.nc"))) == 2
    # The type says nothing of None, but the default does.
    for given, shown in ((["--b", "None"], "b None"), (["--b", "2"], "b 2")):
        assert main(["run", path, "--dry-run", *given]) == 0
        assert shown in [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert main(["run", path, "--b", "x"]) == 2
    assert capsys.readouterr().err == "snnlab: b: expected a number or None, got 'x'\n"
    assert not [str(each.message) for each in recwarn if "annotated with type" in str(each.message)]


EXITS = ["import sys; sys.exit(0)", "exit()", "raise SystemExit", "raise GeneratorExit"]


@pytest.mark.parametrize("ends", EXITS)
def test_a_file_that_ends_the_program_is_a_mistake_of_the_file(ends, tmp_path, capsys):
    for part, kept in (("top", 0), ("run", 0), ("checks", 1)):
        path = own(tmp_path, **{part: ends})
        for command in (["run"], ["study", "--seeds", "0:1", "--no-progress"]):
            out = tmp_path / f"{part} {command[0]}"
            assert main([command[0], path, *command[1:], "--out", str(out)]) == 2
            line = capsys.readouterr().err.splitlines()[-1]
            assert "Exit" in line and (part == "top" or f"{part} fails at line" in line)
            # Without a run there is no folder either.
            assert len(list(out.glob("*.nc"))) == kept and out.exists() == bool(kept)


def test_an_exit_in_settle_measure_findings_and_export_is_seen(tmp_path, capsys):
    assert main(["run", own(tmp_path, end="def settle(c): exit()"), "--dry-run"]) == 2
    assert "settle fails at line 28 with SystemExit" in capsys.readouterr().err
    out = ["--out", str(tmp_path / "runs")]
    assert main(["run", own(tmp_path, end="def measure(d): exit()"), *out]) == 0
    assert "the run is stored without measures" in capsys.readouterr().err
    assert main(["run", own(tmp_path, end="def export(d, s): exit()"), *out]) == 2
    assert "export fails at line 28 with SystemExit" in capsys.readouterr().err
    assert main(["run", own(tmp_path, end="def export(d, s): return None"), *out]) == 2
    assert "export: expected a list of paths, got None" in capsys.readouterr().err
    study = ["study", own(tmp_path, findings="exit()"), "--seeds", "0:1", "--jobs", "1", "--no-progress", *out]
    assert main(study) == 2
    assert "findings fails at line 25 with SystemExit" in capsys.readouterr().out


def test_checks_cannot_change_what_is_stored(tmp_path):
    protocol = find_protocol(own(tmp_path, checks="dataset['y'] = 1.0; dataset.attrs.clear()"))
    path, _ = protocol.execute(protocol.config(), tmp_path)
    with xr.open_dataset(path, engine="h5netcdf") as stored:
        assert "y" not in stored and stored.attrs["protocol"] == "own"


def test_an_attribute_that_the_run_file_replaces_is_named(tmp_path, capsys):
    run = "return xr.Dataset({'x': ('draw', [1.0])}, attrs={'condition': 'hypoxia', 'drug': 'none'})"
    path = own(tmp_path, run=run)
    assert main(["run", path, "--no-progress", "--out", str(tmp_path / "runs")]) == 0
    line = f"protocol: {path}: run: attributes of the run file replace yours: condition ('hypoxia')"
    assert line in capsys.readouterr().err.splitlines()
    (file,) = (tmp_path / "runs").glob("*.nc")
    with xr.open_dataset(file, engine="h5netcdf") as stored:
        assert stored.attrs["condition"] == "default" and stored.attrs["drug"] == "none"


FIGURE = """
import matplotlib.pyplot as plt
NEEDS = {needs}

def draw(datasets):
    {draw}
"""


def test_a_figure_beside_the_protocol_is_found_from_any_folder(tmp_path, monkeypatch, capsys):
    (tmp_path / "drawn.py").write_text(FIGURE.format(needs=[], draw="return plt.figure()"))
    path = own(tmp_path, end="FIGURE = 'drawn.py'")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert main(["run", path, "--no-progress"]) == 0
    assert "figure    runs" in capsys.readouterr().out and len(list((tmp_path / "elsewhere/runs").glob("*.png"))) == 1


@pytest.mark.parametrize("draw", ["1/0", "exit()", "return None", "return plt.figure(layout='no')"])
def test_a_figure_that_cannot_be_drawn_is_one_line(draw, tmp_path):
    (tmp_path / "drawn.py").write_text(FIGURE.format(needs=[("own", {})], draw=draw))
    protocol = find_protocol(own(tmp_path))
    _, dataset = protocol.execute(protocol.config(), tmp_path)
    with pytest.raises(UserError, match=r"^run: figure drawn: expected runs"):
        save_figure(find_figure(str(tmp_path / "drawn.py")), [dataset], tmp_path / "drawn")
    assert not list(tmp_path.glob("*.png"))


@pytest.mark.parametrize("needs", [3, ["a"], [("a", 1)], [(1, {})]])
def test_a_figure_whose_needs_are_no_runs_is_refused(needs, tmp_path):
    (tmp_path / "drawn.py").write_text(FIGURE.format(needs=needs, draw="pass"))
    with pytest.raises(UserError, match=r"NEEDS: expected a list \[\(protocol, \{field: value\}\)\], got"):
        find_figure(str(tmp_path / "drawn.py"))
