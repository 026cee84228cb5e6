"""Learning and readout of a liquid over many images."""

from __future__ import annotations

import json
from typing import cast

import numpy as np
import threadpoolctl
import xarray as xr

from ...engine.brian import Engine
from ...files.describe import Names, describe
from ...learning.readout import Score
from ...learning.streams import score_all, score_pixels, shuffle_labels
from ...models.spike_rule import SpikeRule
from ...stimuli.pictures.images import Images, load_images
from .config import LiquidConfig, build_liquid, find_spike_rule, plan_show
from .liquid import CHUNK, calibrate_rule, join_features, mean_rate, record_spikes, show_images
from .network import Liquid, Show

# Readouts exist for pixels, for the neurons without synapses between them, and for the liquid.
READOUTS = ("pixels", "uncoupled", "liquid")
NAMES: Names = {
    "rate": ("mean rate of the neurons over test images, NaN for pixels", "Hz"),
    "rates": ("mean rate of each neuron of the liquid over test images", "Hz"),
    "learning_rate": ("mean rate of the neurons in each chunk of learning", "Hz"),
    "when": ("before or after learning", None),
    "weights": ("weights of the synapses between excitatory neurons", "1"),
    "change": ("distance of the weights from those at the start, over their norm", "1"),
    "input_gain": ("gain of the input", "mV"),
    "image": ("pixels of the image whose spikes are recorded", "1"),
    "spike_time": ("time of a spike since the image came up", "s"),
    "spike_when": ("0: spike before learning, 1: after it", "1"),
}


class Progress:
    """Counter of the shown images."""

    def __init__(self, engine: Engine, total: int):
        self._done, self._engine, self._total = 0, engine, total
        engine.show(0, total, "images")

    def __call__(self, images: int) -> None:
        """Show the number of finished images of the current chunk."""
        self._engine.show(self._done + images, self._total, "images")

    def end_chunk(self, images: int) -> None:
        """Add a finished chunk."""
        self._done += images


def learn(
    liquid: Liquid, show: Show, rule: SpikeRule, train: Images, order: np.ndarray, engine: Engine, progress: Progress
) -> tuple[Liquid, np.ndarray]:
    """Show training images in an order while a rule learns; return the new liquid and the rate in each chunk."""
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
    """Return the score of a readout of a liquid, and the rate of each neuron (Hz) over test images."""
    counts = []

    def respond(sequences: np.ndarray) -> np.ndarray:
        states, count, _ = show_images(liquid, show, sequences, engine, report=progress)
        progress.end_chunk(len(sequences))
        counts.append(count)
        return join_features(states, count)

    score = score_all(respond, (show.samples + 1) * liquid.n, train, test, held_out, CHUNK)
    tested = np.concatenate(counts)[-len(test.labels) :]
    return score, tested.mean(0) / show.seconds


def train_liquid(config: LiquidConfig, engine: Engine) -> xr.Dataset:
    """Build and calibrate a liquid, let it learn, and read out the liquid, the uncoupled neurons, and the pixels.

    Returns
    -------
    xarray.Dataset
        - ``accuracy``, ``validation`` and ``beta`` (readout).
        - ``rate`` (readout): mean firing rate over test images, NaN for pixels; ``rates`` (neuron).
        - ``learning_rate`` (chunk): mean firing rate in each chunk of learning.
        - ``weights`` (when, synapse) before and after learning, with ``pre`` and ``post``; ``change`` = |w - w0|/|w0|.
        - ``input_gain``.
        - ``image`` (row, column): one image. ``spike_time`` (s), ``spike_neuron`` and ``spike_when`` (spike): its
          spikes before and after learning, of all neurons, which are ``recorded``.
        - ``sign`` (neuron).

    Raises
    ------
    UserError, Diverged, MachineError
    """
    train, test = load_images(config.images)
    with threadpoolctl.threadpool_limits(1):
        return _train(config, engine, _take(train, config.train_images), _take(test, config.test_images))


