"""`snnlab compare` and `snnlab claims` on stored runs of a small protocol."""

import json

import numpy as np
import pytest
import xarray as xr

from snnlab.cli.main import main
from snnlab.equality import equal
from snnlab.files.record import load, save
from snnlab.lab.compare import compare, variable_differences

PROTOCOL = '''"""Numbers."""
from dataclasses import dataclass

import numpy as np
import xarray as xr

from snnlab import Check

CONTROLS = {"still": {"size": 0.0}}


@dataclass(frozen=True)
class Config:
    size: float = 1.0
    shift: float | None = None
    seed: int = 0


def settle(config):
    import dataclasses
    return dataclasses.replace(config, shift=config.size / 2) if config.shift is None else config


def run(config, engine):
    x = config.size * engine.rng("x").random(5) + config.shift
    values = {"x": ("n", x), "n": ("n", np.arange(5)), "seconds": ((), np.random.default_rng().random())}
    return xr.Dataset(values | ({"more": ((), 1.0)} if config.size > 2 else {}), attrs={"unit": f"{config.size} V"})


def checks(dataset):
    return [Check("largest value", float(dataset["x"].max()), 0.1, 1.6, "ours")]
'''


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    """Paths of runs of the protocol by name."""
    folder = tmp_path_factory.mktemp("stored")
    (folder / "numbers.py").write_text(PROTOCOL)
    found = {}
    for name, options in {
        "first": [],
        "other seed": ["--seed", "1"],
        "larger": ["--size", "3"],
        "given": ["--shift", "0.5"],
        "still": ["--size", "0"],
    }.items():
        for place in ("a", "b"):
            out = folder / place / name.replace(" ", "_")
            main(["run", str(folder / "numbers.py"), "--no-progress", "--out", str(out), *options])
            found[name, place] = str(next(out.glob("*.nc")))
    return found


