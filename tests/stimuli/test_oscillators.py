"""Teacher signals: their closed forms, periods and published sizes, piece by piece."""

import numpy as np
import pytest

from snnlab.analysis.oscillations import frequency
from snnlab.stimuli.signals import oscillators as osc

DT = 1e-3
TIMES = np.arange(1, 15_001) * DT


def test_closed_forms():
    np.testing.assert_allclose(osc.sine([0.05, 0.1]), [[1], [0]], atol=1e-12)
    np.testing.assert_allclose(osc.sawtooth([0.025, 0.05, 0.075]), np.pi / 4 * np.array([[1], [2], [1]]), atol=1e-12)
    np.testing.assert_allclose(
        osc.product(TIMES), (np.cos(4 * np.pi * TIMES) - np.cos(20 * np.pi * TIMES))[:, None] / 2, atol=1e-9
    )
    slow = osc.product(TIMES, (2.0, 3.0, 7.0))
    np.testing.assert_allclose(slow[1000:2000], slow[:1000], atol=1e-9)


@pytest.mark.parametrize(("mu", "sizes", "hertz"), [(0.5, (0.202, 0.412), 3.13), (5.0, (0.202, 0.088), 1.72)])
def test_van_der_pol_has_the_sizes_and_frequencies_of_the_authors_script(mu, sizes, hertz):
    # What the scripts give, whose solver has a tolerance of 1e-3.
    signal = osc.van_der_pol(TIMES, mu, 15.0)
    np.testing.assert_allclose(np.abs(signal).max(0), sizes, rtol=0.01)
    assert frequency(signal[:, 0], DT) == pytest.approx(hertz, rel=0.005)


def test_van_der_pol_obeys_its_equation():
    x, y = osc.van_der_pol(TIMES, 0.5, 15.0).T
    np.testing.assert_allclose(np.gradient(x, DT)[1:-1], (10 * (x - 100 * x**3 / 3 - y))[1:-1], atol=2e-3)
    np.testing.assert_allclose(np.gradient(y, DT)[1:-1], (40 * x)[1:-1], atol=2e-3)
    with pytest.raises(ValueError, match=r"up to 15 s"):
        osc.van_der_pol([15.5], 0.5, 15.0)


@pytest.mark.parametrize(("kind", "mean", "spread"), [("normal", 0.0, 0.05), ("uniform", 0.025, 0.05 / np.sqrt(12))])
def test_noise_belongs_to_its_step(kind, mean, spread):
    signal = osc.noisy(osc.product, DT, 0.05, 3, kind)
    whole = signal(TIMES)
    np.testing.assert_array_equal(signal(TIMES[4000:9000]), whole[4000:9000])
    noise = whole - osc.product(TIMES)
    assert noise.mean() == pytest.approx(mean, abs=0.002) and noise.std() == pytest.approx(spread, rel=0.03)
    assert abs(np.corrcoef(noise[:-1, 0], noise[1:, 0])[0, 1]) < 0.03
    assert not np.array_equal(whole, osc.noisy(osc.product, DT, 0.05, 4, kind)(TIMES))
