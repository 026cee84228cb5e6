"""FORCE on rate units against a plain loop."""

import numpy as np
import pytest

from snnlab.connectivity.random import encoder, sparse_random
from snnlab.errors import Diverged
from snnlab.networks.rate.force import RATES, RateNetwork, train_rate

N, DT, TAU = 40, 1e-3, 10e-3


def network(rng, rate="tanh", g=1.5, k=2):
    recurrent = sparse_random(N, 0.3, g * np.sqrt(0.3), rng)
    return RateNetwork(recurrent, encoder(N, k, 1.0, rng), rate, TAU, DT, rng.standard_normal(N))


@pytest.mark.parametrize("rate", RATES)
def test_training_is_that_of_a_plain_loop(rng, rate):
    net = network(rng, rate)
    j, eta, x = net.recurrent.toarray(), net.encoder, net.x.copy()
    targets = rng.standard_normal((300, 2)).cumsum(0) / 10
    learn = range(50, 250, 3)
    result = train_rate(net, targets, learn, alpha=0.5, traced=N)

    function = {"tanh": np.tanh, "sqrt": lambda v: np.sqrt(np.where(v > 0, v, 0))}[rate]
    phi, p, z, r = np.zeros((N, 2)), 0.5 * np.eye(N), np.zeros(2), function(x)
    for i, target in enumerate(targets):
        x = x + DT / TAU * (-x + j @ r + eta @ z)
        r = function(x)
        z = phi.T @ r
        np.testing.assert_allclose(result["output"][i], z, atol=1e-9)
        np.testing.assert_allclose(result["rate"][i], r, atol=1e-9)
        if i in learn:
            gain = p @ r / (1 + r @ p @ r)
            p = p - np.outer(gain, r @ p)
            phi = phi - np.outer(gain, z - target)
    np.testing.assert_allclose(result["decoder"], phi, atol=1e-9)
    assert len(result["change"]) == len(learn) and (result["change"] > 0).all()


def test_tanh_units_die_out_below_the_gain_of_chaos_and_not_above(rng):
    for g, alive in ((0.5, False), (2.5, True)):
        result = train_rate(network(rng, g=g), np.zeros((1500, 2)), range(0), 1.0)
        assert (np.abs(result["rate"][-1]).max() > 0.1) == alive


def test_an_output_that_is_not_finite_is_reported(rng):
    net = network(rng, "sqrt")
    net.x[3] = np.inf
    with pytest.raises(Diverged, match="output is not finite"):
        train_rate(net, np.zeros((20, 2)), range(0, 20), 1.0)
    with pytest.raises(Diverged, match="RLS"):
        train_rate(network(rng), np.ones((20, 2)), range(0, 20), 1e308)
