"""A network replays a movie with its own pulses, without input. What sets its speed? We know no published answer."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import xarray as xr

from snnlab.checking import require_positive
from snnlab.engine.brian import Engine
from snnlab.errors import UserError
from snnlab.files.describe import describe
from snnlab.files.record import attribute
from snnlab.lab.claims import Check, Finding, per_seed
from snnlab.lab.grouping import settings
from snnlab.networks.force import published_units
from snnlab.networks.replay import CONTROLS as CONTROLS
from snnlab.networks.replay import (
    CORRELATION,
    IDENTIFIED,
    LeverConfig,
    levers,
    movie_of,
    movie_variable,
    settle_movie,
    train_with_hdts,
)

FIGURE = "internal_compression"
# These settings differ from those of movie_replay.
SETTINGS = {"izhikevich_b": {"q_cue": 2e3}}
LEVELS = {
    "cue": (1.0, 1.5, 2.0, 3.0, 4.0, 1.25, 1.75, 2.5, 3.5, 6.0, 0.5),
    "input": (0.0, 50.0, 100.0, 200.0, -50.0),
    "feedback": (1.0, 1.05, 1.1, 1.2, 0.9),
}
# This is the largest speed that can be taught.
FASTEST = 32.0
PACE, STEADY, ORDER = "speed of the replay", "steadiness of the speed", "pulses followed by the next one (share)"
NAMES = {
    "pace": ("speed of the replay that fits best, below 0 backward", "1"),
    "steady": ("steadiness of the speed", "1"),
    "in_order": ("share of pulses that are followed by the next one", "1"),
    "correlation": ("correlation of the replay with the movie about its mean frame", "1"),
    "identified": ("share of frames that are nearest to the movie's in their place", "1"),
    "null_steady": ("steadiness of the speed of the same frames in random order", "1"),
    "null_correlation": ("correlation of the same frames in random order with the movie", "1"),
    "null_identified": ("share of frames in random order that are nearest to the movie's in their place", "1"),
    "replay": ("frames of the last pass", "1"),
    "moment_found": ("moment of the movie that is shown, every 10 ms", "s"),
    "pulse": ("index of the largest pulse, every 10 ms", "1"),
}
# These are our criteria for a replay, and for the deviation from a taught speed.
LEAST_STEADY, LEAST_ORDER, NEAR_SPEED = 0.9, 0.9, 0.1


@dataclass(frozen=True)
class Config(LeverConfig):
    """Settings of the run. None means the value in SETTINGS for this neuron, or else the value in the neuron file."""

    neuron: str = "izhikevich_b"
    """{neurons}, or path/to/file.py:NAME"""
    hdts: Literal["internal"] = "internal"
    """pulses are additional outputs that the network learns and feeds back to itself"""
    rls_gain: Literal["undivided", "exact"] = "exact"
    """weight step with P(t-1) r (2017 MATLAB; runs away here) or P(t) r (the paper's formula)"""
    n: int = 3000
    """number of neurons"""
    movie_seconds: float | None = 4.0
    """length of the movie (s); None means 8 s, or the whole video"""
    pulses: int = 16
    """number of pulses in the movie"""
    learn_stop: float = 400.0
    """end of the learning window (s)"""
    record_interval: float | None = 4.0
    """time between two recorded samples (ms), a multiple of dt"""


# One speed is learned faster than five speeds.
VARIANTS = {"cue": {}} | {lever: {"lever": lever, "learn_stop": 200.0} for lever in ("input", "feedback")}
QUICK = {
    "n": 600, "height": 9, "width": 16, "movie_seconds": 2.0, "pulses": 8, "learn_stop": 60.0, "taught": (1.0, 2.0),
    "levels": (1.0, 2.0),
}  # fmt: skip
QUICK_VARIANTS = {lever: {"learn_stop": QUICK["learn_stop"]} for lever in ("input", "feedback")}


def settle(config: Config) -> Config:
    """Return the Config with a value for every field that was None."""
    levels = config.levels or LEVELS.get(config.lever, ())
    if len(set(levels)) < len(levels) or not np.isfinite(levels).all():
        raise UserError(f"levels: expected distinct finite numbers, got {levels}")
    if config.lever != "input" and not min(levels, default=1) > 0:
        raise UserError(f"levels: expected numbers > 0 for --lever {config.lever}, got {levels}")
    if not config.taught or not all(0 < speed <= FASTEST for speed in config.taught):
        raise UserError(f"taught: expected numbers > 0 and <= {FASTEST:g}, got {config.taught}")
    require_positive(config, "q_cue")
    q_cue = SETTINGS.get(config.neuron, {}).get("q_cue") if config.q_cue is None else config.q_cue
    period = movie_of(config).period
    if period > levers.LASTS - levers.WARM_UP:
        raise UserError(
            f"movie_seconds: expected at most {levers.LASTS - levers.WARM_UP:g} s (time of a level), got {period:g} s"
        )
    if config.lever == "cue" and q_cue is None:
        raise UserError(f"q_cue: expected a number > 0, since neuron {config.neuron!r} states none, got None")
    turn = levers.PASSES * period * sum(1 / speed for speed in config.taught)
    if config.lever == "cue" and config.learn_stop < turn:
        raise UserError(
            f"learn_stop: expected at least {turn:g} s, so that each speed is taught, got {config.learn_stop:g}"
        )
    stop = config.learn_stop + levers.LASTS * len(levels)
    # The time before is not analysed.
    config = config if config.record_start else replace(config, record_start=config.learn_stop)
    return settle_movie(config, stop + 0.1, stop, levels=tuple(levels), q_cue=q_cue)


def run(config: Config, engine: Engine) -> xr.Dataset:
    """Teach the movie and pulses, then set the lever to each level.

    Returns
    -------
    xarray.Dataset
        For each ``level``:

        - ``pace``: the speed of the replay that fits best, from 1/4 to 32, or below 0 if backward.
        - ``steady``: see :func:`snnlab.networks.replay.moments.pace`.
        - ``in_order``: share of pulses that are followed by the next one.
        - ``correlation`` and ``identified``: fit of the frames to a movie that runs at this speed.
        - ``null_steady``, ``null_correlation``, ``null_identified``: the same for frames in random order, in blocks of
          250 ms, at the speed that fits them best.
        - ``replay`` (level, frame, pixel): the last pass of the movie.
        - ``moment_found`` (level, sample): the moment of the movie that is shown, every 10 ms.
        - ``pulse`` (level, sample): the index of the largest pulse.
    """
    movie, setup = movie_of(config), config.setup
    cued = config.lever == "cue"
    turns = levers.lessons(config.taught, movie.period, config.learn_stop) if cued else [(0.0, config.taught[0])]
    tests = [(config.learn_stop + levers.LASTS * k, level) for k, level in enumerate(config.levels)]
    cue, phases = levers.drive(config, setup, turns, tests, engine)
    dataset = train_with_hdts(config, movie, movie.period, engine, phases=phases, clock=levers.clock(turns), cue=cue)
    time, output = dataset.time.values, np.asarray(dataset.output)
    rows = [levers.replay_at(time, output, start, config.pulses, movie) for start, _ in tests]
    arrays = {name: np.stack([row[name] for row in rows]) for name in rows[0]}
    dims = {"replay": ("level", "frame", "pixel")} | dict.fromkeys(("moment_found", "pulse"), ("level", "sample"))
    found = {name: (dims.get(name, ("level",)), values) for name, values in arrays.items()}
    gone = ["output", "teacher", "time", "voltage", "traced"]
    dataset = dataset.drop_vars(gone).assign_coords(level=list(config.levels))
    # An input has the unit of the neuron's input. Speeds and gains have no unit.
    units = published_units(setup.neuron.current)["q"] if config.lever == "input" else "1"
    names = NAMES | {"level": ("level of the lever", units)}
    return describe(dataset.assign(found | {"movie": movie_variable(movie)}), names)


def measure(dataset: xr.Dataset) -> dict[str, float]:
    """Return the measures at each level, by name."""
    names = {"pace": PACE, "steady": STEADY, "in_order": ORDER, "correlation": CORRELATION, "identified": IDENTIFIED}
    return {
        f"{title}, level {level:g}": float(dataset[name].sel(level=level))
        for level in dataset.level.values
        for name, title in names.items()
    }


def replays(dataset: xr.Dataset) -> np.ndarray:
    """Tell for each level whether the network replays the movie: pulses in order, at a steady speed."""
    return (dataset.steady.values >= LEAST_STEADY) & (dataset.in_order.values >= LEAST_ORDER)


def checks(dataset: xr.Dataset) -> list[Check]:
    """Return our criteria at the taught levels as checks: the network replays at the taught speed."""
    config, rows = attribute(dataset, "config"), []
    source = f"our criterion; pulses in random order {1 / (config['pulses'] - 1):.2f}"
    taught = config["taught"] if config["lever"] == "cue" else [1.0 if config["lever"] == "feedback" else 0.0]
    for level in (level for level in taught if level in dataset.level.values):
        at, speed = dataset.sel(level=level), level if config["lever"] == "cue" else config["taught"][0]
        low, high = speed * (1 - NEAR_SPEED), speed * (1 + NEAR_SPEED)
        rows.append(Check(f"{ORDER}, level {level:g}", float(at.in_order), LEAST_ORDER, 1.0, source))
        rows.append(Check(f"{STEADY}, level {level:g}", float(at.steady), LEAST_STEADY, 1.0, "our criterion"))
        rows.append(Check(f"{PACE}, level {level:g}", float(at.pace), low, high, "the speed taught, within 10 %"))
    return rows


def comparisons(datasets: list[xr.Dataset]) -> list[Finding]:
    """Return, for each lever and level, the share of networks that replay, their speed, and the range of speeds."""
    groups: dict[tuple[str, str], list[xr.Dataset]] = {}
    for dataset in datasets:
        config = attribute(dataset, "config")
        if dataset.attrs["condition"] == "default":
            name = f"{config['lever']}, {config['neuron']}, N = {config['n']}"
            groups.setdefault((name, settings(dataset)), []).append(dataset)
    rows = []
    for (name, _), runs in groups.items():
        if len(runs) >= 3:
            for level in runs[0].level.values:
                rows += _at_level(f"{name}, level {level:g}: ", level, [run.sel(level=[level]) for run in runs])
            rows += _range(name, runs)
    return rows


def _at_level(name: str, level: float, runs: list[xr.Dataset]) -> list[Finding]:
    config = attribute(runs[0], "config")
    aim = f"{config['taught'][0]:g}: taught"
    if config["lever"] == "cue":
        aim = f"{level:g}: {'taught' if level in config['taught'] else 'asked for'}"
    good = [run for run in runs if replays(run)[0]]
    rows = [
        Finding.share(
            f"{name}share of networks that replay",
            per_seed(runs, [bool(replays(run)[0]) for run in runs]),
            "0: pulses in random order",
        )
    ]
    if good:
        what = f"{name}{PACE}, of {len(good)} networks that do"
        rows.append(Finding.over_seeds(what, per_seed(good, [float(run.pace[0]) for run in good]), aim))
    for key, what in (("steady", STEADY), ("correlation", CORRELATION), ("identified", IDENTIFIED)):
        null = f"{np.mean([float(run[f'null_{key}'][0]) for run in runs]):.2f}: the same frames in random order"
        values = per_seed(runs, [float(run[key][0]) for run in runs])
        bounds = (-1, 1) if key == "correlation" else (0, 1)
        rows.append(Finding.over_seeds(f"{name}{what}", values, null, within=bounds))
    return rows


def _range(name: str, runs: list[xr.Dataset]) -> list[Finding]:
    """Return the speed at the highest level with a replay / the speed at the lowest level with a replay."""
    ratios = []
    for run in runs:
        replayed = run.isel(level=replays(run)).sortby("level")
        if replayed.sizes["level"] > 1:
            ratios.append(float(replayed.pace[-1] / replayed.pace[0]))
    what = f"{name}: speed at the highest level with a replay over that at the lowest, of {len(ratios)} networks"
    return [Finding.over_seeds(what, ratios, "1: the lever does nothing", against=1)] if ratios else []
