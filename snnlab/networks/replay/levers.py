"""Replay of a movie with internal pulses at several speeds: lessons, levers, and measures at each level.

The movie is taught at several speeds in turns. Each turn is a lesson. After learning, a lever is set to several levels
in turn. The lever is a cue that was given with the speeds, an input to all neurons, or the gain of the feedback.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import cycle
from typing import Literal

import numpy as np
import scipy

from ...connectivity.random import encoder
from ...engine.brian import Engine
from ...models.quantities import unit
from ...stimuli.pictures.movie import Movie
from ..force import Drive, ForceSetup, Phase, published_units
from . import moments as replay
from .movie import CORRELATION, IDENTIFIED, MovieConfig, score_frames

# A lesson lasts this number of passes of the movie.
PASSES = 2
# A level lasts LASTS s. Its first WARM_UP s are not analysed.
LASTS, WARM_UP = 12.0, 2.0
# Time between two analysed samples (s).
SAMPLE = 0.01
# The null has the same frames in blocks of this length (s), in random order.
_BLOCK = 0.25


def speeds() -> np.ndarray:
    """Return the speeds with which a replay is compared."""
    return np.concatenate([sign * 2.0 ** (np.arange(-200, 501) / 100) for sign in (1, -1)])


@dataclass(frozen=True)
class LeverConfig(MovieConfig):
    """Settings of a network that learns a movie at several speeds, and of the lever that may set its speed."""

    lever: Literal["cue", "input", "feedback"] = "cue"
    """quantity that is set to a level after learning: cue, a tonic input that differs between neurons and was given
    with the taught speeds; input, an input that is equal for all neurons; feedback, the gain of the feedback"""
    taught: tuple[float, ...] = (1.0, 1.5, 2.0, 3.0, 4.0)
    """speeds at which the movie is taught, in turns of two passes, each with its cue; without a cue, only the first"""
    levels: tuple[float, ...] | None = None
    """levels after learning, one after another: speeds for the cue (the cue is their binary logarithm), inputs (mV, pA
    or 1), or gains; None means the levels of the protocol"""
    q_cue: float | None = None
    """size of the cue's weights (mV, pA or 1)"""


def lessons(taught: Sequence[float], period: float, stop: float) -> list[tuple[float, float]]:
    """Return (start in s, speed) of successive lessons that begin before ``stop`` s.

    ``period`` is the length of the movie (s). A speed v is taught for PASSES period/v s.
    """
    found: list[tuple[float, float]] = []
    start, speeds = 0.0, cycle(taught)
    while start < stop - 1e-9:
        speed = next(speeds)
        found.append((round(start, 9), speed))
        start += PASSES * period / speed
    return found


def clock(turns: Sequence[tuple[float, float]]) -> Callable[[np.ndarray], np.ndarray]:
    """Return a function from times t (s) to the moment of the movie (s) in these lessons."""
    starts, speeds = np.array(turns).T
    stood = np.concatenate([[0.0], np.cumsum(np.diff(starts) * speeds[:-1])])

    def moments(t: np.ndarray) -> np.ndarray:
        which = np.maximum(np.searchsorted(starts, np.asarray(t) + 1e-9, "right") - 1, 0)
        return stood[which] + (t - starts[which]) * speeds[which]

    return moments


def drive(
    config: LeverConfig,
    setup: ForceSetup,
    turns: Sequence[tuple[float, float]],
    tests: Sequence[tuple[float, float]],
    engine: Engine,
) -> tuple[Drive | None, list[Phase]]:
    """Return the drive that a lever needs, if any, and the phases of the run.

    ``turns`` are (start in s, speed) of the lessons, and ``tests`` are (start in s, level) of the levels after them.
    """
    if config.lever == "feedback":
        return None, [Phase(start, feedback=level) for start, level in tests]

    def signal(level: float) -> scipy.sparse.csr_array:
        return scipy.sparse.csr_array(np.array([[np.log2(level) if config.lever == "cue" else level]]))

    one = unit(published_units(setup.neuron.current)["q"])
    if config.lever == "input":
        return Drive(np.full((config.n, 1), float(one)), signal(0.0)), [Phase(s, signal=signal(v)) for s, v in tests]
    weights = encoder(config.n, 1, float(config.q_cue * one), engine.rng("hdts"))
    return Drive(weights, signal(1.0)), [Phase(start, signal=signal(level)) for start, level in [*turns, *tests]]


def replay_at(time: np.ndarray, output: np.ndarray, start: float, pulses: int, movie: Movie) -> dict:
    """Return frames and measures of the level that begins at ``start`` s.

    Parameters
    ----------
    time, output : arrays of shape (T,) and (T, pixels + pulses)
        Pixels of the movie, followed by the internal pulses.

    Returns
    -------
    dict
        ``pace``, ``steady``, ``correlation``, ``identified``; the last three also for the null, with the prefix
        ``null_``; ``in_order``, ``replay`` (frame, pixel), ``moment_found`` and ``pulse`` (sample).
    """
    pixels = movie.pixels.shape[1]
    shown = output[:, :pixels]
    after = SAMPLE * np.arange(round((LASTS - WARM_UP - replay.LATEST) / SAMPLE))
    moments = start + WARM_UP + after
    decoded, loudest = replay.at(moments, time, shown), replay.at(moments, time, output[:, pixels:]).argmax(1)
    values, found, phase = _fitted(decoded, after, movie)
    pace = values["pace"]
    # The last pass is returned frame by frame.
    to_go = np.sign(pace) * (phase[-1] - np.arange(len(movie.pixels)) / movie.rate)
    last = np.maximum(moments[-1] - np.mod(to_go, movie.period) / abs(pace), moments[0])
    blocks = np.array_split(np.arange(len(after)), round(after[-1] / _BLOCK))
    order = np.concatenate([blocks[k] for k in np.random.default_rng(0).permutation(len(blocks))])
    null, *_ = _fitted(decoded[order], after, movie)
    width = movie.period / pulses / max(abs(pace), 1.0) / SAMPLE
    return values | {f"null_{name}": value for name, value in null.items() if name != "pace"} | {
        "in_order": replay.in_order(loudest, pulses, width / 5),
        "replay": replay.at(last, time, shown).astype(np.float32),
        "moment_found": found.astype(np.float32),
        "pulse": loudest.astype(np.int16),
    }  # fmt: skip


def _fitted(decoded: np.ndarray, after: np.ndarray, movie: Movie) -> tuple[dict, np.ndarray, np.ndarray]:
    """Return scores of frames at these times (s) at the best steady speed, the found moments, and the phases."""
    found = replay.identify(decoded, movie.pixels) / movie.rate
    pace, begin, steady = replay.pace(found, after, movie.period, speeds())
    phase = np.mod(begin + pace * after, movie.period)
    scores = score_frames(decoded, phase, movie)
    values = {"pace": pace, "steady": steady, "correlation": scores[CORRELATION], "identified": scores[IDENTIFIED]}
    return values, found, phase