def _take(images: Images, count: int) -> Images:
    return Images(images.images[:count], images.labels[:count], images.full)


def _train(config: LiquidConfig, engine: Engine, train: Images, test: Images) -> xr.Dataset:
    show = plan_show(config, train)
    rng = engine.rng("calibration")
    calibration = train.sequences(rng.permutation(len(train.labels))[: config.calibration_images])
    start = build_liquid(config, show, calibration, engine)
    rule = find_spike_rule(config)
    learned = min(config.learned_images, len(train.labels)) if rule else 0
    progress = Progress(engine, learned + 2 * (len(train.labels) + len(test.labels)))
    after, learning = start, np.zeros(0)
    if rule:
        rule = calibrate_rule(rule, start, show, calibration, config.seed)
        order = engine.rng("order").permutation(len(train.labels))[:learned]
        after, learning = learn(start, show, rule, train, order, engine, progress)
    labelled = train if config.control == "none" else shuffle_labels(train, engine.rng("labels"))
    scores = {"pixels": score_pixels(train, test, cast(int, config.held_out), CHUNK)}
    uncoupled = build_liquid(config, show, calibration, engine, coupled=False)
    rates = {}
    for name, liquid in (("uncoupled", uncoupled), ("liquid", after)):
        scores[name], rates[name] = read_out(liquid, show, labelled, test, cast(int, config.held_out), engine, progress)
    one = test.sequences(np.arange(1))
    spikes = [record_spikes(liquid, show, one, config.seed) for liquid in (start, after)]
    dataset = xr.Dataset(
        _pack_scores(scores, rates)
        | {"learning_rate": ("chunk", learning)}
        | _pack_weights(start, after)
        | {"image": (("row", "column"), one[0])}
        | _pack_spikes(spikes),
        {"readout": list(READOUTS), "when": ["before", "after"], "recorded": np.arange(start.n, dtype=np.int32)},
    )
    thresholds = {k: float(rule.numbers[k]) for k in rule.percentiles} if rule else {}
    shown = {"learned": learned, "train": len(train.labels), "test": len(test.labels)}
    dataset.attrs |= {"thresholds": json.dumps(thresholds), "images_shown": json.dumps(shown)}
    return describe(dataset, NAMES)


def _pack_scores(scores: dict[str, Score], rates: dict[str, np.ndarray]) -> dict[str, tuple]:
    """Return the variables with the scores of the readouts and the rates of the neurons."""
    fields = {"accuracy": "test", "validation": "validation", "beta": "beta"}
    packed = {name: ("readout", [getattr(scores[kind], field) for kind in READOUTS]) for name, field in fields.items()}
    return packed | {
        "rate": ("readout", [np.mean(rates.get(kind, np.nan)) for kind in READOUTS]),
        "rates": ("neuron", rates["liquid"]),
    }


def _pack_weights(start: Liquid, after: Liquid) -> dict[str, tuple]:
    """Return the variables with the excitatory weights before and after learning, and the gain of the input."""
    pre, post, w = start.synapses["ee"]
    weights = np.stack([w, after.synapses["ee"][2]])
    return {
        "weights": (("when", "synapse"), weights.astype(np.float32)),
        "pre": ("synapse", pre.astype(np.int32)),
        "post": ("synapse", post.astype(np.int32)),
        "change": ((), float(np.linalg.norm(weights[1] - weights[0]) / np.linalg.norm(weights[0]))),
        "input_gain": ((), start.input_gain),
        "sign": ("neuron", start.signs),
    }


def _pack_spikes(spikes: list[tuple[np.ndarray, np.ndarray]]) -> dict[str, tuple]:
    """Return the variables with times and neurons of all spikes before and after learning."""
    return {
        "spike_time": ("spike", np.concatenate([t for t, _ in spikes])),
        "spike_neuron": ("spike", np.concatenate([i for _, i in spikes]).astype(np.int32)),
        "spike_when": ("spike", np.repeat([0, 1], [len(t) for t, _ in spikes]).astype(np.int32)),
    }
