"""Dale's law: what the split keeps, and that a trained network obeys it."""

import numpy as np
import pytest

from snnlab.connectivity.dale import joined, learned_weights, split_decoder, split_encoder
from snnlab.engine.brian import Engine
from snnlab.errors import UserError
from snnlab.networks.force.config import ForceConfig
from snnlab.networks.force.train import train_force
from snnlab.networks.force.trained import TrainedNetwork

SIZE = {"neuron": "lif", "n": 150, "seconds": 0.3, "learn_start": 0.05, "learn_stop": 0.2, "target": "numpy"}
NONE = np.zeros(0)


@pytest.fixture
def matrices(rng):
    return rng.standard_normal((30, 3)), rng.standard_normal((30, 3)), rng.choice([-1.0, 1.0], 30)


def test_the_split_keeps_what_agrees_with_the_sign_of_its_column(matrices):
    encoder, decoder, signs = matrices
    learned = learned_weights(encoder, decoder, signs)
    each = [np.outer(encoder[:, m], decoder[:, m]) for m in range(3)]
    np.testing.assert_allclose(learned, 2 * sum(np.where(one * signs > 0, one, 0) for one in each))
    assert (learned * signs >= 0).all()
    assert (learned != 0).any()


def test_both_parts_are_the_decoder_and_empty_signs_change_nothing(matrices):
    encoder, decoder, signs = matrices
    np.testing.assert_array_equal(joined(split_decoder(decoder, signs), signs), decoder)
    np.testing.assert_array_equal(split_decoder(decoder, NONE), decoder)
    np.testing.assert_array_equal(split_encoder(encoder, NONE), encoder)
    np.testing.assert_array_equal(learned_weights(encoder, decoder, NONE), encoder @ decoder.T)


def train(**changes):
    config = ForceConfig(**SIZE | changes)
    with Engine("numpy", config.seed) as engine:
        return train_force(config, lambda t: np.sin(30 * t), engine, 0.5)


@pytest.mark.parametrize("control", ["none", "permuted_decoder"])
def test_a_trained_network_obeys_and_its_output_is_its_decoder(control):
    net = TrainedNetwork(train(control=control, record_interval=0.05))
    assert (net.total_weights() * net.signs >= 0).all()
    assert np.abs(net.decoder).max() > 0
    parts = net.dataset.decoder_parts.values
    np.testing.assert_array_equal(parts, split_decoder(net.decoder, net.signs))
    assert list(net.signs) == [1.0] * 75 + [-1.0] * 75
    np.testing.assert_allclose(net.dataset.output[-1], net.dataset.state_r.values @ net.decoder, rtol=1e-9)


def test_a_network_that_is_loaded_goes_on_as_the_run_did():
    long, short = train(seconds=0.4), train(seconds=0.3)
    on = TrainedNetwork(short).run(0.1, target="numpy")
    np.testing.assert_allclose(on.output, long.output[-len(on.time) :], rtol=1e-9)


@pytest.mark.parametrize("excitatory", [0.0, 1.0, -0.2, float("nan"), 0.001])
def test_a_share_without_both_populations_is_refused(excitatory):
    config = ForceConfig(**SIZE)
    with (
        Engine("numpy", 0) as engine,
        pytest.raises(UserError, match="excitatory: expected a share > 0 and < 1 of 150 neurons"),
    ):
        train_force(config, np.sin, engine, excitatory)


def test_predicted_outliers_are_eigenvalues_of_the_split_weights():
    net = TrainedNetwork(train(seconds=1.0, learn_stop=0.9, g=0.02))
    values = np.linalg.eigvals(net.total_weights())
    assert len(net.outliers()) > 0
    for outlier in net.outliers()[:2]:
        assert np.abs(values - outlier).min() < 0.02 * abs(outlier)
    net.recurrent = net.recurrent * 0
    np.testing.assert_allclose(net.outliers()[0], values_of_largest(net), rtol=1e-6)


def values_of_largest(net):
    values = np.linalg.eigvals(net.total_weights())
    return values[np.abs(values).argmax()]
