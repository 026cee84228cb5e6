"""A spiking network replays a movie that pulses in a fixed order call up (Nicola & Clopath 2017, figure 5)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import xarray as xr

from snnlab.engine.brian import Engine
from snnlab.errors import UserError
from snnlab.files import record
from snnlab.files.record import attribute
from snnlab.lab.claims import Check, Finding
from snnlab.lab.grouping import by_condition, of_controls, settings
from snnlab.networks.force import completed, require_free_run
from snnlab.networks.replay import CONTROLS as CONTROLS
from snnlab.networks.replay import HdtsConfig, hdts_identity, train_with_hdts
from snnlab.networks.replay import moments as replay
from snnlab.stimuli.pictures.movie import Movie, gif_bytes, movie_from

FIGURE = "nicola2017_fig5"
INF = float("inf")
# Of the authors' script (ModelDB 190565), in the units of ForceConfig; other neurons keep what their file states.
# LIF: our choice, weights of pulses 8 Q. Set B: for pulses of the network's own, after the script of the long melody.
SETTINGS = {
    "izhikevich_c": {"g": 5e3, "q": 4e2, "alpha": 2, "rls_interval": 4.0, "q_hdts": 4e3},
    "lif": {"q_hdts": 80.0},
    "izhikevich_b": {"g": 1e4, "q": 4e2, "alpha": 2, "rls_interval": 4.0, "q_hdts": 8e3},
}
FREE_SECONDS = 50.0
# A moment of the movie is found if the best frame is at most this far from it (s).
NEAR = 0.2
CORRELATION, IDENTIFIED = "pixel correlation about the mean frame", "frames identified (share)"
_NEARLY = 2.0 ** (np.arange(-100, 101) / 1000)
# Our criteria.
ALIKE, FOUND = 0.7, 0.8


@dataclass(frozen=True)
class MovieConfig(HdtsConfig):
    """Settings of a network that learns a movie; None means: SETTINGS for this neuron, else what the neuron states."""

    neuron: str = "izhikevich_c"
    """izhikevich_c (published), lif, theta, ..., or path/to/file.py:NAME"""
    n: int = 1000
    """number of neurons"""
    movie: str = "synthetic"
    """synthetic, bunny (snnlab data get bunny), or a video file"""
    height: int = 18
    """rows of pixels"""
    width: int = 32
    """pixels of a row"""
    movie_seconds: float | None = None
    """length of the movie (s); None: 8 s, or all of a video"""
    learn_start: float = 1.0
    """start of the learning window (s)"""
    learn_stop: float = 50.0
    """end of the learning window (s)"""
    seconds: float | None = None
    """length of the run (s); None: as long as the protocol needs"""


@dataclass(frozen=True)
class Config(MovieConfig):
    """Settings of the run; None means: SETTINGS of this protocol for this neuron, else what the neuron states."""

    record_interval: float | None = 8.0
    """time between two recorded samples (ms), a multiple of dt"""

    def identity(self) -> dict:
        """Return what the settings stand for: see :meth:`ForceConfig.identity`."""
        return hdts_identity(settled(self))


# Internal pulses take more neurons of another kind, more time, and the paper's RLS gain: see internal_compression.
_INTERNAL = {"hdts": "internal", "neuron": "izhikevich_b", "n": 3000, "rls_gain": "exact", "learn_stop": 300.0}
VARIANTS = {"external pulses": {}, "internal pulses": _INTERNAL}
QUICK = {"n": 400, "height": 9, "width": 16, "movie_seconds": 2.0, "learn_stop": 9.0, "pulses": 8, "seconds": 16.0}
QUICK_VARIANTS = {"internal pulses": {name: QUICK[name] for name in ("n", "learn_stop")}}


@dataclass(frozen=True)
class Replay:
    """A part of a run in which the pulses run at one speed."""

    speed: float
    start: float
    """when the pulses begin at the start of the movie (s)"""
    first: float
    """from when on it is looked at (s)"""
    stop: float
    own: bool = False
    """the pulses are the network's own: they begin anywhere, and run at a steady speed within 7 % of this one"""


def movie_of(config: MovieConfig) -> Movie:
    """Return the movie that a Config names."""
    return movie_from(config.movie, config.height, config.width, config.movie_seconds)


def completed_movie(config: MovieConfig, seconds: float, least: float) -> MovieConfig:
    """Return the Config with every field that is left open filled in: the run has this length unless one is given.

    Raises
    ------
    UserError
        If it ends before ``least`` s, where the replays that are looked at do.
    """
    config = completed(config, seconds=round(seconds, 3), **SETTINGS.get(config.neuron, {}))
    period = movie_of(config).period
    if period < 10 * NEAR:
        raise UserError(
            f"movie_seconds: expected at least {10 * NEAR:g} s, where a moment is found within {NEAR:g} s, got "
            f"{period:g} s of {config.movie}"
        )
    require_free_run(config)
    # What the output's filter makes late is looked at as well.
    if config.seconds < least + replay.LATEST:
        raise UserError(
            f"seconds: expected at least {least + replay.LATEST:g} s, where the replay ends, got {config.seconds:g}"
        )
    return config


