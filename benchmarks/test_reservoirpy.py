"""Rate FORCE beside reservoirpy's RLS node: the same network and task, accuracy and CPU time in one run."""

import time

import numpy as np
import pytest
from reservoirpy.nodes import RLS as Node
from threadpoolctl import threadpool_limits

from snnlab.engine.brian import Engine
from snnlab.networks.rate.force import random_network, train_rate
from snnlab.protocols.rate.rate_force import teacher

N, DT, EVERY = 1000, 1e-3, 2
LEARN, STEPS = range(500, 6500, EVERY), 10500


def network(engine):
    return random_network(N, 0.1, 1.5, 1.0, 1, "tanh", 10e-3, DT, engine)


def with_reservoirpy(net, targets):
    """Train like train_rate, with reservoirpy's node for RLS."""
    node = Node(alpha=1.0, fit_bias=False, input_dim=N, output_dim=1)
    node.initialize(net.r[None], targets[:1])
    output = np.empty(targets.shape)
    for i, target in enumerate(targets):
        net.step(node.Wout)
        output[i] = net.z
        if i in LEARN:
            node.partial_fit(net.r[None], target[None])
    return {"output": output, "decoder": node.Wout}


def errors(output, targets):
    """Return RMSE over the teacher's standard deviation, at the end of learning and in the 4 s after it."""
    off = (output - targets)[:, 0]
    return [np.sqrt(np.mean(off[part] ** 2)) / targets.std() for part in (slice(5500, 6500), slice(6500, STEPS))]


@pytest.mark.parametrize("task", ["four_sines", "lorenz"])
def test_rls_of_both_libraries(task):
    targets = teacher(task, np.arange(1, STEPS + 1) * DT)
    results, seconds = {}, {}
    with threadpool_limits(1), Engine("numpy", 0) as engine:
        for _ in range(2):
            for name, train in (
                ("snnlab", lambda: train_rate(network(engine), targets, LEARN, 1.0)),
                ("reservoirpy", lambda: with_reservoirpy(network(engine), targets)),
            ):
                start = time.process_time()
                results[name] = train()
                seconds[name] = min(seconds.get(name, np.inf), time.process_time() - start)
    ours, theirs = (results[name] for name in ("snnlab", "reservoirpy"))
    found = {name: errors(result["output"], targets) for name, result in results.items()}
    apart = np.abs(ours["decoder"] - theirs["decoder"]).max() / np.abs(theirs["decoder"]).max()
    print(
        f"\n{task}, {N} tanh units, {len(LEARN)} updates: snnlab {seconds['snnlab']:.1f} CPU s, reservoirpy "
        f"{seconds['reservoirpy']:.1f} ({seconds['reservoirpy'] / seconds['snnlab']:.1f} x); RMSE / sd while learning "
        f"{found['snnlab'][0]:.4f} and {found['reservoirpy'][0]:.4f}, after it {found['snnlab'][1]:.3f} and "
        f"{found['reservoirpy'][1]:.3f}; decoders differ by {apart:.1e} of the largest weight"
    )
    # Both run the same RLS. It makes the chaotic loop stable, so rounding errors do not grow.
    assert apart < 1e-6
    assert seconds["reservoirpy"] >= 2 * seconds["snnlab"]
    assert found["snnlab"][0] == pytest.approx(found["reservoirpy"][0], rel=0.2)
