"""A machine that memorises a word: settings, reduced runs, resuming, what it measures."""

import dataclasses

import numpy as np
import pytest
import xarray as xr

from snnlab.cli.main import main
from snnlab.errors import MachineError, UserError
from snnlab.files import keeping as boltzmann_keeping
from snnlab.files.record import load
from snnlab.lab.figure import find_figure
from snnlab.lab.protocol import find_protocol
from snnlab.lab.run import controls_fail
from snnlab.networks.boltzmann import load_machine, load_state, memory
from snnlab.networks.boltzmann import program as boltzmann_program
from snnlab.networks.boltzmann import runtime as boltzmann_runtime
from snnlab.stimuli.pictures.bitmaps import word

PROTOCOL = find_protocol("dybm_science")


def test_looks_are_evenly_spaced_in_the_logarithm_and_hold_the_checkpoints():
    chosen = memory.looks(300_000, (10, 120_000, 10**9))
    assert chosen == sorted(set(chosen)) and chosen[0] == 0 and chosen[-1] == 300_000
    assert {1, 10, 100, 120_000} <= set(chosen) and 50 < len(chosen) < 75
    assert memory.looks(1) == [0, 1]


@pytest.mark.standalone
def test_the_reduced_preset_recalls_its_word_and_its_control_does_not(tmp_path):
    recalls = []
    for seed in (100, 101):
        path, dataset = PROTOCOL.execute(PROTOCOL.config(quick=True, seed=seed), tmp_path)
        assert not controls_fail(PROTOCOL.checks(dataset))
        machine, traces = load_machine(path)
        recalled = machine.generate(len(word("SUN")), traces)
        recalls.append(PROTOCOL.measure(dataset)["recalled at the end (1: yes)"])
        assert recalls[-1] == float((recalled == word("SUN")).all()) == float(np.isfinite(dataset.recalled_after))
        assert int(dataset.wrong[-1]) == (recalled != word("SUN")).sum()
        _, broken = PROTOCOL.execute(PROTOCOL.config(quick=True, seed=seed, control="shuffled_teacher"), tmp_path)
        assert controls_fail(PROTOCOL.checks(broken)) and int(broken.wrong[-1]) > 0
    # Whether a machine recalls all in time is a matter of its initial state; some do.
    assert sum(recalls) > 0


@pytest.mark.standalone
def test_recall_at_the_last_period_counts_and_what_needs_no_training_is_refused(tmp_path):
    whole = PROTOCOL.config(sequence="I", periods=400, seed=1)
    _, dataset = PROTOCOL.execute(whole, tmp_path)
    needed = int(dataset.recalled_after)
    assert 1 < needed < 400 and int(dataset.period[-1]) == needed
    _, again = PROTOCOL.execute(dataclasses.replace(whole, periods=needed), tmp_path)
    assert int(again.recalled_after) == needed and int(again.wrong[-1]) == 0
    # Steps that are all off are recalled without training, so such a sequence is refused.
    (tmp_path / "blank.txt").write_text("0000\n0000\n")
    with pytest.raises(UserError, match=r"sequence: expected ones and zeros, got .*blank\.txt"):
        PROTOCOL.prepare(PROTOCOL.config(sequence=str(tmp_path / "blank.txt")))
    untrained = dataset.isel(period=[0])
    with pytest.raises(UserError, match="run: expected a machine that was trained"):
        find_figure("osogami2015_science").draw([untrained])


