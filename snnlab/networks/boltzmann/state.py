"""The training state of a dynamic Boltzmann machine, which is needed with the machine to continue training exactly.

During training, a state holds arrays by the names of the network's variables, and ``control``: what comes next (a block
or a test), which sequence, periods of the block so far, blocks so far.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from ...equality import EqualArrays
from ...errors import UserError
from .machine import PARAMETERS, Machine, Traces

# These numbers tell what comes next. cpp/program.h has the same numbers.
BLOCK, TEST = 0, 1
# These elements of ``control`` are the number of periods of the block so far, and the number of blocks.
SINCE, BLOCKS = 2, 3

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