def settled(config: Config) -> Config:
    """Return the Config with every field that is left open filled in."""
    once = movie_of(config).period
    least = config.learn_stop + 1 + once
    return completed_movie(config, config.learn_stop + max(FREE_SECONDS, once + 1.1), least)


def run(config: Config, engine: Engine) -> xr.Dataset:
    """Train the network and let it replay the movie; see :func:`replayed` for what the dataset holds.

    Adds ``likeness`` (moment): the cosine of each decoded frame and the teacher's about the mean frame, over the run.
    """
    config = settled(config)
    movie = movie_of(config)
    dataset = train_with_hdts(config, movie, movie.period, engine)
    first = config.learn_stop + 1
    whole = int((config.seconds - replay.LATEST - first) / movie.period + 1e-9)
    # Nothing starts anew: the pulses go on as they ran while the network learned.
    part = Replay(1.0, 0.0, first, first + whole * movie.period, own=config.hdts == "internal")
    shown = replayed(dataset, movie, [part])
    time = dataset.time.values
    moments = np.arange(time[0], time[-1], 1 / movie.rate)
    phase = moments.copy()
    if part.own:
        # Once nobody teaches, the network has a clock of its own.
        alone = moments >= first
        phase[alone] = float(shown.phase[0]) + float(shown.pace[0]) * (moments[alone] - float(shown["at"][0]))
    decoded = replay.at(moments, time, np.asarray(dataset.output)[:, : movie.pixels.shape[1]])
    likeness = replay.row_cosines(decoded, movie(phase), movie.pixels.mean(0))
    return shown.assign(likeness=("moment", likeness, {"units": "1"}), moment=("moment", moments, {"units": "s"}))


def replayed(dataset: xr.Dataset, movie: Movie, replays: Sequence[Replay]) -> xr.Dataset:
    """Return a run with the replays in place of its output and teacher, a sample for each frame.

    ``movie`` (frame, row, column); ``replay`` (shown, pixel): what was decoded at ``at`` s, when the pulses stood at
    the moment ``phase`` (s) of the movie and ran at ``speed``. It is read ``lag`` s later: the delay, up to 60 ms, that
    fits that speed best, since the output's filter is late and learning makes up for that at one speed alone. ``pace``
    is the speed itself, which own pulses need not keep exactly: see :func:`snnlab.networks.replay.moments.pace`.
    """
    time, output = dataset.time.values, np.asarray(dataset.output)[:, : movie.pixels.shape[1]]
    shown: dict[str, list] = {name: [] for name in ("replay", "at", "phase", "speed", "pace", "lag")}
    for part in replays:
        after = np.arange(part.first - part.start, part.stop - part.start - 1e-9, 1 / (movie.rate * abs(part.speed)))
        pace, begin = part.speed, 0.0
        if part.own:
            found = replay.identify(replay.at(part.start + after, time, output), movie.pixels) / movie.rate
            pace, begin, _ = replay.pace(found, after, movie.period, part.speed * _NEARLY)
        phase = np.mod(begin + pace * after, movie.period)
        (decoded,), lag = replay.delayed([part.start + after], time, output, movie(phase), movie.pixels.mean(0))
        columns = {"replay": decoded, "at": part.start + after, "phase": phase}
        columns |= {k: np.full(len(after), v) for k, v in (("speed", part.speed), ("pace", pace), ("lag", lag))}
        for name, values in columns.items():
            shown[name].append(values)
    arrays = {name: np.concatenate(values) for name, values in shown.items()}
    seconds = {"units": "s"}
    return dataset.drop_vars(["output", "teacher", "time", "voltage"]).assign(
        movie=to_store(movie),
        replay=(("shown", "pixel"), arrays["replay"].astype(np.float32), {"units": "1"}),
        at=("shown", arrays["at"], seconds),
        phase=("shown", arrays["phase"], seconds | {"long_name": "moment of the movie"}),
        lag=("shown", arrays["lag"], seconds),
        speed=("shown", arrays["speed"], {"units": "1"}),
        pace=("shown", arrays["pace"], {"units": "1"}),
    )


def by_speed(dataset: xr.Dataset) -> dict[float, dict[str, float]]:
    """Return what is measured of the replay at each speed, by speed."""
    movie = stored(dataset)
    found = {}
    for speed in dict.fromkeys(dataset.speed.values.tolist()):
        rows = dataset.speed.values == speed
        shown, phase = dataset.replay.values[rows].astype(float), dataset.phase.values[rows]
        found[speed] = score(shown, phase, movie) | {"lag (s)": float(dataset.lag.values[rows][0])}
    return found


def to_store(movie: Movie) -> tuple:
    """Return a movie as a variable of a run, from which :func:`stored` makes it again."""
    return ("frame", "row", "column"), movie.frames.astype(np.float32), {"frames_per_second": movie.rate}


def stored(dataset: xr.Dataset) -> Movie:
    """Return the movie of a run."""
    return Movie(dataset.movie.values.astype(float), float(dataset.movie.attrs["frames_per_second"]))


