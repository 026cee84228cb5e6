"""The form of a Dataset that a NetCDF file can hold: a run is stored whatever a user's protocol returns."""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable, Hashable, Mapping
from decimal import Decimal
from enum import Enum
from functools import partial
from numbers import Real
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import xarray as xr

# Readers apply these attributes of a variable to its values, which would then differ from what was stored.
_APPLIED = ("_FillValue", "missing_value", "scale_factor", "add_offset", "_Unsigned")


def storable(dataset: xr.Dataset) -> tuple[xr.Dataset, list[str]]:
    """Return what a NetCDF file can hold of a dataset, and one line for each part that is renamed or left out.

    Attributes: a bool becomes 0 or 1, a path or a date becomes text, a dict or a mixed list becomes JSON, and None is
    left out. Arrays of objects become numbers or text. A name that NetCDF does not allow is changed. The encoding of
    variables, which may round values, is dropped.

    Example
    -------
    >>> import xarray as xr
    >>> found, lines = storable(xr.Dataset(attrs={"fast": True, "by": {"g": 1}, "no": None, "big": 2**64}))
    >>> found.attrs
    {'fast': 1, 'by': '{"g": 1}'}
    >>> lines
    ["attribute 'big': expected numbers, text or JSON values, got 18446744073709551616"]
    """
    import xarray as xr

    lines: list[str] = []
    dataset = _renamed(_without_levels(dataset.drop_encoding(), lines), lines)
    variables = {}
    for name, variable in dataset.variables.items():
        attrs = _attributes(variable.attrs, lines, f"variable {name!r}: ", _APPLIED)
        try:
            variables[name] = xr.Variable(variable.dims, _array(variable), attrs)
        except ValueError as error:
            lines.append(f"variable {name!r}: {error}")
    attrs = _attributes(dataset.attrs, lines)
    if _refused(variables, attrs):
        # Each part is tried alone, because the whole tells only the first one.
        bare = {name: xr.Variable(each.dims, each.data) for name, each in variables.items()}
        kept = _only_storable("variable", bare, lambda name, each: _refused({name: each}, {}), lines)
        for name, each in kept.items():
            refused = partial(_refused_attribute, name, each)
            given = variables[name].attrs
            variables[name].attrs = _only_storable(f"variable {name!r}: attribute", given, refused, lines)
        variables = {name: variables[name] for name in kept}
        attrs = _only_storable("attribute", attrs, lambda name, value: _refused({}, {name: value}), lines)
    coords = {name: variables.pop(name) for name in dataset.coords if name in variables}
    return xr.Dataset(variables, coords, attrs), lines


def _refused_attribute(variable: Hashable, values: xr.Variable, name: Hashable, value: Any) -> str:
    """Return why NetCDF cannot hold a variable with this attribute; "" if it can."""
    import xarray as xr

    return _refused({variable: xr.Variable(values.dims, values.data, {name: value})}, {})


def _only_storable(
    kind: str, parts: Mapping, refused: Callable[[Hashable, Any], str], lines: list[str]
) -> dict[Hashable, Any]:
    """Return the parts that NetCDF can hold."""
    found = {}
    for name, each in parts.items():
        if reason := refused(name, each):
            lines.append(f"{kind} {name!r}: expected one that NetCDF can hold, got {reason}")
        else:
            found[name] = each
    return found


def _without_levels(dataset: xr.Dataset, lines: list[str]) -> xr.Dataset:
    """Replace each index of several levels by its levels, which stay as coordinates."""
    for name, index in dataset.indexes.items():
        if index.nlevels > 1 and name in dataset.dims:
            lines.append(f"variable {name!r}: expected an index of one level, got {list(index.names)}; these are kept")
            dataset = dataset.reset_index(name)
    return dataset


def _renamed(dataset: xr.Dataset, lines: list[str]) -> xr.Dataset:
    """Give variables and dimensions names that NetCDF allows."""
    taken = {*dataset.variables, *dataset.dims}
    changes: dict[Hashable, str] = {}
    for name in [*dataset.variables, *(dim for dim in dataset.dims if dim not in dataset.variables)]:
        good = str(name).replace("/", "_").replace("\0", "_")
        good = good if good.strip(" .") else "unnamed"
        if good == name:
            continue
        while good in taken:
            good += "_"
        taken.add(good)
        changes[name] = good
        lines.append(f"variable {name!r}: expected a name as text without '/', got {name!r}; it is kept as {good!r}")
    return dataset.rename(changes)


def _attributes(
    given: Mapping, lines: list[str], place: str = "", refused: tuple[str, ...] = ()
) -> dict[Hashable, Any]:
    """Return attributes in a form that NetCDF holds."""
    found: dict[Hashable, Any] = {}
    for name, value in given.items():
        if value is None:
            continue
        what = f"{place}attribute {name!r}"
        if name in refused:
            lines.append(f"{what}: expected an attribute that readers do not apply to the values, got {value!r}")
            continue
        try:
            found[name] = _plain(value)
        except ValueError:
            lines.append(f"{what}: expected numbers, text or JSON values, got {' '.join(repr(value).split()):.60}")
    return found


