"""Long runs: cut off and resumed they are the runs that were not cut off, bit for bit."""

import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import dask
import numpy as np
import pytest
import xarray as xr

from snnlab.errors import MachineError, UserError
from snnlab.files.checkpoint import Checkpoints, Stage
from snnlab.files.record import load
from snnlab.lab import run as lab_run
from snnlab.lab.protocol import find_protocol

# A membrane with noise: the random stream must be the same after a resume.
NOISY = """
from brian2 import ms, mV, second
from snnlab import NeuronModel
NOISY = NeuronModel(name="noisy", current="volt", threshold="v > -40*mV", reset="v = -65*mV", refractory=2*ms,
    equations="dv/dt = (current - v)/tau_m + 3*mV*tau_m**-0.5*xi : volt (unless refractory)",
    parameters=dict(tau_m=10*ms), initial=dict(v="-65*mV + rand()*20*mV"))
FORCE = dict(g=0.04*mV*second, q=10*mV, alpha=5e-6*second**2, bias=-39*mV, dt=0.5*ms, rls_interval=5*ms)
"""
PROTOCOL = find_protocol("force_sine")
SIZE = {"n": 60, "seconds": 0.325, "learn_start": 0.05, "learn_stop": 0.25, "checkpoint": 0.075, "seed": 4}
AT_LENGTH = (pytest.mark.standalone, pytest.mark.programs)
PROGRAM = pytest.param("cpp_standalone", marks=AT_LENGTH)


@pytest.fixture(scope="module")
def neuron(tmp_path_factory):
    path = tmp_path_factory.mktemp("models") / "noisy.py"
    path.write_text(NOISY)
    return str(path)


class Cut(Exception):
    """What stops a run in a test."""


def cut_off_after(monkeypatch, n):
    """Let the n-th checkpoint be the last thing that happens."""
    save, calls = Stage.save, []

    def counted(self, *arguments):
        save(self, *arguments)
        calls.append(1)
        if len(calls) == n:
            raise Cut

    monkeypatch.setattr(Stage, "save", counted)


def cut_run(config, folder, monkeypatch, n=3):
    with monkeypatch.context() as context:
        cut_off_after(context, n)
        with pytest.raises(Cut):
            PROTOCOL.execute(config, folder)


def assert_equal_runs(first: xr.Dataset, second: xr.Dataset):
    assert set(first.variables) == set(second.variables)
    for name in first.variables:
        np.testing.assert_array_equal(first[name].values, second[name].values, err_msg=str(name))


SEVERAL = "import numpy as np\ndef waves(t):\n    return np.sin(2*np.pi*np.outer(t, np.arange(3, 12)))\n"


@pytest.mark.programs
@pytest.mark.parametrize(
    ("target", "precision", "outputs"),
    [
        ("numpy", "float32", 1),
        ("numpy", "float64", 9),
        ("cython", "float64", 1),
        pytest.param("cpp_standalone", "float64", 1, marks=AT_LENGTH),
        pytest.param("cpp_standalone", "float32", 1, marks=AT_LENGTH),
        pytest.param("cpp_standalone", "float64", 9, marks=AT_LENGTH),
    ],
)
def test_a_run_that_is_resumed_is_the_run_that_was_not_cut_off(
    target, precision, outputs, neuron, tmp_path, monkeypatch
):
    (tmp_path / "teacher.py").write_text(SEVERAL)
    # Nine are fed back through one matrix.
    teacher = "sine" if outputs == 1 else str(tmp_path / "teacher.py")
    config = PROTOCOL.config(neuron=neuron, target=target, rls_precision=precision, teacher=teacher, **SIZE)
    _, whole = PROTOCOL.execute(config, tmp_path / "whole")
    cut_run(config, tmp_path / "cut", monkeypatch)
    assert_resumed(config, tmp_path / "cut", whole, outputs)


def assert_resumed(config, folder, whole, outputs=1):
    assert not list(folder.glob("*.nc"))
    resumed, dataset = PROTOCOL.execute(config, folder, resume=True)
    assert resumed.name == PROTOCOL.prepare(config, folder).path.name
    assert_equal_runs(whole, dataset)
    assert np.ptp(dataset.output.values) > 0 and dataset.sizes["spike"] > 100 and dataset.sizes["component"] == outputs
    # Nothing but the run file stays.
    assert [file.name for file in folder.iterdir()] == [resumed.name]


@pytest.mark.programs
def test_stretches_of_any_size_are_assembled(neuron, tmp_path):
    config = PROTOCOL.config(neuron=neuron, target="numpy", **SIZE)
    _, whole = PROTOCOL.execute(config, tmp_path / "whole")
    with dask.config.set({"array.chunk-size": "1kB"}):
        # As if each stretch were larger than what dask likes to hold.
        path, dataset = PROTOCOL.execute(config, tmp_path)
        assert_equal_runs(whole, dataset)
    assert_equal_runs(whole, load(path))


