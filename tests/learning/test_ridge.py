"""Streamed ridge regression against least squares on the augmented system."""

import numpy as np
import pytest

from snnlab.learning.ridge import Ridge


@pytest.fixture
def data(rng):
    return rng.random((50, 8)), rng.standard_normal((50, 3))


@pytest.mark.parametrize("ridge", [1e-3, 0.1, 100.0])
def test_weights_solve_the_augmented_least_squares_problem(ridge, data):
    r, y = data
    fit = Ridge(8, 3, ridge)
    fit.add(r, y)
    # Rows sqrt(lambda) I with target 0 add lambda |w|^2 to the squared error.
    expected = np.linalg.lstsq(np.vstack([r, np.sqrt(ridge) * np.eye(8)]), np.vstack([y, np.zeros((8, 3))]))[0]
    np.testing.assert_allclose(fit.weights, expected, rtol=1e-10)


def test_without_ridge_an_exact_relation_is_recovered(rng):
    r, weights = rng.random((20, 8)), rng.standard_normal((8, 2))
    fit = Ridge(8, 2, 0.0)
    fit.add(r, r @ weights)
    np.testing.assert_allclose(fit.weights, weights, rtol=1e-9)


def test_batches_equal_one_batch(data):
    r, y = data
    whole, parts = Ridge(8, 3, 0.1), Ridge(8, 3, 0.1)
    whole.add(r, y)
    parts.add(r[:1], y[:1])
    parts.add(np.asfortranarray(r[1:30]), y[1:30])
    parts.add(r[30], y[30])  # one sample as a vector
    assert np.isfinite(parts.weights).all()  # reading in between changes nothing
    parts.add(r[31:], y[31:])
    np.testing.assert_allclose(parts.weights, whole.weights, rtol=1e-10)


def test_a_singular_system_is_refused_until_there_is_data(rng):
    fit = Ridge(4, 1, 0.0)
    fit.add(np.ones((1, 4)), np.ones((1, 1)))
    with pytest.raises(ValueError, match="singular"):
        _ = fit.weights
    fit.add(rng.random((20, 4)), np.ones((20, 1)))
    assert fit.weights.shape == (4, 1)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_refused_batches_change_nothing(bad, data):
    r, y = data
    fit = Ridge(8, 3, 0.1)
    fit.add(r, y)
    before = fit.weights
    spoilt = r.copy()
    spoilt[3, 2] = bad
    for batch in [(spoilt, y), (r, np.where(y > 1, bad, y))]:
        with pytest.raises(ValueError, match="finite"):
            fit.add(*batch)
    for batch in [(r[:, :7], y), (r, y[:, :2]), (r[:10], y)]:
        with pytest.raises(ValueError, match="r, target: expected shapes"):
            fit.add(*batch)
    np.testing.assert_array_equal(fit.weights, before)


@pytest.mark.parametrize("arguments", [(0, 1, 1.0), (1, 0, 1.0), (1, 1, -1.0), (1, 1, np.nan), (1, 1, np.inf)])
def test_wrong_settings_are_refused(arguments):
    with pytest.raises(ValueError, match="expected"):
        Ridge(*arguments)
