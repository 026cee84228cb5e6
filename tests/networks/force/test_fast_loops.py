"""The loops that benchmarks measure against are the same run as the readable reference and as the network itself."""

import brian2
import numpy as np
import pytest

from references import fast_lif
from references.loops import DoubleExponential, force_loop
from snnlab.connectivity.random import sparse_random
from snnlab.engine.brian import Engine
from snnlab.engine.tasks import Task
from snnlab.learning.rls import RLS
from snnlab.networks.force.network import ForceNetwork
from snnlab.neurons.lif import LIF
from snnlab.synapses.double_exponential import DOUBLE_EXPONENTIAL

DT, EVERY, STEPS, N, ALPHA, BIAS = 5e-5, 50, 2000, 80, 5e-6, -40e-3


@pytest.fixture
def run(rng):
    return {
        "v": -65e-3 + 95e-3 * rng.random(N),
        "weights": sparse_random(N, 0.2, 0.04e-3, rng, zero_row_mean=True),
        "encoder": (2 * rng.random(N) - 1) * 10e-3,
        "teacher": np.sin(2 * np.pi * 5 * (np.arange(STEPS) + 1) * DT),
    }


@pytest.mark.parametrize("loop", [fast_lif.published, fast_lif.fastest])
def test_a_fast_loop_gives_the_spikes_and_the_decoder_of_the_reference(loop, run):
    p = {"tau_m": 10e-3, "v_threshold": -40e-3, "v_reset": -65e-3, "refractory_steps": 40}
    expected = force_loop(
        "lif", {"v": run["v"]}, p, dt=DT, make_filter=lambda size: DoubleExponential(size, DT, 2e-3, 20e-3),
        weights=run["weights"].toarray(), encoder=run["encoder"][:, None], bias=BIAS, alpha=ALPHA,
        teacher=run["teacher"][:, None], learn=range(0, STEPS, EVERY),
    )  # fmt: skip
    spikes, decoder = loop(run["v"], run["weights"].toarray(), run["encoder"], BIAS, ALPHA, run["teacher"], EVERY, DT)
    assert spikes == list(zip(*np.nonzero(expected["spikes"]), strict=True))
    np.testing.assert_allclose(decoder, expected["decoder"][-1][:, 0], rtol=1e-7, atol=1e-12)


def test_the_network_gives_the_spikes_of_the_fastest_loop(run):
    expected, decoder = fast_lif.fastest(
        run["v"], run["weights"].toarray(), run["encoder"], BIAS, ALPHA, run["teacher"], EVERY, DT
    )
    spikes = []
    with Engine("numpy") as engine:
        net = ForceNetwork(LIF, DOUBLE_EXPONENTIAL, run["weights"], run["encoder"][:, None], bias=BIAS, dt=DT)
        net.neurons.v = run["v"] * brian2.volt
        rls = RLS(N, 1, ALPHA, "undivided")

        def learn(step):
            rls.update(net.r, net.z - run["teacher"][step])
            net.set_decoder(rls.weights)

        def record(step):
            spikes.extend((step, int(i)) for i in sorted(net.spikes()))

        tasks = [Task(range(0, STEPS, EVERY), learn), Task(range(STEPS), record)]
        engine.run(net.network, STEPS * DT, net.clock, tasks)
    assert spikes == expected
    np.testing.assert_allclose(rls.weights[:, 0], decoder, rtol=1e-7, atol=1e-12)
