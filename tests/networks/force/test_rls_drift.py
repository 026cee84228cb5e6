"""How the blocked and the float32 form of RLS drift from the plain form over 10^4 updates of a learning network."""

import numpy as np
import pytest

from snnlab.connectivity.random import encoder, sparse_random
from snnlab.engine.brian import Engine
from snnlab.engine.tasks import Task
from snnlab.learning.rls import RLS
from snnlab.networks.force.config import ForceConfig
from snnlab.networks.force.network import ForceNetwork

N, UPDATES, EVERY = 500, 10_000, 10


@pytest.fixture(scope="module")
def activity():
    """Filtered spikes and errors of an LIF network while it learns the sine: 10^4 updates, one every 0.5 ms."""
    setup = ForceConfig(neuron="lif", n=N).setup
    with Engine("cython", 0) as engine:
        recurrent = sparse_random(N, 0.1, setup.g, engine.rng("recurrent"), True)
        feedback = encoder(N, 1, setup.q, engine.rng("encoder"))
        net = ForceNetwork(setup.neuron, setup.synapse, recurrent, feedback, bias=setup.bias, dt=setup.dt)
        rls, rates, errors = RLS(N, 1, setup.alpha, "undivided"), [], []

        def learn(step):
            errors.append(net.z - np.sin(2 * np.pi * 5 * (step + 1) * setup.dt))
            rates.append(net.r.copy())
            rls.update(rates[-1], errors[-1])
            net.set_decoder(rls.weights)

        steps = UPDATES * EVERY
        engine.run(net.network, steps * setup.dt, net.clock, [Task(range(0, steps, EVERY), learn)])
    return setup.alpha, np.array(rates), np.array(errors)


@pytest.mark.science
@pytest.mark.parametrize(("dtype", "weights_band", "p_band"), [("float64", 1e-12, 1e-12), ("float32", 1e-4, 1e-4)])
def test_drift_of_the_blocked_form_from_the_plain_one(activity, dtype, weights_band, p_band):
    alpha, rates, errors = activity
    p, phi = np.eye(N) * alpha, np.zeros(N)
    rls = RLS(N, 1, alpha, "undivided", dtype)
    for r, error in zip(rates, errors, strict=True):
        q = p @ r
        phi -= q * error
        p -= np.outer(q, q / (1 + r @ q))
        rls.update(r, error)
    weights = np.linalg.norm(rls.weights[:, 0] - phi) / np.linalg.norm(phi)
    inverse = np.linalg.norm(rls.P - p) / np.linalg.norm(p)
    output = np.linalg.norm(rates @ (rls.weights[:, 0] - phi)) / np.linalg.norm(rates @ phi)
    print(f"\n{dtype}: relative drift of weights {weights:.1e}, of P {inverse:.1e}, of the output {output:.1e}")
    assert len(rates) == UPDATES
    assert weights < weights_band
    assert inverse < p_band