def test_two_runs_of_one_setting_are_equal_but_for_measured_times(stored, capsys):
    paths = stored["first", "a"], stored["first", "b"]
    assert float(load(paths[0]).seconds) != float(load(paths[1]).seconds)
    assert main(["compare", *paths]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == (
        "the runs are equal; 2 variables are equal bit for bit; not compared: seconds"
    )
    # A value that is given as it would be settled changes no result.
    assert main(["compare", stored["first", "a"], stored["given", "a"]]) == 0


def test_settings_variables_and_attributes_that_differ_are_named(stored, capsys):
    assert main(["compare", stored["first", "a"], stored["larger", "a"]]) == 1
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["size,", "given", "1.0", "3.0"] in rows and ["shift", "0.5", "1.5"] in rows
    assert ["unit", "1.0", "V", "3.0", "V"] in rows and ["more", "only", "in", "B"] in rows
    found = compare(*(load(stored[name, "a"]) for name in ("first", "larger")))
    x, y = (load(stored[name, "a"])["x"].values for name in ("first", "larger"))
    (difference,) = (each for each in found.variables if each.name == "x")
    assert difference.absolute == np.abs(x - y).max() and difference.relative == difference.absolute / y.max()
    assert not found.equal and found.same == 1
    (seed,) = compare(*(load(stored[name, "a"]) for name in ("first", "other seed"))).settings
    assert seed == ("seed, given", "0", "1")


def test_variables_are_compared_bit_for_bit_with_nan_shapes_and_types():
    def differences(a, b):
        return [(each.what, each.absolute) for each in variable_differences(*map(dataset, (a, b)))]

    def dataset(values):
        return xr.Dataset({"x": ("k", np.asarray(values))})

    assert differences([1.0, np.nan], [1.0, np.nan]) == [] == differences(["a", "b"], ["a", "b"])
    assert differences([1.0, np.nan], [1.0 + 2**-52, np.nan]) == [("differs", 2**-52)]
    assert differences([1.0, np.inf], [1.5, 2.0]) == [("differs", np.inf)]
    assert differences([True, False], [True, True]) == [("differs", 1.0)]
    assert [what for what, _ in differences([1, 2], [1.0, 2.0])] == ["int64[2] and float64[2]"]
    assert [what for what, _ in differences([1, 2], [1, 2, 3])] == ["int64[2] and int64[3]"]
    assert [what for what, _ in differences(["a", "b"], ["a", "cc"])] == ["differs in 1 of 2 values"]


def test_a_run_equals_itself_and_other_dimensions_or_units_are_seen():
    days = np.array(["2020-01-01", "NaT"], "M8[ns]")
    a = xr.Dataset({"x": ("k", [2**62, 1]), "when": ("k", days)}, attrs={"config": "{}", "gain": np.nan})
    assert compare(a, a.copy(deep=True)).equal
    units = a.assign(x=("k", a.x.values, {"units": "V"}))
    (found,) = compare(units, units.assign(x=("k", a.x.values, {"units": "mV"}))).variables
    assert (found.name, found.what) == ("x", "units V and mV")
    assert [d.what for d in variable_differences(a, a.assign(x=("i", a.x.values)))] == ["dimensions k and i"]
    # A double does not hold both of these integers.
    (found,) = variable_differences(a, a.assign(x=("k", [2**62 + 1, 1])))
    assert found.absolute == 1 and found.relative == 2.0**-62


def test_nan_equals_nan_in_each_place():
    nan = float("nan")
    assert equal(nan, np.nan) and equal({"a": [1, nan]}, {"a": (1, nan)}) and equal(np.array([nan]), [nan])
    assert not equal(nan, 1.0) and not equal("a", 1) and not equal([nan], [nan, nan])


def test_versions_are_shown_but_do_not_count(stored, tmp_path, capsys):
    run = load(stored["first", "a"])
    run.attrs["versions"] = json.dumps(json.loads(run.attrs["versions"]) | {"brian2": "0.0"})
    save(run, tmp_path / "old.nc")
    assert main(["compare", stored["first", "a"], str(tmp_path / "old.nc")]) == 0
    assert any(line.startswith("brian2") and line.endswith("0.0") for line in capsys.readouterr().out.splitlines())


def test_claims_of_several_runs_are_one_table(stored, capsys):
    names = ("first", "other seed", "still")
    paths = [stored[name, "a"] for name in names]
    assert main(["claims", *paths]) == 0
    rows = capsys.readouterr().out.splitlines()
    assert [row.split()[1:4] for row in rows[1:]] == [
        ["default", "0", "holds"],
        ["default", "1", "holds"],
        ["still", "0", "FAILS"],
    ]
    assert main(["claims", *paths, stored["larger", "a"]]) == 3
    assert "FAILS" in capsys.readouterr().out.splitlines()[-1]
    assert main(["claims", *paths, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [each["checks"][0]["holds"] for each in found] == [True, True, False]
    assert [(each["file"], each["condition"]) for each in found] == [
        (path, "still" if name == "still" else "default") for name, path in zip(names, paths, strict=True)
    ]


def test_files_that_are_no_runs_are_refused_before_anything_is_printed(stored, tmp_path, capsys):
    run, broken = stored["first", "a"], tmp_path / "broken.nc"
    broken.write_bytes(b"no run")
    for arguments, words in {
        ("compare", run): "compare: expected two run files, got",
        ("compare", run, "--all"): "compare: expected two run files, got",
        ("compare", run, "missing.nc"): "run file: expected a run of snnlab, got no file 'missing.nc'",
        ("compare", run, str(broken)): "run file: expected a complete NetCDF file, got",
        ("claims", run, str(broken)): "run file: expected a complete NetCDF file, got",
        ("claims", "--json"): "claims: expected run files, and optionally --json, got none",
    }.items():
        assert main([*arguments]) == 2
        printed = capsys.readouterr()
        assert printed.err.startswith(f"snnlab: {words}") and printed.err.count("\n") == 1 and not printed.out
