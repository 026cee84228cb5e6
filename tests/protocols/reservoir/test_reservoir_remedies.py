"""Remedies: what each keeps, what is chosen on held-out images, corrected tests, bad input."""

import json

import numpy as np
import pytest
import xarray as xr
from scipy.stats import ttest_1samp

from snnlab.errors import UserError
from snnlab.lab.figure import find_figure, save_figure
from snnlab.lab.protocol import find_protocol
from snnlab.networks.reservoir.plastic import Plasticity
from snnlab.networks.reservoir.remedies import Remedy
from snnlab.networks.reservoir.units import random_reservoir
from snnlab.plasticity.hebb import HEBB

PROTOCOL = find_protocol("reservoir_remedies")
ETA = 3e-2


def learned(rng, batches=3, **remedy):
    """A reservoir, its weights before it learned with a remedy, and its rule at work."""
    net = random_reservoir(30, 6, rng, 0.3, 0.9, 0.3, 0.5)
    before, learner = net.w.copy(), Plasticity(net, HEBB, ETA, rng, remedy=Remedy(**remedy))
    for _ in range(batches):
        learner.learn(rng.random((16, 8, 6)))
    return net, before, learner


def into(net, values):
    return np.bincount(net.post, values, net.n)


def test_without_a_remedy_norms_grow_and_the_radius_changes(rng):
    net, before, _ = learned(rng)
    assert (into(net, net.w**2) > into(net, before**2)).mean() > 0.7
    assert abs(net.radius() - 0.9) > 0.01 and not net.bias.any()


def test_weights_into_a_unit_keep_their_norm(rng):
    net, before, _ = learned(rng, normalise="l2")
    np.testing.assert_allclose(into(net, net.w**2), into(net, before**2), rtol=1e-12)
    assert np.abs(net.w - before).max() > 1e-3


def test_subtraction_keeps_sums_and_how_far_weights_are_apart(rng):
    net, before, _ = learned(rng, normalise="subtractive")
    count = np.maximum(into(net, np.ones_like(before)), 1)
    np.testing.assert_allclose(into(net, net.w), into(net, before), atol=1e-12)
    spreads = [into(net, (w - (into(net, w) / count)[net.post]) ** 2) for w in (net.w, before)]
    np.testing.assert_allclose(*spreads, rtol=1e-9, atol=1e-15)
    assert np.abs(net.w - before).max() > 1e-3


def test_subtraction_undoes_a_common_change(rng):
    net, before, _ = learned(rng, batches=0)
    learner = Plasticity(net, HEBB, 1.0, rng, remedy=Remedy(normalise="subtractive"))
    net.w = before + 0.7
    learner._treatment.after_batch(np.zeros(net.n))
    np.testing.assert_allclose(net.w, before, atol=1e-12)


def test_the_spectral_radius_is_set_back_every_ten_batches(rng):
    net, _, learner = learned(rng, batches=9, normalise="spectral")
    assert abs(net.radius() - 0.9) > 0.01
    learner.learn(rng.random((16, 8, 6)))
    assert net.radius() == pytest.approx(0.9, rel=1e-9)


def test_a_weight_that_only_decays_goes_a_share_of_its_way(rng):
    for target, end in (("zero", 0.0), ("start", 1.0)):
        net = random_reservoir(20, 6, rng, 0.3)
        learner = Plasticity(net, HEBB, 0.0, rng, remedy=Remedy(decay=0.1, decay_to=target))
        start = net.w.copy()
        net.w = 3 * start
        learner.learn(rng.random((4, 5, 6)))
        np.testing.assert_allclose(net.w, start * (end + (3 - end) * 0.9**5))


def test_only_chosen_steps_and_synapses_learn(rng):
    for others in ({}, {"normalise": "l2"}, {"normalise": "subtractive"}, {"decay": 0.1, "decay_to": "zero"}):
        net, before, _ = learned(rng, plastic_share=0.3, **others)
        assert 0.15 < (net.w != before).mean() < 0.45
    net, before, _ = learned(rng, learn_every=9)
    np.testing.assert_array_equal(net.w, before)
    # The last step of eight alone: the change is that of this step, in the network as it was.
    net, before, _ = learned(np.random.default_rng(5), batches=1, learn_every=8)
    other = random_reservoir(30, 6, np.random.default_rng(5), 0.3, 0.9, 0.3, 0.5)
    silent = Plasticity(other, HEBB, ETA, rng)
    shown = np.random.default_rng(5)
    random_reservoir(30, 6, shown, 0.3, 0.9, 0.3, 0.5)
    *_, last = silent.signals(shown.random((16, 8, 6)))
    np.testing.assert_allclose(net.w - before, ETA * last, atol=1e-15)


def test_homeostasis_brings_mean_rates_down(rng):
    held = [learned(np.random.default_rng(2), 200, homeostasis=gain)[2]._rates for gain in (1e-9, 0.05)]
    assert np.abs(held[1]).mean() < 0.5 * np.abs(held[0]).mean()


