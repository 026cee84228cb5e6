"""Rate reservoirs: the batch in numpy, Brian2 and a plain loop are one; what each rule defines; scaling; bad input."""

import brian2
import numpy as np
import pytest
from scipy.sparse import csr_array

from references.reservoir_loop import run as loop
from snnlab.engine.brian import Engine, on_numpy
from snnlab.errors import Diverged, UserError
from snnlab.models.rate_rule import RateRule
from snnlab.networks.reservoir.network import ReservoirNetwork
from snnlab.networks.reservoir.plastic import Plasticity, View, calibrate
from snnlab.networks.reservoir.units import RateReservoir, random_reservoir, spectral_radius
from snnlab.neurons.leaky_rate import LEAKY_RATE, LEAKY_RESERVOIR
from snnlab.plasticity.hebb import COVARIANCE, HEBB, OJA
from snnlab.plasticity.random_walk import RANDOM_WALK
from snnlab.plasticity.stlr import STLR, STLR_LOGISTIC

FORMS = ("reservoir", "rate")


@pytest.fixture
def engine():
    with Engine("numpy", 3) as engine:
        yield engine


def reservoir(engine, form="reservoir", n=12, density=0.3):
    net = random_reservoir(n, 5, engine.rng("network"), density, w_in=0.8, form=form)
    net.bias[:] = 0.1 * engine.rng("bias").standard_normal(n)
    return net


@pytest.fixture
def images(rng):
    return rng.random((4, 6, 5))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("rule", "name"), [(HEBB, "hebb"), (OJA, "oja"), (STLR, "stlr"), (STLR.with_parameters(kept=0.6), "stlr")], ids=str
)
def test_a_batch_of_one_is_the_plain_loop(engine, images, form, rule, name):
    net = reservoir(engine, form)
    plastic = Plasticity(net, rule, 0.05, engine.rng("x"))
    plastic.rule = calibrate(plastic, [images])
    theta = [plastic.rule.parameters.get(f"theta{k}", 0.0) for k in (1, 2)]
    expected = loop(
        net.matrix.toarray(), net.w_in, net.bias, net.leak, form, images, name, 0.05, theta, plastic.rule.kept
    )
    before = net.w
    for image in images:
        plastic.learn(image[None])
    assert np.abs(net.w - before).max() > 0.01
    np.testing.assert_allclose(net.matrix.toarray(), expected, rtol=0, atol=1e-12)


VIEWS = [
    {},
    {"input_in_sum": True},
    {"quantity": "state"},
    {"pre": "now"},
    {"quantity": "state", "pre": "now", "input_in_sum": True, "threshold": "image"},
]


@pytest.mark.parametrize("view", VIEWS, ids=str)
@pytest.mark.parametrize("form", FORMS)
def test_a_batch_of_one_is_the_brian2_network(engine, images, form, view):
    for rule in (HEBB, COVARIANCE, STLR.with_parameters(kept=0.5), STLR_LOGISTIC):
        net = reservoir(engine, form)
        plastic = Plasticity(net, rule, 0.02, engine.rng("x"), View(**view))
        plastic.rule = calibrate(plastic, [images])
        brian = ReservoirNetwork(net, images, plastic.rule, 0.02, View(**view))
        plastic = Plasticity(net, plastic.rule, 0.02, engine.rng("x"), View(**view))
        before = net.w
        for image in images:
            plastic.learn(image[None])
        brian.run(engine)
        assert np.abs(net.w - before).max() > 1e-3
        np.testing.assert_allclose(brian.w, net.w, rtol=0, atol=1e-10)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("density", [0.05, 0.3])
def test_states_are_those_of_the_brian2_network(engine, images, form, density):
    net = reservoir(engine, form, 40, density)
    brian = ReservoirNetwork(net, images, record=True)
    brian.run(engine)
    np.testing.assert_allclose(net.states(images, range(6)), brian.states, rtol=0, atol=1e-12)
    np.testing.assert_array_equal(net.states(images, [2, 5])[:, 1], net.states(images, range(6))[:, 5])


@pytest.mark.parametrize(("model", "state"), [(LEAKY_RESERVOIR, "h"), (LEAKY_RATE, "r")])
def test_a_unit_is_the_euler_step_of_its_equation(model, state):
    dt, tau, current, b = 1.0, 4.0, 0.7, 0.1
    group = brian2.NeuronGroup(
        1,
        model.equations.replace("current", "drive") + "\ndrive : 1",
        method="euler",
        namespace=model.with_parameters(tau=tau * brian2.ms).parameters,
        dt=dt * brian2.ms,
        name="unit",
    )
    with on_numpy():
        group.b, group.drive = b, current
        setattr(group, state, 0.3)
        brian2.Network(group).run(2 * brian2.ms)
    x, a = 0.3, dt / tau
    for _ in range(2):
        x = (1 - a) * x + a * ((current + b) if state == "h" else np.tanh(current + b))
    assert float(getattr(group, state)[0]) == pytest.approx(x, abs=1e-12)
    assert float(group.rate[0]) == pytest.approx(np.tanh(x) if state == "h" else x, abs=1e-12)


@pytest.mark.parametrize("rule", [HEBB, OJA, COVARIANCE, STLR, STLR.with_parameters(kept=0.5)], ids=lambda r: r.name)
def test_matrix_products_are_the_mean_over_images(engine, images, rule):
    net = reservoir(engine)
    together = Plasticity(net, rule, 0.0, engine.rng("x"))
    apart = Plasticity(net, rule, 0.0, engine.rng("x"))
    apart._terms = None
    for one, other in zip(together.signals(images), apart.signals(images), strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-14)


