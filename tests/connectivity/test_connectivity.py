"""Random weights: shape, density, variance, row means, and where the randomness comes from."""

import numpy as np
import pytest

from snnlab.connectivity.random import by_source, encoder, sparse_random, with_signs


def test_weights_have_the_stated_density_and_variance(rng):
    n, p, gain = 600, 0.1, 3.0
    weights = sparse_random(n, p, gain, rng)
    assert weights.shape == (n, n)
    # Bands of five standard deviations: binomial count, normal mean, chi-square variance.
    assert abs(weights.nnz - p * n**2) < 5 * np.sqrt(n**2 * p * (1 - p))
    sd = gain / (p * np.sqrt(n))
    assert abs(weights.data.mean()) < 5 * sd / np.sqrt(weights.nnz)
    assert weights.data.var() == pytest.approx(sd**2, rel=5 * np.sqrt(2 / weights.nnz))
    # Rows and columns are both filled at random: a binomial has a variance, a fixed number per row has none.
    for counts in (np.diff(weights.indptr), np.bincount(weights.indices, minlength=n)):
        assert counts.var() == pytest.approx(n * p * (1 - p), rel=5 * np.sqrt(2 / n))
    row_gain = (weights.toarray() ** 2).sum(1).mean()
    assert row_gain == pytest.approx(gain**2 / p, rel=0.05)


def test_entries_of_a_row_are_distinct_and_may_be_on_the_diagonal(rng):
    weights = sparse_random(50, 1.0, 1.0, rng)
    np.testing.assert_array_equal(weights.indices.reshape(50, 50), np.tile(np.arange(50), (50, 1)))
    assert sparse_random(300, 0.1, 1.0, rng).diagonal().any()


@pytest.mark.parametrize("p", [0.5, 0.02, 1e-4])
def test_zero_row_mean_holds_over_the_entries_of_each_row(p, rng):
    weights = sparse_random(200, p, 1.0, rng, zero_row_mean=True)
    scale = 1 / (p * np.sqrt(200))
    counts = np.diff(weights.indptr)
    assert (counts == 0).any() == (p < 0.05)
    np.testing.assert_allclose(weights.toarray().sum(1), 0, atol=1e-12 * scale)
    assert np.isfinite(weights.data).all()
    rows = np.repeat(np.arange(200), counts)
    # What was subtracted is one number a row, and only from the entries.
    assert weights.nnz == np.count_nonzero(weights.toarray()) + np.isin(rows, np.flatnonzero(counts == 1)).sum()


def test_zero_row_mean_only_shifts_each_row():
    plain, centred = (sparse_random(100, 0.1, 1.0, np.random.default_rng(4), zero) for zero in (False, True))
    np.testing.assert_array_equal(plain.indices, centred.indices)
    for i in range(100):
        row, shifted = (w.data[w.indptr[i] : w.indptr[i + 1]] for w in (plain, centred))
        np.testing.assert_allclose(shifted, row - row.mean(), atol=1e-12)


def test_the_passed_generator_alone_decides(rng):
    def draw(seed, global_seed):
        np.random.seed(global_seed)  # noqa: NPY002
        own = np.random.default_rng(seed)
        return sparse_random(40, 0.2, 1.0, own).toarray(), encoder(40, 2, 3.0, own), encoder(40, 2, 3.0, own, "binary")

    for first, again, other in zip(draw(1, 0), draw(1, 99), draw(2, 0), strict=True):
        np.testing.assert_array_equal(first, again)
        assert (first != other).any()


def test_encoders_have_the_stated_range(rng):
    uniform = encoder(5000, 2, 10.0, rng)
    assert uniform.shape == (5000, 2)
    assert uniform.min() >= -10 and uniform.max() <= 10
    assert uniform.std() == pytest.approx(10 / np.sqrt(3), rel=0.03)
    assert abs(uniform.mean()) < 5 * 10 / np.sqrt(3 * 10000)
    binary = encoder(5000, 2, 10.0, rng, "binary")
    np.testing.assert_array_equal(np.unique(binary), [-10, 10])
    assert abs(binary.mean()) < 5 * 10 / np.sqrt(10000)
    with pytest.raises(ValueError, match="encoder"):
        encoder(3, 1, 1.0, rng, "normal")


def test_by_source_lists_every_weight_once_sorted_by_presynaptic_neuron(rng):
    weights = sparse_random(30, 0.2, 1.0, rng)
    pre, post, values = by_source(weights)
    assert np.all(np.diff(pre * 30 + post) > 0)
    dense = np.zeros((30, 30))
    dense[post, pre] = values
    np.testing.assert_array_equal(dense, weights.toarray())


@pytest.mark.parametrize("zero_row_mean", [False, True])
@pytest.mark.parametrize("share", [0.5, 0.8])
def test_signed_weights_keep_their_columns_signs_sums_and_squares(rng, zero_row_mean, share):
    n = 400
    weights = sparse_random(n, 0.2, 1.5, rng)
    signs = np.where(np.arange(n) < share * n, 1.0, -1.0)
    signed = with_signs(weights, signs, zero_row_mean)
    assert (signed.toarray() * signs >= 0).all()
    assert signed.nnz == weights.nnz
    sums, size = signed.sum(1), np.sqrt((weights.toarray() ** 2).sum(1).mean())
    if zero_row_mean:
        np.testing.assert_allclose(sums, 0, atol=1e-12)
    else:
        assert abs(sums.mean()) < 4 * sums.std() / np.sqrt(n)
    assert np.sqrt((signed.toarray() ** 2).sum(1).mean()) == pytest.approx(size, rel=0.1)
