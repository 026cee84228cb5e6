"""The training state of a dynamic Boltzmann machine, with which training continues exactly, and how it is stored.

During training, a state holds arrays by the names of the network's variables, and ``control``: what comes next (a block
or a test), which sequence, periods of the block so far, blocks so far.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np

from ...equality import EqualArrays
from ...errors import UserError
from ...files.describe import Names, describe
from ...files.record import save_own
from .machine import PARAMETERS, Machine, Traces

# These numbers tell what comes next. cpp/program.h has the same numbers.
BLOCK, TEST = 0, 1
# These elements of ``control`` are the number of periods of the block so far, and the number of blocks.
SINCE, BLOCKS = 2, 3

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

Kind = TypeVar("Kind", bound=Machine)


@dataclass(frozen=True, repr=False, eq=False)
class State(EqualArrays):
    """The state from which training continues, apart from the machine."""

    traces: Traces
    squares: dict[str, np.ndarray]
    """AdaGrad's sums of squared gradients of ``bias``, ``u`` and ``v``, in their shapes; empty without AdaGrad"""
    turn: np.ndarray
    """(4,): what comes next, which sequence, periods of the block so far, blocks so far"""
    shown: str
    """identifies the sequences and the cue of this state; see Schedule.digest"""

    def __repr__(self) -> str:
        return f"State({len(self.traces.history)} neurons, {'AdaGrad' if self.squares else 'no sums'})"


def state_names(machine: Machine) -> dict[str, list[str]]:
    """Return the variables of neurons and of synapses that make up a machine's state."""
    k, length = (range(1, machine.u.shape[2] + 1), range(1, machine.v.shape[2] + 1))
    squares = machine.rule.optimizer == "adagrad"
    return {
        "neurons": ["bias", *(["bias_squares"] if squares else []), "history", *(f"gamma_{m}" for m in length)],
        "synapses": [
            *(f"{name}_{m}" for m in k for name in ("u", "alpha", *(["u_squares"] if squares else []))),
            *(f"{name}_{m}" for m in length for name in ("v", *(["v_squares"] if squares else []))),
        ],
    }


def fresh_state(machine: Machine) -> dict[str, np.ndarray]:
    """Return the state of an untrained machine."""
    names = state_names(machine)
    state = {name: np.zeros(machine.n) for name in names["neurons"]}
    state |= {name: np.zeros((machine.n, machine.n)) for name in names["synapses"]}
    state |= {"bias": machine.bias.copy(), "history": np.zeros(machine.n, np.int32)}
    for name in ("u", "v"):
        state |= _layers(name, getattr(machine, name))
    return state | {"control": np.array([BLOCK, 0, 0, 0], np.int64)}


def going_on(machine: Machine, given: State, shown: str) -> dict[str, np.ndarray]:
    """Return the state of a machine that continues from a given state with the schedule ``shown``.

    If the schedule is not the same as before, a first block begins.

    Raises
    ------
    UserError
        If ``given`` is not a State, or belongs to a machine of other shapes.
    """
    if not isinstance(given, State):
        raise UserError(f"state: expected the state of a Fit, got {given!r}")
    try:
        traces = machine.own(given.traces)
    except UserError as error:
        raise UserError(f"state: {error}") from None
    state = fresh_state(machine) | _layers("alpha", traces.alpha) | _layers("gamma", traces.gamma)
    state["history"] = traces.history.astype(np.int32)
    if machine.rule.optimizer == "adagrad":
        for name in PARAMETERS:
            squares = given.squares.get(name)
            if squares is None or np.shape(squares) != getattr(machine, name).shape:
                wanted = getattr(machine, name).shape
                found = "nothing" if squares is None else f"shape {squares.shape}"
                raise UserError(f"state: expected AdaGrad's sums of {name} of shape {wanted}, got {found}")
        state |= {"bias_squares": np.array(given.squares["bias"], float)}
        state |= _layers("u_squares", given.squares["u"]) | _layers("v_squares", given.squares["v"])
    if shown == given.shown:
        state["control"] = np.array(given.turn, np.int64)
    return state


def machine_of(machine: Kind, state: dict[str, np.ndarray]) -> tuple[Kind, Traces]:
    """Return the machine and the traces of a state."""
    trained = machine.with_parameters(bias=state["bias"].copy(), u=_stacked("u", state), v=_stacked("v", state))
    return trained, Traces(state["history"].astype(np.int64), _stacked("alpha", state), _stacked("gamma", state))


def state_of(machine: Machine, state: dict[str, np.ndarray], shown: str) -> State:
    """Return the state from which training can continue, for a machine with the schedule ``shown``."""
    squares = {}
    if machine.rule.optimizer == "adagrad":
        squares = {"bias": state["bias_squares"].copy()}
        squares |= {name: _stacked(f"{name}_squares", state) for name in ("u", "v")}
    return State(machine_of(machine, state)[1], squares, state["control"].copy(), shown)


def _layers(name: str, values: np.ndarray) -> dict[str, np.ndarray]:
    """Return an array, whose last axis is decay rates, as separate arrays for each decay rate."""
    layers = np.moveaxis(np.asarray(values, float), -1, 0)
    return {f"{name}_{m}": np.ascontiguousarray(layer) for m, layer in enumerate(layers, 1)}


def _stacked(name: str, state: dict[str, np.ndarray]) -> np.ndarray:
    count = sum(key.startswith(f"{name}_") and key[len(name) + 1 :].isdigit() for key in state)
    return np.stack([state[f"{name}_{m}"] for m in range(1, count + 1)], -1)


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

    :func:`snnlab.load_machine` and :func:`snnlab.load_state` read it. Without a state, the machine is stored as
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
    import xarray as xr

    attrs = {"config": json.dumps(asdict(machine.rule)), "equations": equations(machine)}
    return save_own(describe(xr.Dataset(arrays, attrs=attrs), NAMES), path)


def equations(machine: Machine) -> str:
    """Return the text of a machine's equations, for its run file."""
    rule = machine.rule
    texts = [rule.neurons(), rule.synapses(), rule.arrive(), rule.decide(), rule.notice(), rule.learn()]
    order = ["# neurons decide and learn one after the other"] if rule.sequential else []
    return "\n\n".join([*order, *texts, rule.remember()])
