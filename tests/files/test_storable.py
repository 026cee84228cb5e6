"""Whatever a user's protocol returns, what NetCDF can hold is stored as it is, and the rest is named in one line."""

import datetime
import io
import json
from enum import Enum
from fractions import Fraction
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from snnlab.cli.main import main
from snnlab.files import record
from snnlab.files.storable import storable


def stored(dataset):
    """The dataset as it is read from its file, and the lines about it."""
    found, lines = storable(dataset)
    return xr.load_dataset(io.BytesIO(found.to_netcdf(engine="h5netcdf")), engine="h5netcdf"), lines


KEPT = [
    (True, 1),
    (np.bool_(False), 0),
    (np.array([True, False]), [1, 0]),
    ([True, False], [1, 0]),
    (Path("a") / "b", "a/b"),
    (datetime.date(2020, 1, 2), "2020-01-02"),
    (datetime.datetime(2020, 1, 2, 3), "2020-01-02T03:00:00"),
    (np.datetime64("2020-01-02"), "2020-01-02"),
    (pd.Timestamp("2020-01-02"), "2020-01-02T00:00:00"),
    ({"a": np.arange(2), "b": Path("c"), "d": None}, '{"a": [0, 1], "b": "c", "d": null}'),
    ([1, "a", None], '[1, "a", null]'),
    ([1, "a"], '[1, "a"]'),
    ([[1], [2, 3]], "[[1], [2, 3]]"),
    ([2**70], f"[{2**70}]"),
    (np.array([None, 1], object), "[null, 1]"),
    (xr.DataArray(2.5), 2.5),
    (Fraction(1, 4), 0.25),
    (Enum("Kind", "A").A, 1),
    ([1.5, 2], [1.5, 2.0]),
    (["a", "b"], ["a", "b"]),
    ("text", "text"),
    (range(3), [0, 1, 2]),
]


@pytest.mark.parametrize(("value", "expected"), KEPT, ids=[repr(value)[:30] for value, _ in KEPT])
def test_an_attribute_is_stored_in_a_form_that_can_be_read(value, expected):
    for give in (lambda attrs: xr.Dataset(attrs=attrs), lambda attrs: xr.Dataset({"x": ((), 1.0, attrs)}).x):
        dataset = give({"k": value, "none": None})
        found, lines = stored(dataset if isinstance(dataset, xr.Dataset) else dataset.to_dataset())
        attrs = found.attrs if isinstance(dataset, xr.Dataset) else found.x.attrs
        got = attrs["k"]
        assert (got.tolist() if isinstance(got, np.ndarray) else got) == expected and not lines and "none" not in attrs


@pytest.mark.parametrize(
    "attrs",
    [{"k": 2**70}, {"k": object()}, {"k": max}, {"k": "a\0b"}, {"k": {"f": max}}, {3: 1}, {"": 1}, {"CLASS": "x"}],
)
def test_an_attribute_that_cannot_be_stored_is_named_and_the_rest_is_kept(attrs):
    for dataset in (xr.Dataset({"x": 1.0}, attrs=attrs | {"n": 3}), xr.Dataset({"x": ((), 1.0, attrs | {"n": 3})})):
        found, (line,) = stored(dataset)
        assert f"attribute {next(iter(attrs))!r}: expected" in line and ", got " in line
        assert found.x == 1.0 and 3 in (found.attrs.get("n"), found.x.attrs.get("n"))


def test_an_attribute_that_readers_apply_to_values_does_not_change_them():
    for name in ("scale_factor", "_FillValue", "missing_value"):
        found, (line,) = stored(xr.Dataset({"x": ("d", [1.0, 2.0], {name: 2.0})}))
        assert found.x.values.tolist() == [1.0, 2.0] and name in line
    # An encoding from another file would round the values.
    packed = xr.Dataset({"x": ("d", [1.5, 2.5])})
    packed.x.encoding = {"dtype": "i2"}
    assert stored(packed)[0].x.values.tolist() == [1.5, 2.5]


@pytest.mark.parametrize(
    ("values", "attrs"),
    [
        ([1.0, 2.0], {"units": "s since onset"}),
        ([1.0, 2.0], {"units": "hours since 2020-01-01"}),
        ([0, 1], {"dtype": "bool"}),
        ([1.0, 2.0], {"coordinates": "y"}),
        (np.array(["2020-01-01", "2020-01-02"], "M8[ns]"), {"units": "s"}),
        (np.array([1, 2], "m8[ns]"), {"units": "s"}),
    ],
)
def test_an_attribute_with_which_other_values_would_be_read_is_left_out_and_the_array_is_kept(values, attrs):
    dataset = xr.Dataset({"x": ("d", values, attrs | {"long_name": "x"}), "y": ("d", [3.0, 4.0])})
    found, (line,) = stored(dataset)
    np.testing.assert_array_equal(found.x.values, np.asarray(values))
    assert found.x.values.dtype.kind == np.asarray(values).dtype.kind and found.x.attrs == {"long_name": "x"}
    assert line.startswith(f"variable 'x': attribute {next(iter(attrs))!r}: expected one that NetCDF can hold, got ")
    assert found.y.sum() == 7
    # The same attribute does no harm to the Dataset, except the one that lists coordinates.
    assert len(stored(xr.Dataset({"y": 1.0}, attrs=attrs))[1]) == ("coordinates" in attrs)