def limit_files(size):
    """Let files grow to ``size`` bytes at most from now on."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))


def fail_for_want_of_space(config, folder, monkeypatch, owner, name, filling):
    """Run with a method in whose place stands one that calls :func:`limit_files`."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        with monkeypatch.context() as context, pytest.raises(MachineError, match="cannot be written"):
            context.setattr(owner, name, filling)
            PROTOCOL.execute(config, folder)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


@pytest.mark.programs
def test_a_disk_that_is_full_at_the_end_keeps_the_checkpoints(neuron, tmp_path, monkeypatch):
    config = PROTOCOL.config(neuron=neuron, target="numpy", **SIZE)
    _, whole = PROTOCOL.execute(config, tmp_path / "whole")
    storable = lab_run.storable

    def fill_the_disk(dataset):
        limit_files(100_000)
        return storable(dataset)

    fail_for_want_of_space(config, tmp_path, monkeypatch, lab_run, "storable", fill_the_disk)
    assert not list(tmp_path.glob("*.nc")) and newest(tmp_path).name == "state-000000000600.nc"
    assert_equal_runs(whole, PROTOCOL.execute(config, tmp_path, resume=True)[1])


def test_without_resume_a_run_starts_anew_and_says_so(neuron, tmp_path, monkeypatch, caplog):
    config = PROTOCOL.config(neuron=neuron, target="numpy", **SIZE)
    cut_run(config, tmp_path, monkeypatch, n=2)
    # The second attempt is cut off at its first checkpoint: what it finds is its own.
    messages = []
    monkeypatch.setattr("snnlab.files.checkpoint._log.warning", messages.append)
    cut_run(config, tmp_path, monkeypatch, n=1)
    assert "starting anew" in messages[0] and "--resume" in messages[0]
    assert len(list(tmp_path.glob(".force_sine-*/1/state-*.nc"))) == 1


def newest(folder, kind="state"):
    return sorted(folder.glob(f".force_sine-*/1/{kind}-*.nc"))[-1]


def truncate(path):
    path.write_bytes(path.read_bytes()[:2000])


def with_attribute(name, value):
    def harm(path):
        dataset = load(path)
        dataset.attrs[name] = value
        dataset.to_netcdf(path, engine="h5netcdf")

    return harm


HARMS = {
    "truncated": truncate,
    "another run": with_attribute("run", "force_sine-0123456789ab"),
    "newer": with_attribute("format_version", 99),
    "target": with_attribute("target", "cpp_standalone"),
}


# These are tried by make test, and the others by make test-programs.
QUICKLY = [("truncated", "state"), ("another run", "part"), ("newer", "state")]


@pytest.fixture(scope="module")
def cut(neuron, tmp_path_factory):
    """A run that was cut off at its third checkpoint, the folder it lies in, and the whole run."""
    config = PROTOCOL.config(neuron=neuron, target="numpy", **SIZE)
    folder = tmp_path_factory.mktemp("cut")
    with pytest.MonkeyPatch.context() as monkeypatch:
        cut_run(config, folder, monkeypatch)
    return config, folder, PROTOCOL.execute(config, tmp_path_factory.mktemp("whole"))[1]


def test_in_numpy_a_run_that_is_resumed_is_the_run_that_was_not_cut_off(cut, tmp_path):
    config, folder, whole = cut
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    assert_resumed(config, tmp_path, whole)


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        pytest.param(word, kind, marks=() if (word, kind) in QUICKLY else pytest.mark.programs)
        for word in HARMS
        for kind in ("state", "part")
    ],
)
def test_a_checkpoint_that_cannot_be_used_is_named_and_the_one_before_is_used(word, kind, cut, tmp_path, monkeypatch):
    config, folder, whole = cut
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    HARMS[word](newest(tmp_path, kind))
    messages = []
    monkeypatch.setattr("snnlab.files.checkpoint._log.warning", messages.append)
    _, resumed = PROTOCOL.execute(config, tmp_path, resume=True)
    said = {"another run": "expected run force_sine", "newer": "format"}.get(word, word)
    assert len(messages) == 1 and said in messages[0] and "step 450" in messages[0]
    assert_equal_runs(whole, resumed)


def test_a_part_that_is_missing_is_noticed(cut, tmp_path, monkeypatch):
    config, folder, whole = cut
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    sorted(tmp_path.glob(".force_sine-*/1/part-*.nc"))[0].unlink()
    messages = []
    monkeypatch.setattr("snnlab.files.checkpoint._log.warning", messages.append)
    assert_equal_runs(whole, PROTOCOL.execute(config, tmp_path, resume=True)[1])
    assert len(messages) == 2


TWO = """
from snnlab import ForceConfig, train_force
import dataclasses, numpy as np, xarray as xr
Config = ForceConfig
def run(config, engine):
    runs = [train_force(config, lambda t, f=f: np.sin(2*np.pi*f*t), engine).output for f in (5, 7)]
    return xr.concat(runs, "network").to_dataset(name="output")
"""


