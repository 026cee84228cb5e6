"""Attributes of the variables of a run: a ``long_name`` for each, and units for each number (docs/run_file.md)."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import xarray as xr

Names = Mapping[str, tuple[str, str | None]]
"""Variable -> its long_name and its units. The units are None for text, and for a variable that states its own units
because they depend on a model."""

# Several families write these variables.
SHARED: Names = {
    "time": ("time since the start of the run", "s"),
    "output": ("output that is decoded from the network", "1"),
    "teacher": ("signal that the output is taught", "1"),
    "traced": ("index of a neuron that is recorded over time", "1"),
    "recorded": ("index of a neuron whose spikes are recorded", "1"),
    "spike_time": ("time of a spike", "s"),
    "spike_neuron": ("index of the neuron that fired", "1"),
    "sign": ("sign of a neuron's recurrent weights: 1 excites, -1 inhibits, 0 does both", "1"),
    "pre": ("index of the presynaptic neuron", "1"),
    "post": ("index of the postsynaptic neuron", "1"),
    "accuracy": ("share of test images that are classified right", "1"),
    "validation": ("share of held-out training images that are classified right", "1"),
    "beta": ("ridge penalty of the readout", "1"),
    "readout": ("what is read out", None),
}


def describe(dataset: xr.Dataset, *tables: Names) -> xr.Dataset:
    """Return a Dataset whose variables and coordinates have ``long_name`` and ``units`` from the tables.

    Parameters
    ----------
    dataset : xarray.Dataset
        The result shares its arrays but has its own attributes.
    tables : mappings
        Variable -> ``(long_name, units)``. A later table overrides an earlier one. Variables that no table names keep
        their attributes or get those in SHARED. Names that the dataset lacks are ignored.

    Warns
    -----
    UserWarning
        If a variable has no long_name, or a number has no units. No error is raised, because the run is already
        computed and can be read without them.

    Example
    -------
    >>> import xarray as xr
    >>> run = xr.Dataset({"rate": ("time", [5.0])}, {"time": [0.1]})
    >>> describe(run, {"rate": ("mean rate of all neurons", "Hz")}).rate.attrs
    {'long_name': 'mean rate of all neurons', 'units': 'Hz'}
    """
    dataset = dataset.copy()
    table = {name: entry for each in tables for name, entry in each.items()}
    missing = []
    for key, variable in dataset.variables.items():
        name = str(key)
        entry = table.get(name)
        if entry is None and "long_name" not in variable.attrs:
            entry = SHARED.get(name)
        if entry is not None:
            long_name, units = entry
            variable.attrs["long_name"] = long_name
            if units is not None:
                variable.attrs["units"] = units
        if "long_name" not in variable.attrs or (variable.dtype.kind in "biuf" and "units" not in variable.attrs):
            missing.append(name)
    if missing:
        warnings.warn(f"variables without long_name or units: {', '.join(missing)}", UserWarning, stacklevel=2)
    return dataset
