"""Readouts of streamed images: pieces, what chooses the strength, the baseline, the control."""

from dataclasses import dataclass

import numpy as np
import pytest

from snnlab.learning.readout import classify
from snnlab.learning.streams import score_all, score_pixels, score_readouts, shuffle_labels


@dataclass(frozen=True)
class Pictures:
    """A stand-in for Images."""

    images: np.ndarray
    labels: np.ndarray

    def sequences(self, index):
        return self.images[index]


@pytest.fixture
def pictures(rng):
    """Training and test pictures of 3 x 4 pixels; the mean of a row tells the class."""

    def draw(count):
        labels = rng.integers(3, size=count)
        images = rng.standard_normal((count, 3, 4))
        images[np.arange(count), labels] += 0.7
        return Pictures(images, labels)

    return draw(300), draw(120)


def flat(x):
    return x.reshape(len(x), -1)


@pytest.mark.parametrize("piece", [7, 100, 1000])
def test_the_size_of_pieces_does_not_matter_and_features_see_each_image_once(pictures, piece):
    train, test = pictures
    seen = []

    def features(sequences):
        seen.append(len(sequences))
        return flat(sequences)

    subsets = {"all": np.arange(12), "first row": np.arange(4)}
    found = score_readouts(features, subsets, train, test, 50, piece)
    assert sum(seen) == 420 and max(seen) == min(piece, 250)
    parts = [(train, slice(0, 250)), (train, slice(250, 300)), (test, slice(0, 120))]
    whole = classify(*([(flat(x.images[s]), x.labels[s])] for x, s in parts), subsets, 10)
    for name in subsets:
        assert (found[name].beta, found[name].validation) == (whole[name].beta, whole[name].validation)
        assert found[name].test == whole[name].test
        np.testing.assert_allclose(found[name].weights, whole[name].weights, rtol=1e-8, atol=1e-10)
    assert found["all"].test > found["first row"].test + 0.1


def test_pixels_are_a_readout_of_all_of_them(pictures):
    train, test = pictures
    pixels, every = score_pixels(train, test, 50), score_all(flat, 12, train, test, 50)
    assert pixels.test == every.test > 0.6
    np.testing.assert_array_equal(pixels.weights, every.weights)


def test_shuffled_labels_are_the_same_labels_of_other_images(pictures, rng):
    train, test = pictures
    shuffled = shuffle_labels(train, rng)
    assert (np.bincount(shuffled.labels) == np.bincount(train.labels)).all()
    assert (shuffled.labels != train.labels).mean() > 0.4 and shuffled.images is train.images
    assert score_pixels(shuffled, test, 50).test < score_pixels(train, test, 50).test - 0.15
