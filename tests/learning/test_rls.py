"""Recursive least squares against ridge regression, a textbook loop, and its own promises."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from references import loops
from snnlab.learning.ridge import Ridge
from snnlab.learning.rls import RLS


def activity(rng, n_steps=60, n_units=12, n_outputs=2):
    """Positive, correlated activity as filtered spikes are, and targets."""
    shared = rng.random((n_steps, 1))
    return shared + rng.random((n_steps, n_units)), rng.standard_normal((n_steps, n_outputs))


def train(rls, r, y):
    for row, target in zip(r, y, strict=True):
        rls.update(row, rls.weights.T @ row - target)
    return rls


def textbook(r, y, alpha, gain):
    weights, p = np.zeros((r.shape[1], y.shape[1])), alpha * np.eye(r.shape[1])
    for row, target in zip(r, y, strict=True):
        error = weights.T @ row - target
        p, change = loops.rls_step(p, row, error, gain)
        weights = weights - change
    return weights, p


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.data())
def test_exact_gain_is_ridge_regression_with_lambda_one_over_alpha(data):
    n_steps, n_units = data.draw(st.integers(1, 40)), data.draw(st.integers(1, 10))
    n_outputs, log_alpha = data.draw(st.integers(1, 3)), data.draw(st.floats(-3, 3))
    values = st.floats(-10, 10, allow_subnormal=False)
    r = data.draw(arrays(float, (n_steps, n_units), elements=values))
    y = np.random.default_rng(n_steps).standard_normal((n_steps, n_outputs))
    alpha = 10**log_alpha
    rls = train(RLS(n_units, n_outputs, alpha), r, y)
    ridge = Ridge(n_units, n_outputs, 1 / alpha)
    ridge.add(r, y)
    error = np.linalg.norm(rls.weights - ridge.weights)
    # P starts at alpha and ends at 1 / (1/alpha + gram): so much of it cancels in its excited directions. This is the
    # condition number of (sum r r' + I/alpha) wherever some direction stays unexcited, as in any real network.
    cancelled = 1 + alpha * np.linalg.norm(r.T @ r, 2)
    # A few dozen roundings of 1e-16, each amplified so.
    assert error <= 1e-14 * max(cancelled, 10) * np.linalg.norm(ridge.weights)


@pytest.mark.parametrize("gain", ["exact", "undivided"])
@pytest.mark.parametrize("block", [1, 7, 16, 100])
def test_blocked_downdates_equal_the_textbook_form(gain, block, rng):
    r, y = activity(rng)
    weights, p = textbook(r, y, 0.5, gain)
    rls = train(RLS(12, 2, 0.5, gain, block=block), r, y)
    np.testing.assert_allclose(rls.weights, weights, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(rls.P, p, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("gain", ["exact", "undivided"])
def test_update_returns_the_gain_that_multiplied_the_error(gain):
    rls, r = RLS(2, 1, 0.5, gain), np.array([1.0, 3.0])
    k = rls.update(r, np.array([2.0]))
    q = 0.5 * r
    np.testing.assert_allclose(k, q / (1 + 0.5 * 10) if gain == "exact" else q)
    np.testing.assert_allclose(rls.weights[:, 0], -2 * k)


def test_outputs_share_p_and_learn_as_if_alone(rng):
    r, y = activity(rng, n_outputs=3)
    together = train(RLS(12, 3, 2.0), r, y)
    for k in range(3):
        alone = train(RLS(12, 1, 2.0), r, y[:, k : k + 1])
        np.testing.assert_allclose(together.weights[:, k], alone.weights[:, 0], rtol=1e-13, atol=1e-15)
        np.testing.assert_array_equal(together.P, alone.P)


def test_p_is_symmetric_and_the_inverse_of_the_regularised_correlation(rng):
    r, y = activity(rng)
    p = train(RLS(12, 2, 0.5), r, y).P
    np.testing.assert_array_equal(p, p.T)
    np.testing.assert_allclose(p @ (r.T @ r + np.eye(12) / 0.5), np.eye(12), atol=1e-11)


def test_reading_p_does_not_change_what_is_learned(rng):
    r, y = activity(rng)
    plain, watched = RLS(12, 2, 0.5), RLS(12, 2, 0.5)
    for row, target in zip(r, y, strict=True):
        plain.update(row, plain.weights.T @ row - target)
        watched.update(row, watched.weights.T @ row - target)
        assert watched.P.shape == (12, 12)
    np.testing.assert_allclose(plain.weights, watched.weights, rtol=1e-10, atol=1e-13)


def test_single_precision_is_close_to_double(rng):
    r, y = activity(rng)
    double = train(RLS(12, 2, 0.5), r, y).weights
    single = train(RLS(12, 2, 0.5, dtype="float32"), r, y).weights
    assert single.dtype == np.float64
    difference = np.abs(single - double).max() / np.abs(double).max()
    # Not equal, or the precision would not have been used; single precision is 6e-8, the condition number about 500.
    assert 0 < difference < 1e-3


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("done", [0, 16, 21])
def test_restored_state_continues_bit_for_bit(dtype, done, rng):
    r, y = activity(rng)
    original = train(RLS(12, 2, 0.5, dtype=dtype), r[:done], y[:done])
    state = original.state()
    assert state["p_columns"].shape[1] == done % 16
    copy = RLS(12, 2, 0.5, dtype=dtype)
    copy.restore(state)
    for rls in (original, copy):
        train(rls, r[done:], y[done:])
    np.testing.assert_array_equal(original.weights, copy.weights)
    np.testing.assert_array_equal(original.P, copy.P)


def test_state_is_a_copy(rng):
    r, y = activity(rng)
    rls = train(RLS(12, 2, 0.5), r[:20], y[:20])
    state = rls.state()
    before = {name: values.copy() for name, values in state.items()}
    train(rls, r[20:], y[20:])
    for name, values in state.items():
        np.testing.assert_array_equal(values, before[name])


def test_state_of_another_rls_is_refused(rng):
    r, y = activity(rng)
    state = train(RLS(12, 2, 0.5), r[:10], y[:10]).state()
    for other in (RLS(11, 2, 0.5), RLS(12, 1, 0.5), RLS(12, 2, 0.5, dtype="float32")):
        with pytest.raises(ValueError, match="state: expected"):
            other.restore(state)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("where", ["r", "error"])
def test_values_that_are_not_finite_are_refused_and_change_nothing(bad, where, rng):
    r, y = activity(rng)
    rls = train(RLS(12, 2, 0.5), r[:5], y[:5])
    before = rls.state()
    given = {"r": r[5].copy(), "error": y[5].copy()}
    given[where][1] = bad
    with np.errstate(invalid="ignore"), pytest.raises(ValueError, match="finite"):
        rls.update(**given)
    for name, values in rls.state().items():
        np.testing.assert_array_equal(values, before[name])


@pytest.mark.parametrize(("r", "error"), [((11,), (2,)), ((12,), (1,)), ((12,), (3,)), ((12, 1), (2,))])
def test_wrong_shapes_are_refused(r, error):
    with pytest.raises(ValueError, match="r, error: expected shapes"):
        RLS(12, 2, 0.5).update(np.ones(r), np.ones(error))


@pytest.mark.parametrize(
    "arguments",
    [
        {"n_units": 0},
        {"n_outputs": 0},
        {"block": 0},
        {"alpha": 0.0},
        {"alpha": -1.0},
        {"alpha": np.nan},
        {"alpha": np.inf},
        {"gain": "divided"},
        {"dtype": "int64"},
        {"dtype": "float16"},
    ],
    ids=str,
)
def test_wrong_settings_are_refused(arguments):
    with pytest.raises(ValueError, match=f"{next(iter(arguments))}.*: expected"):
        RLS(**{"n_units": 3, "n_outputs": 1, "alpha": 1.0} | arguments)
