"""What becomes of one moved spike: is a network chaotic?

A copy of the network goes on from the same state, but the last spike reaches its targets a little later. Nothing else
is touched, and both copies get the same noise, so every other difference between them comes from that spike.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csc_array

from ..errors import UserError
from ..models import SynapseModel
from .force_program import ProgramLoop
from .force_runtime import RuntimeLoop
from .recording import Recording

Spikes = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Moved:
    """Spikes of both copies as (steps, neurons), from the step of the moved spike on."""

    step: int
    reference: Spikes
    perturbed: Spikes


def moved_spike(
    loop: ProgramLoop | RuntimeLoop,
    weights: csc_array,
    synapse: SynapseModel,
    before: Recording,
    start: int,
    stop: int,
    delay: int,
) -> tuple[Moved, Recording]:
    """Run both copies from ``start`` to ``stop`` and return their spikes; the loop is left where the reference ends.

    Parameters
    ----------
    loop : ProgramLoop or RuntimeLoop
        Stands at ``start``; its plan records the spikes of all neurons.
    weights : sparse array of shape (n, n)
        Recurrent weights [post, pre] (SI).
    synapse : SynapseModel
        A linear filter whose spikes add to its states.
    before : Recording
        What the loop has recorded up to ``start``: its last spike is the one that is moved.
    delay : int
        Steps by which it arrives later.

    Returns
    -------
    Moved
    Recording
        Of the reference, from start + delay on: the ``before`` of the next call.

    Raises
    ------
    UserError
        For a filter that is not linear, or a network without spikes.
    """
    jump = synapse.jump_vector()
    if jump is None:
        raise UserError(f"filter: expected one to whose states a spike adds its weight, got {synapse.name!r}")
    if not len(before.spike_steps):
        raise UserError("g: the network is silent: there is no spike to move")
    step, neuron = int(before.spike_steps[-1]), int(before.spike_neurons[-1])
    reached = weights[:, [neuron]].toarray()[:, 0]
    memory = loop.memory()

    def shifted(memory: dict[str, np.ndarray], sign: float) -> dict[str, np.ndarray]:
        """The memory with what one spike adds, or without it (sign -1)."""
        memory = {name: values.copy() for name, values in memory.items()}
        own = np.zeros(len(reached))
        own[neuron] = 1.0
        for target, amount in (("I_rec", reached), ("r", own)):
            for name, size in zip(synapse.state_names(target).values(), jump, strict=True):
                memory[f"state_{name}"] += sign * size * amount
        return memory

    parts = [loop.advance(start, start + delay), loop.advance(start + delay, stop)]
    end = loop.memory()
    loop.restore(shifted(memory, -1.0), start)
    others = [loop.advance(start, start + delay)]
    loop.restore(shifted(loop.memory(), 1.0), start + delay)
    others.append(loop.advance(start + delay, stop))
    loop.restore(end, stop)

    def spikes(parts: list[Recording], own: int) -> Spikes:
        steps = np.concatenate([[own], *(part.spike_steps for part in parts)])
        return steps, np.concatenate([[neuron], *(part.spike_neurons for part in parts)])

    return Moved(step, spikes(parts, step), spikes(others, step + delay)), parts[1]
