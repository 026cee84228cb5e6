"""The study on digits: reduced runs, controls, what is counted, claims of the diagnostics, figures, bad input."""

import dataclasses
import json

import numpy as np
import pytest
import xarray as xr
from scipy.sparse import csr_array

from places import DATA
from snnlab.errors import UserError
from snnlab.lab.figure import find_figure, save_figure
from snnlab.lab.protocol import find_protocol
from snnlab.learning.streams import default_held_out
from snnlab.networks.reservoir.exponents import (
    leading_eigenvalues,
    measure_dynamics,
    measure_exponents,
    rebuild_reservoir,
)
from snnlab.networks.reservoir.train import choose_steps
from snnlab.networks.reservoir.units import RateReservoir, random_reservoir
from snnlab.protocols.reservoir import reservoir_best, reservoir_diagnostics, reservoir_mnist

PROTOCOL = find_protocol("reservoir_mnist")
SMALL = {"images": "digits", "n": 40, "density": 0.2, "eta": 1e-2, "held_out": 200, "epochs": 1}


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder, found = tmp_path_factory.mktemp("runs"), {}
    for rule in ("none", "hebb", "stlr", "random_walk"):
        config = PROTOCOL.config(**SMALL | {"plasticity": rule, "eta": 0.1 if rule == "random_walk" else 1e-2})
        found[rule] = PROTOCOL.execute(config, folder)[1]
    return found


def test_states_that_are_read_are_evenly_spaced():
    assert choose_steps(28, 4).tolist() == [6, 13, 20, 27] and choose_steps(28, 1).tolist() == [27]
    assert choose_steps(8, 3).tolist() == [2, 5, 7] and choose_steps(28, 28).tolist() == list(range(28))


