"""Writing and reading of dynamic Boltzmann machines in run files."""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from pathlib import Path

import numpy as np
import xarray as xr

from ...errors import UserError
from ...files.describe import Names, describe
from ...files.record import attribute, load, save_own
from .fit import Boltzmann
from .machine import PARAMETERS, Machine, Traces
from .rule import DybmRule
from .state import State, fresh_state, going_on, state_of

# These variables hold a machine and its training state.
NAMES: Names = {
    "bias": ("bias of each neuron", "1"),
    "u": ("LTP weights of the synapses", "1"),
    "v": ("LTD weights of the synapses", "1"),
    "delay": ("conduction delay from pre to post", "steps"),
    "history": ("spikes of the neuron that are under way, the bits of a whole number", "1"),
    "alpha": ("synaptic eligibility traces", "1"),
    "gamma": ("neural eligibility traces", "1"),
    "bias_squares": ("sum of the squared gradients of the bias, for AdaGrad", "1"),
    "u_squares": ("sum of the squared gradients of u, for AdaGrad", "1"),
    "v_squares": ("sum of the squared gradients of v, for AdaGrad", "1"),
    "turn": ("place in the schedule at which training stands", "1"),
    "schedule": ("digest of what was taught", None),
}


def remembered(machine: Machine, state: State) -> dict[str, tuple]:
    """Return delays and training state as variables of a run file; see :func:`load_state`."""
    dims = {"bias": ("neuron",), "u": ("pre", "post", "k"), "v": ("pre", "post", "l")}
    return {
        "delay": (("pre", "post"), machine.delays.astype(np.int32)),
        "history": ("neuron", state.traces.history.astype(np.int64)),
        "alpha": (("pre", "post", "k"), state.traces.alpha),
        "gamma": (("neuron", "l"), state.traces.gamma),
        **{f"{name}_squares": (dims[name], values) for name, values in state.squares.items()},
        "turn": ("place", state.turn),
        "schedule": ((), state.shown),
    }


def save_machine(path: str | Path, machine: Machine, state: State | None = None) -> Path:
    """Write a machine, and the state from which its training continues, to a file; return its path.

    :func:`load_machine` and :func:`load_state` read it. Without a state, the machine is stored as
    untrained: it is silent, and AdaGrad's sums are 0.

    Raises
    ------
    UserError, MachineError
        UserError for a path that names no file, or a state of another machine. MachineError if the file cannot be
        written.
    """
    state = state_of(machine, fresh_state(machine), "") if state is None else state
    going_on(machine, state, "")
    arrays = {
        "bias": (("checkpoint", "neuron"), machine.bias[None]),
        "u": (("checkpoint", "pre", "post", "k"), machine.u[None]),
        "v": (("checkpoint", "pre", "post", "l"), machine.v[None]),
    } | remembered(machine, state)
    attrs = {"config": json.dumps(asdict(machine.rule)), "equations": equations(machine)}
    return save_own(describe(xr.Dataset(arrays, attrs=attrs), NAMES), path)


def equations(machine: Machine) -> str:
    """Return the text of a machine's equations, for its run file."""
    rule = machine.rule
    texts = [rule.neurons(), rule.synapses(), rule.arrive(), rule.decide(), rule.notice(), rule.learn()]
    order = ["# neurons decide and learn one after the other"] if rule.sequential else []
    return "\n\n".join([*order, *texts, rule.remember()])


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
