"""Predicted outliers against the eigenvalues of the whole matrix."""

import numpy as np
import pytest
from scipy.sparse import csr_array

from snnlab.analysis.spectra import filter_lag, outliers


@pytest.mark.parametrize("k", [1, 3])
def test_outliers_are_the_eigenvalues_beyond_the_disc(rng, k):
    n = 300
    a = rng.standard_normal((n, n)) / np.sqrt(n)
    radius = np.abs(np.linalg.eigvals(a)).max()
    # A decoder that knows A, as a learned one does.
    encoder = rng.standard_normal((n, k))
    mix = rng.standard_normal((k, k))
    decoder = (3 * encoder @ mix - 4 * a @ encoder) / n
    exact = np.linalg.eigvals(a + encoder @ decoder.T)
    exact = exact[np.abs(exact) > 1.3 * radius]
    assert len(exact) >= k
    predicted = outliers(csr_array(a), encoder, decoder, radius, factor=1.3)
    np.testing.assert_allclose(np.sort_complex(predicted), np.sort_complex(exact), rtol=0.02)


def test_with_one_moment_it_is_the_product_of_decoder_and_encoder(rng):
    encoder, decoder = rng.standard_normal((2, 50, 1))
    decoder *= np.sign(decoder.T @ encoder)
    (value,) = outliers(np.zeros((50, 50)), encoder, decoder, 1.0, moments=1, factor=0.0)
    assert value == pytest.approx((decoder.T @ encoder).item())


def test_lag_of_filters():
    # At 1/(2 pi tau) a filter lags by 45 degrees.
    assert filter_lag(5.0, 1 / (10 * np.pi), 1 / (10 * np.pi)) == pytest.approx(np.pi / 2)
    assert np.degrees(filter_lag(5.0, 0.002, 0.02)) == pytest.approx(35.7, abs=0.1)
