"""Readouts of labelled images whose features are computed piece by piece and never held at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import Field, replace
from typing import ClassVar, Protocol, TypeVar

import numpy as np

from .readout import Score, classify

CLASSES = 10
# Number of images whose features are held at a time. It does not change the result.
PIECE = 500


class LabelledImages(Protocol):
    """Images with labels, a dataclass such as :class:`snnlab.stimuli.pictures.images.Images`."""

    # Type checkers recognise a dataclass by this attribute.
    __dataclass_fields__: ClassVar[dict[str, Field]]

    @property
    def images(self) -> np.ndarray:
        """Images of shape (count, rows, columns)."""

    @property
    def labels(self) -> np.ndarray:
        """Labels of shape (count,), whole numbers from 0 to 9."""

    def sequences(self, index: np.ndarray) -> np.ndarray:
        """Return some images as sequences of shape (len(index), steps, inputs)."""


Labelled = TypeVar("Labelled", bound=LabelledImages)


def score_readouts(
    features: Callable[[np.ndarray], np.ndarray],
    subsets: dict[str, np.ndarray],
    train: LabelledImages,
    test: LabelledImages,
    held_out: int,
    piece: int = PIECE,
) -> dict[str, Score]:
    """Return how well readouts of subsets of the features classify images; see :func:`.readout.classify`.

    Parameters
    ----------
    features : function
        Sequences of shape (images, steps, inputs) -> features of shape (images, features).
    subsets : dict
        Name -> indices of its features.
    held_out : int
        Number of training images, from the end, that choose the ridge.
    piece : int
        Number of images whose features are computed at a time.

    Raises
    ------
    UserError
        If features are so much alike that no ridge can be solved for.
    """

    def stream(images: LabelledImages, start: int, stop: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        for first in range(start, stop, piece):
            index = np.arange(first, min(first + piece, stop))
            yield features(images.sequences(index)), images.labels[index]

    total, count = len(train.labels), len(test.labels)
    fit = total - held_out
    return classify(stream(train, 0, fit), stream(train, fit, total), stream(test, 0, count), subsets, CLASSES)


def score_all(
    features: Callable[[np.ndarray], np.ndarray],
    size: int,
    train: LabelledImages,
    test: LabelledImages,
    held_out: int,
    piece: int = PIECE,
) -> Score:
    """Return how well a readout of all features, ``size`` numbers for each image, classifies images."""
    return score_readouts(features, {"all": np.arange(size)}, train, test, held_out, piece)["all"]


def default_held_out(images: int) -> int:
    """Return the number of training images that are held out unless it is stated: 6000 of many, a tenth of few."""
    return 6000 if images > 6000 else max(1, images // 10)


def score_pixels(train: LabelledImages, test: LabelledImages, held_out: int, piece: int = PIECE) -> Score:
    """Return how well a readout of the pixels classifies images, the baseline of every network."""
    return score_all(lambda x: x.reshape(len(x), -1), train.images[0].size, train, test, held_out, piece)


def shuffle_labels(images: Labelled, rng: np.random.Generator) -> Labelled:
    """Return the images with their labels in random order: a control in which no readout can succeed."""
    return replace(images, labels=rng.permutation(images.labels))
