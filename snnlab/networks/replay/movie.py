"""Movies as teachers: settings of a network that learns a movie, its replays in a run, and scores of the replays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar

import numpy as np
import xarray as xr

from ...errors import UserError
from ...files.describe import Names, describe
from ...stimuli.pictures.movie import Movie, movie_from
from ..force import require_free_run
from . import moments as replay
from .config import HdtsConfig, settle_pulses

Settled = TypeVar("Settled", bound="MovieConfig")
# These are values of the authors' script (ModelDB 190565), in the units of ForceConfig. Other neurons have the values
# of their file. The values of LIF are our choice, with pulse weights of 8 Q. Set B is for internal pulses and follows
# the script of the long melody.
MOVIE_SETTINGS = {
    "izhikevich_c": {"g": 5e3, "q": 4e2, "alpha": 2, "rls_interval": 4.0, "q_hdts": 4e3},
    "lif": {"q_hdts": 80.0},
    "izhikevich_b": {"g": 1e4, "q": 4e2, "alpha": 2, "rls_interval": 4.0, "q_hdts": 8e3},
}
MOVIE = "pixels of the movie that is taught"
NAMES: Names = {
    "replay": ("pixels of the frame that is decoded", "1"),
    "at": ("time of the frame since the start of the run", "s"),
    "phase": ("moment of the movie", "s"),
    "lag": ("delay at which the frame is read", "s"),
    "speed": ("speed of the pulses, below 0 backward", "1"),
    "pace": ("speed of the replay itself", "1"),
}
# A moment of the movie counts as found if the best frame is at most this time away from it (s).
NEAR = 0.2
CORRELATION, IDENTIFIED = "pixel correlation about the mean frame", "frames identified (share)"


@dataclass(frozen=True)
class MovieConfig(HdtsConfig):
    """Settings of a network that learns a movie.

    None means the value in MOVIE_SETTINGS for this neuron, or else the value in the neuron file.
    """

    REST: ClassVar = ("height", "width", "q_hdts", "pulse_order", "parameters", "control", "record_interval")

    neuron: str = "izhikevich_c"
    """{neurons} (published: izhikevich_c), or path/to/file.py:NAME"""
    n: int = 1000
    """number of neurons"""
    movie: str = "synthetic"
    """synthetic, bunny (snnlab data get bunny), or a video file"""
    height: int = 18
    """number of rows of pixels"""
    width: int = 32
    """number of pixels in a row"""
    movie_seconds: float | None = None
    """length of the movie (s); None means 8 s, or the whole video"""
    learn_start: float = 1.0
    """start of the learning window (s)"""
    learn_stop: float = 50.0
    """end of the learning window (s)"""
    seconds: float | None = None
    """length of the run (s); None means the length that the protocol needs"""


@dataclass(frozen=True)
class Replay:
    """A part of a run in which the pulses run at one speed."""

    speed: float
    start: float
    """time when the pulses begin at the start of the movie (s)"""
    first: float
    """time from which the replay is analysed (s)"""
    stop: float
    own: bool = False
    """whether pulses are internal; they then begin at any moment and have a steady speed within 7 % of ``speed``"""


def movie_of(config: MovieConfig) -> Movie:
    """Return the movie that a Config names."""
    return movie_from(config.movie, config.height, config.width, config.movie_seconds)


def settle_movie(config: Settled, seconds: float, least: float, **stated: Any) -> Settled:
    """Return the Config with a value for every field that was None. By default, the run lasts ``seconds``.

    ``stated`` holds further values of a protocol.

    Raises
    ------
    UserError
        If the run ends before ``least`` s, the end of the analysed replays.
    """
    lasts = round(seconds, 3) if config.seconds is None else config.seconds
    period = movie_of(config).period
    if period < 10 * NEAR:
        raise UserError(
            f"movie_seconds: expected at least {10 * NEAR:g} s, since a moment is found within {NEAR:g} s, got "
            f"{period:g} s of {config.movie}"
        )
    require_free_run(config)
    # The run must include the delay of the output's filter.
    if lasts < least + replay.LATEST:
        raise UserError(f"seconds: expected at least {least + replay.LATEST:g} s, where the replay ends, got {lasts:g}")
    return settle_pulses(config, seconds=lasts, **stated | MOVIE_SETTINGS.get(config.neuron, {}))


def replayed(dataset: xr.Dataset, movie: Movie, parts: Sequence[Replay]) -> xr.Dataset:
    """Return a run with the replays instead of its output and teacher, with one sample for each frame.

    - ``movie`` (frame, row, column).
    - ``replay`` (shown, pixel): the decoded frame at time ``at`` (s), when the pulses were at the moment ``phase`` (s)
      of the movie and had the speed ``speed``.
    - ``lag``: the frame is read with this delay (s), which fits the speed best and is at most 60 ms. The filter delays
      the output, and learning compensates the delay at one speed only.
    - ``pace``: the actual speed, which may differ for internal pulses; see
      :func:`snnlab.networks.replay.moments.pace`.
    """
    time, output = dataset.time.values, np.asarray(dataset.output)[:, : movie.pixels.shape[1]]
    shown: dict[str, list] = {name: [] for name in ("replay", "at", "phase", "speed", "pace", "lag")}
    for part in parts:
        after = np.arange(part.first - part.start, part.stop - part.start - 1e-9, 1 / (movie.rate * abs(part.speed)))
        pace, begin = part.speed, 0.0
        if part.own:
            found = replay.identify(replay.at(part.start + after, time, output), movie.pixels) / movie.rate
            # Internal pulses may be up to 7 % faster or slower.
            nearly = 2.0 ** (np.arange(-100, 101) / 1000)
            pace, begin, _ = replay.pace(found, after, movie.period, part.speed * nearly)
        phase = np.mod(begin + pace * after, movie.period)
        (decoded,), lag = replay.delayed([part.start + after], time, output, movie(phase), movie.pixels.mean(0))
        columns = {"replay": decoded, "at": part.start + after, "phase": phase}
        columns |= {k: np.full(len(after), v) for k, v in (("speed", part.speed), ("pace", pace), ("lag", lag))}
        for name, values in columns.items():
            shown[name].append(values)
    arrays = {name: np.concatenate(values) for name, values in shown.items()}
    variables = {
        "movie": movie_variable(movie),
        "replay": (("shown", "pixel"), arrays["replay"].astype(np.float32)),
        **{name: ("shown", arrays[name]) for name in ("at", "phase", "lag", "speed", "pace")},
    }
    dropped = ["output", "teacher", "time", "voltage", "traced"]
    return describe(dataset.drop_vars(dropped, errors="ignore").assign(variables), NAMES)


def movie_variable(movie: Movie) -> tuple:
    """Return a movie as a variable of a run, from which :func:`stored_movie` restores it."""
    labels = {"long_name": MOVIE, "units": "1", "frames_per_second": movie.rate}
    return ("frame", "row", "column"), movie.frames.astype(np.float32), labels


def stored_movie(dataset: xr.Dataset) -> Movie:
    """Return the movie of a run."""
    return Movie(dataset.movie.values.astype(float), float(dataset.movie.attrs["frames_per_second"]))


def score_frames(shown: np.ndarray, phase: np.ndarray, movie: Movie) -> dict[str, float]:
    """Return scores of the similarity between frames, shape (S, pixels), and the movie at these moments (s)."""
    mean, truth = movie.pixels.mean(0), movie(phase)
    off = replay.apart(replay.identify(shown, movie.pixels) / movie.rate, phase, movie.period)
    return {
        CORRELATION: replay.correlation(shown, truth, mean),
        IDENTIFIED: float((off <= NEAR + 1e-9).mean()),
        "distance of the best frame, median (s)": float(np.median(off)),
        "pixel correlation": replay.correlation(shown, truth),
    }