def _plain(value: Any) -> Any:
    """Return a value of an attribute as a number, text, or an array of them; raises ValueError for others."""
    if isinstance(value, Enum):
        return _plain(value.value)
    if isinstance(value, bool | np.bool_):
        return int(value)
    if isinstance(value, str | bytes | np.generic | complex) and not isinstance(value, np.datetime64 | np.timedelta64):
        return value
    if isinstance(value, PurePath | datetime.timedelta | np.datetime64 | np.timedelta64):
        return str(value)
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, int) and not -(2**63) <= value < 2**64:
        raise ValueError
    if isinstance(value, int | float):
        return value
    if isinstance(value, Real | Decimal):
        return float(value)
    if isinstance(value, dict):
        return _json(value)
    if isinstance(value, list | tuple | set | frozenset | range):
        return _plain_list([*value])
    if hasattr(value, "__array__"):
        return _plain_array(np.asarray(value))
    raise ValueError


def _plain_list(values: list) -> Any:
    """Return a list of numbers or of text as it is, and any other list as JSON."""
    try:
        kind = np.asarray(values).dtype.kind
    except ValueError:
        return _json(values)
    if kind == "b":
        return np.asarray(values, np.int8)
    return values if kind in "iufc" or (kind == "U" and all(isinstance(x, str) for x in values)) else _json(values)


def _plain_array(values: np.ndarray) -> Any:
    if values.ndim == 0:
        return _plain(values.item() if values.dtype.kind in "bO" else values[()])
    if values.dtype.kind == "b":
        return values.astype(np.int8)
    if values.dtype.kind in "Mm":
        return values.astype(str).tolist()
    return _json(values.tolist()) if values.dtype == object else values


def _json(value: Any) -> str:
    """Return a value as JSON; raises ValueError if a part of it has no such form."""

    def part(each: Any) -> Any:
        found = each.tolist() if isinstance(each, np.ndarray | np.generic) else _plain(each)
        if isinstance(found, bytes | complex):
            raise ValueError
        return found.tolist() if isinstance(found, np.ndarray | np.generic) else found

    try:
        return json.dumps(value, default=part)
    except (TypeError, RecursionError):
        raise ValueError from None


def _array(variable: xr.Variable) -> Any:
    """Return the values of a variable as numbers, text or dates; raises ValueError with a reason for others."""
    if isinstance(variable.dtype, np.dtype) and variable.dtype.kind not in "OVUSM":
        return variable.data if variable.chunks else variable.values
    values = variable.values
    if values.dtype.kind == "M":
        # Readers cannot show other dates without a further library.
        years = values.astype("M8[Y]")
        return (
            values
            if not ((years < np.datetime64("1678")) | (years > np.datetime64("2261"))).any()
            else values.astype(str)
        )
    parts = [] if values.dtype.kind == "V" else [None if _missing(each) else each for each in values.ravel().tolist()]
    kinds = sorted({type(each).__name__ for each in parts if each is not None}) or [str(values.dtype)]
    expected = ValueError(f"expected an array of numbers or of text, got one of {', '.join(kinds[:4])}")
    if parts and all(each is None or isinstance(each, int | float | np.number) for each in parts):
        if all(isinstance(each, int | np.integer) for each in parts):
            try:
                return np.array(parts, np.int64).reshape(values.shape)
            except OverflowError:
                raise ValueError("expected integers of at most 64 bits, got larger ones") from None
        return np.array([np.nan if each is None else float(each) for each in parts]).reshape(values.shape)
    try:
        texts = ["" if each is None or each != each else _plain(each) for each in parts]
        if values.dtype.kind != "S":
            "".join(texts).encode()
    except (TypeError, ValueError):
        raise expected from None
    if values.dtype.kind in "US":
        return values
    if not parts:
        raise expected
    return np.array(texts, object).reshape(values.shape)


def _missing(value: Any) -> bool:
    """Tell whether an element is None or a missing value of pandas."""
    return value is None or type(value).__name__ in ("NAType", "NaTType")


def _refused(variables: Mapping, attrs: Mapping) -> str:
    """Return why a file cannot hold variables of these kinds and these attributes, or gives back others; "" if it can.

    Readers apply some attributes: numbers with the units "days since 2000-01-01" are read as dates, and those with the
    units "s since onset" cannot be read at all.
    """
    import xarray as xr

    sample = xr.Dataset({name: _sample(each) for name, each in variables.items()}, attrs=attrs)
    try:
        sample.to_netcdf(engine="h5netcdf")
        # A reader of the file decodes it in this way.
        read = xr.decode_cf(sample)
    except Exception as error:
        return " ".join(f"{type(error).__name__}: {error}".split())[:150]
    same = attrs.keys() <= read.attrs.keys() and all(
        _kind(each) == _kind(read.variables[name]) and each.attrs.keys() <= read.variables[name].attrs.keys()
        for name, each in sample.variables.items()
    )
    return "" if same else "one that readers apply to the values"


def _kind(variable: xr.Variable) -> str:
    """Return the kind of the values. Text has several types."""
    return "text" if variable.dtype.kind in "OSU" else variable.dtype.kind


def _sample(variable: xr.Variable) -> xr.Variable:
    """Return a variable with the same names, attributes and kind of values, and at most one value."""
    return variable[tuple(slice(0, 1) for _ in variable.dims)]
