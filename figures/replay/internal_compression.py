"""Replay speed of a network with its own pulses, set by a learned cue, by an input or by the gain of the feedback."""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure

from snnlab.files.record import attribute
from snnlab.networks.replay import levers, stored_movie
from snnlab.plotting import panels
from snnlab.protocols.replay.internal_compression import VARIANTS, replays

SEEDS = (100, 101, 102)
NEEDS = [("internal_compression", {**variant, "seed": seed}) for seed in SEEDS for variant in VARIANTS.values()]
CAPTION = (
    "a: The pictures are frames of the movie, and the frames that a network shows when its cue is set to each speed "
    "that was taught. b: Points give the number of the network's largest pulse, also shown as colour, over 4 s at "
    "each of these speeds. c: The speed of the replay is shown against the speed that the cue encodes; on the grey "
    "line both are equal, and marks below are taught speeds. d, e: The same is shown for networks that were taught "
    "one speed, against an input that is the same for all neurons (d) and against the gain of the feedback (e). "
    "Filled symbols are replays in order and at a steady speed; hollow symbols at the top are no replay. Each kind of "
    "symbol is a network."
)
_FRAMES, _SECONDS = 8, 4.0
_MARKERS = "os^Dv"
# A network that does not replay is drawn at this height.
_NO_ORDER = 64.0


def draw(datasets: list[xr.Dataset]) -> Figure:
    """Draw frames and pulses of one network with a cue, and the speeds of all networks for each lever."""
    groups: dict[str, list[xr.Dataset]] = {}
    for dataset in sorted(datasets, key=lambda dataset: dataset.attrs["seed"]):
        groups.setdefault(attribute(dataset, "config")["lever"], []).append(dataset)
    example = groups.get("cue", datasets)[0]
    taught = [v for v in attribute(example, "config")["taught"] if v in example.level.values] or [
        example.level.values[0]
    ]
    heights = [0.4 * (1 + len(taught)), 1.2, 2.1]
    figure = Figure(figsize=(7.0, sum(heights)), layout="constrained")
    above, middle, below = figure.subfigures(3, 1, height_ratios=heights)
    _frames(above, example, taught)
    _pulses(middle, example, taught)
    drawn = [lever for lever in ("cue", "input", "feedback") if lever in groups]
    axes = below.subplots(1, len(drawn), squeeze=False)[0]
    # Levels are given in the published units.
    given = example.drive_encoder.attrs["units"] if "drive_encoder" in example else "A"
    unit = {"A": "pA", "V": "mV"}.get(given, given)
    labels = {"cue": "speed of the cue", "input": f"input to all neurons ({unit})", "feedback": "gain of the feedback"}
    for ax, lever in zip(axes, drawn, strict=True):
        _speeds(ax, groups[lever], lever)
        ax.set(xlabel=labels[lever], ylabel="speed of the replay")
        panels.panel_letter(ax, "cde"[list(labels).index(lever)])
    return figure


def _frames(figure: SubFigure, run: xr.Dataset, levels: list[float]) -> None:
    movie, shape = stored_movie(run), run.movie.shape[1:]
    chosen = np.linspace(0, len(movie.pixels), _FRAMES, endpoint=False).astype(int)
    rows = [("movie", movie.pixels[chosen])]
    rows += [(f"{level:g}\u00d7", run.replay.sel(level=level).values[chosen]) for level in levels]
    titles = [f"{index / movie.rate:.1f} s" for index in chosen]
    axes = panels.pictures(figure, [images for _, images in rows], shape, titles)
    for ax, (label, _) in zip(axes[:, 0], rows, strict=True):
        ax.set_ylabel(label, rotation=0, ha="right", va="center")
    panels.panel_letter(axes[0, 0], "a", x=-0.5)


def _pulses(figure: SubFigure, run: xr.Dataset, levels: list[float]) -> None:
    axes = figure.subplots(1, len(levels), sharey=True, squeeze=False)[0]
    for ax, level in zip(axes, levels, strict=True):
        pulse = run.pulse.sel(level=level).values
        time = levers.SAMPLE * np.arange(len(pulse))
        shown = time < _SECONDS
        ax.scatter(time[shown], pulse[shown], c=pulse[shown], cmap="viridis", s=1.5, lw=0, rasterized=True)
        ax.set(xlabel="time (s)", title=f"{level:g}\u00d7", xlim=(0, _SECONDS))
    axes[0].set_ylabel("pulse")
    panels.panel_letter(axes[0], "b")


def _speeds(ax: Axes, runs: list[xr.Dataset], lever: str) -> None:
    for marker, run in zip(_MARKERS, runs, strict=False):
        good, pace = replays(run), np.abs(run.pace.values)
        for level, speed, filled in zip(run.level.values, pace, good, strict=True):
            # A run without replay has no speed.
            face, height = (panels.AFTER, speed) if filled else ("white", _NO_ORDER)
            ax.plot(level, height, marker, color=panels.AFTER, mfc=face, ms=4, mew=0.7)
    ax.set_yscale("log", base=2)
    ax.set_ylim(0.2, 90)
    ax.set_yticks([0.25, 1, 4, 16, _NO_ORDER], ["0.25", "1", "4", "16", "none"])
    if lever == "cue":
        ax.set_xscale("log", base=2)
        ax.plot([0.25, 16], [0.25, 16], color="0.8", lw=0.8, zorder=0)
        taught = attribute(runs[0], "config")["taught"] if runs else []
        ax.plot(taught, np.full(len(taught), 0.23), "|", color="0.3", ms=6)
        ax.set_xticks([0.5, 1, 2, 4, 8], ["0.5", "1", "2", "4", "8"])
        ax.minorticks_off()
    else:
        for run in runs:
            ax.axhline(attribute(run, "config")["taught"][0], color="0.8", lw=0.8, zorder=0)
