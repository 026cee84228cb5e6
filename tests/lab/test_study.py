"""Studies: seeds, controls and grids; only what is missing runs."""

import json

import pytest

from snnlab.cli.main import main
from snnlab.errors import UserError
from snnlab.files.record import attribute, load
from snnlab.lab.protocol import find_protocol
from snnlab.lab.study import parse_grid, parse_seeds, plan, prepare, run_study

SIZE = {"neuron": "lif", "n": 40, "seconds": 0.9, "learn_start": 0.1, "learn_stop": 0.3, "target": "numpy", "dt": 0.5}


def test_seeds_and_grids_are_read():
    config = find_protocol("force_sine").config()
    assert parse_seeds("100:103") == [100, 101, 102]
    assert parse_seeds("1,5") == [1, 5]
    assert parse_grid(["g=0.02:0.1:5"], config)["g"] == pytest.approx([0.02, 0.04, 0.06, 0.08, 0.1])
    assert parse_grid(["neuron=lif,theta", "n=100:200:2"], config) == {"neuron": ["lif", "theta"], "n": [100, 200]}
    assert parse_grid(["eigenvalues=True,false"], config) == {"eigenvalues": [True, False]}
    for bad in ("g", "g=", "g=a:b:c", "h=1,2", "eigenvalues=1,0", "eigenvalues=maybe"):
        with pytest.raises(UserError, match="vary"):
            parse_grid([bad], config)
    with pytest.raises(UserError, match="vary: speeds: expected a field of one number, text, or true or false"):
        parse_grid(["speeds=1,2"], find_protocol("replay_compression").config())
    for bad in ("", "5:5", "-1", "a", "1,2,1"):
        with pytest.raises(UserError, match="seeds"):
            parse_seeds(bad)


@pytest.mark.parametrize(
    ("given", "line"),
    [
        (["n=1:2:3"], "vary: n: expected an integer, got '1.5'"),
        (["n=1.5"], "vary: n: expected an integer, got '1.5'"),
        (["n=nan"], "vary: n: expected an integer, got 'nan'"),
        (["n=1e30"], "vary: n: expected an integer, got '1e30'"),
        (["g=nan"], "vary: g: expected a number, got 'nan'"),
        (["g=1e400"], "vary: g: expected a number, got '1e400'"),
        (["g=1,,2"], "vary: g: expected a number, got ''"),
        (["n=1:inf:3"], "vary: n: expected start:stop:count with two finite numbers and a count from 2 to 10,000"),
        (["n=1:2:1000000000"], "vary: n: expected start:stop:count with two finite numbers and a count from 2 to"),
        (["n=2,2"], "vary: expected distinct values of n, got '2,2'"),
        (["g=1:1:3"], "vary: expected distinct values of g, got '1:1:3'"),
        (["n=1", "n=2"], "vary: expected each field once, got n twice"),
        (["seed=1,2"], "vary: expected another field, since --seeds sets the seeds, got 'seed=1,2'"),
        (["target=numpy,foo"], "vary: target: expected one of auto, cpp_standalone, cython, numpy, got 'foo'"),
        (["g=1:2:200", "q=1:2:200"], "vary: expected at most 10,000 points, got 40,000"),
    ],
)
def test_a_grid_that_would_be_bent_is_refused(given, line):
    with pytest.raises(UserError) as error:
        parse_grid(given, find_protocol("force_sine").config())
    assert str(error.value).startswith(line)


def test_a_colon_makes_a_range_of_a_field_of_numbers_only():
    config = find_protocol("brunel2000").config()
    with pytest.raises(UserError, match="vary: state: expected one of AI, SI fast, SI slow, SR, got 'SR:AI:2'"):
        parse_grid(["state=SR:AI:2"], config)
    for bad in ("g=1:2", "g=1:2:3:4"):
        with pytest.raises(UserError, match=f"vary: expected field=start:stop:count or field=a,b,c, got '{bad}'"):
            parse_grid([bad], config)


def test_many_seeds_are_refused_at_once():
    for text in ("0:99999999999", "0:99999999999999999999999999"):
        with pytest.raises(UserError, match="seeds: expected at most 100,000"):
            parse_seeds(text)


