"""A network replays a movie by pulses of its own, without input: what makes it replay faster? No source has tried."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import cycle
from typing import Literal

import numpy as np
import xarray as xr
from scipy.sparse import csr_array

from snnlab.analysis import replay
from snnlab.claims import Check, Finding
from snnlab.connectivity import encoder
from snnlab.engine import Engine
from snnlab.errors import UserError, require_positive
from snnlab.models import unit
from snnlab.networks.drive import Drive
from snnlab.networks.force_config import published_units, resolve
from snnlab.networks.hdts_training import CONTROLS as CONTROLS
from snnlab.networks.hdts_training import hdts_identity, train_with_hdts
from snnlab.networks.phases import Phase
from snnlab.protocol import settings
from snnlab.protocols.movie_replay import (
    CORRELATION,
    IDENTIFIED,
    MovieConfig,
    completed_movie,
    movie_of,
    nulls,
    score,
    stored,
)
from snnlab.record import attribute

FIGURE = "internal_compression"
# As in the authors' script of the long Ode to Joy, whose pulses are internal, but pulses have twice the size; the movie
# is fed back through a twentieth of theirs.
SETTINGS = {"izhikevich_b": {"g": 1e4, "q": 4e2, "q_hdts": 8e3, "alpha": 2, "rls_interval": 4.0, "q_cue": 2e3}}
LEVELS = {
    "cue": (1.0, 2.0, 4.0, 1.25, 1.75, 2.5, 3.5, 6.0, 0.5),
    "input": (0.0, 50.0, 100.0, 200.0, -50.0),
    "feedback": (1.0, 1.05, 1.1, 1.2, 0.9),
}
# Passes of the movie at one speed, one after the other, while it is taught; what a level lasts (s), and how much of it
# is left out at its start.
PASSES, LASTS, WARM_UP = 2, 12.0, 2.0
_SPEEDS = np.concatenate([sign * 2.0 ** (np.arange(-200, 501) / 100) for sign in (1, -1)])
_SAMPLE = 0.01
PACE, STEADY, ORDER = "speed of the replay", "steadiness of the speed", "pulses followed by the next one (share)"
# Our criteria of a replay, and how near to a taught speed one is.
LEAST_STEADY, LEAST_ORDER, NEAR_SPEED = 0.9, 0.9, 0.1


@dataclass(frozen=True)
class Config(MovieConfig):
    """Settings of the run; None means: SETTINGS of this protocol for this neuron, else what the neuron states."""

    neuron: str = "izhikevich_b"
    """izhikevich_b, lif, theta, ..., or path/to/file.py:NAME"""
    hdts: Literal["internal"] = "internal"
    """pulses are further outputs that the network learns and feeds back to itself"""
    rls_gain: Literal["undivided", "exact"] = "exact"
    """weight step with P(t-1) r (2017 MATLAB; runs away here) or P(t) r (the paper's formula)"""
    n: int = 3000
    """number of neurons"""
    movie_seconds: float | None = 4.0
    """length of the movie (s); None: 8 s, or all of a video"""
    pulses: int = 16
    """number of pulses in the movie"""
    learn_stop: float = 400.0
    """end of the learning window (s)"""
    lever: Literal["cue", "input", "feedback"] = "cue"
    """what is set to a level after learning: a tonic input, other for each neuron, that came with the speeds taught; an
    input that is the same for all; the gain of the feedback"""
    taught: tuple[float, ...] = (1.0, 1.5, 2.0, 3.0, 4.0)
    """speeds that the movie is taught at, in turns of two passes, each with its cue; without a cue the first alone"""
    levels: tuple[float, ...] = ()
    """levels after learning, one after the other: of the cue, as speeds (it is their binary logarithm), of the input
    (mV, pA or 1), of the gain; empty: those of the protocol"""
    q_cue: float | None = None
    """size of the cue's weights (mV, pA or 1)"""
    record_interval: float | None = 4.0
    """time between two recorded samples (ms), a multiple of dt"""

    def identity(self) -> dict:
        """Return what the settings stand for: see :meth:`ForceConfig.identity`."""
        return hdts_identity(settled(self)) | {"q_cue": settled(self).q_cue}


# One speed is sooner learned than five.
VARIANTS = {"cue": {}} | {lever: {"lever": lever, "learn_stop": 200.0} for lever in ("input", "feedback")}
QUICK = {
    "n": 600, "height": 9, "width": 16, "movie_seconds": 2.0, "pulses": 8, "learn_stop": 60.0, "taught": (1.0, 2.0),
    "levels": (1.0, 2.0),
}  # fmt: skip


def settled(config: Config) -> Config:
    """Return the Config with every field that is left open filled in."""
    levels = config.levels or LEVELS.get(config.lever, ())
    if len(set(levels)) < len(levels) or not np.isfinite(levels).all():
        raise UserError(f"levels: expected finite numbers, each once, got {levels}")
    if config.lever != "input" and not min(levels, default=1) > 0:
        raise UserError(f"levels: expected numbers > 0 for --lever {config.lever}, got {levels}")
    if not config.taught or not min(config.taught) > 0 or not max(config.taught) < float("inf"):
        raise UserError(f"taught: expected finite speeds > 0, got {config.taught}")
    require_positive(config, "q_cue")
    stated = SETTINGS.get(config.neuron, {})
    config = replace(config, levels=tuple(levels), **{k: v for k, v in stated.items() if getattr(config, k) is None})
    if config.lever == "cue" and config.q_cue is None:
        raise UserError(f"q_cue: neuron {config.neuron!r} has no value of its own; give --q-cue")
    stop = config.learn_stop + LASTS * len(levels)
    return completed_movie(config, stop + 0.1, stop)


def lessons(config: Config, period: float) -> list[tuple[float, float]]:
    """Return (start in s, speed) of all that is taught, one after the other."""
    if config.lever != "cue":
        return [(0.0, config.taught[0])]
    found, start = [], 0.0
    for speed in cycle(config.taught):
        if start >= config.learn_stop - 1e-9:
            return found
        found.append((round(start, 9), speed))
        start += PASSES * period / speed


def clock_of(turns: Sequence[tuple[float, float]]):
    """Return a function: times t (s) -> where in the movie these lessons stand (s)."""
    starts, speeds = np.array(turns).T
    stood = np.concatenate([[0.0], np.cumsum(np.diff(starts) * speeds[:-1])])

    def clock(t: np.ndarray) -> np.ndarray:
        which = np.maximum(np.searchsorted(starts, np.asarray(t) + 1e-9, "right") - 1, 0)
        return stood[which] + (t - starts[which]) * speeds[which]

    return clock


def run(config: Config, engine: Engine) -> xr.Dataset:
    """Teach the movie and pulses, then set the lever to each level.

    Returns
    -------
    xarray.Dataset
        By ``level``: ``pace`` (speed of the replay, forward > 0, that fits best), ``steady`` (see
        :func:`snnlab.analysis.replay.pace`), ``in_order``, ``correlation`` and ``identified`` of the frames, where a
        movie of that speed stands; ``replay`` (level, frame, pixel): the last pass; ``moment_found`` (level, sample):
        which moment of the movie is shown, every 10 ms; ``pulse`` (level, sample): the loudest pulse.
    """
    config = settled(config)
    movie, setup = movie_of(config), resolve(config)
    turns = lessons(config, movie.period)
    tests = [(config.learn_stop + LASTS * k, level) for k, level in enumerate(config.levels)]
    cue, phases = _lever(config, setup, turns, tests, engine)
    config = replace(config, record_start=config.learn_stop)
    dataset = train_with_hdts(config, movie, movie.period, engine, phases, clock_of(turns), cue)
    time, output = dataset.time.values, np.asarray(dataset.output)
    pixels = movie.pixels.shape[1]
    rows = [_replayed(time, output[:, :pixels], output[:, pixels:], start, config, movie) for start, _ in tests]
    arrays = {name: np.stack([row[name] for row in rows]) for name in rows[0]}
    dims = {"replay": ("level", "frame", "pixel")} | dict.fromkeys(("moment_found", "pulse"), ("level", "sample"))
    return (
        dataset.drop_vars(["output", "teacher", "time", "voltage"])
        .assign(
            {name: (dims.get(name, ("level",)), values) for name, values in arrays.items()}
            | {
                "movie": (
                    ("frame", "row", "column"),
                    movie.frames.astype(np.float32),
                    {"frames_per_second": movie.rate},
                )
            },
        )
        .assign_coords(level=list(config.levels))
    )


def _lever(config, setup, turns, tests, engine) -> tuple[Drive | None, list[Phase]]:
    """The drive that a lever needs, and what holds from when on."""
    if config.lever == "feedback":
        return None, [Phase(start, feedback=level) for start, level in tests]

    def signal(level: float) -> csr_array:
        return csr_array(np.array([[np.log2(level) if config.lever == "cue" else level]]))

    of_one = unit(published_units(setup.neuron.current)["q"])
    if config.lever == "input":
        return Drive(np.full((config.n, 1), float(of_one)), signal(0.0)), [Phase(s, signal=signal(v)) for s, v in tests]
    weights = encoder(config.n, 1, float(config.q_cue * of_one), engine.rng("hdts"))
    return Drive(weights, signal(1.0)), [Phase(start, signal=signal(level)) for start, level in [*turns, *tests]]


def _replayed(time: np.ndarray, shown: np.ndarray, pulses: np.ndarray, start: float, config, movie) -> dict:
    """What is measured of the replay from ``start`` s on."""
    moments = np.arange(start + WARM_UP, start + LASTS - replay.LATEST, _SAMPLE)
    found = replay.identify(replay.at(moments, time, shown), movie.pixels) / movie.rate
    pace, begin, steady = replay.pace(found, moments - moments[0], movie.period, _SPEEDS)
    loudest = replay.at(moments, time, pulses).argmax(1)
    phase = np.mod(begin + pace * (moments - moments[0]), movie.period)
    scores = score(replay.at(moments, time, shown), phase, movie)
    # The last pass, frame by frame, or as much of it as there is.
    last = moments[-1] - np.mod(phase[-1] * np.sign(pace) - np.arange(len(movie.pixels)) / movie.rate * np.sign(pace),
                                movie.period) / abs(pace)  # fmt: skip
    frames = replay.at(np.maximum(last, moments[0]), time, shown)
    width = movie.period / config.pulses / max(abs(pace), 1.0) / _SAMPLE
    return {
        "pace": pace, "steady": steady, "in_order": replay.in_order(loudest, config.pulses, width / 5),
        "correlation": scores[CORRELATION], "identified": scores[IDENTIFIED], "replay": frames.astype(np.float32),
        "moment_found": found.astype(np.float32), "pulse": loudest.astype(np.int16),
    }  # fmt: skip


def measure(dataset: xr.Dataset) -> dict[str, float]:
    """Return what is measured at each level."""
    names = {"pace": PACE, "steady": STEADY, "in_order": ORDER, "correlation": CORRELATION, "identified": IDENTIFIED}
    return {
        f"{title}, level {level:g}": float(dataset[name].sel(level=level))
        for level in dataset.level.values
        for name, title in names.items()
    }


def replays(dataset: xr.Dataset) -> np.ndarray:
    """Tell for each level whether the network replays: in order, and steadily."""
    return (dataset.steady.values >= LEAST_STEADY) & (dataset.in_order.values >= LEAST_ORDER)


def checks(dataset: xr.Dataset) -> list[Check]:
    """Return our criteria at the levels that were taught: it replays, at the speed that was taught."""
    config, rows = attribute(dataset, "config"), []
    source = "our criterion; without order 0"
    taught = config["taught"] if config["lever"] == "cue" else [1.0 if config["lever"] == "feedback" else 0.0]
    for level in (level for level in taught if level in dataset.level.values):
        at, speed = dataset.sel(level=level), level if config["lever"] == "cue" else config["taught"][0]
        low, high = speed * (1 - NEAR_SPEED), speed * (1 + NEAR_SPEED)
        rows.append(Check(f"{ORDER}, level {level:g}", float(at.in_order), LEAST_ORDER, 1.0, source))
        rows.append(Check(f"{STEADY}, level {level:g}", float(at.steady), LEAST_STEADY, 1.0, source))
        rows.append(Check(f"{PACE}, level {level:g}", float(at.pace), low, high, "the speed taught, within 10 %"))
    return rows


def findings(datasets: list[xr.Dataset]) -> list[Finding]:
    """How fast networks replay at each level of each lever, and how far the speed can be set."""
    groups: dict[tuple[str, str], list[xr.Dataset]] = {}
    for dataset in datasets:
        config = attribute(dataset, "config")
        if dataset.attrs["condition"] == "default":
            groups.setdefault((config["lever"], settings(config)), []).append(dataset)
    rows = []
    for (lever, _), runs in groups.items():
        if len(runs) < 3:
            continue
        taught = attribute(runs[0], "config")["taught"]
        chance = nulls(stored(runs[0]))["random order"]
        for level in runs[0].level.values:
            name, at = f"{lever}, level {level:g}: ", [run.sel(level=level) for run in runs]
            known = lever == "cue" and level in taught
            aim = f"{level:g}: {'taught' if known else 'asked for'}" if lever == "cue" else f"{taught[0]:g}: taught"
            good = [bool(replays(run)[list(run.level.values).index(level)]) for run in runs]
            rows.append(Finding.share(f"{name}share of networks that replay", good, "0: pulses without order"))
            rows.append(Finding.over_seeds(f"{name}{PACE}", [float(run.pace) for run in at], aim))
            for key, what in (("correlation", CORRELATION), ("identified", IDENTIFIED)):
                null = f"{chance[what]:.2f}: frames in random order"
                rows.append(Finding.over_seeds(f"{name}{what}", [float(run[key]) for run in at], null))
        ranges = [np.abs(run.pace.values[replays(run)]) for run in runs]
        widest = [float(speeds.max() / speeds.min()) if len(speeds) else 1.0 for speeds in ranges]
        rows.append(Finding.over_seeds(f"{lever}: fastest over slowest replay", widest, "1: the lever does nothing"))
    return rows