def test_a_signal_that_is_no_product_is_averaged_image_by_image(engine, images):
    net = reservoir(engine)
    rule = RateRule("mixed", "tanh(w*x_pre)*y_post")
    *_, last = Plasticity(net, rule, 0.0, engine.rng("x")).signals(images)
    states = net.states(images, [4, 5])
    x, y = np.tanh(states[:, 0]), np.tanh(states[:, 1])
    expected = (np.tanh(net.w * x[:, net.pre]) * y[:, net.post]).mean(0)
    np.testing.assert_allclose(last, expected, atol=1e-14)


def test_thresholds_of_each_image_average_changes(engine, images):
    net = reservoir(engine)
    rule = STLR.with_parameters(theta1=1e-3, theta2=-1e-3)
    mean = Plasticity(net, rule, 0.1, engine.rng("x"))
    each = Plasticity(net, rule, 0.1, engine.rng("x"), View(threshold="image"))
    summed = list(each.signals(images))
    assert summed[0].shape == (len(net.w), 4)
    np.testing.assert_allclose(summed[-1].mean(1), list(mean.signals(images))[-1], atol=1e-14)
    start = net.w
    each.learn(images[:, :2])
    # Nothing was sent into the first step.
    assert not summed[0].any() and not rule.change_of(summed[0], start[:, None]).any()
    expected = start + 0.1 * rule.change_of(summed[1], start[:, None]).mean(1)
    np.testing.assert_allclose(net.w, expected, rtol=1e-13)
    assert np.abs(net.w - start).max() > 0


def test_stlr_needs_no_activity_of_the_target_and_hebb_does():
    # Units 0 and 1 drive unit 2, which the weights of the way out would read; its own activity is held at 0.
    signals = {"x_pre": np.array([0.5, 0.8]), "y_post": np.zeros(2), "w": np.array([0.3, 0.4])}
    signals["u_post"] = np.full(2, (signals["w"] * signals["x_pre"]).sum())
    assert (STLR.signal_of(signals) > 0).all() and not HEBB.signal_of(signals).any()


def test_a_lone_input_never_changes_under_stlr(engine):
    # One synapse, 0 -> 1, and an input that drives unit 0 alone, in any rhythm.
    net = RateReservoir(csr_array(([0.7], ([1], [0])), shape=(2, 2)), np.array([[1.0], [0.0]]), 0.5)
    rule = STLR.with_parameters(theta1=1e-12, theta2=-1e-12, kept=0.8)
    for pattern in ([1, 1, 1, 1, 1, 1], [1, 0, 1, 0, 1, 0], [1, 0, 0, 1, 0, 0]):
        Plasticity(net, rule, 1.0, engine.rng("x")).learn(np.array(pattern, float)[None, :, None])
        assert net.w[0] == 0.7
    # With another input at the same time it does.
    net = RateReservoir(csr_array(([0.7, 0.2], ([2, 2], [0, 1])), shape=(3, 3)), np.array([[1.0], [1.0], [0.0]]), 0.5)
    Plasticity(net, rule, 0.1, engine.rng("x")).learn(np.ones((1, 4, 1)))
    assert (net.w > [0.7, 0.2]).all()


def test_percentiles_are_of_the_network_before_learning(engine, images):
    net = reservoir(engine)
    plastic = Plasticity(net, STLR, 0.1, engine.rng("x"))
    rule = calibrate(plastic, [images[:2], images[2:]])
    seen = np.concatenate([s for batch in (images[:2], images[2:]) for s in plastic.signals(batch)])
    assert np.mean(seen >= rule.parameters["theta1"]) == pytest.approx(0.05, abs=0.01)
    assert np.mean(seen <= rule.parameters["theta2"]) == pytest.approx(0.05, abs=0.01)
    assert calibrate(Plasticity(net, HEBB, 0.1, engine.rng("x")), [images]) is HEBB


def test_random_reservoirs_have_their_radius_and_no_self_connections(rng):
    for n, density in ((50, 0.2), (700, 0.01)):
        net = random_reservoir(n, 3, rng, density, 1.3, w_in=0.5)
        assert net.radius() == pytest.approx(1.3, rel=1e-6) and (net.pre != net.post).all()
        assert np.abs(net.w_in).max() <= 0.5 and len(net.w) == pytest.approx(density * n * n, rel=0.15)
    assert len(random_reservoir(20, 3, rng, 0.5, 0.0).w) == 0
    with pytest.raises(UserError, match=r"^density: expected a network with cycles"):
        random_reservoir(20, 3, rng, 0.0)
    assert spectral_radius(csr_array(np.diag([0.5, -2.0]))) == 2


def test_a_random_walk_changes_by_its_rate_alone(engine, images):
    net = reservoir(engine, n=40)
    start = net.w
    Plasticity(net, RANDOM_WALK, 0.01, engine.rng("walk")).learn(images)
    assert np.std(net.w - start) == pytest.approx(0.01 * np.sqrt(6), rel=0.1)


def test_weights_that_run_away_are_told(engine, images):
    net = reservoir(engine)
    with (
        np.errstate(over="ignore", invalid="ignore"),
        pytest.raises(Diverged, match="plasticity 'growth': weights are"),
    ):
        Plasticity(net, RateRule("growth", "1 + 0*x_pre", "exp(10*summed*abs(w)*1000)"), 1.0, engine.rng("x")).learn(
            images
        )
