"""Reading of dynamic Boltzmann machines from files; state.py writes them."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import xarray as xr

from ...errors import UserError
from ...files.record import attribute, load
from .fit import Boltzmann
from .machine import PARAMETERS, Traces
from .rule import DybmRule
from .state import State


def load_machine(path: str | Path) -> tuple[Boltzmann, Traces]:
    """Return the trained machine of a run file and its traces; raises UserError if the file holds no machine.

    Example
    -------
    >>> import snnlab
    >>> from pathlib import Path
    >>> from tempfile import mkdtemp
    >>> from snnlab.lab.protocol import find_protocol
    >>> science = find_protocol("dybm_science")
    >>> size = dict(sequence="I", periods=2, lam=(0.5,), mu=(0.5,), target="numpy")
    >>> path, run = science.execute(science.config(**size), Path(mkdtemp()))
    >>> machine, traces = snnlab.load_machine(path)
    >>> machine.n, machine.generate(5, traces).shape
    (7, (5, 7))
    """
    dataset, rule = _load(path)
    return stored_machine(dataset, rule)


def load_state(path: str | Path) -> State:
    """Return the state from which the machine of a run file continues training: ``machine.fit(..., state=)``.

    Raises
    ------
    UserError
        If the file holds no machine, or is so old that it holds no training state.

    Example
    -------
    >>> import snnlab
    >>> from pathlib import Path
    >>> from tempfile import mkdtemp
    >>> from snnlab.lab.protocol import find_protocol
    >>> science = find_protocol("dybm_science")
    >>> size = dict(sequence="I", periods=2, lam=(0.5,), mu=(0.5,), target="numpy")
    >>> path, run = science.execute(science.config(**size), Path(mkdtemp()))
    >>> snnlab.load_state(path)
    State(7 neurons, AdaGrad)
    """
    dataset, rule = _load(path)
    if "turn" not in dataset:
        raise UserError(f"run file: expected a file with a training state, got an older one, {str(path)!r}")
    squares = {name: dataset[f"{name}_squares"].values for name in PARAMETERS if f"{name}_squares" in dataset}
    _, traces = stored_machine(dataset, rule)
    return State(traces, squares, dataset.turn.values, str(dataset.schedule.values))


def _load(path: str | Path) -> tuple[xr.Dataset, DybmRule]:
    """Return a run file that holds a machine, and the machine's rule."""
    dataset = load(path)
    if not {"delay", "bias", "u", "v", "history", "alpha", "gamma"} <= set(dataset):
        origin = dataset.attrs["protocol"] or "no protocol"
        raise UserError(f"run file: expected a run with a Boltzmann machine, got one of {origin}")
    config = attribute(dataset, "config")
    return dataset, DybmRule(**{f.name: config[f.name] for f in fields(DybmRule)})


def stored_machine(dataset: xr.Dataset, rule: DybmRule) -> tuple[Boltzmann, Traces]:
    """Return the machine and its traces at the end of a run."""
    arrays = {name: dataset[name].values[-1] for name in PARAMETERS}
    machine = Boltzmann(dataset.delay.values, rule=rule, **arrays)
    return machine, Traces(dataset.history.values, dataset.alpha.values, dataset.gamma.values)
