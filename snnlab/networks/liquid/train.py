"""Show a liquid many images: while a rule learns, and to read it out."""

from __future__ import annotations

import numpy as np

from ...engine.brian import Engine
from ...learning.readout import Score
from ...models.spike_rule import SpikeRule
from ...stimuli.pictures.images import Images
from ..reservoir import score
from .liquid import CHUNK, features, mean_rate, show_images
from .network import Liquid, Show


class Progress:
    """Counts images that were shown."""

    def __init__(self, engine: Engine, total: int):
        self._done, self._engine, self._total = 0, engine, total
        engine.show(0, total, "images")

    def __call__(self, images: int) -> None:
        """Show how many of the present chunk are done."""
        self._engine.show(self._done + images, self._total, "images")

    def end_chunk(self, images: int) -> None:
        """Count a whole chunk."""
        self._done += images


def learn(
    liquid: Liquid, show: Show, rule: SpikeRule, train: Images, order: np.ndarray, engine: Engine, progress: Progress
) -> tuple[Liquid, np.ndarray]:
    """Show training images in an order while a rule learns; returns the liquid after it and the rate in each chunk."""
    rates = []
    for k in range(0, len(order), CHUNK):
        index = order[k : k + CHUNK]
        _, counts, w = show_images(liquid, show, train.sequences(index), engine, rule, progress)
        liquid = liquid.with_weights(w)
        rates.append(mean_rate(counts, show))
        progress.end_chunk(len(index))
    return liquid, np.array(rates)


def read_out(
    liquid: Liquid, show: Show, train: Images, test: Images, held_out: int, engine: Engine, progress: Progress
) -> tuple[Score, np.ndarray]:
    """Return how a readout of a liquid does, and the rate of each neuron (Hz) over test images."""
    counts = []

    def shown(sequences: np.ndarray) -> np.ndarray:
        states, count, _ = show_images(liquid, show, sequences, engine, report=progress)
        progress.end_chunk(len(sequences))
        counts.append(count)
        return features(states, count)

    found = scored(shown, (show.samples + 1) * liquid.n, train, test, held_out)
    tested = np.concatenate(counts)[-len(test.labels) :]
    return found, tested.mean(0) / show.seconds


def scored(of, size: int, train: Images, test: Images, held_out: int) -> Score:
    """Return how a readout does of all that ``of`` makes of images, ``size`` numbers each."""
    return score(of, {"all": np.arange(size)}, train, test, held_out, CHUNK)["all"]
