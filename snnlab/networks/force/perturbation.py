"""What becomes of one moved spike: is a network chaotic?

A copy of the network goes on from the same state, but the effect of one spike on the others comes a little later.
Both copies get the same noise, so every other difference between them comes from that spike.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csc_array

from ...errors import UserError
from ...models.synapse import SynapseModel
from .plan import Recording
from .program import ProgramLoop
from .runtime import RuntimeLoop

Spikes = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Moved:
    """Spikes of both copies as (steps, neurons), from the moved one on, which is the first of each."""

    reference: Spikes
    perturbed: Spikes


def spike_jump(synapse: SynapseModel) -> np.ndarray:
    """Return what a spike of weight 1 adds to the filter's states; raises UserError for a filter that does more."""
    jump = synapse.jump_vector()
    if jump is None:
        raise UserError(f"filter: expected one to whose states a spike adds its weight, got {synapse.name!r}")
    return jump


def moved_spike(
    loop: ProgramLoop | RuntimeLoop,
    weights: csc_array,
    synapse: SynapseModel,
    start: int,
    stop: int,
    delay: int,
    patience: int,
) -> Moved | None:
    """Follow both copies for ``stop - start`` steps; the loop is left where the reference ends.

    Parameters
    ----------
    loop : ProgramLoop or RuntimeLoop
        Stands at ``start``; its plan records the spikes of all neurons.
    weights : sparse array of shape (n, n)
        Recurrent weights [post, pre] (SI).
    synapse : SynapseModel
        See :func:`spike_jump`.
    delay : int
        Steps, at least 1, by which the first spike after ``start`` reaches the others later.
    patience : int
        Steps to wait for that spike.

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
    effect = {"I_rec": weights[:, [neuron]].toarray()[:, 0], "r": np.zeros(len(memory["spike_count"]))}
    effect["r"][neuron] = 1.0

    def add(memory: dict[str, np.ndarray], sign: float) -> dict[str, np.ndarray]:
        """The memory with what the spike has just added to the filters, or without it (sign -1)."""
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
        # The last of those before are the others of its step, which both copies have.
        others = together.spike_neurons != neuron
        steps = [[at], together.spike_steps[others], *(part.spike_steps for part in parts)]
        neurons = [[neuron], together.spike_neurons[others], *(part.spike_neurons for part in parts)]
        return np.concatenate(steps).astype(np.int64), np.concatenate(neurons).astype(np.int64)

    return Moved(spikes(reference, step), spikes(perturbed, step + delay))
