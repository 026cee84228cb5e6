"""What runs cost is said before, and above an hour or the machine's memory the user must agree."""

import sys
from dataclasses import replace

import pytest

from snnlab.cli.main import main
from snnlab.lab import estimate as module
from snnlab.lab.discovery import files
from snnlab.lab.estimate import Estimate, cost_of, estimate, machine_memory
from snnlab.lab.protocol import find_protocol
from snnlab.lab.study import plan, prepare
from snnlab.lab.tables import duration, size

PROTOCOL = '''"""Costs."""
from dataclasses import dataclass

import xarray as xr

from snnlab import Cost

CONTROLS = {"none": {"scale": 0.5}}


@dataclass(frozen=True)
class Config:
    scale: float = 1.0
    gib: float = 0.001
    seed: int = 0


def run(config, engine):
    return xr.Dataset({"x": 1.0})


def cost(config):
    return Cost(100, config.gib * 2**30, 60 * config.scale)
'''


@pytest.fixture
def own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own.py").write_text(PROTOCOL)
    (tmp_path / "silent.py").write_text(PROTOCOL.partition("def cost")[0])
    return "own.py"


def test_a_short_run_says_what_it_costs_and_no_progress_says_nothing(own, capsys):
    assert main(["run", own]) == 0
    assert capsys.readouterr().err.splitlines()[0] == "1 run, 100 time steps, 1.02 MiB of arrays, roughly 60 s"
    assert main(["run", own, "--no-progress"]) == 0
    assert not capsys.readouterr().err
    # Where nothing is known, nothing is said.
    assert main(["run", "silent.py"]) == 0
    assert "run" not in capsys.readouterr().err.partition("\r")[0]