def test_points_that_differ_in_a_late_digit_have_names_of_their_own():
    protocol = find_protocol("force_sine")
    configs = plan(protocol, protocol.config(), [1], controls=False, grid={"g": [0.1, 0.1 + 1e-9]})
    assert list(configs)[1:] == [("g=0.1", "default"), ("g=0.100000001", "default")]


def test_a_plan_has_default_controls_and_grid_for_every_seed():
    protocol = find_protocol("force_sine")
    configs = plan(protocol, protocol.config(), [1, 2], grid={"g": [1.0, 2.0], "q": [5.0]})
    assert set(configs) == {("default", c) for c in ("default", *protocol.controls)} | {
        ("g=1, q=5", "default"),
        ("g=2, q=5", "default"),
    }
    assert all([config.seed for config in group] == [1, 2] for group in configs.values())
    assert all(config.g == 0 for config in configs["default", "no_recurrence"])


def test_a_study_is_resumable_and_its_report_counts(tmp_path):
    protocol = find_protocol("force_sine")
    configs = plan(protocol, protocol.config(**SIZE), [0])
    first = run_study(prepare(protocol, configs, tmp_path), jobs=1, progress=False)
    files = {path: path.stat().st_mtime_ns for path in tmp_path.glob("*.nc")}
    assert len(files) == 1 + len(protocol.controls)
    gone = next(iter(files))
    gone.unlink()
    second = run_study(prepare(protocol, configs, tmp_path), jobs=2, progress=False)
    changed = [path for path in files if path.stat().st_mtime_ns != files[path]]
    assert changed == [gone]
    assert first.report() == second.report()
    held, stated = first.count()
    checks = [c for runs in (first.checks["default", "default"],) for run in runs for c in run]
    assert stated == len(checks) + len(protocol.controls)
    # Forty neurons learn nothing: every control fails, as it must, and so do some of the default's checks.
    assert held >= len(protocol.controls)
    assert held < stated
    assert "fails in 1 of 1 seeds" in first.report()
    assert json.loads(json.dumps(first.to_dict()))["protocol"] == "force_sine"


def test_a_run_that_diverges_is_named_and_leaves_no_file(tmp_path):
    protocol = find_protocol("force_sine")
    configs = plan(protocol, protocol.config(**SIZE, alpha=1e30), [3], controls=False)
    study = run_study(prepare(protocol, configs, tmp_path), progress=False)
    ((key, (message,)),) = study.diverged.items()
    assert key == ("default", "default") and "seed 3" in message
    assert "diverged: default, default, seed 3" in study.report()
    assert not list(tmp_path.glob("*.nc"))


def test_the_command_prints_checks_and_has_exit_status_3(tmp_path, capsys):
    flags = [f"--{k.replace('_', '-')}={v}" for k, v in SIZE.items()]
    arguments = ["study", "force_sine", *flags, "--seeds", "0:2", "--jobs", "2", "--no-controls"]
    assert main([*arguments, "--out", str(tmp_path), "--json", str(tmp_path / "study.json")]) == 3
    assert "RMSE" in capsys.readouterr().out
    assert json.loads((tmp_path / "study.json").read_text())["conditions"][0]["seeds"] == [0, 1]
    for row in json.loads((tmp_path / "study.json").read_text())["conditions"]:
        assert all((tmp_path / name).is_file() for name in row["files"])
        for check in row["checks"]:
            assert len(check["measured"]) == 2 and 0 <= check["held"] <= 2


