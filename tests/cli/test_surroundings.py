"""What surrounds a command: streams that are closed or full, paths that lead nowhere, and a user's file that moves."""

import io
import os
import subprocess
import sys

import pytest

from snnlab.cli.main import main

OWN = """
import os
from dataclasses import dataclass

import xarray as xr

os.chdir("/")


@dataclass
class Config:
    a: float = 1.0
    seed: int = 0


def run(config, engine):
    {body}
    return xr.Dataset({{"x": ("draw", [1.0])}})
"""


def own(folder, body):
    (folder / "own.py").write_text(OWN.format(body=body))
    return "own.py"


def program(command, **streams):
    return subprocess.run(
        f"{sys.executable} -m snnlab.cli.main {command}", shell=True, capture_output=True, text=True, **streams
    )


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_output_that_cannot_be_written_is_one_line_with_exit_status_1():
    done = program("list > /dev/full")
    assert (done.returncode, done.stderr) == (1, "snnlab: [Errno 28] No space left on device\n")


def test_closed_streams_change_nothing():
    done = program("run nosuch 2>&- <&-")
    assert done.returncode == 2 and not done.stdout
    assert program("list >&-").returncode == 0


def test_letters_that_the_encoding_lacks_are_spelled(monkeypatch):
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stderr", io.TextIOWrapper(written, encoding="ascii", write_through=True))
    assert main(["list", "\u03c4"]) == 2
    assert rb"got '\u03c4'" in written.getvalue()


def test_paths_that_no_system_can_open(here, capsys):
    os.symlink("x.py", "y.py")
    os.symlink("y.py", "x.py")
    for arguments, words in {
        ("run", "x.py"): "protocol: expected a Python file, got 'x.py': Symlink loop",
        ("run", "force_sine", "--neuron", "./x.py:A"): "neuron: expected a Python file, got './x.py': Symlink loop",
        ("claims", "n" * 300): f"path: expected one that the system can open, got '{'n' * 77}...': File name too long",
        ("figure", "synaptic_filters", "--run", "n" * 300): "path: expected one that the system can open, got ",
        ("run", "~nobody-of-this-name/x.py"): "protocol: expected a Python file, got no file",
        ("run", "dybm_science", "--sequence", "~nobody-of-this-name/x.txt"): "sequence: expected ",
    }.items():
        assert main([*arguments]) == 2
        printed = capsys.readouterr()
        assert printed.err.splitlines()[-1].startswith(f"snnlab: {words}") and not printed.out
    assert sorted(os.listdir()) == ["x.py", "y.py"]


def test_a_pipe_or_a_device_is_no_file(capsys):
    os.mkfifo("a.txt")
    os.mkfifo("a.png")
    for name in ("a.txt", "a.png"):
        assert main(["run", "dybm_science", "--sequence", f"./{name}"]) == 2
        assert capsys.readouterr().err == f"snnlab: sequence: expected a file, got the device or pipe './{name}'\n"


def test_the_home_of_an_option_is_the_users(here, monkeypatch, capsys):
    monkeypatch.setenv("HOME", str(here / "home"))
    assert main(["run", own(here, "pass"), "--out=~/runs", "--no-progress"]) == 0
    assert [file.suffix for file in (here / "home" / "runs").iterdir()] == [".nc"]


@pytest.mark.parametrize("name", ["kept.nc", "kept", "/dev/null"])
def test_a_report_replaces_nothing_but_a_report(name, here, capsys):
    if name.startswith("kept"):
        (here / name).write_text("kept")
    assert main(["study", "synaptic_filters", "--json", name]) == 2
    told = f"json: expected a new file, or a .json file to replace, got {name!r}, which exists"
    assert capsys.readouterr().err == f"snnlab: {told}\n"
    assert not name.startswith("kept") or ((here / name).read_text() == "kept" and len(os.listdir()) == 1)


def test_a_file_that_changes_the_working_folder_is_stored_where_it_was_asked(here, capsys):
    assert main(["run", own(here, 'os.chdir("/tmp")'), "--no-progress"]) == 0
    assert [file.suffix for file in (here / "runs").iterdir()] == [".nc"] and os.getcwd() == str(here)


def test_a_folder_that_is_removed_during_a_run_is_made_again(here):
    assert main(["run", own(here, 'os.rmdir("runs")'), "--no-progress"]) == 0


def test_a_run_that_changes_its_config_says_so(here, capsys):
    assert main(["run", own(here, "config.a = 5.0"), "--no-progress"]) == 0
    assert "own.py: run changes a of its Config; the run file holds the values before" in capsys.readouterr().err


def test_a_worker_that_is_killed_is_one_line(here, capsys):
    assert main(["study", own(here, "os.kill(os.getpid(), 9)"), "--seeds", "0:2", "--no-progress"]) == 1
    assert "snnlab: own: a worker process was ended from outside" in capsys.readouterr().err


def test_help_ends_in_a_narrow_window(monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "3")
    with pytest.raises(SystemExit):
        main(["run", "synaptic_filters", "--help"])
    assert "--tau" in capsys.readouterr().out.replace("\n", "")