@pytest.mark.parametrize(
    "given, message",
    [
        ({"normalise": "max"}, "normalise: expected one of .*, got 'max'"),
        ({"decay": 1.5}, "decay: expected a number from 0 to 1, got 1.5"),
        ({"decay_to": "mean"}, "decay_to: expected one of .*, got 'mean'"),
        ({"homeostasis": -1.0}, "homeostasis: expected a number >= 0, got -1.0"),
        ({"learn_every": 0}, "learn_every: expected an integer from 1"),
        ({"plastic_share": float("nan")}, "plastic_share: expected a number from 0 to 1, got nan"),
    ],
)
def test_values_out_of_range_are_named(given, message):
    with pytest.raises(UserError, match=message):
        PROTOCOL.config(**given)


def made_up(seed, validation, test, **overrides):
    """A run with these accuracies (%) of one readout, epoch by epoch."""
    config = vars(PROTOCOL.config(seed=seed, **overrides))
    data = {"accuracy": test, "validation": validation}
    data = {name: (("epoch", "readout"), np.array(values)[:, None] / 100) for name, values in data.items()}
    data |= {name: ("epoch", np.arange(len(test)) / (len(test) - 1)) for name in ("change", "radius")}
    coords = {"epoch": np.arange(len(test)), "readout": ["last"]}
    return xr.Dataset(data, coords, {"config": json.dumps(config), "condition": "default"})


def test_the_epoch_is_chosen_without_test_images():
    runs = [made_up(s, [85, 87, 86, 70], [85, 86 + 0.1 * s, 89, 60]) for s in range(3)]
    found = {finding.what: finding for finding in PROTOCOL.comparisons(runs)}
    name = "hebb (eta 1e-05), last: "
    assert found[f"{name}points gained at the epoch chosen"].value == pytest.approx(1.1)
    assert found[f"{name}points lost at worst in 3 epochs"].value == pytest.approx(25)
    assert found[f"{name}share that falls by 5 points"].value == 1


def test_gains_are_compared_with_those_of_a_random_walk_and_other_settings_stay_apart():
    walk = {"plasticity": "random_walk", "eta": 1e-3}
    runs = [made_up(s, [85, 86], [85, 85.2 + 0.1 * s], **walk) for s in range(3)]
    runs += [made_up(s, [85, 86], [85, 86], **other) for other in ({}, {"n": 50}) for s in range(3)]
    found = {finding.what: finding for finding in PROTOCOL.comparisons(runs)}
    assert found["hebb (eta 1e-05) [1], last: points gained, over a random walk"].value == pytest.approx(0.7)
    # Weights have moved by 1 in all of them.
    as_far = found["hebb (eta 1e-05) [1], last: points at the end, over a random walk as far"]
    assert as_far.value == pytest.approx(0.7)
    # There is no walk of 50 units.
    assert "hebb (eta 1e-05) [2], last: points gained at the epoch chosen" in found
    assert "hebb (eta 1e-05) [2], last: points gained, over a random walk" not in found
    assert not any("random_walk" in what and "over a random" in what for what in found)


def test_where_held_out_images_choose_not_to_learn_nothing_is_gained():
    runs = [made_up(s, [85, 84], [85, 99], decay=0.1) for s in range(3)]
    found = {finding.what: finding for finding in PROTOCOL.comparisons(runs)}
    gained = found["hebb (eta 1e-05) + decay to start (0.1), last: points gained at the epoch chosen"]
    assert gained.value == 0 and gained.p is None


def test_gains_are_tested_against_no_learning_in_the_family_of_the_study():
    gains = {"l2": (1.0, 0.9, 1.1), "none": (0.1, -0.2, 0.3)}
    runs = [
        made_up(s, [85, 86], [85, 85 + gained], normalise=norm)
        for norm, each in gains.items()
        for s, gained in enumerate(each)
    ]
    tested = [finding for finding in PROTOCOL.comparisons(runs) if finding.p is not None]
    assert [finding.what.rpartition(": ")[2] for finding in tested] == ["points gained at the epoch chosen"] * 2
    expected = [ttest_1samp(each, 0.0).pvalue for each in gains.values()]
    assert [finding.p for finding in tested] == pytest.approx(expected)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"plasticity": "none"}, "plasticity: expected a learning rule"),
        ({"learn_every": 9}, "learn_every: expected an integer from 1 to 8, got 9"),
    ],
)
def test_what_would_do_nothing_is_refused(tmp_path, given, message):
    with pytest.raises(UserError, match=message):
        PROTOCOL.execute(PROTOCOL.config(quick=True, **given), tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_reduced_run_learns_with_its_remedy(tmp_path):
    _, run = PROTOCOL.execute(PROTOCOL.config(quick=True, seed=100, epochs=1, normalise="l2"), tmp_path)
    start, end = (np.bincount(run.post, w.astype(float) ** 2) for w in run.weights.values)
    np.testing.assert_allclose(start, end, rtol=1e-4)
    assert all(check.holds for check in PROTOCOL.checks(run))
    assert {"epoch chosen for last", "accuracy of snapshots, after the epoch chosen (%)"} <= set(PROTOCOL.measure(run))
    (png,) = save_figure(find_figure("reservoir_remedies"), [run], tmp_path / "drawn", pdf=False)
    assert png.stat().st_size > 8_000