def test_controls_show_nothing_if_the_default_diverges_and_values_that_are_not_finite_are_counted(tmp_path):
    file = tmp_path / "own.py"
    text = OWN.partition("def findings")[0].replace("    value = ", "    import snnlab.errors\n    value = ")
    fails = "    if {}:\n        raise snnlab.errors.Diverged('v is infinite')\n    config.shift = 1e9"
    for where, verdict in {"True": "no evidence: the default fails", "config.sign < 0": "as it must"}.items():
        file.write_text(text.replace("    config.shift = 1e9", fails.format(where)))
        protocol = find_protocol(str(file))
        study = run_study(prepare(protocol, plan(protocol, protocol.config(), [0, 1]), tmp_path), progress=False)
        (row,) = (line for line in study.report().splitlines() if "broken" in line and "fails in" in line)
        assert f"fails in 2 of 2 seeds  {verdict}" in row
    file.write_text(text.replace("float(dataset.value)", "[2.0, float('nan')][int(dataset.attrs['seed'])]"))
    protocol = find_protocol(str(file))
    configs = plan(protocol, protocol.config(), [0, 1], controls=False)
    report = run_study(prepare(protocol, configs, tmp_path), progress=False).report()
    assert "1 of 2    2 .. 2, 1 not finite" in report


@pytest.mark.programs
def test_a_run_that_is_the_default_and_a_point_of_the_grid_counts_once(tmp_path):
    protocol = find_protocol("force_sine")
    size = SIZE | {"seconds": 0.5}
    configs = plan(protocol, protocol.config(**size), [0, 1, 2], controls=False, grid={"n": [40, 50]})
    study = run_study(prepare(protocol, configs, tmp_path), jobs=1, progress=False)
    assert [len(group) for group in study.groups.values()] == [3, 3, 3]
    assert len(study.datasets) == len(list(tmp_path.glob("*.nc"))) == 6
    assert {finding.n for _, finding in study.findings} == {3}


def test_a_study_of_the_reduced_preset_has_three_seeds_unless_others_are_named(tmp_path, capsys):
    study = ["study", "reservoir_mnist", "--quick", "--plasticity", "none", "--no-controls", "--jobs", "1"]
    study += ["--out", str(tmp_path)]
    assert main(study) == 0
    assert "run files 3 of reservoir_mnist" in capsys.readouterr().out
    assert main([*study, "--seeds", "100:104"]) == 0
    assert "run files 4 of reservoir_mnist" in capsys.readouterr().out


OWN = """
from dataclasses import dataclass

import numpy as np
import xarray as xr

from snnlab import Check, Finding

CONTROLS = {"broken": {"sign": -1}}


@dataclass
class Config:
    shift: float = 1.0
    sign: int = 1
    seed: int = 0


def run(config, engine):
    value = config.sign * (config.shift + engine.rng("noise").normal())
    config.shift = 1e9  # a Config that is not frozen may be changed
    return xr.Dataset({"value": value})


def checks(dataset):
    return [Check("value", float(dataset.value), -1e3, 1e3, "none")]


def findings(datasets):
    return [Finding.over_seeds("value", [float(run.value) for run in datasets], "0")]


def comparisons(runs):
    values = [[float(run.value) for run in group] for group in (runs.of("shift=5"), runs.of("default"))]
    broken = [float(run.value) for run in runs.of("default", "broken")]
    return [Finding.difference("shift 5 against 1", *values, "0"), Finding.over_seeds("broken", broken, "0")]
"""


def test_findings_get_one_setting_without_controls_and_comparisons_name_theirs(tmp_path):
    file = tmp_path / "own.py"
    file.write_text(OWN)
    protocol = find_protocol(str(file))
    configs = plan(protocol, protocol.config(), range(4), grid={"shift": [2.0, 5.0]})
    study = run_study(prepare(protocol, configs, tmp_path / "runs"), progress=False)
    found = [(variant, finding.what, finding.n) for variant, finding in study.findings]
    assert found == [
        ("default", "value", 4),
        ("shift=2", "value", 4),
        ("shift=5", "value", 4),
        ("", "shift 5 against 1", 4),
        ("", "broken", 4),
    ]
    values = {what: finding.value for (_, what, _), (_, finding) in zip(found, study.findings, strict=True)}
    # The same noise in all: differences between settings are exact.
    default = study.findings[0][1].value
    assert values["shift 5 against 1"] == pytest.approx(4.0) and values["broken"] == pytest.approx(-default)
    assert (
        "shift=5  value" in " ".join(study.report().split("\n"))
        and study.to_dict()["findings"][1]["variant"] == "shift=2"
    )
    with pytest.raises(UserError, match=r"variant: expected one of .*shift=2.*, got 'shift=3'"):
        study.datasets.of("shift=3")


