"""Binary patterns and what is changed in them."""

import numpy as np
import pytest

from snnlab.stimuli.pictures.patterns import begun, dropped, held, moved, patterns, swapped


@pytest.fixture
def rows(rng):
    return patterns(6, 30, 8, rng).reshape(2, 3, 30)


def test_patterns_have_their_number_of_ones(rows):
    assert (rows.sum(2) == 8).all() and len({row.tobytes() for row in rows.reshape(6, 30)}) == 6


@pytest.mark.parametrize("bits", [0, 2, 6, 16])
def test_moved_bits_are_counted_and_ones_stay_as_many(rows, rng, bits):
    changed = moved(rows, bits, rng)
    assert (np.abs(changed - rows).sum(2) == bits).all() and (changed.sum(2) == 8).all()


@pytest.mark.parametrize("bits", [3, 18, -2])
def test_bits_that_cannot_be_moved_are_refused(rows, rng, bits):
    with pytest.raises(ValueError, match=r"^bits: expected an even number up to 16, got"):
        moved(rows, bits, rng)


def test_what_is_dropped_swapped_cut_and_held(rows, rng):
    changed = dropped(rows, 0.25, rng)
    assert (changed.sum(2) == 6).all() and (changed <= rows).all()
    np.testing.assert_array_equal(swapped(rows, 1), rows[:, [0, 2, 1]])
    np.testing.assert_array_equal(begun(rows, 1)[:, 0], rows[:, 0])
    assert not begun(rows, 1)[:, 1:].any() and rows[:, 1:].any()
    np.testing.assert_array_equal(held(rows, 2)[:, [0, 1, 4, 5]], rows[:, [0, 0, 2, 2]])
