"""The area under the receiver operating characteristic against a count of pairs."""

import numpy as np
import pytest

from snnlab.analysis.roc import roc_area


def test_the_roc_area_is_that_of_pairs(rng):
    values, truth = rng.integers(0, 5, 50).astype(float), rng.random(50) < 0.4
    pairs = values[truth][:, None] - values[~truth]
    assert roc_area(values, truth) == pytest.approx(((pairs > 0) + 0.5 * (pairs == 0)).mean())
    assert np.isnan(roc_area(values, np.ones(50, bool)))
