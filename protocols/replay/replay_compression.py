"""A network replays a movie faster, slower and backward (Nicola & Clopath 2017, figure 5, which has no public code)."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import xarray as xr

from snnlab.analysis import trains
from snnlab.engine.brian import Engine
from snnlab.errors import UserError
from snnlab.files import record
from snnlab.files.record import attribute
from snnlab.lab.claims import Finding, Published, per_seed
from snnlab.networks.force import Drive, Phase, ticks
from snnlab.networks.replay import CONTROLS as CONTROLS
from snnlab.networks.replay import (
    CORRELATION,
    IDENTIFIED,
    MovieConfig,
    Replay,
    movie_of,
    replayed,
    settle_movie,
    stored_movie,
    train_with_hdts,
)
from snnlab.networks.replay import moments as replay
from snnlab.protocols.replay._shared import by_speed, grouped, nulls
from snnlab.protocols.replay._shared import checks as checks
from snnlab.protocols.replay._shared import measure as measure
from snnlab.stimuli.pictures.movie import gif_bytes

FIGURE = "replay_compression"
# The first second at each speed is not analysed. It is followed by whole passes of the movie that last at least 4 s.
WARM_UP, LEAST = 1.0, 4.0
# This is the compression of replayed spike sequences in rats (Euston, Tatsuno & McNaughton 2007).
RATS = (5.4, 8.1)
COMPRESSED = Published(
    source="Nicola & Clopath 2017, doi:10.1038/s41467-017-01827-3",
    locator="figure 5",
    kind="number",
    claimed="A network replays a movie compressed as much as in rats, 5.4 to 8.1 times, with little loss.",
    value=RATS,
    unit="1",
    measure="not known to us; ours is the share of frames found within 0.2 s of the movie",
    basis="our model after it",
    text_read="secondary",
    note="The compression of rats is that of Euston, Tatsuno & McNaughton 2007. Movie and code are not public.",
)
# At the slowest speed a pass of the movie lasts 32 s. At the fastest speed a pulse lasts 8 ms.
SLOWEST, FASTEST = 0.25, 32.0
# These are the bins of the spike templates and of the spikes (s).
TEMPLATE_BIN, COUNT_BIN = 0.04, 0.01
# Numbers of random orders of the pulses, and the names of both nulls.
ORDERS = 3
NULLS = ("with the pulses in another order", "of the pulses' input alone")
# A speed keeps its accuracy if this share of the accuracy above the null at the learned speed remains.
KEPT = 0.9


@dataclass(frozen=True)
class Config(MovieConfig):
    """Settings of the run. None means the value in MOVIE_SETTINGS for this neuron, or else that of the neuron file."""

    speeds: tuple[float, ...] = (1.0, 2.0, 4.0, 8.0, 16.0, 0.5, -1.0, -4.0)
    """speeds of the pulses after learning, one after another: multiples of 1/16 from 1/4 to 32, negative for backward;
    the first is 1"""
    record_spikes: int = 1000
    """number of neurons whose spikes are recorded"""
    record_interval: float | None = 2.0
    """time between two recorded samples (ms), a multiple of dt"""


# The adaptation has the same strength but is ten times as fast.
_FAST = ("a=0.02/ms", "d=1000*pA")
VARIANTS = {
    "published": {},
    "without feedback": {"q": 0.0},
    "fast adaptation": {"parameters": _FAST},
    "128 pulses, fast adaptation": {"pulses": 128, "parameters": _FAST},
    "LIF": {"neuron": "lif"},
    "LIF without feedback": {"neuron": "lif", "q": 0.0},
    "128 pulses, without feedback": {"q": 0.0, "pulses": 128},
    "fast adaptation, without feedback": {"q": 0.0, "parameters": _FAST},
    # These variants test other possible causes of the loss. Each is compared with "published".
    "G halved": {"g": 2.5e3},
    "G doubled": {"g": 1e4},
    "Q halved": {"q": 2e2},
    "2000 neurons": {"n": 2000},
    "pulses 2.5 times as strong": {"q_hdts": 1e4},
    # With the undivided gain of the scripts, this network runs away as learning begins.
    "128 pulses, exact gain": {"pulses": 128, "rls_gain": "exact"},
    "synapses twice as fast": {"tau_rise": 1.0, "tau_decay": 10.0},
    "synapses twice as slow": {"tau_rise": 4.0, "tau_decay": 40.0},
    "three times the learning": {"learn_stop": 148.0},
}
QUICK = {"n": 400, "height": 9, "width": 16, "movie_seconds": 2.0, "learn_stop": 9.0, "pulses": 8, "speeds": (1.0, 4.0)}
QUICK_VARIANTS = {"2000 neurons": {"n": 800}, "three times the learning": {"learn_stop": 25.0}}


def segments(config: Config, period: float) -> list[Replay]:
    """Return the replays of a run in order. The first one starts at the end of learning."""
    if not config.speeds or config.speeds[0] != 1 or len(set(config.speeds)) < len(config.speeds):
        raise UserError(f"speeds: expected distinct numbers, the first 1, got {config.speeds}")
    found, start = [], config.learn_stop
    for speed in config.speeds:
        ticks(speed, "speeds")
        if not SLOWEST <= abs(speed) <= FASTEST:
            raise UserError(f"speeds: expected sizes from {SLOWEST:g} to {FASTEST:g}, got {speed:g}")
        once = period / abs(speed)
        stop = start + WARM_UP + math.ceil(LEAST / once) * once
        found.append(Replay(speed, start, start + WARM_UP, stop))
        start = stop
    return found


def settle(config: Config) -> Config:
    """Return the Config with a value for every field that was None."""
    if config.hdts in ("internal", "none"):
        # The dynamics of the network sets the speed of internal pulses.
        own = "; for internal pulses use internal_compression" if config.hdts == "internal" else ""
        raise UserError(f"hdts: expected one of external, chain (their speed can be set), got {config.hdts}{own}")
    stop = segments(config, movie_of(config).period)[-1].stop
    # The time before is not analysed.
    config = config if config.record_start else replace(config, record_start=config.learn_stop)
    return settle_movie(config, stop + 0.1, stop)


def run(config: Config, engine: Engine) -> xr.Dataset:
    """Train the network, then let the pulses run at each speed; see :func:`snnlab.networks.replay.replayed`."""
    movie = movie_of(config)
    parts = segments(config, movie.period)
    phases = [Phase(part.start, speed=part.speed, restart=True) for part in parts]
    dataset = replayed(train_with_hdts(config, movie, movie.period, engine, phases=phases), movie, parts)
    # Earlier spikes are not analysed.
    return dataset.isel(spike=dataset.spike_time.values >= config.learn_stop)


def comparisons(datasets: list[xr.Dataset]) -> list[Finding]:
    """Return the accuracy at each speed, and the largest speed that keeps 90 % of the accuracy above chance."""
    rows = []
    # The null depends on movie and speed only. Most networks have the same movie, so its values are kept.
    chances: dict[tuple, dict[str, float]] = {}
    for network, runs in grouped(datasets):
        name = f"{runs[0].attrs['variant']} ({network})"
        measured = [by_speed(run) for run in runs]
        movie = stored_movie(runs[0])
        keys = {speed: (movie.frames.tobytes(), movie.rate, speed) for speed in measured[0]}
        for speed, key in keys.items():
            if key not in chances:
                chances[key] = nulls(movie, speed)["random order"]
        unordered = {speed: chances[key] for speed, key in keys.items()}
        chance = unordered[1.0][IDENTIFIED]
        for speed, null in unordered.items():
            for what in (IDENTIFIED, CORRELATION):
                beside = f"{null[what]:.2f}: frames in random order"
                values = per_seed(runs, [run[speed][what] for run in measured])
                rows.append(Finding.over_seeds(f"{name}: {what} at speed {speed:g}", values, beside))
        found = [sequences(run) for run in runs]
        for speed in found[0]:
            values = [run[speed].speed / speed for run in found]
            what = f"{name}: speed of the best spike template / that of the pulses, at {speed:g}"
            fits = zip(("fit", *NULLS), np.mean([run[speed][1:] for run in found], 0), strict=True)
            beside = f"speeds in steps of 6 %; {'; '.join(f'{which} {fit:.2f}' for which, fit in fits)}"
            rows.append(Finding.over_seeds(what, per_seed(runs, values), beside))
        # A network that learned nothing is left out.
        learned = [(run, each) for run, each in zip(runs, measured, strict=True) if each[1.0][IDENTIFIED] > 2 * chance]
        kept = per_seed([run for run, _ in learned], [largest(each, chance) for _, each in learned])
        if len(kept) < 3:
            continue
        what = f"{name}: largest speed that keeps {KEPT:.0%} of the identified frames above chance"
        null, bar_from = "1: the speed that was learned", "the source's range: its slowest rat, or faster"
        beside = {"bar": (RATS[0], math.inf), "bar_from": bar_from, "condition": "our movie, of fewer pixels"}
        if runs[0].attrs["variant"] != "published":
            beside["condition"] += f"; {runs[0].attrs['variant']}"
        rows.append(Finding.over_seeds(what, kept, null, COMPRESSED, **beside))
    return rows


def export(dataset: xr.Dataset, stem: Path) -> list[Path]:
    """Write 4 s of the movie, with the network's output below, at all speeds side by side, as a GIF."""
    movie, images, speeds = stored_movie(dataset), [], dataset.speed.values
    places = {speed: np.flatnonzero(speeds == speed) for speed in dict.fromkeys(speeds.tolist())}
    # At speed 1, half of the movie's frames are written.
    step = 2 / movie.rate
    for after in np.arange(0, LEAST - 1e-9, step):
        shown = [at[min(round(after * movie.rate * abs(speed)), len(at) - 1)] for speed, at in places.items()]
        images.append([movie(dataset.phase.values[shown]), dataset.replay.values[shown]])
    size = max(1, 54 // dataset.movie.shape[1])
    path = stem.with_suffix(".gif")
    record.write_whole(path, gif_bytes(images, dataset.movie.shape[1:], size, step))
    return [path]


class Fit(NamedTuple):
    """The best fit of spike templates to a replay."""

    speed: float
    """speed of the template that fits best; NaN without any fit"""
    own: float
    """fit of this template"""
    other_order: float
    """best fit of templates whose pulses are in another random order, mean of ORDERS orders"""
    input: float
    """best fit of the template that the input of the pulses alone gives"""


def sequences(dataset: xr.Dataset) -> dict[float, Fit]:
    """Return the best fit of spike templates for each replay, by the speed of its pulses.

    The template holds the spikes of the first replay, at speed 1, in bins of 40 ms of the movie, smoothed over three
    bins. It is compared with one pass of each other replay in bins of 10 ms, at speeds from 0.18 to 44, forward and
    backward. The speeds have steps of 6 %, so the error of a speed is at most 3 %; see
    :func:`snnlab.networks.replay.moments.match_template`.
    """
    movie, n = stored_movie(dataset), dataset.attrs["recorded_neurons"]
    parts = segments(Config(**_plain(attribute(dataset, "config"))), movie.period)
    times, neurons = dataset.spike_time.values, dataset.spike_neuron.values
    bins, found = max(8, round(movie.period / TEMPLATE_BIN)), {}
    first = parts[0]
    template = trains.counts(times, neurons, n, first.first, first.first + movie.period, bins)
    template = (np.roll(template, 1, 1) + template + np.roll(template, -1, 1)) / 3
    pulses, rng = attribute(dataset, "config")["pulses"], np.random.default_rng(0)
    others = [replay.in_other_order(template, pulses, rng.permutation(pulses)) for _ in range(ORDERS)]
    others.append(replay.input_template(Drive.from_arrays(dataset), n, bins))
    # Speeds have steps of 6 %. Powers of two lie between two steps.
    candidates = np.concatenate([sign * 2.0 ** ((np.arange(-30, 66) + 0.5) / 12) for sign in (1, -1)])
    for part in parts[1:]:
        stop = part.first + movie.period / abs(part.speed)
        count = max(4, round((stop - part.first) / COUNT_BIN))
        counts = trains.counts(times, neurons, n, part.first, stop, count)
        per_bin = (stop - part.first) / count / (movie.period / bins)
        fits = replay.match_template(template, counts, per_bin, candidates)
        nulls = [float(replay.match_template(each, counts, per_bin, candidates).max()) for each in others]
        best = float(candidates[fits.argmax()]) if fits.max() > 0 else float("nan")
        found[part.speed] = Fit(best, float(fits.max()), float(np.mean(nulls[:ORDERS])), nulls[ORDERS])
    return found


def _plain(values: dict) -> dict:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}


def largest(measured: dict[float, dict[str, float]], chance: float) -> float:
    """Return the largest forward speed for which it and all speeds from 1 up keep 90 % of the accuracy above chance."""
    learned, best = measured[1.0][IDENTIFIED] - chance, 1.0
    for speed in sorted(speed for speed in measured if speed > 1):
        if measured[speed][IDENTIFIED] - chance < KEPT * learned:
            break
        best = speed
    return best
