"""One moved spike: both copies, on both loops, and what is left of it without connections."""

from dataclasses import replace

import numpy as np
import pytest

from snnlab.connectivity import sparse_random
from snnlab.engine import Engine
from snnlab.errors import UserError
from snnlab.networks.force_config import ForceConfig, resolve
from snnlab.networks.force_training import make_loop
from snnlab.networks.perturbation import moved_spike
from snnlab.networks.recording import Plan

N, START, STOP, DELAY = 120, 4000, 8000, 20


def follow(target, gain=None, n=N):
    """Return what moved_spike gives, and the spikes of an undisturbed run of the same length."""
    config = ForceConfig(neuron="lif", n=n, target=target, g=gain)
    setup = resolve(config)
    results = []
    with Engine(target, 1) as engine:
        weights = sparse_random(n, 0.3, setup.g, engine.rng("recurrent"), True)
        plan = Plan(setup.dt, STOP, range(0), 0, n)
        for moved in (True, False):
            loop = make_loop(config, setup, weights, np.ones((n, 1)), plan, engine)
            before = loop.advance(0, START)
            if moved:
                results.append(moved_spike(loop, weights.tocsc(), setup.synapse, before, START, STOP, DELAY))
                results.append(loop.memory())
            else:
                results.append(loop.advance(START, STOP))
                results.append(loop.memory())
    return results


def same(first, second):
    return len(first[0]) == len(second[0]) and all((a == b).all() for a, b in zip(first, second, strict=True))


@pytest.mark.parametrize("target", ["numpy", pytest.param("cpp_standalone", marks=pytest.mark.standalone)])
def test_the_reference_is_the_run_itself_and_the_copy_parts_from_it(target):
    (moved, rest), memory, straight, after = follow(target)
    assert same([x[1:] for x in moved.reference], (straight.spike_steps, straight.spike_neurons))
    assert moved.perturbed[0][0] - moved.reference[0][0] == DELAY
    assert not same([x[1:] for x in moved.reference], [x[1:] for x in moved.perturbed])
    assert rest.spike_steps.min() >= START + DELAY
    for name in after:
        np.testing.assert_allclose(memory[name], after[name], rtol=1e-9, atol=1e-15)


def test_without_connections_nothing_but_the_moved_spike_differs():
    (moved, _), *_ = follow("numpy", gain=1e-12)
    assert same([x[1:] for x in moved.reference], [x[1:] for x in moved.perturbed])


def test_what_cannot_be_moved_is_refused():
    config = ForceConfig(neuron="lif", n=20, target="numpy")
    setup = resolve(config)
    odd = replace(setup.synapse, on_spike="h += weight*weight/(tau_rise*tau_decay)")
    with Engine("numpy", 1) as engine:
        weights = sparse_random(20, 0.3, setup.g, engine.rng("recurrent"))
        loop = make_loop(config, setup, weights, np.ones((20, 1)), Plan(setup.dt, STOP, range(0), 0, 20), engine)
        before = loop.advance(0, 2000)
        with pytest.raises(UserError, match="filter: expected one to whose states"):
            moved_spike(loop, weights.tocsc(), odd, before, 2000, STOP, DELAY)
        none = replace(before, spike_steps=before.spike_steps[:0], spike_neurons=before.spike_neurons[:0])
        with pytest.raises(UserError, match="g: the network is silent"):
            moved_spike(loop, weights.tocsc(), setup.synapse, none, 2000, STOP, DELAY)
