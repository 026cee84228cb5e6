"""Parts that the protocols of replayed movies share: measures by speed, nulls, criteria, groups of runs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import xarray as xr

from snnlab.files.record import attribute
from snnlab.lab.claims import Check
from snnlab.lab.grouping import given, settings
from snnlab.networks.replay import CORRELATION, IDENTIFIED, score_frames, stored_movie
from snnlab.networks.replay import moments as replay
from snnlab.stimuli.pictures.movie import Movie

INF = float("inf")
# These are our criteria.
ALIKE, FOUND = 0.7, 0.8


def by_speed(dataset: xr.Dataset) -> dict[float, dict[str, float]]:
    """Return the measures of the replay for each speed."""
    movie = stored_movie(dataset)
    found = {}
    for speed in dict.fromkeys(dataset.speed.values.tolist()):
        rows = dataset.speed.values == speed
        shown, phase = dataset.replay.values[rows].astype(float), dataset.phase.values[rows]
        found[speed] = score_frames(shown, phase, movie) | {"lag (s)": float(dataset.lag.values[rows][0])}
    return found


def nulls(movie: Movie, speed: float = 1.0, orders: int = 20) -> dict[str, dict[str, float]]:
    """Return the measures of three nulls: the mean frame, the movie blurred over 1 s, and frames in random order.

    The values for frames in random order are means over orders. Like a replay, each order has its best delay at this
    speed.
    """
    phase = np.arange(len(movie.pixels)) / movie.rate
    still = np.tile(movie.pixels.mean(0), (len(phase), 1))
    found = {"mean frame": score_frames(still, phase, movie), "blurred movie": blurred(movie)}
    rng, lags, each = np.random.default_rng(0), np.arange(0, replay.LATEST + 1e-9, replay.LAG_STEP), []
    for _ in range(orders):
        other = replace(movie, frames=movie.frames[rng.permutation(len(phase))])
        late = [other(phase + speed * lag) for lag in lags]
        best = max(late, key=lambda rows: replay.correlation(rows, movie.pixels, movie.pixels.mean(0)))
        each.append(score_frames(best, phase, movie))
    return found | {"random order": {what: float(np.mean([values[what] for values in each])) for what in each[0]}}


def blurred(movie: Movie) -> dict[str, float]:
    """Return the measures of the movie blurred over 1 s."""
    phase = np.arange(len(movie.pixels)) / movie.rate
    return score_frames(replay.blurred(movie.pixels, round(movie.rate)), phase, movie)


def measure(dataset: xr.Dataset) -> dict[str, float]:
    """Return the measures of the replay at each speed, by name."""
    return {f"{what}, speed {s:g}": value for s, values in by_speed(dataset).items() for what, value in values.items()}


def checks(dataset: xr.Dataset) -> list[Check]:
    """Return our criteria for the learned speed as checks. We could not read a number in the paper."""
    measured = by_speed(dataset).get(1.0)
    if measured is None:
        return []
    null, least = blurred(stored_movie(dataset)), {CORRELATION: ALIKE, IDENTIFIED: FOUND}
    sources = {what: f"our criterion; the movie blurred over 1 s has {null[what]:.2f}" for what in least}
    return [Check(f"{what}, speed 1", measured[what], low, INF, sources[what]) for what, low in least.items()]


def grouped(datasets: list[xr.Dataset]) -> list[tuple[str, list[xr.Dataset]]]:
    """Return named groups of at least three runs that differ only in their seed, without controls.

    Each run has a replay at speed 1.
    """
    groups: dict[str, list[xr.Dataset]] = {}
    for dataset in datasets:
        if dataset.attrs["condition"] == "default" and (dataset.speed == 1).any():
            groups.setdefault(settings(dataset), []).append(dataset)
    return [(_name(runs), runs) for runs in groups.values() if len(runs) >= 3]


def _name(runs: list[xr.Dataset]) -> str:
    """Return what the networks of one setting are called; G and Q where they are not those of the neuron."""
    config = attribute(runs[0], "config")
    where = "no" if config["hdts"] == "none" else config["hdts"]
    # A gain that only some of the runs were given is the one that the others settled to.
    changed = [f", {x.upper()} = {config[x]:g}" for x in "gq" if all(given(run).get(x) is not None for run in runs)]
    changed += [f", {change}" for change in config["parameters"]]
    name = f"{config['neuron']}, N = {config['n']}{''.join(changed)}, {config['pulses']} {where} pulses"
    return f"{name}, {config['movie']}"