ARRAYS = [
    (np.array(["a", None], object), ["a", ""]),
    (np.array([1, None], object), [1.0, np.nan]),
    (np.array([1, 2], object), [1, 2]),
    ([Path("a"), Path("b")], ["a", "b"]),
    ([datetime.date(2020, 1, 1)] * 2, ["2020-01-01"] * 2),
    (np.array(["0001-01-01", "2020-01-01"], "M8[s]"), ["0001-01-01T00:00:00", "2020-01-01T00:00:00"]),
    (pd.Categorical(["a", "b"]), ["a", "b"]),
    (pd.array([1, None], dtype="Int64"), [1.0, np.nan]),
    (np.array([True, False]), [True, False]),
    ([1 + 2j, 0], [1 + 2j, 0]),
]


@pytest.mark.parametrize(("values", "expected"), ARRAYS, ids=[repr(values)[:30] for values, _ in ARRAYS])
def test_an_array_is_stored_as_numbers_or_text(values, expected):
    found, lines = stored(xr.Dataset({"x": ("d", values)}))
    np.testing.assert_array_equal(found.x.values, np.array(expected, found.x.dtype))
    assert not lines


@pytest.mark.parametrize(
    "values",
    [
        np.array([{}, 1], object),
        np.array([[1], [1, 2]], object),
        np.array([2**70, 1], object),
        np.zeros(2, [("a", "f8"), ("b", "i4")]),
        pd.interval_range(0, 2),
        np.array(["a\ud800", "b"], object),
    ],
    ids=lambda values: str(values)[:30],
)
def test_an_array_of_another_kind_is_left_out_and_named(values):
    found, (line,) = stored(xr.Dataset({"x": ("d", values), "y": ("d", [1.0, 2.0])}))
    assert line.startswith("variable 'x': expected ") and list(found) == ["y"] and found.y.sum() == 3


def test_a_name_that_is_not_allowed_is_changed_and_an_index_of_several_levels_is_taken_apart():
    found, lines = stored(xr.Dataset({"a/b": ("c/d", [1.0]), 3: 2.0, ".": 3.0, "a_b": 4.0}))
    assert {str(name): float(each.sum()) for name, each in found.items()} == {
        "a_b_": 1.0, "3": 2.0, "unnamed": 3.0, "a_b": 4.0
    }  # fmt: skip
    assert len(lines) == 4 and found["a_b_"].dims == ("c_d",)
    levels = xr.Dataset(coords={"m": ("d", [1, 2]), "n": ("d", [3, 4])}).set_index(d=["m", "n"])
    found, (line,) = stored(levels)
    assert found.m.values.tolist() == [1, 2] and found.n.values.tolist() == [3, 4] and "'d'" in line


OWN = """
from dataclasses import dataclass
import numpy as np, xarray as xr
from snnlab import Check

@dataclass(frozen=True)
class Config:
    seed: int = 0

def run(config, engine):
    return xr.Dataset({"x": ("d", np.arange(3.0)), "a/b": 1.0}, attrs={"fast": True, "f": max})

def checks(dataset):
    return [Check("x", dataset.x.values.mean(), 0.0, 9.0, "mine")]
"""


def test_the_run_is_kept_and_the_line_is_said_each_time(tmp_path, capsys):
    (tmp_path / "own.py").write_text(OWN)
    for command in (["run", "--no-progress"], ["study", "--seeds", "0:1"], ["study", "--seeds", "0:1"]):
        out = ["--out", str(tmp_path / "runs")]
        assert main([command[0], str(tmp_path / "own.py"), *command[1:], *out]) == 2
        line = capsys.readouterr().err.splitlines()[-1]
        assert "run: variable 'a/b': expected a name as text without '/', got 'a/b'" in line and "(and 1 more)" in line
    (path,) = (tmp_path / "runs").glob("*.nc")
    kept = record.load(path)
    assert kept.x.sum() == 3 and kept.attrs["fast"] == 1 and "f" not in kept.attrs
    assert len(json.loads(kept.attrs["left_out"])) == 2 and json.loads(kept.attrs["checks"])[0]["holds"]


def test_attributes_are_changed_without_touching_arrays(tmp_path, rng):
    dataset = xr.Dataset({"x": ("d", rng.random(3000))}, attrs={"format_version": 2, "protocol": "a", "checks": "[]"})
    record.save(dataset, tmp_path / "a.nc")
    record.set_attributes(tmp_path / "a.nc", {"checks": "x" * 100_000})
    again = record.load(tmp_path / "a.nc")
    xr.testing.assert_identical(again, dataset.assign_attrs(checks="x" * 100_000))
    assert [path.name for path in tmp_path.iterdir()] == ["a.nc"]
