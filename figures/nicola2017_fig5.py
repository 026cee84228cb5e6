"""A movie replayed by a spiking network (Nicola & Clopath 2017, figure 5)."""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure

from snnlab import plotting
from snnlab.analysis import replay
from snnlab.protocols.movie_replay import CORRELATION, IDENTIFIED, by_speed, nulls, stored
from snnlab.record import attribute

NEEDS = [("movie_replay", {"seed": 100})]
CAPTION = (
    "a: frames of the movie and, below, what the network shows at the same moments of its free run. b: correlation of "
    "each shown frame with the movie's, both about the movie's mean frame; shaded: learning. c: which frame of the "
    "movie each shown frame is most like. d: correlation over all frames, about the mean frame and as it is, and "
    "share of frames found within 0.2 s, of the network and of what is no replay: the mean frame, the movie blurred "
    "over 1 s, its frames in random order."
)
_FRAMES = 8


def draw(datasets: list[xr.Dataset]) -> Figure:
    """Draw frames above; correlation over time, frames found and scores below."""
    (dataset,) = datasets[:1]
    figure = Figure(figsize=(7.0, 4.2), layout="constrained")
    above, below = figure.subfigures(2, 1, height_ratios=[1, 1.5])
    _frames(above, dataset)
    time, found, scores = below.subplots(1, 3, width_ratios=[1.4, 1, 1.2])
    _likeness(time, dataset)
    _found(found, dataset)
    _scores(scores, dataset)
    for ax, letter in zip((time, found, scores), "bcd", strict=True):
        plotting.panel_letter(ax, letter)
    return figure


def _frames(figure: SubFigure, dataset: xr.Dataset) -> None:
    movie, rows = stored(dataset), dataset.movie.shape[1:]
    axes = figure.subplots(2, _FRAMES)
    for column, moment in zip(axes.T, np.linspace(0, movie.period, _FRAMES, endpoint=False), strict=True):
        shown = int(replay.apart(dataset.phase.values, moment, movie.period).argmin())
        images = movie(dataset.phase.values[[shown]])[0], dataset.replay.values[shown]
        for ax, image in zip(column, images, strict=True):
            ax.imshow(image.reshape(rows), cmap="gray", vmin=0, vmax=1, interpolation="nearest")
            ax.set(xticks=[], yticks=[])
        column[0].set_title(f"{moment:.1f} s", fontsize=7)
    for ax, label in zip(axes[:, 0], ("movie", "network"), strict=True):
        ax.set_ylabel(label)
    plotting.panel_letter(axes[0, 0], "a", x=-0.35)


def _likeness(ax: Axes, dataset: xr.Dataset) -> None:
    ax.axvspan(*(dataset.attrs[name] for name in ("learn_start", "learn_stop")), color="0.92", lw=0)
    ax.axhline(0, color="0.7", lw=0.6)
    ax.plot(dataset.moment, dataset.likeness, color=plotting.OUTPUT, lw=0.6)
    ax.set(xlabel="time (s)", ylabel="likeness", ylim=(-1.0, 1.02))
    ax.margins(x=0)


def _found(ax: Axes, dataset: xr.Dataset) -> None:
    movie = stored(dataset)
    best = replay.identify(dataset.replay.values.astype(float), movie.pixels) / movie.rate
    ax.plot(dataset.phase, best, ".", color=plotting.AFTER, ms=1.5, rasterized=True)
    ax.set(xlabel="moment of the movie (s)", ylabel="moment found (s)", xlim=(0, movie.period), ylim=(0, movie.period))
    ax.set_aspect("equal")


def _scores(ax: Axes, dataset: xr.Dataset) -> None:
    where = attribute(dataset, "config")["hdts"]
    scores = {f"network,\n{where} pulses": by_speed(dataset)[1.0]} | nulls(stored(dataset))
    kinds = {CORRELATION: "about mean frame", "pixel correlation": "correlation", IDENTIFIED: "frames found"}
    colors = (plotting.AFTER, plotting.BEFORE, plotting.OUTPUT)
    for offset, (kind, label), color in zip((0.27, 0.0, -0.27), kinds.items(), colors, strict=True):
        places = np.arange(len(scores))[::-1] + offset
        ax.barh(places, [values[kind] for values in scores.values()], 0.25, color=color, label=label)
    ax.set_yticks(np.arange(len(scores))[::-1], list(scores))
    ax.set_xlim(0, 1)
    ax.legend(loc="lower center", bbox_to_anchor=(0.3, 1.0), ncols=1, fontsize=6)
