"""A movie replayed by a spiking network (Nicola & Clopath 2017, figure 5)."""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure

from snnlab.files.record import attribute
from snnlab.networks.replay import CORRELATION, IDENTIFIED, stored_movie
from snnlab.networks.replay import moments as replay
from snnlab.plotting import panels
from snnlab.protocols.replay._shared import by_speed, nulls
from snnlab.protocols.replay.movie_replay import CONTROLS, VARIANTS

_DRAWN = [*VARIANTS.values(), CONTROLS["permuted_pulses"]]
NEEDS = [("movie_replay", {**overrides, "seed": 100}) for overrides in _DRAWN]
CAPTION = (
    "a: The pictures are frames of the movie and, below, what networks show at the same moments of their free run. "
    "External pulses drive one network; the other makes its own pulses. b: The likeness of a shown frame is its "
    "cosine with the movie's frame, both about the movie's mean frame. Learning is shaded. c: The y-axis gives the "
    "frame of the movie that is most like each shown frame, in the free run. d: The bars give the correlation over "
    "all frames, about the mean frame and as it is, and the share of frames found within 0.2 s. The networks are "
    "compared with signals that are no replay: the first network whose pulses come in another order after learning, "
    "the mean frame, the movie blurred over 1 s, and its frames in random order."
)
_FRAMES = 8
_COLORS = (panels.AFTER, panels.BEFORE, panels.OUTPUT)


def draw(datasets: list[xr.Dataset]) -> Figure:
    """Draw frames of each network above, and its likeness over time, frames found and scores below."""
    # One run of each kind is drawn. Controls are drawn only if there are no other runs.
    whole = _named([dataset for dataset in datasets if dataset.attrs["condition"] == "default"] or datasets)
    heights = [0.4 + 0.6 * len(whole), 0.4 + 1.3 * len(whole)]
    figure = Figure(figsize=(7.0, 0.4 + sum(heights)), layout="constrained")
    above, below = figure.subfigures(2, 1, height_ratios=heights)
    _frames(above, whole)
    rows = [[f"time {k}", f"found {k}", "scores"] for k in range(len(whole))]
    axes = below.subplot_mosaic(rows, width_ratios=[1.5, 0.8, 1.2])
    for k, (name, dataset) in enumerate(whole.items()):
        color = _COLORS[k % len(_COLORS)]
        _likeness(axes[f"time {k}"], name, dataset, color)
        _found(axes[f"found {k}"], dataset, color)
    axes[rows[-1][0]].set_xlabel("time (s)")
    axes[rows[-1][1]].set_xlabel("moment of the movie (s)")
    _scores(axes["scores"], _named(datasets))
    for panel, letter in zip(rows[0], "bcd", strict=True):
        panels.panel_letter(axes[panel], letter)
    return figure


def _named(datasets: list[xr.Dataset]) -> dict[str, xr.Dataset]:
    """Return the first run of each name."""
    found: dict[str, xr.Dataset] = {}
    for dataset in datasets:
        where, condition = attribute(dataset, "config")["hdts"], dataset.attrs["condition"]
        source = "no pulses" if where == "none" else f"{where} pulses"
        found.setdefault(source if condition == "default" else condition.replace("_", " "), dataset)
    return found


def _frames(figure: SubFigure, runs: dict[str, xr.Dataset]) -> None:
    first = next(iter(runs.values()))
    movie, shape = stored_movie(first), first.movie.shape[1:]
    moments = np.linspace(0, movie.period, _FRAMES, endpoint=False)
    rows = [("movie", movie(moments))]
    for name, dataset in runs.items():
        shown = [int(replay.apart(dataset.phase.values, moment, movie.period).argmin()) for moment in moments]
        rows.append((name.replace(" ", "\n"), dataset.replay.values[shown]))
    titles = [f"{moment:.3g} s" for moment in moments]
    axes = panels.pictures(figure, [images for _, images in rows], shape, titles)
    for ax, (label, _) in zip(axes[:, 0], rows, strict=True):
        ax.set_ylabel(label)
    panels.panel_letter(axes[0, 0], "a", x=-0.35)


def _likeness(ax: Axes, name: str, dataset: xr.Dataset, color: str) -> None:
    ax.axvspan(*(dataset.attrs[name] for name in ("learn_start", "learn_stop")), color="0.92", lw=0)
    ax.axhline(0, color="0.7", lw=0.6)
    ax.plot(dataset.moment, dataset.likeness, color=color, lw=0.6)
    ax.set(ylabel="likeness", ylim=(-1.0, 1.02))
    ax.set_title(name, fontsize=7)
    ax.margins(x=0)


def _found(ax: Axes, dataset: xr.Dataset, color: str) -> None:
    movie = stored_movie(dataset)
    best = replay.identify(dataset.replay.values.astype(float), movie.pixels) / movie.rate
    ax.plot(dataset.phase, best, ".", color=color, ms=1.5, rasterized=True)
    ax.set(ylabel="found (s)", xlim=(0, movie.period), ylim=(0, movie.period))
    ax.set_aspect("equal")


def _scores(ax: Axes, runs: dict[str, xr.Dataset]) -> None:
    scores = {name: by_speed(dataset)[1.0] for name, dataset in runs.items()}
    scores |= nulls(stored_movie(next(iter(runs.values()))))
    kinds = {CORRELATION: "about mean frame", "pixel correlation": "correlation", IDENTIFIED: "frames found"}
    for offset, (kind, label), color in zip((0.27, 0.0, -0.27), kinds.items(), _COLORS, strict=True):
        places = np.arange(len(scores))[::-1] + offset
        ax.barh(places, [values[kind] for values in scores.values()], 0.25, color=color, label=label)
    ax.set_yticks(np.arange(len(scores))[::-1], list(scores))
    ax.set_xlim(0, 1)
    ax.legend(loc="lower center", bbox_to_anchor=(0.3, 1.0), ncols=1, fontsize=6)
