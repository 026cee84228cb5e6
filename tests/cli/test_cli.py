"""The command line: exit statuses, one clear line for every mistake, and nothing written then."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from snnlab.cli.main import main
from snnlab.cli.stored import print_checks
from snnlab.files.record import attribute, load
from snnlab.lab.claims import Check

SMALL = [
    *("--n", "60", "--seconds", "0.4", "--learn-start", "0.1", "--learn-stop", "0.3"),
    *("--neuron", "lif", "--dt", "0.5", "--target", "numpy", "--no-progress", "--no-figure"),
]


def snnlab(*arguments, out=None):
    return main([str(a) for a in arguments] + (["--out", str(out)] if out else []))


@pytest.fixture(scope="module")
def small_run(tmp_path_factory):
    """A run too small to learn: its checks do not hold, which is what exit status 3 is for."""
    folder = tmp_path_factory.mktemp("runs")
    assert snnlab("run", "force_sine", *SMALL, out=folder) == 3
    return next(folder.glob("*.nc"))


def test_every_command_has_help(capsys):
    for command, word in {
        "run": "--no-figure",
        "study": "--seeds",
        "figure": "--run",
        "reproduce": "--gallery",
    }.items():
        with pytest.raises(SystemExit) as stop:
            snnlab(command, "--help")
        assert stop.value.code == 0 and word in capsys.readouterr().out
    for command in ("claims", "compare", "list"):
        assert snnlab(command, "--help") == 0 and command in capsys.readouterr().out


def test_the_package_is_found_from_the_folder_that_holds_a_clone(tmp_path):
    """A clone is a folder named snnlab: Python must not take that for the package."""
    (tmp_path / "snnlab").mkdir()
    program = "import snnlab, snnlab.protocols.force.force_sine; print(snnlab.__version__)"
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_help_explains_every_field_with_its_unit(capsys):
    with pytest.raises(SystemExit) as stop:
        snnlab("run", "force_sine", "--help-all")
    assert stop.value.code == 0
    printed = capsys.readouterr().out
    for flag in (
        "--neuron",
        "--seed",
        "--n ",
        "--seconds",
        "--learn-start",
        "--learn-stop",
        "--g ",
        "--q ",
        "--target",
    ):
        assert flag in printed
    for text in ("time step (ms)", "length of the run (s)", "frequency of the sine (Hz)"):
        assert text in " ".join(printed.split())


# What was given -> words that the one line must hold.
MISTAKES = {
    "unknown protocol": (["run", "force_sin"], ["protocol", "force_sine"]),
    "unknown command": (["rum", "force_sine"], ["command", "run"]),
    "unknown neuron": (["run", "force_sine", "--neuron", "izikevich"], ["neuron", "izhikevich"]),
    "unknown filter": (["run", "force_sine", "--filter", "exponentiel"], ["filter", "exponential"]),
    "rate unit": (["run", "force_sine", "--neuron", "sqrt_rate"], ["neuron", "spike"]),
    "missing neuron file": (["run", "force_sine", "--neuron", "nowhere.py:X"], ["neuron", "nowhere.py"]),
    "n": (["run", "force_sine", "--n", "0"], ["n: expected an integer >= 1", "0"]),
    "seed": (["run", "force_sine", "--seed", "-1"], ["seed", "-1"]),
    "window outside": (["run", "force_sine", "--learn-stop", "16"], ["learn_stop", "seconds", "16"]),
    "window reversed": (["run", "force_sine", "--learn-start", "11"], ["learn_start", "11"]),
    "negative tau": (["run", "force_sine", "--tau-decay", "-20"], ["tau_decay", "-20"]),
    "negative model tau": (["run", "force_sine", "--neuron", "lif", "--parameters", "tau_m=-10*ms"], ["tau_m", "> 0"]),
    "parameter it lacks": (
        ["run", "force_sine", "--parameters", "tau_m=10*ms"],
        ["izhikevich", "tau_m", "expected one of"],
    ),
    "wrong unit": (["run", "force_sine", "--neuron", "lif", "--parameters", "tau_m=10*mV"], ["tau_m", "expected", "s"]),
    "no unit text": (["run", "force_sine", "--parameters", "C=fast"], ["C", "number with a unit"]),
    "tau of a filter": (["run", "force_sine", "--filter", "exponential", "--tau-rise", "2"], ["tau_rise"]),
    "interval": (["run", "force_sine", "--rls-interval", "0.81"], ["rls_interval", "multiple of dt"]),
    "dt": (["run", "force_sine", "--dt", "5"], ["dt: expected a number < tau_rise", "5 ms"]),
    "record interval": (["run", "force_sine", "--record-interval", "0.15"], ["record_interval", "multiple of dt"]),
    "probability": (["run", "force_sine", "--p", "1.5"], ["p: expected a number > 0 and <= 1", "1.5"]),
    "no unit": (["run", "force_sine", "--neuron", "lif", "--parameters", "tau_m=20"], ["tau_m", "such as", "ms"]),
    "missing teacher": (["run", "force_sine", "--teacher", "nowhere.csv"], ["teacher", "nowhere.csv"]),
    "frequency": (["run", "force_sine", "--frequency", "0"], ["frequency", "> 0"]),
    "seeds": (["study", "force_sine", "--seeds", "9:3"], ["seeds", "9:3"]),
    "jobs": (["study", "force_sine", "--jobs", "0"], ["jobs", "0"]),
    "vary field": (["study", "force_sine", "--vary", "gg=1:2:3"], ["vary", "gg"]),
    "vary values": (["study", "force_sine", "--vary", "g=1:2"], ["vary", "g=1:2"]),
    "vary value of a late run": (["study", "force_oscillator", "--vary", "task=sine,foo"], ["task", "'foo'"]),
    "vary value of rate units": (["study", "rate_force", "--vary", "rate=tanh,relu"], ["rate", "'relu'"]),
    "gain below zero": (["run", "force_gain_plane", "--g", "-0.04"], ["g: expected a number >= 0", "-0.04"]),
    "unknown figure": (["figure", "nicola2017_fig"], ["figure", "nicola2017_fig2"]),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_one_line_with_exit_status_2_and_writes_nothing(name, tmp_path, capsys):
    arguments, words = MISTAKES[name]
    extra = (
        [] if name in ("unknown command", "unknown protocol", "unknown figure") else ["--out", str(tmp_path / "runs")]
    )
    assert main(arguments + extra) == 2
    error = capsys.readouterr().err.strip().splitlines()[-1]
    assert error.startswith("snnlab: ")
    for word in words:
        assert word in error
    assert not list(tmp_path.rglob("*.nc"))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("time,x\n0,1\n0.1,nan\n", ["finite numbers"]),
        ("0,1\n0.1\n0.2,1\n", ["equal length"]),
        ("0,1\n0.1,x\n", ["data row 2", "'x'"]),
        ("0,1\n0.1,2\n0.5,1\n", ["even steps"]),
        ("0\n0.1\n", ["two rows"]),
    ],
)
def test_a_teacher_that_cannot_be_used_is_refused(text, words, tmp_path, capsys):
    path = tmp_path / "teacher.csv"
    path.write_text(text)
    assert snnlab("run", "force_sine", *SMALL, "--teacher", path, out=tmp_path / "runs") == 2
    error = capsys.readouterr().err
    assert "teacher" in error and all(word in error for word in words)
    assert not list(tmp_path.rglob("*.nc"))


def test_a_file_without_a_model_and_one_without_force_values(tmp_path, capsys):
    empty = tmp_path / "empty.py"
    empty.write_text("x = 1\n")
    assert snnlab("run", "force_sine", "--neuron", empty, out=tmp_path / "runs") == 2
    assert "holds no NeuronModel" in capsys.readouterr().err
    bare = tmp_path / "bare.py"
    bare.write_text("from snnlab.neurons.lif import LIF\n")
    assert snnlab("run", "force_sine", "--neuron", bare, out=tmp_path / "runs") == 2
    assert "FORCE" in capsys.readouterr().err


def test_equations_with_a_wrong_unit_are_refused(tmp_path, capsys):
    bad = tmp_path / "bad.py"
    bad.write_text(
        "from brian2 import ms, mV, second\nfrom snnlab import NeuronModel\n"
        "BAD = NeuronModel(name='bad', equations='dv/dt = current - v/tau_m : volt', current='volt',"
        " threshold='v > 0*mV', reset='v = -1*mV', parameters=dict(tau_m=10*ms))\n"
        "FORCE = dict(g=0.04*mV*second, q=10*mV, alpha=5e-6*second**2, bias=0*mV, dt=0.05*ms)\n"
    )
    assert snnlab("run", "force_sine", *SMALL, "--neuron", bad, out=tmp_path / "runs") == 2
    assert "unit" in capsys.readouterr().err.lower()


def test_an_output_folder_that_cannot_be_written(tmp_path, capsys):
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    assert snnlab("run", "force_sine", *SMALL, out=blocked / "runs") == 2
    assert "out: expected a writable folder" in capsys.readouterr().err


def test_a_run_that_diverges_stops_with_exit_status_4_and_says_when(tmp_path, capsys):
    # With an alpha this large, the first steps of RLS are too large.
    arguments = [*SMALL, "--alpha", "1e30"]
    assert snnlab("run", "force_sine", *arguments, out=tmp_path) == 4
    assert "diverged" in (error := capsys.readouterr().err) and "t = " in error
    assert not list(tmp_path.rglob("*.nc"))


def test_what_does_not_fit_in_memory_is_one_line(tmp_path, capsys):
    options = ["--hdts", "internal", "--pulses", 10**15, "--quick", "--no-progress"]
    assert snnlab("run", "movie_replay", *options, out=tmp_path) == 1
    printed = capsys.readouterr().err.strip().splitlines()
    assert len(printed) == 1 and "does not fit in memory" in printed[0] and "Unable to allocate" in printed[0]
    assert not list(tmp_path.iterdir())
    assert snnlab("--traceback", "run", "movie_replay", *options, out=tmp_path) == 1
    assert "Traceback" in capsys.readouterr().err


def test_claims_of_a_run_again_as_text_and_json(small_run, capsys):
    assert snnlab("claims", small_run) == 3
    assert "FAILS" in capsys.readouterr().out
    assert snnlab("claims", small_run, "--json") == 3
    rows = json.loads(capsys.readouterr().out)["checks"]
    assert rows and not all(row["holds"] for row in rows)


def test_claims_of_files_that_are_no_runs(small_run, tmp_path, capsys):
    truncated = tmp_path / "truncated.nc"
    truncated.write_bytes(small_run.read_bytes()[:5000])
    assert snnlab("claims", truncated) == 2
    assert "expected a complete NetCDF file" in capsys.readouterr().err
    assert snnlab("claims", tmp_path / "missing.nc") == 2
    assert "no file" in capsys.readouterr().err


def test_a_figure_refuses_a_run_of_another_protocol(small_run, tmp_path, capsys):
    assert snnlab("figure", "synaptic_filters", "--run", small_run, out=tmp_path / "new") == 2
    assert "force_sine" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_a_learning_window_that_ends_with_the_run_makes_no_free_run_claims(tmp_path, capsys):
    arguments = [*SMALL, "--n", "400", "--seconds", "1.5", "--learn-start", "0.2", "--learn-stop", "1.5"]
    assert snnlab("run", "force_sine", *arguments, out=tmp_path) == 0
    printed = capsys.readouterr().out
    assert "the free run is shorter than 0.5 s and is not measured" in printed
    assert "frequency" not in printed


def test_the_run_file_does_not_depend_on_where_it_is_written(small_run, tmp_path):
    assert snnlab("run", "force_sine", *SMALL, out=tmp_path) == 3
    again = next(tmp_path.glob("*.nc"))
    assert again.name == small_run.name
    first, second = load(small_run), load(again)
    for name in first:
        np.testing.assert_array_equal(first[name], second[name], err_msg=str(name))


def test_a_killed_run_leaves_nothing_under_a_final_name(tmp_path):
    arguments = [a for a in SMALL if a != "--no-progress"] + ["--seconds", "600", "--out", str(tmp_path)]
    # Not with -m: there Python ends by SIGINT itself where the interruption has passed an exec of Brian2.
    command = Path(sys.executable).with_name("snnlab")
    process = subprocess.Popen([command, "run", "force_sine", *arguments], stderr=subprocess.PIPE)
    seen = b""
    while b" of 600 s" not in seen:
        seen += (byte := process.stderr.read(1))
        assert byte, seen
    process.terminate()
    _, error = process.communicate(timeout=120)
    assert process.returncode == 130, error
    assert b"interrupted" in error
    assert not list(tmp_path.iterdir())


@pytest.mark.programs
def test_a_run_prints_what_it_measured_beside_its_checks(tmp_path, capsys):
    options = ["--perturbations", "2", "--g", "0.02", "--record-spikes", "0"]
    assert snnlab("run", "force_gain_plane", *SMALL, *options, out=tmp_path) == 0
    printed = capsys.readouterr().out
    assert "no checks stated for these settings" in printed
    for what in ("error after learning / sd of the teacher", "moved spikes that grow (share)"):
        assert what in printed


@pytest.mark.parametrize(
    ("preset", "measured", "told"), [("quick", 2.0, True), ("full", 2.0, False), ("quick", 0.5, False)]
)
def test_a_check_that_fails_in_the_reduced_preset_comes_with_a_word_of_it(preset, measured, told, capsys):
    run = xr.Dataset(attrs={"condition": "default", "preset": preset})
    print_checks(run, [Check("error", measured, 0.0, 1.0, "ours")])
    assert ("reduced preset" in capsys.readouterr().out) == told


def test_a_preset_sets_what_the_protocol_states_under_what_is_given(capsys, tmp_path):
    folder = tmp_path / "study.py"
    folder.write_text(
        '"""A study of its own."""\n'
        "from dataclasses import dataclass\n"
        "import xarray as xr\n\n"
        "VARIANTS = {'plain, small': {}, 'two large': {'size': 2, 'name': 'large'}}\n"
        "QUICK = {'size': 0}\n\n\n"
        "@dataclass(frozen=True)\nclass Config:\n"
        "    size: int = 1\n    name: str = 'small'\n    seed: int = 0\n\n\n"
        "def run(config, engine):\n    return xr.Dataset({'size': ((), config.size)})\n\n\n"
        "def measure(dataset):\n    return {'size': float(dataset['size'])}\n"
    )
    runs = ["--out", str(tmp_path / "runs"), "--no-progress"]
    for given, size in (([], 1), (["--preset", "two large"], 2), (["--preset=two large", "--size", "5"], 5)):
        assert main(["run", str(folder), *given, *runs]) == 0
        path = capsys.readouterr().out.partition("run file  ")[2].split()[0]
        dataset = load(path)
        assert int(dataset["size"]) == size and attribute(dataset, "config")["name"] == ("large" if given else "small")
        assert dataset.attrs["preset"] == ("custom" if size == 5 else "full")
    assert main(["run", str(folder), "--preset", "two lage", *runs]) == 2
    assert (
        capsys.readouterr().err
        == "snnlab: preset: expected one of plain, small; two large, got 'two lage'; did you mean two large?\n"
    )
    with pytest.raises(SystemExit):
        main(["run", str(folder), "--help"])
    assert "Values of --preset: plain, small; two large." in capsys.readouterr().out
