"""One moved spike: both copies, on both loops, and what is left of it without connections."""

from dataclasses import replace

import numpy as np
import pytest

from snnlab.connectivity.random import sparse_random
from snnlab.engine.brian import Engine
from snnlab.errors import UserError
from snnlab.networks.force.config import ForceConfig
from snnlab.networks.force.perturbation import moved_spike, spike_jump
from snnlab.networks.force.plan import Plan
from snnlab.networks.force.train import make_loop

# The program is that of test_force_program.
N, DT, START, STOP, DELAY, PATIENCE = 203, 0.1, 600, 1500, 20, 400


def follow(target, n=N, patience=PATIENCE, **changes):
    """Return what moved_spike gives, and the spikes of an undisturbed run of the same length."""
    config = ForceConfig(neuron="lif", n=n, dt=DT, target=target, **changes)
    setup = config.setup
    results = []
    with Engine(target, 1) as engine:
        weights = sparse_random(n, 0.3, setup.g, engine.rng("recurrent"), True)
        plan = Plan(setup.dt, STOP, range(0), 0, n)
        for moved in (True, False):
            loop = make_loop(config, setup, weights, np.ones((n, 1)), plan, engine)
            loop.advance(0, START)
            if moved:
                results.append(moved_spike(loop, weights.tocsc(), setup.synapse, START, STOP, DELAY, patience))
            else:
                straight = loop.advance(START, STOP)
                results.append((straight.spike_steps, straight.spike_neurons))
            results.append(loop.memory())
    return results


def same(first, second):
    return len(first[0]) == len(second[0]) and all((a == b).all() for a, b in zip(first, second, strict=True))


def sets(spikes):
    return set(zip(*(x.tolist() for x in spikes), strict=True))


@pytest.mark.parametrize(
    "target",
    [
        pytest.param("numpy", marks=pytest.mark.programs),
        pytest.param("cpp_standalone", marks=pytest.mark.standalone),
    ],
)
def test_the_reference_is_the_run_itself_and_the_copy_parts_from_it(target):
    moved, memory, straight, after = follow(target)
    assert sets(moved.reference) == sets(straight)
    # The moved one is the first of each.
    assert moved.perturbed[0][0] - moved.reference[0][0] == DELAY
    assert moved.reference[0][0] == straight[0].min() and moved.perturbed[1][0] == moved.reference[1][0]
    assert not same([x[1:] for x in moved.reference], [x[1:] for x in moved.perturbed])
    for name in after:
        np.testing.assert_allclose(memory[name], after[name], rtol=1e-9, atol=1e-15)


@pytest.mark.programs
def test_without_connections_nothing_but_the_moved_spike_differs():
    # At the rheobase, where v ends on the threshold, 1e-12 would decide.
    moved, *_ = follow("numpy", g=1e-12, bias=-38.0)
    assert same([x[1:] for x in moved.reference], [x[1:] for x in moved.perturbed])


def test_where_nobody_fires_there_is_nothing_to_move():
    moved, memory, _, after = follow("numpy", n=3, patience=1)
    assert moved is None
    np.testing.assert_allclose(memory["state_v"], after["state_v"], rtol=1e-9)


def test_a_filter_whose_jump_is_no_sum_is_refused():
    odd = replace(ForceConfig(neuron="lif").setup.synapse, on_spike="h += weight*weight/(tau_rise*tau_decay)")
    with pytest.raises(UserError, match="filter: expected a filter whose spikes add to its states"):
        spike_jump(odd)
