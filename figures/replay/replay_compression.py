"""Replay of a learned movie at speeds other than the learned one (Nicola & Clopath 2017, figure 5)."""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure

from snnlab.lab.grouping import by_name
from snnlab.networks.replay import CORRELATION, IDENTIFIED, stored_movie
from snnlab.networks.replay import moments as replay
from snnlab.plotting import panels
from snnlab.protocols.replay._shared import by_speed, nulls
from snnlab.protocols.replay.replay_compression import RATS, VARIANTS, sequences

SEEDS = (100, 101, 102)
_DRAWN = (
    "published",
    "without feedback",
    "fast adaptation",
    "128 pulses, fast adaptation",
    "LIF",
    "LIF without feedback",
)
NEEDS = [("replay_compression", VARIANTS[name] | {"seed": seed}) for seed in SEEDS for name in _DRAWN]
CAPTION = (
    "a: The pictures are the movie, and what networks show when their pulses run at other speeds than in learning. "
    "Networks on the left have the published settings; on the right are leaky integrate-and-fire neurons whose output "
    "is not fed back. b: The share of frames found within 0.2 s of the movie is shown against the speed (dots: "
    "networks; lines: mean). The band is the compression of replay in rats, 5.4 to 8.1 (Euston et al. 2007). c: The "
    "same is shown for slow and backward replay. d: The speed of the spike template that fits the spikes best is "
    "shown against the speed of the pulses; on the line both are equal. Template speeds are tried in steps of 6 %; "
    "marks are moved aside by up to 13 %. e, f: The pixel correlation is taken about the mean frame. Dashed lines are "
    "the movie's frames in random order, at speed 1; dotted lines are the movie blurred over 1 s."
)
_FRAMES = 5
_MEASURES = {IDENTIFIED: "frames found", CORRELATION: "correlation"}
_LOOKS = [("o", panels.BEFORE), ("s", "#CC79A7"), ("^", "#E69F00"), ("P", "0.4"), ("D", panels.OUTPUT)]
_LOOKS += [("v", panels.AFTER)]


def draw(datasets: list[xr.Dataset]) -> Figure:
    """Draw frames of the first and the last kind of network, and scores and spike templates of all kinds below."""
    runs = sorted(datasets, key=lambda dataset: dataset.attrs["seed"])
    found = by_name(runs, lambda run: run.attrs["variant"])
    kinds = {name: found[name] for name in [*VARIANTS, *found] if name in found}
    examples = {name: kinds[name][0] for name in dict.fromkeys([next(iter(kinds)), [*kinds][-1]])}
    heights = [0.3 * (2 + max(len(_speeds(run)) for run in examples.values())), 4.3]
    figure = Figure(figsize=(7.0, sum(heights)), layout="constrained")
    above, below = figure.subfigures(2, 1, height_ratios=heights)
    parts = np.ravel(above.subfigures(1, len(examples)))
    firsts = [_frames(part, *example) for part, example in zip(parts, examples.items(), strict=True)]
    panels.panel_letter(firsts[0], "a", x=-0.5)
    axes = below.subplot_mosaic([["b", "c", "d"], ["e", "f", "."]], width_ratios=[1.4, 1.0, 1.1])
    null = nulls(stored_movie(datasets[0]))
    measured = {name: [by_speed(run) for run in group] for name, group in kinds.items()}
    for (what, label), pair in zip(_MEASURES.items(), ("bc", "ef"), strict=True):
        faster, others = (axes[letter] for letter in pair)
        faster.axvspan(*RATS, color="0.9", lw=0)
        _scores(faster, others, measured, what)
        for ax in (faster, others):
            ax.axhline(null["random order"][what], color="0.5", ls="--", lw=0.7)
            ax.axhline(null["blurred movie"][what], color="0.5", ls=":", lw=0.9)
            ax.set(xlabel="speed", ylim=(-0.04, 1.04))
        faster.set_ylabel(label)
    for index, group in enumerate(kinds.values()):
        _templates(axes["d"], group, _LOOKS[index % len(_LOOKS)], 1 + 0.05 * _aside(index, kinds))
    names = axes["b"].get_legend_handles_labels()
    axes["f"].legend(*names, loc="center left", bbox_to_anchor=(1.15, 0.5), fontsize=6).set_in_layout(False)
    for letter, ax in axes.items():
        panels.panel_letter(ax, letter)
    return figure