def test_a_study_states_values_comparisons_and_verdicts(tmp_path):
    claim = """Published(
        "Someone 2017", "table 1", "number", "The value is 1.", 1.0, "1", "value", "text", "full"
    ), bar=(-9, 9)"""
    file = tmp_path / "own.py"
    text = OWN.replace("import Check, Finding", "import Check, Finding, Published")
    file.write_text(text.replace('for run in datasets], "0")]', f"for run in datasets], 0.0, {claim})]"))
    protocol = find_protocol(str(file))
    full = run_study(prepare(protocol, plan(protocol, protocol.config(), range(10)), tmp_path / "runs"), progress=False)
    (row,) = full.to_dict()["findings"]
    assert row["values"] == [float(run.value) for run in full.datasets[:10]]
    assert (row["interval"], row["verdict"], full.to_dict()["comparisons"]) == (
        "Student's t",
        "reproduced",
        1,
    )
    assert "reproduced: the interval lies within the bar" in full.report()
    # Another shift is not the published scale; and now more than five findings are tested.
    configs = plan(protocol, protocol.config(), range(10), grid={"shift": [2.0, 3.0, 4.0, 5.0]})
    varied = run_study(prepare(protocol, configs, tmp_path / "runs"), progress=False)
    stored = varied.to_dict()
    verdicts = [row["verdict"] for row in stored["findings"][:5]]
    assert verdicts == ["reproduced", *["reproduced under a condition"] * 4]
    assert stored["comparisons"] == 6 and [row["p_holm"] >= row["p"] for row in stored["findings"][:6]] == [True] * 6
    assert "p (Holm over 6)" in varied.report()


