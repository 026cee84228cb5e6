"""The order of the pathways of a spike rule's synapses within a time step."""

from __future__ import annotations

import brian2

# Brian2 gives on_pre the order -1 and on_post 1. Pathways with equal order run by name: "arrive" before "learn".
ORDERS = {"arrive": -1, "learn": -1, "fire": 1}


def order_pathways(synapses: brian2.Synapses) -> brian2.Synapses:
    """Let the pathways of a rule's synapses run in the order arrive, learn, fire, and return the synapses.

    A presynaptic spike arrives first. The rule then learns from this spike, and last from the postsynaptic spike. The
    pathways have the names of :meth:`snnlab.models.spike_rule.SpikeRule.pathways`; others keep their order.

    Example
    -------
    ``order_pathways(brian2.Synapses(group, group, rule.model, namespace=rule.constants, **rule.pathways("v += w")))``
    """
    for name, order in ORDERS.items():
        if isinstance(pathway := getattr(synapses, name, None), brian2.synapses.synapses.SynapticPathway):
            pathway.order = order
    return synapses
