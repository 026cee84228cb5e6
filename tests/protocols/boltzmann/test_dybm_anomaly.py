"""Wrong letters: which columns count, the baseline, reduced runs."""

import numpy as np
import pytest

from snnlab.errors import UserError
from snnlab.lab.protocol import find_protocol
from snnlab.lab.run import controls_fail
from snnlab.learning.logistic import Logistic, past
from snnlab.stimuli.pictures.bitmaps import letter_places, substitutions, word

PROTOCOL = find_protocol("dybm_anomaly")


def test_substitutions_change_one_letter_and_no_width():
    found = substitutions("SCIENCE")
    # Eight other letters of four columns in five places, two of five for N, none for I.
    assert len(found) == len(set(found)) == 5 * 8 + 2 and "SCIENSE" in found
    for spelling in found:
        assert sum(a != b for a, b in zip(spelling, "SCIENCE", strict=True)) == 1
        assert letter_places(spelling) == letter_places("SCIENCE")


def test_logistic_regression_finds_the_weights_that_made_its_data(rng):
    features, weights = rng.normal(size=(20_000, 3)), np.array([[1.0, -0.5], [0.3, 0.0], [-1.2, 2.0]])
    chance = 1 / (1 + np.exp(-(features @ weights + [0.2, -0.4])))
    targets = (rng.random(chance.shape) < chance).astype(int)
    model = Logistic(features, targets, penalty=1e-6)
    np.testing.assert_allclose(model.weights, np.vstack([weights, [0.2, -0.4]]), atol=0.1)
    p = 1 / (1 + np.exp(-(features[:5] @ model.weights[:-1] + model.weights[-1])))
    expected = -np.log(np.where(targets[:5], p, 1 - p))
    np.testing.assert_allclose(model.surprise(features[:5], targets[:5]), expected, rtol=1e-9)


def test_the_past_holds_the_steps_before_each():
    sequence = np.arange(12).reshape(6, 2)
    np.testing.assert_array_equal(past(sequence[3:], sequence[:3], 2), [[4, 5, 2, 3], [6, 7, 4, 5], [8, 9, 6, 7]])
    with pytest.raises(ValueError, match="before: expected at least 2 steps, got 1"):
        past(sequence[1:], sequence[:1], 2)


@pytest.mark.programs
@pytest.mark.standalone
def test_a_wrong_letter_is_surprising_and_is_not_to_a_machine_that_learned_another_order(tmp_path):
    measured = []
    for control in ("none", "shuffled_teacher"):
        config = PROTOCOL.config(quick=True, seed=100, control=control)
        _, dataset = PROTOCOL.execute(config, tmp_path)
        measured.append(PROTOCOL.measure(dataset))
    whole, broken = measured
    different = "area under the ROC curve, columns that differ against all of right letters"
    assert whole[different] > 0.9 > broken[different]
    assert controls_fail(PROTOCOL.checks(dataset))
    kind, places = dataset.column.values, letter_places("SUN")
    assert not kind[0].any() and dataset.spelling.values[0] == "SUN"
    for spelling, row in zip(dataset.spelling.values[1:], kind[1:], strict=True):
        place = next(i for i in range(3) if spelling[i] != "SUN"[i])
        start, stop = places[place]
        differs = (word(str(spelling)) != word("SUN")).any(1)
        assert (row[start:stop] == np.where(differs[start:stop], 1, 2)).all()
        assert (row[stop : stop + 9] == -1).all() and not row[:start].any() and not row[stop + 9 :].any()


def test_a_word_that_cannot_be_written_is_refused(tmp_path):
    with pytest.raises(UserError, match=r"sequence: expected the letters .*, got 'X'"):
        PROTOCOL.execute(PROTOCOL.config(sequence="X", target="numpy"), tmp_path)


def test_a_file_is_no_word(tmp_path):
    with pytest.raises(UserError, match=r"^sequence: expected a word, got the path 'picture\.png'$"):
        PROTOCOL.execute(PROTOCOL.config(sequence="picture.png", target="numpy"), tmp_path)


def test_a_word_without_letters_of_equal_width_is_refused(tmp_path):
    with pytest.raises(UserError, match=r"sequence: expected .*, got 'I'"):
        PROTOCOL.execute(PROTOCOL.config(sequence="I", target="numpy"), tmp_path)