@pytest.mark.parametrize("vary", ["shift=1,0", "target=numpy,foo", "sign=1,0.5"], ids=["settle", "target", "value"])
def test_everything_is_refused_before_the_first_run(vary, tmp_path, capsys):
    file = tmp_path / "own.py"
    settle = "def settle(config):\n    if not config.shift:\n        raise UserError('shift: expected > 0, got 0')\n"
    text = OWN.replace("import Check, ", "import Check, UserError, ").replace(
        "seed: int = 0", 'seed: int = 0\n    target: str = "numpy"'
    )
    file.write_text(text + settle + "    return config\n")
    out = tmp_path / "new" / "runs"
    assert main(["study", str(file), "--vary", vary, "--seeds", "0:1", "--out", str(out), "--no-progress"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert ": expected " in line and not (tmp_path / "new").exists()


def test_a_control_that_cannot_be_settled_is_a_row_with_its_reason(tmp_path, capsys):
    file = tmp_path / "own.py"
    settle = "def settle(config):\n    if config.sign < 0:\n        raise UserError('sign: expected > 0, got -1')\n"
    file.write_text(OWN.replace("import Check, ", "import Check, UserError, ") + settle + "    return config\n")
    arguments = ["study", str(file), "--seeds", "0:1", "--out", str(tmp_path / "runs"), "--no-progress"]
    main([*arguments, "--json", str(tmp_path / "study.json")])
    printed = " ".join(capsys.readouterr().out.split())
    assert "default broken does not apply sign: expected > 0, got -1" in printed
    default, control = json.loads((tmp_path / "study.json").read_text())["conditions"]
    assert control == {"variant": "default", "condition": "broken", "refused": "sign: expected > 0, got -1"}
    assert len(default["files"]) == len(list((tmp_path / "runs").glob("*.nc"))) == 1


def test_a_config_that_is_not_frozen_works_and_is_stored_as_it_was_given(tmp_path, capsys):
    file = tmp_path / "own.py"
    file.write_text(OWN)
    with pytest.raises(SystemExit) as stop:
        main(["run", str(file), "--help"])
    assert stop.value.code == 0 and "--shift" in capsys.readouterr().out
    assert main(["run", str(file), "--shift", "3", "--out", str(tmp_path / "runs")]) == 0
    (path,) = (tmp_path / "runs").glob("*.nc")
    dataset = load(path)
    assert attribute(dataset, "config")["shift"] == 3.0
    # The same settings again have the same file.
    assert find_protocol(str(file)).prepare(find_protocol(str(file)).config(shift=3.0), path.parent).path == path


def test_checks_and_runs_of_a_study_stand_though_findings_fail(tmp_path, capsys):
    file, report = tmp_path / "own.py", tmp_path / "study.json"
    file.write_text(OWN.replace('return [Finding.over_seeds("value"', 'return [1 / 0, Finding.over_seeds("value"'))
    arguments = ["study", str(file), "--seeds", "0:2", "--out", str(tmp_path / "runs"), "--json", str(report)]
    assert main([*arguments, "--jobs", "1", "--no-progress"]) == 2
    printed = capsys.readouterr().out
    assert (
        "2 of 2" in printed and f"no findings of own: protocol: {file}: findings fails at line 30 with Zero" in printed
    )
    assert "no comparisons of own: variant: expected one of " in printed and "got 'shift=5'" in printed
    stored = json.loads(report.read_text())
    assert stored["conditions"][0]["checks"][0]["held"] == 2 and len(stored["faults"]) == 2


def test_checks_that_fail_are_one_line_the_second_time_as_well(tmp_path, capsys):
    file = tmp_path / "own.py"
    file.write_text(OWN.replace("return [Check(", "raise KeyError('output')\n    return [Check("))
    for _ in range(2):
        arguments = ["study", str(file), "--seeds", "0:1", "--no-controls", "--no-progress"]
        assert main([*arguments, "--out", str(tmp_path / "runs")]) == 2
        line = capsys.readouterr().err.splitlines()[-1]
        assert f"protocol: {file}: checks fails at line 26 with KeyError: 'output'" in line
    assert len(list((tmp_path / "runs").glob("*.nc"))) == 1


@pytest.mark.parametrize(
    ("was", "becomes", "line"),
    [
        ("return [Check(", "return [None, Check(", "checks of own: expected a list of Check, got [None,"),
        (
            'return [Check("value", float(dataset.value), -1e3, 1e3, "none")]',
            "pass",
            "expected a list of Check, got None",
        ),
    ],
)
def test_checks_that_are_no_list_of_checks_are_named_and_the_run_is_kept(was, becomes, line, tmp_path, capsys):
    file = tmp_path / "own.py"
    file.write_text(OWN.replace(was, becomes))
    assert main(["run", str(file), "--no-progress", "--out", str(tmp_path / "runs")]) == 2
    # The line before says that run changes its Config.
    *_, said = capsys.readouterr().err.splitlines()
    (path,) = (tmp_path / "runs").glob("*.nc")
    assert line in said and f"the run is kept in {path}" in said
    # The protocol is here, but its checks fail.
    assert main(["claims", str(path)]) == 0
    assert f"{line}" in capsys.readouterr().out


def test_a_file_that_names_its_runs_anew_in_each_process_is_refused_in_one_line(tmp_path, capsys):
    file = tmp_path / "own.py"
    file.write_text(OWN + "\n\nimport os\n\n\ndef models(config):\n    return {'process': os.getpid()}\n")
    arguments = ["study", str(file), "--seeds", "0:2", "--no-controls", "--jobs", "2", "--out", str(tmp_path / "runs")]
    assert main([*arguments, "--no-progress"]) == 2
    line = capsys.readouterr().err.splitlines()[-1]
    assert f"protocol: {file}: expected the same settings and the same file in each process, got no run own-" in line


def test_findings_that_are_no_list_are_named(tmp_path, capsys):
    file = tmp_path / "own.py"
    file.write_text(OWN.replace('return [Finding.over_seeds("value"', 'return 3.0; [Finding.over_seeds("value"'))
    arguments = ["study", str(file), "--seeds", "0:2", "--vary", "shift=5", "--out", str(tmp_path / "runs")]
    assert main([*arguments, "--jobs", "1", "--no-progress"]) == 2
    assert capsys.readouterr().out.count("no findings of own: expected a list of Finding, got 3.0") == 1