@pytest.mark.programs
@pytest.mark.standalone
def test_a_killed_training_goes_on_from_its_last_part(tmp_path, monkeypatch):
    monkeypatch.setattr(boltzmann_keeping, "KEEP_SECONDS", 0.0)
    config = PROTOCOL.config(sequence="SUN", periods=1000, seed=3)
    _, whole = PROTOCOL.execute(config, tmp_path / "whole")
    real, calls = boltzmann_program.execute, []

    def cut(*arguments):
        calls.append(1)
        if len(calls) == 12:
            # Not an interruption, on which the last stretch is kept in any case.
            raise MachineError("cut")
        return real(*arguments)

    monkeypatch.setattr(boltzmann_program, "execute", cut)
    with pytest.raises(MachineError, match="cut"):
        PROTOCOL.execute(config, tmp_path / "cut")
    assert not list((tmp_path / "cut").glob("*.nc"))
    done = len(calls)
    _, resumed = PROTOCOL.execute(config, tmp_path / "cut", resume=True)
    assert len(calls) < done + len(whole.period)
    for name in whole:
        np.testing.assert_array_equal(resumed[name], whole[name])


def interrupted_after(monkeypatch, stretches):
    """Interrupt a run in numpy behind so many stretches of training."""
    advance, calls = boltzmann_runtime.RuntimeTrainer.advance, []

    def cut(self, *arguments):
        calls.append(1)
        if len(calls) > stretches:
            raise KeyboardInterrupt
        return advance(self, *arguments)

    monkeypatch.setattr(boltzmann_runtime.RuntimeTrainer, "advance", cut)


@pytest.mark.programs
def test_an_interruption_keeps_the_last_stretch_and_says_so(tmp_path, monkeypatch, capsys):
    # No checkpoint is due before.
    options = [
        "--sequence",
        "SC",
        "--periods",
        "12",
        "--seed",
        "3",
        "--target",
        "numpy",
        "--no-progress",
        "--no-figure",
    ]
    config = PROTOCOL.config(sequence="SC", periods=12, seed=3, target="numpy")
    _, whole = PROTOCOL.execute(config, tmp_path / "whole")
    arguments = ["run", "dybm_science", *options, "--resume", "--out", str(tmp_path / "runs")]
    for stretches, told in ((0, "nothing kept yet"), (4, "kept at period 4; --resume goes on")):
        with monkeypatch.context() as patched:
            interrupted_after(patched, stretches)
            assert main(arguments) == 130
        error = capsys.readouterr().err
        assert told in error and "--resume finds no checkpoint of this run" in error
        assert not list(tmp_path.glob("runs/*.nc"))
    main(arguments)
    error = capsys.readouterr().err
    assert "going on from period 4" in error and "finds no checkpoint" not in error
    (path,) = (tmp_path / "runs").glob("*.nc")
    for name, values in whole.items():
        np.testing.assert_array_equal(load(path)[name], values, name)


@pytest.mark.programs
def test_a_run_file_says_from_where_training_goes_on(tmp_path):
    config = PROTOCOL.config(sequence="SC", periods=6, seed=3, target="numpy")
    path, dataset = PROTOCOL.execute(config, tmp_path)
    (machine, traces), state = load_machine(path), load_state(path)
    np.testing.assert_array_equal(state.traces.alpha, traces.alpha)
    further = machine.fit(word("SC"), 4, target="numpy", state=state)
    _, longer = PROTOCOL.execute(dataclasses.replace(config, periods=10), tmp_path)
    assert int(longer.period[-1]) == 10 and further.periods == 4
    for name in ("bias", "u", "v"):
        np.testing.assert_array_equal(getattr(further.machine, name), longer[name][-1])
        np.testing.assert_array_equal(further.state.squares[name], longer[f"{name}_squares"])
    np.testing.assert_array_equal(further.state.turn, longer.turn)
    assert further.state.shown == str(longer.schedule.values)
    # A file of before.
    dataset.drop_vars(["turn", "schedule", *(f"{name}_squares" for name in ("bias", "u", "v"))]).to_netcdf(
        tmp_path / "old.nc", engine="h5netcdf"
    )
    np.testing.assert_array_equal(load_machine(tmp_path / "old.nc")[0].u, machine.u)
    with pytest.raises(
        UserError, match=r"run file: expected a file with a training state, got an older one, .*old\.nc"
    ):
        load_state(tmp_path / "old.nc")