def score(shown: np.ndarray, phase: np.ndarray, movie: Movie) -> dict[str, float]:
    """Return how alike frames, shape (S, pixels), are to the movie at these moments (s)."""
    mean, truth = movie.pixels.mean(0), movie(phase)
    off = replay.apart(replay.identify(shown, movie.pixels) / movie.rate, phase, movie.period)
    return {
        CORRELATION: replay.correlation(shown, truth, mean),
        IDENTIFIED: float((off <= NEAR + 1e-9).mean()),
        "distance of the best frame, median (s)": float(np.median(off)),
        "pixel correlation": replay.correlation(shown, truth),
    }


def nulls(movie: Movie, speed: float = 1.0, orders: int = 20) -> dict[str, dict[str, float]]:
    """Return the same for what is no replay: the mean frame, the movie blurred over 1 s, and frames in random order.

    Of these it is the mean over orders, each with the delay that fits it best at this speed, as a replay has.
    """
    phase = np.arange(len(movie.pixels)) / movie.rate
    still = np.tile(movie.pixels.mean(0), (len(phase), 1))
    found = {"mean frame": score(still, phase, movie), "blurred movie": blurred(movie)}
    rng, lags, each = np.random.default_rng(0), np.arange(0, replay.LATEST + 1e-9, replay.LAG_STEP), []
    for _ in range(orders):
        other = replace(movie, frames=movie.frames[rng.permutation(len(phase))])
        late = [other(phase + speed * lag) for lag in lags]
        best = max(late, key=lambda rows: replay.correlation(rows, movie.pixels, movie.pixels.mean(0)))
        each.append(score(best, phase, movie))
    return found | {"random order": {what: float(np.mean([values[what] for values in each])) for what in each[0]}}


def blurred(movie: Movie) -> dict[str, float]:
    """Return the same for the movie blurred over 1 s."""
    phase = np.arange(len(movie.pixels)) / movie.rate
    return score(replay.blurred(movie.pixels, round(movie.rate)), phase, movie)


def measure(dataset: xr.Dataset) -> dict[str, float]:
    """Return what is measured of the replay at each speed."""
    return {f"{what}, speed {s:g}": value for s, values in by_speed(dataset).items() for what, value in values.items()}


def checks(dataset: xr.Dataset) -> list[Check]:
    """Return our criteria for the speed that was learned; the paper states no number that we could read."""
    measured = by_speed(dataset).get(1.0)
    if measured is None:
        return []
    null, least = blurred(stored(dataset)), {CORRELATION: ALIKE, IDENTIFIED: FOUND}
    sources = {what: f"our criterion; the movie blurred over 1 s has {null[what]:.2f}" for what in least}
    return [Check(f"{what}, speed 1", measured[what], low, INF, sources[what]) for what, low in least.items()]


def comparisons(datasets: list[xr.Dataset]) -> list[Finding]:
    """What is measured of the replay, for each source of the pulses, beside what is no replay."""
    rows = []
    for conditions in by_condition(datasets, ("control", "pulse_order")):
        for name, runs in grouped(conditions.get("default", [])):
            measured = [by_speed(run)[1.0] for run in runs]
            null = nulls(stored(runs[0])) | of_controls(conditions, lambda run: by_speed(run)[1.0])
            for what in (CORRELATION, IDENTIFIED, "pixel correlation"):
                beside = ", ".join(f"{kind} {values[what]:.2f}" for kind, values in null.items())
                rows.append(Finding.over_seeds(f"{name}: {what}", [values[what] for values in measured], beside))
    return rows


def grouped(datasets: list[xr.Dataset]) -> list[tuple[str, list[xr.Dataset]]]:
    """Return unbroken runs that differ in seed alone, at least three, with a name; they have a replay at speed 1."""
    groups: dict[tuple[str, str], list[xr.Dataset]] = {}
    for dataset in datasets:
        config = attribute(dataset, "config")
        if dataset.attrs["condition"] == "default" and (dataset.speed == 1).any():
            where = "no" if config["hdts"] == "none" else config["hdts"]
            given = "".join(f", {name.upper()} = {config[name]:g}" for name in "gq" if config[name] is not None)
            given += "".join(f", {change}" for change in config["parameters"])
            name = f"{config['neuron']}, N = {config['n']}{given}, {config['pulses']} {where} pulses, {config['movie']}"
            groups.setdefault((name, settings(config)), []).append(dataset)
    return [(name, runs) for (name, _), runs in groups.items() if len(runs) >= 3]


def export(dataset: xr.Dataset, stem: Path) -> list[Path]:
    """Write the last pass of the movie, beside it what the network shows, as ``stem``.gif; returns what was written."""
    movie = stored(dataset)
    last = np.flatnonzero(dataset.speed.values == 1)[-len(movie.pixels) :]
    if not len(last):
        return []
    # Half the frames: enough for the eye, and small.
    last, size = last[::2], max(1, 96 // dataset.movie.shape[1])
    pairs = zip(movie(dataset.phase.values[last]), dataset.replay.values[last], strict=True)
    path = stem.with_suffix(".gif")
    record.write_whole(path, gif_bytes([[pair] for pair in pairs], dataset.movie.shape[1:], size, 2 / movie.rate))
    return [path]
