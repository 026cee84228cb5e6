"""What is measured of a melody that a network plays."""

import numpy as np
import pytest

from snnlab.networks.force import melody
from snnlab.stimuli.sounds.music import ODE_TO_JOY


def test_what_notes_in_random_order_reach():
    right, correlation = melody.chance()
    assert 0.35 < right < 0.6 and 0.2 < correlation < 0.45


def test_notes_of_a_teacher():
    teacher = ODE_TO_JOY(np.arange(400) * 0.01)
    notes = melody.played(teacher)
    assert [note for note, _, _ in notes] == [2, 2, 3, 4, 4, 3, 2, 1, 0, 0, 1, 2, 2, 1, 1]
    assert notes[-1][2] - notes[-1][1] == pytest.approx(50, abs=3)
    assert melody.notes_right(teacher, teacher) == 1.0
    assert melody.notes_right(np.tile([0, 1, 0, 0, 0], (400, 1)), teacher) == pytest.approx(4 / 15)


def test_constant_signals_have_no_correlation():
    rising = np.arange(5.0)
    assert melody.correlation(rising, -rising) == pytest.approx(-1)
    assert melody.correlation(rising, np.ones(5)) == 0
