"""Synapses of a spike rule: the order in which their pathways run within a time step."""

from __future__ import annotations

import brian2

# Brian2 itself gives on_pre -1 and on_post 1. It runs what has one order by name: "arrive" comes before "learn".
ORDERS = {"arrive": -1, "learn": -1, "fire": 1}


def order_pathways(synapses: brian2.Synapses) -> brian2.Synapses:
    """Let the pathways of a rule's synapses run as arrive, learn, fire, and return the synapses.

    A spike arrives first, then the rule learns from it, then from the postsynaptic spike. The names of the pathways are
    those of :meth:`snnlab.models.spike_rule.SpikeRule.pathways`; others keep their order.

    Example
    -------
    ``order_pathways(brian2.Synapses(group, group, rule.model, namespace=rule.constants, **rule.pathways("v += w")))``
    """
    for name, order in ORDERS.items():
        if isinstance(pathway := getattr(synapses, name, None), brian2.synapses.synapses.SynapticPathway):
            pathway.order = order
    return synapses