@pytest.mark.programs
@pytest.mark.parametrize("target", ["numpy", PROGRAM])
def test_two_trainings_of_one_run_keep_their_checkpoints_apart(target, neuron, tmp_path, monkeypatch):
    (tmp_path / "two.py").write_text(TWO)
    protocol = find_protocol(str(tmp_path / "two.py"))
    config = protocol.config(neuron=neuron, target=target, **SIZE)
    _, whole = protocol.execute(config, tmp_path / "whole")
    assert np.abs(whole.output[0] - whole.output[1]).max() > 0.1
    with monkeypatch.context() as context:
        # In the second training: the first has four checkpoints.
        cut_off_after(context, 6)
        with pytest.raises((Cut, UserError)):
            protocol.execute(config, tmp_path)
    monkeypatch.chdir(tmp_path)
    # A relative folder, as the command line's default is.
    assert_equal_runs(whole, protocol.execute(config, Path("."), resume=True)[1])


def test_the_second_of_two_resumes_at_once_is_refused(neuron, tmp_path):
    size = SIZE | {"seconds": 0.05, "learn_start": 0.01, "learn_stop": 0.02, "checkpoint": 0.025}
    config = PROTOCOL.config(neuron=neuron, target="numpy", **size)
    with Checkpoints(PROTOCOL.prepare(config, tmp_path).path) as first:
        first.stage("numpy")
        with pytest.raises(UserError, match="is being computed by another process"):
            PROTOCOL.execute(config, tmp_path, resume=True)
    PROTOCOL.execute(config, tmp_path, resume=True)


@pytest.mark.programs
@pytest.mark.parametrize("target", ["numpy", PROGRAM])
def test_a_full_disk_is_said_and_the_last_good_checkpoint_stays(target, neuron, tmp_path, monkeypatch):
    config = PROTOCOL.config(neuron=neuron, target=target, **SIZE)
    _, whole = PROTOCOL.execute(config, tmp_path / "whole")
    save = Stage.save

    def save_then_fill(self, position, *arguments):
        save(self, position, *arguments)
        # What the next stretch writes is larger.
        limit_files(10_000)

    fail_for_want_of_space(config, tmp_path, monkeypatch, Stage, "save", save_then_fill)
    assert newest(tmp_path).name == "state-000000000150.nc"
    assert_equal_runs(whole, PROTOCOL.execute(config, tmp_path, resume=True)[1])


def kill_until_done(folder, neuron, target, kills, rng):
    """Start the run, kill it after a random time, resume, and so on; returns how many kills hit a running process."""
    size = [f"--{k.replace('_', '-')}={v}" for k, v in (SIZE | {"seconds": 6.0, "learn_stop": 5.0}).items()]
    command = [
        sys.executable,
        "-m",
        "snnlab.cli.main",
        "run",
        "force_sine",
        *size,
        "--neuron",
        neuron,
        "--target",
        target,
    ]
    command += ["--out", str(folder), "--no-figure", "--no-progress", "--resume"]
    hits = 0
    while True:
        process = subprocess.Popen(command, stderr=subprocess.PIPE, start_new_session=True)
        if hits < kills:
            before = checkpoints_in(folder)
            deadline = time.monotonic() + 60
            # Startup takes seconds: random moments are counted from the first sign of work.
            while checkpoints_in(folder) == before and process.poll() is None and time.monotonic() < deadline:
                time.sleep(0.01)
            time.sleep(rng.uniform(0, 0.4))
            if process.poll() is None:
                hits += 1
                whole_group = rng.random() < 0.5
                (os.killpg if whole_group else os.kill)(process.pid, signal.SIGKILL)
        error = process.communicate()[1].decode()
        if process.returncode != -signal.SIGKILL:
            assert process.returncode in (0, 3), error
            return hits


def checkpoints_in(folder):
    return {file.name for file in folder.glob(".force_sine-*/1/state-*.nc")}


def run_killed(neuron, target, kills, folder, seed):
    folder.mkdir()
    hits = kill_until_done(folder, neuron, target, kills, random.Random(seed))
    (path,) = folder.glob("*.nc")
    config = PROTOCOL.config(neuron=neuron, target=target, **SIZE | {"seconds": 6.0, "learn_stop": 5.0})
    assert_equal_runs(PROTOCOL.execute(config, folder / "whole")[1], load(path))
    return hits


@pytest.mark.programs
@pytest.mark.standalone
def test_a_run_survives_kills_at_random_moments(neuron, tmp_path):
    assert run_killed(neuron, "cpp_standalone", 3, tmp_path / "killed", 0) >= 1


@pytest.mark.science
@pytest.mark.parametrize("target", ["numpy", pytest.param("cpp_standalone", marks=pytest.mark.standalone)])
def test_a_run_survives_twenty_kills(target, neuron, tmp_path):
    hits = sum(run_killed(neuron, target, 5, tmp_path / f"killed{seed}", seed) for seed in range(10))
    assert hits >= 20