def _speeds(run: xr.Dataset) -> list[float]:
    """Return the speeds of a run, in the order of its phases."""
    return list(dict.fromkeys(run.speed.values.tolist()))


def _aside(index: int, kinds: dict) -> float:
    """Return how far the marks of a kind are moved aside, so that marks do not hide each other."""
    return index - (len(kinds) - 1) / 2


def _times(speed: float) -> str:
    return f"{speed:g}\u00d7"


def _frames(figure: SubFigure, name: str, run: xr.Dataset) -> Axes:
    """Draw the movie, and below it what a network shows at each speed; return the first axes."""
    movie, rows = stored_movie(run), {}
    moments = (np.arange(_FRAMES) + 0.5) * movie.period / _FRAMES
    rows["movie"] = movie(moments)
    for speed in _speeds(run):
        at = np.flatnonzero(run.speed.values == speed)
        nearest = [at[replay.apart(run.phase.values[at], moment, movie.period).argmin()] for moment in moments]
        rows[_times(speed)] = run.replay.values[nearest]
    titles = [f"{moment:.3g} s" for moment in moments]
    axes = panels.pictures(figure, list(rows.values()), run.movie.shape[1:], titles)
    for ax, label in zip(axes[:, 0], rows, strict=True):
        ax.set_ylabel(label, rotation=0, ha="right", va="center", fontsize=7)
    figure.suptitle(name, fontsize=7)
    return axes[0, 0]


def _scores(faster: Axes, others: Axes, kinds: dict[str, list[dict]], what: str) -> None:
    """Draw one measure of each kind of network: at speeds from 1 on, and at slow and backward speeds."""
    every = sorted({speed for runs in kinds.values() for run in runs for speed in run})
    rest = [speed for speed in every if speed < 1]
    for index, (name, runs) in enumerate(kinds.items()):
        marker, color = _LOOKS[index % len(_LOOKS)]
        for ax, speeds, line in ((faster, [s for s in every if s >= 1], "-"), (others, rest, "")):
            values = np.array([[run.get(speed, {}).get(what, np.nan) for speed in speeds] for run in runs])
            known = ~np.isnan(values).all(0) if speeds else np.zeros(0, bool)
            if not known.any():
                continue
            x = np.array(speeds) if ax is faster else np.arange(len(rest)) + 0.14 * _aside(index, kinds)
            ax.plot(np.tile(x, (len(values), 1)).T, values.T, ".", color=color, ms=2.5)
            ax.plot(x[known], np.nanmean(values[:, known], 0), marker, ls=line, color=color, ms=4, lw=1.0, label=name)
    others.set_xticks(range(len(rest)), [_times(speed) for speed in rest])
    faster.set_xscale("log", base=2)
    faster.set_xticks([1, 2, 4, 8, 16], [_times(speed) for speed in (1, 2, 4, 8, 16)])


def _templates(ax: Axes, runs: list[xr.Dataset], look: tuple[str, str], aside: float) -> None:
    marker, color = look
    ax.plot([-50, 50], [-50, 50], color="0.7", lw=0.8, zorder=0)
    for found in map(sequences, runs):
        speeds = np.array(list(found))
        ax.plot(speeds * aside, [found[speed][0] for speed in speeds], marker, color=color, ms=3, alpha=0.7, mew=0)
    for scale in (ax.set_xscale, ax.set_yscale):
        scale("symlog", base=2, linthresh=0.5, linscale=0.5)
    ticks = [-16, -4, -1, 0, 1, 4, 16]
    ax.set_xticks(ticks, ticks)
    ax.set_yticks(ticks, ticks)
    ax.minorticks_off()
    ax.set(xlabel="speed of the pulses", ylabel="speed of the template", xlim=(-64, 64), ylim=(-64, 64))
