"""Ridge classifiers on streams: the same as in one piece, strength chosen on held-out samples, subsets."""

import numpy as np
import pytest
from sklearn.linear_model import Ridge as Reference

from snnlab.errors import UserError
from snnlab.learning.readout import classify, one_hot
from snnlab.learning.ridge import Ridge


def samples(rng, count=300):
    labels = rng.integers(3, size=count)
    centres = np.array([[1, 0, 0, 0, 0], [0, 1, 0, 0, 0], [0, 0, 1, 0, 0]])
    return centres[labels] + 0.4 * rng.standard_normal((count, 5)), labels


def pieces(x, y, size=37):
    return [(x[k : k + size], y[k : k + size]) for k in range(0, len(y), size)]


def test_targets_are_plus_and_minus_one():
    np.testing.assert_array_equal(one_hot(np.array([2, 0]), 3), [[-1, -1, 1], [1, -1, -1]])


def test_the_readout_is_the_ridge_regression_of_all_but_the_test_samples(rng):
    x, y = samples(rng)
    subsets = {"all": np.arange(5), "two": np.array([4, 1])}
    parts = [slice(0, 150), slice(150, 200), slice(200, 300)]
    scores = classify(*(pieces(x[part], y[part]) for part in parts), subsets, 3, betas=(0.5,))
    for name, index in subsets.items():
        features = np.column_stack([x[:200][:, index], np.ones(200)])
        reference = Reference(alpha=0.5, fit_intercept=False).fit(features, one_hot(y[:200], 3))
        np.testing.assert_allclose(scores[name].weights, reference.coef_.T, atol=1e-10)
        outputs = np.column_stack([x[200:][:, index], np.ones(100)]) @ reference.coef_.T
        assert scores[name].test == np.mean(outputs.argmax(1) == y[200:])
    assert scores["all"].test > 0.9 and scores["two"].test < scores["all"].test


def test_the_strength_is_the_one_that_does_best_on_held_out_samples(rng):
    x, y = samples(rng, 120)
    noisy = np.column_stack([x, 5 * rng.standard_normal((120, 30))])
    parts = [pieces(noisy[k : k + 40], y[k : k + 40]) for k in (0, 40, 80)]
    betas = (1e-6, 1e2, 1e8)
    score = classify(*parts, {"all": np.arange(35)}, 3, betas)["all"]
    single = [classify(*parts, {"all": np.arange(35)}, 3, (beta,))["all"].validation for beta in betas]
    assert score.validation == max(single) and score.beta == betas[len(betas) - 1 - np.argmax(single[::-1])]


def test_features_that_are_alike_are_read_with_a_strength_that_tells_them_apart(rng):
    x, y = samples(rng, 120)
    alike = np.column_stack([x, 1e3 * x[:, :1], 1e3 * x[:, :1]])
    parts = [pieces(alike[k : k + 40], y[k : k + 40]) for k in (0, 40, 80)]
    score = classify(*parts, {"all": np.arange(7)}, 3, (0.0, 1.0))["all"]
    assert score.beta == 1.0 and score.test > 0.8
    parts = [pieces(1e9 * alike[k : k + 40], y[k : k + 40]) for k in (0, 40, 80)]
    with pytest.raises(
        UserError, match="features: expected 'all' to differ, got features too much alike for a ridge of 1"
    ):
        classify(*parts, {"all": np.arange(7)}, 3, (0.0, 1.0))


def test_ridge_solves_for_some_units_and_another_strength(rng):
    r, target = rng.standard_normal((50, 6)), rng.standard_normal((50, 2))
    ridge = Ridge(6, 2, 1.0)
    ridge.add(r, target)
    np.testing.assert_allclose(ridge.solve(1.0), ridge.weights, atol=1e-12)
    alone = Ridge(2, 2, 3.0)
    alone.add(r[:, [1, 4]], target)
    np.testing.assert_allclose(ridge.solve(3.0, np.array([1, 4])), alone.weights, atol=1e-12)
    assert ridge.n_units == 6
    with pytest.raises(ValueError, match="singular"):
        Ridge(2, 1, 0.0).solve(0.0)
