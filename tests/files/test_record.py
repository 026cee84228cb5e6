"""Run files: what is written comes back, and what cannot be read or written is said in one line."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
import xarray as xr

from snnlab.errors import MachineError, UserError
from snnlab.files import record


@pytest.fixture
def dataset(rng):
    return xr.Dataset(
        {
            "output": (("time", "component"), rng.standard_normal((2000, 2)), {"units": "1"}),
            "voltage": (("time", "traced"), rng.standard_normal((2000, 1)).astype(np.float32), {"units": "V"}),
            "spike_neuron": ("spike", np.arange(5, dtype=np.int32)),
            "nothing": ("none", np.empty(0)),
        },
        coords={"time": ("time", np.arange(2000) * 1e-3, {"units": "s"})},
        attrs={
            "format_version": record.FORMAT_VERSION,
            "protocol": "force_sine",
            "config": json.dumps({"n": 200, "g": None, "parameters": ["µ=1"]}),
            "dt": 5e-5,
        },
    )


def test_a_run_comes_back_as_it_was_written(dataset, runs):
    path = runs / "a.nc"
    record.save(dataset, path)
    again = record.load(path, "force_sine")
    xr.testing.assert_identical(again, dataset)
    assert {k: v.dtype for k, v in again.variables.items()} == {k: v.dtype for k, v in dataset.variables.items()}
    assert record.attribute(again, "config") == {"n": 200, "g": None, "parameters": ["µ=1"]}
    assert [p.name for p in runs.iterdir()] == ["a.nc"]
    # Loaded into memory: the file may go.
    path.unlink()
    assert np.isfinite(again.output.values).all()


def test_saving_again_replaces_the_file(dataset, runs):
    path = runs / "a.nc"
    record.save(dataset, path)
    record.save(dataset.assign_attrs(dt=1.0), path)
    assert record.load(path).attrs["dt"] == 1.0


@pytest.mark.parametrize("part", [0.0, 0.01, 0.5, 0.9, 0.999])
def test_a_truncated_file_is_refused(part, dataset, runs):
    path = runs / "a.nc"
    record.save(dataset, path)
    content = path.read_bytes()
    path.write_bytes(content[: int(part * len(content))])
    with pytest.raises(UserError, match=r"run file: expected a complete NetCDF file, got .*a\.nc"):
        record.load(path)


def test_files_of_others_are_refused(dataset, runs):
    foreign = runs / "foreign.nc"
    dataset.drop_attrs().to_netcdf(foreign, engine="h5netcdf")
    with pytest.raises(UserError, match="expected a run of snnlab, got another NetCDF file"):
        record.load(foreign)
    text = runs / "text.nc"
    text.write_text("time,output\n0,1\n")
    classic = runs / "classic.nc"
    xr.Dataset({"x": ("t", [1.0])}).to_netcdf(classic, engine="scipy")
    for path in (text, classic):
        with pytest.raises(UserError, match="expected a complete NetCDF file"):
            record.load(path)


def test_newer_formats_other_protocols_and_missing_files_are_refused(dataset, runs):
    path = runs / "a.nc"
    record.save(dataset, path)
    with pytest.raises(UserError, match="expected a run of other, got one of force_sine"):
        record.load(path, "other")
    record.save(dataset.assign_attrs(format_version=record.FORMAT_VERSION + 1), path)
    with pytest.raises(
        UserError, match=rf"expected format <= {record.FORMAT_VERSION}, got {record.FORMAT_VERSION + 1}"
    ):
        record.load(path)
    for missing in (runs / "b.nc", runs):
        with pytest.raises(UserError, match="run file: expected a run of snnlab, got no file"):
            record.load(missing)


def test_a_failed_write_leaves_the_old_file_and_nothing_half(dataset, runs):
    with pytest.raises(MachineError, match="cannot be written"):
        record.save(dataset, runs / "missing" / "a.nc")
    assert not list(runs.iterdir())
    path = runs / "a.nc"
    record.save(dataset, path)
    # Fails in the middle: the second variable has no type that NetCDF knows.
    spoilt = xr.Dataset({"good": dataset.output, "bad": ("x", np.array([{}, {}], object))})
    with pytest.raises((TypeError, ValueError)):
        record.save(spoilt, path)
    assert [p.name for p in runs.iterdir()] == ["a.nc"]
    xr.testing.assert_identical(record.load(path), dataset)


def test_the_name_of_a_run_follows_configuration_and_contents():
    name = record.run_name("force_sine", {"n": 1, "seed": 0}, {"neuron": "abc"})
    assert name.startswith("force_sine-") and name.endswith(".nc")
    assert name == record.run_name("force_sine", {"seed": 0, "n": 1}, {"neuron": "abc"})
    others = [
        record.run_name("force_sine", {"n": 2, "seed": 0}, {"neuron": "abc"}),
        record.run_name("force_sine", {"n": 1, "seed": 1}, {"neuron": "abc"}),
        record.run_name("force_sine", {"n": 1, "seed": 0}, {"neuron": "abd"}),
        record.run_name("force_sine", {"n": 1, "seed": 0}, {}),
        record.run_name("force_sine", {"n": "1", "seed": 0}, {"neuron": "abc"}),
    ]
    assert len({name, *others}) == 6


def test_the_folder_is_made_or_refused(runs):
    record.check_writable(runs / "a" / "b")
    assert (runs / "a" / "b").is_dir()
    (runs / "file").touch()
    for folder in (runs / "file", runs / "file" / "below"):
        with pytest.raises(UserError, match=r"out: expected a writable folder, got .*"):
            record.check_writable(folder)
    with pytest.raises(UserError, match="json: expected a writable folder"):
        record.check_writable(runs / "file", "json")


def test_provenance_is_text():
    facts = record.provenance()
    assert all(isinstance(v, str) and v for v in facts.values())
    assert {"python", "snnlab", "brian2", "numpy"} <= set(json.loads(facts["versions"]))


def test_cpu_time_counts_this_process_and_programs_that_have_ended():
    def spent(work):
        start = record.cpu_time()
        work()
        return record.cpu_time() - start

    assert spent(lambda: sum(range(100_000))) > 0
    busy = "import time\nwhile time.process_time() < 0.2: pass"
    assert spent(lambda: subprocess.run([sys.executable, "-c", busy], check=True)) > 0.15


def test_lists_of_numbers_stand_in_one_line_of_json_and_nothing_else_changes(tmp_path):
    content = {
        "values": [1, -2.5, 3e-7],
        "none": [],
        "texts": ["a,  1", "[ 1,\n 2 ]"],
        "rows": [[1, 2], [3]],
        "one": [5],
    }
    record.write_json(tmp_path / "x.json", content)
    text = (tmp_path / "x.json").read_text()
    assert json.loads(text) == content
    assert '"values": [1, -2.5, 3e-07]' in text and '"one": [5]' in text


def test_a_cache_that_cannot_be_written_is_named_once_and_a_temporary_folder_takes_its_place(tmp_path, monkeypatch):
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    monkeypatch.setattr(record.tempfile, "tempdir", str(tmp_path))
    lines: list[str] = []
    monkeypatch.setattr(record._log, "warning", lines.append)
    for _ in range(2):
        assert record.writable_cache(blocked / "programs") == tmp_path / f"snnlab-{os.getuid()}" / "programs"
    (line,) = lines
    assert line.startswith(f"the folder {blocked}/programs cannot be written (Not a directory): using {tmp_path}")
    assert record.writable_cache(tmp_path / "good" / "programs") == tmp_path / "good" / "programs"
    monkeypatch.setattr(record.tempfile, "tempdir", str(blocked))
    with pytest.raises(MachineError, match=r"the folder .*file/snnlab-\d+/objects cannot be written: Not a directory"):
        record.writable_cache(blocked / "objects")
