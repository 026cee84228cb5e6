"""A spiking network replays a movie when pulses in a fixed order drive it (Nicola & Clopath 2017, figure 5)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xarray as xr

from snnlab.engine.brian import Engine
from snnlab.files import record
from snnlab.files.describe import describe
from snnlab.lab.claims import Finding, Published, per_seed
from snnlab.lab.grouping import by_condition, of_controls
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
from snnlab.protocols.replay._shared import ALIKE, INF, by_speed, grouped, nulls
from snnlab.protocols.replay._shared import checks as checks
from snnlab.protocols.replay._shared import measure as measure
from snnlab.stimuli.pictures.movie import gif_bytes

FIGURE = "nicola2017_fig5"
FREE_SECONDS = 50.0
REPLAYS = Published(
    source="Nicola & Clopath 2017, doi:10.1038/s41467-017-01827-3",
    locator="figure 5; script in ModelDB 190565, without the movie",
    kind="existence",
    claimed="A network that pulses in a fixed order drive replays a learned movie.",
    value=None,
    unit="1",
    measure="frames beside the movie's",
    basis="authors' program",
    text_read="code",
    note="The paper states no number that we could read. Its movie and the code of pulses of its own are not public.",
)
OURS = {"bar": (ALIKE, INF), "bar_from": "our criterion", "condition": "our movie; the paper's is not public"}
NAMES = {
    "likeness": ("cosine of the decoded frame and the teacher's, both about the mean frame", "1"),
    "moment": ("time of the frame since the start of the run", "s"),
}


@dataclass(frozen=True)
class Config(MovieConfig):
    """Settings of the run. None means the value in MOVIE_SETTINGS for this neuron, or else that of the neuron file."""

    record_interval: float | None = 8.0
    """time between two recorded samples (ms), a multiple of dt"""


# Internal pulses need more neurons of another kind, more time, and the paper's RLS gain; see internal_compression.
_INTERNAL = {"hdts": "internal", "neuron": "izhikevich_b", "n": 3000, "rls_gain": "exact", "learn_stop": 300.0}
VARIANTS = {"external pulses": {}, "internal pulses": _INTERNAL}
QUICK = {"n": 400, "height": 9, "width": 16, "movie_seconds": 2.0, "learn_stop": 9.0, "pulses": 8, "seconds": 16.0}
QUICK_VARIANTS = {"internal pulses": {"n": 600, "learn_stop": 60.0, "seconds": 70.0}}


def settle(config: Config) -> Config:
    """Return the Config with a value for every field that was None."""
    once = movie_of(config).period
    least = config.learn_stop + 1 + once
    return settle_movie(config, config.learn_stop + max(FREE_SECONDS, once + 1.1), least)


def run(config: Config, engine: Engine) -> xr.Dataset:
    """Train the network and let it replay the movie.

    Returns the Dataset of :func:`snnlab.networks.replay.replayed` with ``likeness`` (moment): the cosine between each
    decoded frame and the teacher's frame, both minus the mean frame.
    """
    movie = movie_of(config)
    dataset = train_with_hdts(config, movie, movie.period, engine)
    first = config.learn_stop + 1
    whole = int((config.seconds - replay.LATEST - first) / movie.period + 1e-9)
    # The pulses continue without a restart after learning.
    part = Replay(1.0, 0.0, first, first + whole * movie.period, own=config.hdts == "internal")
    shown = replayed(dataset, movie, [part])
    time = dataset.time.values
    moments = np.arange(time[0], time[-1], 1 / movie.rate)
    phase = moments.copy()
    if part.own:
        # After learning, the network makes its own pulses and sets its own time.
        alone = moments >= first
        phase[alone] = float(shown.phase[0]) + float(shown.pace[0]) * (moments[alone] - float(shown["at"][0]))
    decoded = replay.at(moments, time, np.asarray(dataset.output)[:, : movie.pixels.shape[1]])
    likeness = replay.row_cosines(decoded, movie(phase), movie.pixels.mean(0))
    return describe(shown.assign(likeness=("moment", likeness), moment=("moment", moments)), NAMES)


def comparisons(datasets: list[xr.Dataset]) -> list[Finding]:
    """Compare the measures of the replay with the nulls, for each source of the pulses."""
    rows = []
    for conditions in by_condition(datasets, ("control", "pulse_order")):
        for name, runs in grouped(conditions.get("default", [])):
            measured = [by_speed(run)[1.0] for run in runs]
            null = nulls(stored_movie(runs[0])) | of_controls(conditions, lambda run: by_speed(run)[1.0])
            for what in (CORRELATION, IDENTIFIED, "pixel correlation"):
                beside = ", ".join(f"{kind} {values[what]:.2f}" for kind, values in null.items())
                values = per_seed(runs, [each[what] for each in measured])
                stated = what == CORRELATION and record.attribute(runs[0], "config")["hdts"] == "external"
                claim = {"published": REPLAYS, **OURS} if stated else {}
                rows.append(Finding.over_seeds(f"{name}: {what}", values, beside, **claim))
    return rows


def export(dataset: xr.Dataset, stem: Path) -> list[Path]:
    """Write the last pass of the movie beside the network's output to ``stem``.gif, and return the written files."""
    movie = stored_movie(dataset)
    last = np.flatnonzero(dataset.speed.values == 1)[-len(movie.pixels) :]
    if not len(last):
        return []
    # Half of the frames look smooth enough and make a small file.
    last, size = last[::2], max(1, 96 // dataset.movie.shape[1])
    pairs = zip(movie(dataset.phase.values[last]), dataset.replay.values[last], strict=True)
    path = stem.with_suffix(".gif")
    record.write_whole(path, gif_bytes([[pair] for pair in pairs], dataset.movie.shape[1:], size, 2 / movie.rate))
    return [path]
