"""Pathways of a spike rule run in the order that the rule means."""

import brian2
from brian2 import ms

from snnlab.engine.brian import Engine
from snnlab.engine.synapses import order_pathways


def rule(on_pre, on_post=None):
    """Synapses of a rule from two neurons that fire at once to a third one, their groups and their clock."""
    clock = brian2.Clock(1 * ms, name="rule_clock")
    source = brian2.SpikeGeneratorGroup(2, [0, 1], [1, 1] * ms, clock=clock, name="rule_source")
    neuron = brian2.NeuronGroup(1, "v : 1", threshold="v > 1", clock=clock, name="rule_neuron")
    synapses = brian2.Synapses(
        source, neuron, "w : 1", on_pre=on_pre, on_post=on_post or {}, clock=clock, name="rule_synapses"
    )
    return synapses, [source, neuron], clock


def weight(ordered):
    """Return the digits in whose order three pathways ran, which had the reverse order."""
    synapses, groups, clock = rule({"fire": "w = 10*w + 3", "learn": "w = 10*w + 2", "arrive": "w = 10*w + 1"})
    for order, name in enumerate(("fire", "learn", "arrive")):
        getattr(synapses, name).order = order
    if ordered:
        assert order_pathways(synapses) is synapses
    with Engine("numpy") as engine:
        synapses.connect(i=[0], j=[0])
        engine.run(brian2.Network(*groups, synapses), 3e-3, clock, namespace={})
    return float(synapses.w[0])


def test_a_spike_arrives_before_rules_learn_from_it():
    assert weight(ordered=True) == 123
    assert weight(ordered=False) == 321


def test_the_orders_are_those_that_brian2_gives():
    # Another order, relative to synapses without a rule, would change sums of currents in their last bits.
    synapses, _, _ = rule({"learn": "w += 1", "arrive": "w += 2"}, {"fire": "w += 3"})
    before = [getattr(synapses, name).order for name in ("arrive", "learn", "fire")]
    order_pathways(synapses)
    assert [getattr(synapses, name).order for name in ("arrive", "learn", "fire")] == before == [-1, -1, 1]


def test_other_pathways_keep_their_order():
    synapses, _, _ = rule({"own": "w += 2"})
    synapses.own.order = -7
    assert order_pathways(synapses).own.order == -7
