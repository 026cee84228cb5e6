"""Weight changes of synapses with one rule, whose neurons fire at given times."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import brian2
import numpy as np

from ...engine.brian import Engine
from ...engine.settings import Cost
from ...engine.synapses import order_pathways
from ...models.spike_rule import SpikeRule

# Spike times (s) of each input to a neuron, and spike times (s) of the neuron.
Trial: TypeAlias = "tuple[Sequence[np.ndarray], np.ndarray]"


def weight_changes(
    rule: SpikeRule, trials: Sequence[Trial], w: float, dt: float, engine: Engine, order: Sequence[int] | None = None
) -> np.ndarray:
    """Return the changes of weights from ``w``, shape (trials, inputs); 0 where a trial has fewer inputs.

    Every trial has its own neuron, which fires only at the given times. ``order`` is the order of the synapses of each
    neuron, which must not matter.
    """
    inputs = max(len(pre) for pre, _ in trials)
    clock = brian2.Clock(dt * brian2.second, name="pairing_clock")
    groups = {}
    for name, size, trains in (
        ("pre", len(trials) * inputs, {k * inputs + m: train for k, (pre, _) in enumerate(trials)
                                       for m, train in enumerate(pre)}),
        ("post", len(trials), {k: post for k, (_, post) in enumerate(trials)}),
    ):  # fmt: skip
        who = np.concatenate([np.full(len(train), i) for i, train in trains.items()] or [np.empty(0)]).astype(int)
        when = np.concatenate([*trains.values(), np.empty(0)])
        # All times are shifted by one step, so that times of 0 are not at the edge.
        at = (np.round(when / dt) + 1) * dt
        groups[name] = brian2.SpikeGeneratorGroup(size, who, at * brian2.second, clock=clock, name=f"pairing_{name}")
    # These neurons fire at the times of the generator. They are needed because rules may have neuron variables.
    neurons = brian2.NeuronGroup(
        len(trials), f"told : 1\n{rule.neuron}", threshold="told > 0", reset="told = 0", method="exponential_euler",
        namespace=dict(rule.parameters), clock=clock, name="pairing_neurons",
    )  # fmt: skip
    # The generator fires in the thresholds slot, before these neurons check their threshold.
    tell = brian2.Synapses(groups["post"], neurons, on_pre={"tell": "told_post = 1"}, clock=clock, name="pairing_tell")
    tell.tell.when, tell.tell.order = "thresholds", 1
    neurons.thresholder["spike"].order = 2
    synapses = order_pathways(
        brian2.Synapses(
            groups["pre"],
            neurons,
            rule.model,
            namespace=rule.constants,
            clock=clock,
            method="exact",
            name="pairing_synapses",
            **{key: value for key, value in rule.pathways().items() if value},
        )
    )
    tell.connect(j="i")
    order = list(range(inputs) if order is None else order)
    pre = np.concatenate([k * inputs + np.array(order) for k in range(len(trials))])
    synapses.connect(i=pre, j=pre // inputs)
    synapses.w = w
    for name, value in rule.numbers.items():
        setattr(synapses, name, value)
    last = max([0.0, *(float(t) for pre, post in trials for train in (*pre, post) for t in train)])
    network = brian2.Network(*groups.values(), neurons, tell, synapses, name="pairing")
    engine.run(network, (round(last / dt) + 3) * dt, clock, show=False, namespace={})
    changes = np.empty(len(trials) * inputs)
    changes[pre] = np.array(synapses.w[:]) - w
    return changes.reshape(len(trials), inputs)


def pairing_cost(last: float, dt: float, trials: int, runs: int) -> Cost:
    """Return the expected cost of ``runs`` calls of :func:`weight_changes`, measured for numpy on one core of an EPYC.

    ``last`` is the time of the last spike, with ``dt`` in s.
    """
    steps = runs * (round(last / dt) + 3)
    return Cost(steps, 500.0 * trials, 2 + 6e-5 * steps)
