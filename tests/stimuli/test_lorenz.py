"""The Lorenz teacher."""

import numpy as np
import pytest

from snnlab.stimuli.signals.lorenz import SCALE, lorenz, pieces


def derivative(states):
    x, y, z = states * SCALE
    return np.stack([10 * (y - x), x * (28 - z) - y, x * y - 8 * z / 3]) / SCALE


def test_it_obeys_its_equations_from_its_start():
    dt = 1e-3
    x = lorenz(np.arange(0, 20, dt), 30.0)
    np.testing.assert_allclose(x[0], 0.1)
    middle = (x[2:] - x[:-2]) / (2 * dt)
    np.testing.assert_allclose(middle, derivative(x[1:-1].T).T, atol=2e-3)
    with pytest.raises(ValueError, match="lorenz: t up to 30 s, got 31"):
        lorenz([31.0], 30.0)


def test_pieces_are_different_stretches_of_the_attractor():
    x = pieces(3, 20.0, 2e-3, seed=1)
    assert x.shape == (3, 10_000, 3)
    middle = (x[:, 2:] - x[:, :-2]) / 4e-3
    expected = np.stack([derivative(piece[1:-1].T).T for piece in x])
    np.testing.assert_allclose(middle, expected, atol=2e-2)
    # Ranges of the authors' teacher over 100 s: x -0.25..0.26, y -0.34..0.35, z 0.07..0.64.
    assert (np.abs(x[..., 0]).max(), np.abs(x[..., 1]).max()) < (0.29, 0.40) and 0.01 < x[..., 2].min() < x.max() < 0.7
    assert abs(np.corrcoef(x[0, :, 0], x[1, :, 0])[0, 1]) < 0.5
    np.testing.assert_array_equal(pieces(3, 1.0, 2e-3, seed=1), x[:, :500])