def test_a_run_holds_what_it_did(runs):
    run = runs["hebb"]
    assert run.accuracy.dims == ("epoch", "readout") and run.readout.values.tolist() == ["last", "snapshots"]
    assert runs["none"].sizes["epoch"] == 1 and run.sizes["epoch"] == 2
    start, end = run.weights.values
    assert float(run.change[1]) == pytest.approx(np.linalg.norm(end - start) / np.linalg.norm(start), rel=1e-5)
    assert run.updates.values.tolist() == [0, (1415 // 64) * 8]
    for rule in ("hebb", "stlr", "random_walk"):
        # Every rule starts from the same network.
        np.testing.assert_array_equal(runs[rule].weights[0], runs["none"].weights[0])
        np.testing.assert_array_equal(runs[rule].accuracy[0], runs["none"].accuracy[0])
    assert "theta1" in runs["stlr"].attrs["thresholds"]


def test_weights_learn_from_some_images_one_at_a_time(tmp_path, runs):
    config = PROTOCOL.config(**SMALL | {"plasticity": "hebb", "batch": 1, "images_per_epoch": 30})
    _, run = PROTOCOL.execute(config, tmp_path)
    assert run.updates.values.tolist() == [0, 30 * 8] and float(run.change[1]) > 0
    # The readout sees all images, as ever.
    np.testing.assert_array_equal(run.accuracy[0], runs["hebb"].accuracy[0])


def test_the_network_after_an_epoch_is_rebuilt_from_the_run(runs):
    run = runs["stlr"]
    reservoir = rebuild_reservoir(run, 1, 0.3, "reservoir")
    assert reservoir.radius() == pytest.approx(float(run.radius[1]), rel=1e-5)
    np.testing.assert_allclose(reservoir.w, run.weights[1], rtol=1e-6)


def test_states_tell_more_than_pixels_and_shuffled_labels_nothing(tmp_path):
    for control, holds in (("none", True), ("shuffled_labels", False)):
        _, run = PROTOCOL.execute(PROTOCOL.config(quick=True, seed=100, control=control), tmp_path)
        # The other checks of the default are bands, of which about one in a hundred falls by chance.
        assert PROTOCOL.checks(run)[0].holds == holds
        assert float(run.accuracy.max()) > 0.85 if holds else float(run.accuracy.max()) < 0.25


def made_up(rule, seed, last, change, **settings):
    """A run with so many epochs, of which only accuracy and change matter."""
    config = vars(PROTOCOL.config(plasticity=rule, seed=seed, **settings))
    accuracy = np.stack([np.array(last) / 100, np.full(len(last), 0.94)], 1)
    epochs = np.arange(len(last))
    data = {name: ("epoch", np.array(change, float)) for name in ("change", "radius", "saturation")}
    data |= {"accuracy": (("epoch", "readout"), accuracy), "pixels": ((), 0.86), "updates": ("epoch", 1000 * epochs)}
    coords = {"epoch": epochs, "readout": ["last", "snapshots"]}
    return xr.Dataset(data, coords, {"config": json.dumps(config), "condition": "default"})


def test_findings_compare_rules_where_they_have_changed_as_much():
    runs = [made_up("hebb", s, [85, 84, 60], [0, 1, 3]) for s in range(3)]
    runs += [made_up("stlr", s, [85, 85.2, 84.9 + 0.1 * s], [0, 2, 4]) for s in range(3)]
    runs += [made_up("random_walk", s, [85, 85, 85], [0, 1, 2]) for s in range(3)]
    runs += [made_up("none", s, [85], [0]) for s in range(3)]
    found = {finding.what: finding for finding in PROTOCOL.comparisons(runs)}
    assert found["hebb, last: points that 2 epochs of learning add"].value == pytest.approx(-25)
    assert found["hebb, last: share of runs that fall by 5 points"].value == 1
    # From 1 to 25 points, 5 are lost a sixth of the way into the second epoch; eta is 1e-5.
    assert found["hebb, last: eta x updates where they have"].value == pytest.approx(1e-5 * (1000 + 1000 * 4 / 24))
    assert "within 1 point, p = 0.0" in found["stlr, last: points that 2 epochs of learning add"].null
    matched = found["hebb, last: points over a random walk, where change is 2"]
    assert matched.value == pytest.approx(-13)
    assert found["stlr, last: points over a random walk, where change is 2"].value == pytest.approx(0.2)
    # Other learning rates are not other seeds.
    fast = [made_up("hebb", s, [85, 84, 50], [0, 1, 3], eta=1e-4) for s in range(3)]
    names = {finding.what: finding for finding in PROTOCOL.comparisons(runs + fast)}
    assert names["hebb, eta 1e-05, last: points that 2 epochs of learning add"].value == pytest.approx(-25)
    assert names["hebb, eta 0.0001, last: points that 2 epochs of learning add"].value == pytest.approx(-35)
    alone = [made_up("hebb", s, [85, 84, 60], [0, 1, 3], batch=1) for s in range(3)]
    names = {finding.what for finding in PROTOCOL.comparisons(alone)}
    assert "hebb in batches of 1, last: points that 2 epochs of learning add" in names


def test_an_exponent_is_the_logarithm_of_the_slowest_mode():
    # Linear and on its own, h = 0: the step is (1 - a) + a W.
    w = csr_array(np.array([[0.0, 0.5], [0.2, 0.0]]))
    net = RateReservoir(w, np.zeros((2, 1)), 0.3)
    found, moved = measure_exponents(net, np.zeros((400, 2, 1)), np.zeros((2, 3)), np.random.default_rng(0), 200)
    expected = np.log(np.abs(np.linalg.eigvals(0.7 * np.eye(2) + 0.3 * w.toarray())).max())
    np.testing.assert_allclose(found, expected, atol=1e-9)
    assert not moved.any()
    assert np.abs(leading_eigenvalues(net, 5)) == pytest.approx([np.sqrt(0.1)] * 2)


@pytest.mark.parametrize("form", ["reservoir", "rate"])
def test_a_tangent_is_the_difference_of_two_runs(form, rng):
    net = random_reservoir(30, 4, rng, 0.3, 1.6, 0.4, 0.5, form)
    drive = net.drive(rng.random((1, 60, 4)))
    state = 0.3 * rng.standard_normal((30, 1))
    found, _ = measure_exponents(net, drive, state, np.random.default_rng(1), 0)
    first = np.random.default_rng(1).standard_normal((30, 1))
    near = state + 1e-7 * first / np.linalg.norm(first)
    for now in drive:
        state, _ = net.step(state, net.rate(state), now)
        near, _ = net.step(near, net.rate(near), now)
    assert found[0] == pytest.approx(np.log(np.linalg.norm(near - state) / 1e-7) / 60, abs=1e-4)


def test_rest_saturation_and_chaos_are_told_apart(rng):
    images = rng.random((20, 8, 8))
    quiet, wild = (random_reservoir(80, 8, rng, 0.2, radius, 0.5, 0.2) for radius in (0.8, 4.0))
    found = measure_dynamics(quiet, images, np.random.default_rng(0), 4)
    assert (
        (found["lyapunov_alone"] < 0).all() and (found["settled"] == 1).all() and (found["lyapunov_driven"] < 0).all()
    )
    found = measure_dynamics(wild, images, np.random.default_rng(0), 4)
    assert (found["lyapunov_alone"] > 0).all() and not found["settled"].any()
    saturated = RateReservoir(csr_array(20 * np.ones((10, 10))), np.ones((10, 8)), 0.5)
    found = measure_dynamics(saturated, images, np.random.default_rng(0), 4)
    # All that is left is the leak.
    np.testing.assert_allclose(found["lyapunov_driven"], np.log(0.5), atol=1e-6)


def test_diagnostics_of_a_reduced_run(tmp_path):
    protocol = find_protocol("reservoir_diagnostics")
    found = []
    for rule in ("hebb", "stlr"):
        for seed in range(3):
            config = protocol.config(**SMALL | {"plasticity": rule, "seed": seed})
            found.append(protocol.execute(config, tmp_path)[1])
    assert all(check.holds for run in found for check in protocol.checks(run))
    assert found[0].lyapunov_alone.shape == (2, 10) and found[0].eigenvalue_real.shape == (2, 10)
    names = [finding.what for finding in protocol.comparisons(found)]
    assert f"hebb, when accuracy has first fallen, or at the end: {reservoir_diagnostics.DRIVEN}" in names
    assert "stlr, when accuracy has first fallen, or at the end: share chaotic with input" in names
    drawn = save_figure(find_figure("reservoir_diagnostics"), found, tmp_path / "drawn", pdf=False)
    assert drawn[0].stat().st_size > 10_000


def test_where_accuracy_has_fallen():
    assert reservoir_diagnostics.find_fall(made_up("hebb", 0, [85, 84, 79, 60], [0, 1, 2, 3])) == 2
    assert reservoir_diagnostics.find_fall(made_up("hebb", 0, [85, 84, 81], [0, 1, 2])) is None


def test_the_figure_is_drawn_of_all_rules(runs, tmp_path):
    figure = find_figure("reservoir_mnist")
    assert save_figure(figure, list(runs.values()), tmp_path / "drawn", pdf=False)[0].stat().st_size > 20_000
    # Batches of 64 at the usual rate alone.
    assert len(figure.needs) == 10 * (len(reservoir_mnist.VARIANTS) - 4) == 40


@pytest.mark.parametrize("features", ["reservoir", "no_recurrence", "random_features"])
def test_features_of_a_reservoir_that_does_not_learn(tmp_path, features):
    protocol = find_protocol("reservoir_best")
    config = protocol.config(quick=True, features=features, n=60)
    _, run = protocol.execute(config, tmp_path)
    assert int(run.features) == 240 and 0.5 < float(run.accuracy) <= 1 and float(run.seconds) > 0
    assert protocol.checks(run) == []
    measured = protocol.measure(run)
    assert measured[reservoir_best.TEST] == 100 * float(run.accuracy)


def test_a_larger_reservoir_beats_the_pixels(tmp_path):
    protocol = find_protocol("reservoir_best")
    _, run = protocol.execute(protocol.config(quick=True, seed=100), tmp_path)
    (check,) = protocol.checks(run)
    assert check.holds


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"plasticity": "heb"}, "plasticity: expected one of .*, got 'heb'; did you mean hebb"),
        ({"images": "nowhere"}, "images: "),
        ({"leak": 0.0}, "leak: expected a number > 0, got 0.0"),
        ({"leak": 1.1}, "leak: expected a number from 0 to 1, got 1.1"),
        ({"density": 2.0}, "density: expected a number from 0 to 1, got 2.0"),
        ({"density": 0.0}, "density: expected a network with cycles"),
        ({"batch": 0}, "batch: expected an integer from 1 to 1,415, got 0"),
        ({"snapshots": 9}, "snapshots: expected an integer from 1 to 8, got 9"),
        ({"held_out": 1415}, "held_out: expected an integer from 1 to 1,414, got 1415"),
        ({"images_per_epoch": 60}, "images_per_epoch: expected an integer from 64 to 1,415, got 60"),
        ({"quantity": "spikes"}, "quantity: expected one of .*, got 'spikes'"),
        ({"w_in": float("nan")}, "w_in: expected a number >= 0, got nan"),
    ],
    ids=str,
)
def test_bad_settings_are_refused_by_name_and_nothing_is_written(tmp_path, changes, message):
    with pytest.raises(UserError, match=f"^{message}"):
        PROTOCOL.execute(PROTOCOL.config(**SMALL | changes), tmp_path / "runs")
    assert not list(tmp_path.rglob("*.nc"))