@pytest.mark.parametrize(
    ("arguments", "excess"),
    [
        (["run", "own.py", "--scale", "60.1"], "roughly 60 min"),
        (["run", "own.py", "--scale", "600", "--no-progress"], "roughly 10 h"),
        (["run", "own.py", "--gib", "1e6"], f"977 TiB of arrays (this machine has {size(machine_memory())})"),
        (["study", "own.py", "--seeds", "0:90", "--jobs", "1"], "roughly 2.2 h"),
        (["study", "own.py", "--seeds", "0:10", "--no-controls", "--vary", "scale=2,30"], "roughly 2.8 h"),
        (["reproduce", "own.py", "--seeds", "0:200"], "roughly 2.5 h"),
        (["reproduce", "own.py", "--seeds", "0:20000"], "roughly 10 days"),
    ],
)
def test_what_takes_long_or_much_memory_needs_the_users_word(arguments, excess, own, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(sys, "stdin", open("/dev/null"))
    assert main(arguments) == 2
    assert capsys.readouterr().err.splitlines()[-1] == f"snnlab: yes: expected --yes for {excess}, got none"
    assert sorted(path.name for path in tmp_path.iterdir() if path.suffix or path.name == "runs") == [
        "own.py",
        "silent.py",
    ]


def test_yes_computes_it_and_runs_with_a_file_cost_nothing(own, capsys):
    long = ["run", own, "--scale", "100"]
    assert main([*long, "--yes"]) == 0
    assert main([*long, "--resume"]) == 0
    study = ["study", own, "--seeds", "0:2", "--no-controls", "--jobs", "1"]
    assert main([*study, "--dry-run"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "2 runs, 200 time steps, 1.02 MiB of arrays, roughly 2.0 min"
    assert main(["run", own]) == main([*study, "--dry-run"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "1 run, 100 time steps, 1.02 MiB of arrays, roughly 60 s"


@pytest.mark.parametrize("name", sorted(files("protocols")))
def test_every_shipped_protocol_says_what_a_run_costs(name, tmp_path):
    protocol = find_protocol(name)
    run = protocol.prepare(protocol.config(quick=True), tmp_path)
    cost, expected = cost_of(run), estimate([[run]])
    assert cost.steps > 0 and 0 < cost.memory < 1e9 and 0.5 < cost.seconds < 120
    assert expected.unknown == 0 and f"{cost.steps:,} {cost.what}" in expected.text()


def test_more_steps_pairs_and_rounds_cost_more():
    for name, field, low, high in (
        ("stdp_window", "pairings", 5, 60),
        ("stlr_window", "spikes", 3, 100),
        ("dybm_stdp_window", "longest_lag", 6, 20),
        ("neuron_models", "seconds", 1.5, 30.0),
        ("pattern_separation", "sequences", 10, 100),
        ("pattern_completion", "reservoir", "rate", "spiking"),
    ):
        protocol = find_protocol(name)
        assert (
            protocol.cost(protocol.config(**{field: low})).seconds
            < protocol.cost(protocol.config(**{field: high})).seconds
        )


def test_a_long_list_of_runs_is_extrapolated_from_the_first_ones(own, tmp_path, monkeypatch):
    protocol, settled = find_protocol(own), []
    protocol = replace(protocol, settle=lambda config: settled.append(config) or config)
    (group,) = prepare(
        protocol, plan(protocol, protocol.Config(), range(1000), controls=False), tmp_path
    ).groups.values()
    found = estimate([group], jobs=2)
    assert 200 <= len(settled) < 300 and found.runs == 1000
    assert found.seconds == pytest.approx(60000) == 2 * found.wall and found.memory == pytest.approx(2 * 0.001 * 2**30)
    monkeypatch.setattr(module, "LONG", 1e9)
    assert found.excess() == ""


def test_runs_of_controls_that_do_not_apply_and_runs_with_a_file_are_not_counted(own, tmp_path, capsys):
    settle = "def settle(config):\n    assert config.scale >= 1\n    return config\n"
    (tmp_path / "own.py").write_text(f"{PROTOCOL}\n\n{settle}\n\nCONTROLS['weak'] = {{'scale': 0.25}}\n")
    study = ["study", own, "--seeds", "0:3", "--jobs", "1"]
    for line in ("3 runs, 300 time steps, 1.02 MiB of arrays, roughly 3.0 min", "no run is missing"):
        assert main([*study, "--dry-run"]) == 0
        assert capsys.readouterr().out == f"{line}\n"
        assert main([*study, "--no-progress"]) == 0
        assert capsys.readouterr().out.count("does not apply") == 2


def test_every_setting_is_settled_once_for_the_estimate_and_the_study(own, tmp_path):
    protocol, settled = find_protocol(own), []
    protocol = replace(protocol, settle=lambda config: settled.append(config) or config)
    prepared = prepare(protocol, plan(protocol, protocol.Config(), range(3)), tmp_path)
    assert estimate([*prepared.groups.values()]).runs == 6 and len(settled) == 6
    assert [len([*group]) for group in prepared.groups.values()] == [3, 3] and len(settled) == 6


@pytest.mark.parametrize(
    ("cost", "line"),
    [("5", "cost: expected it to return a Cost, got int"), ("1 / 0", "cost fails at line 23 with ZeroDivisionError")],
)
def test_a_cost_that_fails_is_said_before_the_run(cost, line, own, tmp_path, capsys):
    (tmp_path / "own.py").write_text(PROTOCOL.replace("return Cost(100", f"return {cost}\n    Cost(100"))
    for command in (["run"], ["run", "--dry-run"], ["study", "--seeds", "0:2"]):
        assert main([command[0], own, *command[1:]]) == 2
        assert f"protocol: {tmp_path / own}: {line}" in capsys.readouterr().err
    assert not (tmp_path / "runs").exists()


def test_the_time_is_that_until_all_jobs_are_done():
    assert Estimate(2, {}, 0.0, 7000.0, jobs=2).excess() == ""
    assert Estimate(2, {}, 0.0, 7000.0, jobs=1).excess() == "roughly 117 min"


def test_a_study_of_too_many_runs_is_refused(own, capsys):
    assert main(["study", own, "--seeds", "0:1000", "--vary", "scale=1:2:1000"]) == 2
    assert capsys.readouterr().err == "snnlab: vary: expected at most 100,000 runs, got 1,001,000\n"


@pytest.mark.parametrize(
    "options",
    [["--n", "100000000"], ["--dt", "1e-9"], ["--seconds", "1e12"], ["--n", "100000000", "--target", "numpy"]],
)
def test_absurd_settings_of_a_network_are_answered_before_they_are_computed(options, tmp_path, capsys):
    assert main(["run", "force_sine", *options, "--out", str(tmp_path / "runs")]) == 2
    assert "snnlab: yes: expected --yes for" in capsys.readouterr().err and not list(tmp_path.iterdir())


def test_sizes_and_times_have_units():
    assert [size(value) for value in (512, 3e6, 2**41)] == ["0.5 KiB", "2.86 MiB", "2 TiB"]
    assert [duration(value) for value in (0.1, 119, 7199, 9e4, 1e9)] == [
        "1 s",
        "119 s",
        "120 min",
        "25 h",
        "32 years",
    ]
