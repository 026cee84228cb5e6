"""The effect of one moved spike, which shows whether a network is chaotic.

A copy of the network starts from the same state, but the effect of one spike on other neurons is delayed a little.
Both copies get the same noise, so all other differences between them come from this spike.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import scipy

from ...analysis import chaos
from ...engine.brian import Engine
from ...errors import UserError
from ...models.synapse import SynapseModel
from .config import ForceConfig
from .plan import Plan, Recording
from .program import ProgramLoop
from .runtime import RuntimeLoop
from .setup import ForceSetup
from .train import make_loop, weights

Spikes: TypeAlias = "tuple[np.ndarray, np.ndarray]"
# Times (s): before the first spike is moved, of following each moved spike, delay of a moved spike, longest wait for a
# spike, time constant of the distance, bin of the distance.
SETTLE, FOLLOWED, DELAY, PATIENCE, TAU, SPIKE_STEP = 1.0, 0.5, 1e-3, 50e-3, 20e-3, 2e-3


@dataclass(frozen=True)
class Moved:
    """Spikes of both copies as (steps, neurons). The moved spike is the first one of each copy."""

    reference: Spikes
    perturbed: Spikes


def require_movable(setup: ForceSetup) -> None:
    """Raise UserError for a filter or a time step with which no spike can be moved."""
    spike_jump(setup.synapse)
    if setup.dt > DELAY:
        raise UserError(f"dt: expected at most {DELAY * 1e3:g} ms, the delay of a moved spike, got {setup.dt * 1e3:g}")


def spike_jump(synapse: SynapseModel) -> np.ndarray:
    """Return the change of the filter's states by a spike of weight 1; raises UserError for other kinds of filters."""
    jump = synapse.jump_vector()
    if jump is None:
        raise UserError(f"filter: expected a filter whose spikes add to its states, got {synapse.name!r}")
    return jump


def moved_spike(
    loop: ProgramLoop | RuntimeLoop,
    recurrent: scipy.sparse.csc_array,
    synapse: SynapseModel,
    start: int,
    stop: int,
    delay: int,
    patience: int,
) -> Moved | None:
    """Follow both copies for ``stop - start`` steps. Afterwards the loop is in the final state of the reference.

    Parameters
    ----------
    loop : ProgramLoop or RuntimeLoop
        A loop at step ``start`` whose plan records the spikes of all neurons.
    recurrent : sparse array of shape (n, n)
        Recurrent weights [post, pre] (SI).
    synapse : SynapseModel
        See :func:`spike_jump`.
    delay : int
        Additional delay (steps, at least 1) of the first spike after ``start``.
    patience : int
        Largest number of steps to wait for this spike.

    Returns
    -------
    Moved
        None if no neuron fires in that time.
    """
    jump, memory = spike_jump(synapse), loop.memory()
    probe = loop.advance(start, start + patience)
    if not len(probe.spike_steps):
        loop.restore(memory, start)
        loop.advance(start, stop)
        return None
    step, neuron = int(probe.spike_steps[0]), int(probe.spike_neurons[0])
    first, second = step + 1, step + 1 + delay
    loop.restore(memory, start)
    together = loop.advance(start, first)
    memory = loop.memory()
    effect = {"I_rec": recurrent[:, [neuron]].toarray()[:, 0], "r": np.zeros(len(memory["spike_count"]))}
    effect["r"][neuron] = 1.0

    def add(memory: dict[str, np.ndarray], sign: float) -> dict[str, np.ndarray]:
        """Return the memory with the effect of the spike on the filters added, or removed (sign -1)."""
        changed = dict(memory)
        for target, amount in effect.items():
            for name, size in zip(synapse.state_names(target).values(), jump, strict=True):
                changed[f"state_{name}"] = memory[f"state_{name}"] + sign * size * amount
        return changed

    reference = [loop.advance(first, second), loop.advance(second, stop)]
    end = loop.memory()
    loop.restore(add(memory, -1.0), first)
    perturbed = [loop.advance(first, second)]
    loop.restore(add(loop.memory(), 1.0), second)
    perturbed.append(loop.advance(second, stop))
    loop.restore(end, stop)

    def spikes(parts: list[Recording], at: int) -> Spikes:
        # The last spikes before are the other spikes of the same step, which both copies have.
        others = together.spike_neurons != neuron
        steps = [[at], together.spike_steps[others], *(part.spike_steps for part in parts)]
        neurons = [[neuron], together.spike_neurons[others], *(part.spike_neurons for part in parts)]
        return np.concatenate(steps).astype(np.int64), np.concatenate(neurons).astype(np.int64)

    return Moved(spikes(reference, step), spikes(perturbed, step + delay))


def follow_moved_spikes(config: ForceConfig, setup: ForceSetup, count: int, engine: Engine) -> dict:
    """Return the effect of ``count`` moved spikes in the network of this Config before learning.

    Returns
    -------
    dict
        Variables of a Dataset: ``distance`` (perturbation, delay), the distance between the spike trains of both copies
        (see :func:`snnlab.analysis.chaos.spike_distance`); ``distance_of_unrelated`` (perturbation); ``delay``. NaN
        means that no neuron fired.
    """
    dt, n = setup.dt, config.n
    # The network has the same form as the one that learns, so that no second program is built.
    recurrent, feedback = weights(config, setup, engine)
    settle, delay, patience = (round(x / dt) for x in (SETTLE, DELAY, PATIENCE))
    followed = patience + delay + round(FOLLOWED / dt) + 1
    loop = make_loop(config, setup, recurrent, feedback, Plan(dt, settle + count * followed, range(0), 0, n), engine)
    loop.advance(0, settle)
    bins = round(FOLLOWED / SPIKE_STEP)
    columns, distances, unrelated = recurrent.tocsc(), np.full((count, bins), np.nan), np.full(count, np.nan)
    for index in range(count):
        start = settle + index * followed
        moved = moved_spike(loop, columns, setup.synapse, start, start + followed, delay, patience)
        if moved is None:
            continue
        first, second = ((steps * dt, neurons) for steps, neurons in (moved.reference, moved.perturbed))
        # The distance starts when the moved spike has arrived in both copies.
        edges = second[0][0] + SPIKE_STEP * np.arange(bins + 1)
        distances[index] = chaos.spike_distance(first, second, edges, TAU, n)
        unrelated[index] = _distance_of_halves(*first, edges, n)
    times = SPIKE_STEP * (np.arange(bins) + 0.5)
    labels = {"units": "1", "long_name": "distance of the spike trains of both copies"}
    return {
        "distance": (("perturbation", "delay"), distances, labels),
        "distance_of_unrelated": (
            ("perturbation",),
            unrelated,
            {"units": "1", "long_name": "distance of the spike trains of unrelated states"},
        ),
        "delay": ("delay", times, {"units": "s", "long_name": "time since the moved spike"}),
    }


def _distance_of_halves(when: np.ndarray, who: np.ndarray, edges: np.ndarray, n: int) -> float:
    """Return the distance between both halves of spike trains, which is the distance of unrelated states."""
    bins = len(edges) - 1
    middle = edges[bins // 2]
    late = when >= middle
    halves = (when[~late], who[~late]), (when[late] - (middle - edges[0]), who[late])
    apart = chaos.spike_distance(*halves, edges[: bins // 2 + 1], TAU, n)
    # The first third is left out, because the traces of earlier spikes are missing there.
    return np.sqrt((apart[bins // 6 :] ** 2).mean())