@pytest.mark.programs
def test_progress_is_in_whole_numbers_and_ends_where_training_did(tmp_path, capsys):
    config = PROTOCOL.config(sequence="I", periods=4000, target="numpy", seed=1)
    _, dataset = PROTOCOL.execute(config, tmp_path, progress=True)
    last = capsys.readouterr().err.split("\r")[-1]
    assert f" {int(dataset.recalled_after):,} of 4,000 periods [" in last and last.startswith("recalled: ")
    assert "left" not in last and "100%" not in last


@pytest.mark.programs
def test_numpy_does_it_without_a_compiler(tmp_path):
    config = PROTOCOL.config(sequence="I", periods=40, target="numpy", seed=1)
    _, dataset = PROTOCOL.execute(config, tmp_path)
    assert dataset.attrs["target"] == "numpy" and dataset.period[0] == 0
    assert dataset.nll.dims == ("period",) and np.isfinite(dataset.nll).all()


def test_other_runs_hold_no_machine(tmp_path):
    filters = find_protocol("synaptic_filters")
    path, _ = filters.execute(filters.config(quick=True), tmp_path)
    with pytest.raises(
        UserError, match="run file: expected a run with a Boltzmann machine, got one of synaptic_filters"
    ):
        load_machine(path)


def test_what_is_measured():
    sequence = np.eye(4, 3, dtype=np.uint8)
    dataset = xr.Dataset(
        {
            "sequence": (("step", "neuron"), sequence),
            "nll": ("period", [120.0, 6.0]),
            "wrong": ("period", [6, 0]),
            "missed": ("period", [5, 3]),
            "u": (("checkpoint", "pre", "post"), np.array([[[1.0, 2.0]], [[4.0, -2.0]], [[9.0, 9.0]]])),
        },
        {"period": [0, 50], "checkpoint": [0, 10, 50]},
    )
    measured = PROTOCOL.measure(dataset)
    assert measured["change of u in the first 10 periods (root mean square)"] == pytest.approx(12.5**0.5)
    assert measured["bits less likely than not, when shown (share)"] == 0.25
    assert measured["recalled at the end (1: yes)"] == 1 and measured["periods up to the first whole recall"] == 50
    assert measured["negative log likelihood at the end (nats a bit; chance 0.693)"] == 0.5
    dataset.wrong[-1] = 1
    assert "periods up to the first whole recall" not in PROTOCOL.measure(dataset)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"sequence": "SPIKE"}, "sequence: expected the letters .*, got 'K'"),
        ({"sequence": "missing.png"}, "sequence: expected a picture, got 'missing.png'"),
        ({"periods": 0}, "periods: expected an integer from 1 to 1,000,000,000,000, got 0"),
        ({"longest_delay": 0}, "longest_delay: expected an integer from 1 to 29, got 0"),
        ({"longest_delay": 2.5}, "longest_delay: expected an integer from 1 to 29, got 2.5"),
        ({"lam": (0.5, 1.5)}, "lam: expected decay rates between 0 and 1"),
        ({"temperature": 0.0}, "temperature: expected a number > 0, got 0"),
        ({"initial_size": -1.0}, "initial_size: expected a number >= 0, got -1"),
        ({"timing": "late"}, "timing: expected one of .*, got 'late'"),
        ({"target": "cython"}, "target: expected one of .*, got 'cython'"),
    ],
    ids=str,
)
def test_bad_settings_are_refused_by_name_and_nothing_is_written(tmp_path, changes, message):
    with pytest.raises(UserError, match=message):
        PROTOCOL.execute(PROTOCOL.config(**{"target": "numpy"} | changes), tmp_path / "runs")
    assert not list(tmp_path.rglob("*.nc"))


def test_the_stages_of_both_trainers_have_the_same_numbers():
    header = (boltzmann_program.Path(boltzmann_program.__file__).with_name("cpp") / "program.h").read_text()
    names = ", ".join(stage.name for stage in boltzmann_runtime.Stage)
    assert f"enum Stage {{ {names} }};" in header