def test_a_rule_of_the_users_own_is_trained_and_named_in_the_run(tmp_path):
    path = tmp_path / "my_rule.py"
    path.write_text((DATA / "my_rule.py").read_text())
    config = PROTOCOL.config(**SMALL | {"plasticity": f"{path}:BCM"})
    first = PROTOCOL.prepare(config, tmp_path).path
    _, run = PROTOCOL.execute(config, tmp_path)
    assert float(run.change[1]) > 0
    path.write_text(path.read_text().replace("0.1", "0.2"))
    assert PROTOCOL.prepare(config, tmp_path).path != first


@pytest.mark.parametrize("name", ["reservoir_mnist", "reservoir_diagnostics", "reservoir_remedies"])
def test_the_rate_of_the_digits_is_refused_for_larger_images(tmp_path, rng, name):
    protocol = find_protocol(name)
    for part, count in (("train", 300), ("t10k", 50)):
        images, labels = rng.integers(0, 256, (count, 9, 9)), np.arange(count) % 10
        for kind, array in (("images-idx3", images), ("labels-idx1", labels)):
            lengths = b"".join(n.to_bytes(4, "big") for n in array.shape)
            content = bytes([0, 0, 8, array.ndim]) + lengths + array.astype(np.uint8).tobytes()
            (tmp_path / f"{part}-{kind}-ubyte").write_bytes(content)
    config = protocol.config(quick=True, images=str(tmp_path), plasticity="stlr", epochs=1)
    with pytest.raises(UserError, match=r"eta: expected a .* for images of 9 x 9, such as 1e-05, got 0\.005"):
        protocol.prepare(config)
    for other in ({"eta": 1e-5}, {"plasticity": "none", "epochs": 0} if name == "reservoir_mnist" else {"eta": 4e-3}):
        assert protocol.prepare(dataclasses.replace(config, **other)).config.images == str(tmp_path)


def test_a_tenth_of_few_images_is_held_out_unless_it_is_stated():
    protocol = find_protocol("reservoir_mnist")
    assert default_held_out(60_000) == 6000
    assert protocol.settled(protocol.config(images="digits")).held_out == 141
    assert protocol.settled(protocol.config(images="digits", held_out=100)).held_out == 100
    with pytest.raises(UserError, match=r"^images: expected digits, mnist \(after snnlab data get mnist\), or"):
        protocol.settled(protocol.config(images="nowhere"))
