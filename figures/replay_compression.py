"""A learned movie replayed at other speeds than it was learned (Nicola & Clopath 2017, figure 5)."""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure

from snnlab import plotting
from snnlab.analysis import replay
from snnlab.grouping import by_name
from snnlab.protocol import find_protocol
from snnlab.protocols.movie_replay import IDENTIFIED, by_speed, nulls, stored
from snnlab.protocols.replay_compression import DRAWN, RATS, VARIANTS, sequences

SEEDS = (100, 101, 102)
NEEDS = [("replay_compression", {**variant, "seed": seed}) for seed in SEEDS for variant in map(VARIANTS.get, DRAWN)]
CAPTION = (
    "a: the movie, and what a network shows when its pulses run at 1, 8 and -1 times the speed that it learned: above "
    "with the published settings, below leaky neurons whose output is not fed back. b: share of frames found within "
    "0.2 s of the movie, against the speed (dots: networks, lines: mean; dashed: frames in random order); band: "
    "compression of replay in rats, 5.4 to 8.1 (Euston et al. 2007). c: the same for slow and backward replay. d: "
    "speed of the spike template that fits the spikes best, against that of the pulses; line: equal."
)
_FRAMES, _SHOWN = 6, (1.0, 8.0, -1.0)
_LOOKS = [("o", plotting.BEFORE), ("s", "#CC79A7"), ("^", "#E69F00"), ("P", "0.4"), ("D", plotting.OUTPUT)]
_LOOKS += [("v", plotting.AFTER)]


def draw(datasets: list[xr.Dataset]) -> Figure:
    """Draw frames of the first and the last kind of network above; scores and spike templates of all below."""
    runs = sorted(datasets, key=lambda dataset: dataset.attrs["seed"])
    found = by_name(runs, find_protocol("replay_compression").variant)
    kinds = {name: found[name] for name in [*VARIANTS, *found] if name in found}
    moments = (np.arange(_FRAMES) + 0.5) * stored(datasets[0]).period / _FRAMES
    rows = _rows({name: kinds[name][0] for name in dict.fromkeys([next(iter(kinds)), [*kinds][-1]])}, moments)
    heights = [0.525 * len(rows), 2.7]
    figure = Figure(figsize=(7.0, sum(heights)), layout="constrained")
    above, below = figure.subfigures(2, 1, height_ratios=heights)
    _frames(above, rows, moments, datasets[0].movie.shape[1:])
    faster, others, templates = below.subplots(1, 3, width_ratios=[1.4, 1.0, 1.1])
    faster.axvspan(*RATS, color="0.9", lw=0)
    for index, (name, runs) in enumerate(kinds.items()):
        look = _LOOKS[index % len(_LOOKS)]
        measured = [by_speed(run) for run in runs]
        forward = sorted(speed for speed in measured[0] if speed >= 1)
        _found(faster, forward, measured, forward, look, name)
        rest = sorted(speed for speed in measured[0] if speed < 1)
        _found(others, np.arange(len(rest)) + 0.14 * (index - 2), measured, rest, look, None)
        others.set_xticks(range(len(rest)), [_times(speed) for speed in rest])
        _templates(templates, runs, look, 1 + 0.05 * (index - 2))
    chance = nulls(stored(datasets[0]))["random order"][IDENTIFIED]
    for ax in (faster, others):
        ax.axhline(chance, color="0.5", ls="--", lw=0.7)
        ax.set(xlabel="speed", ylim=(0, 1.04))
    faster.set_xscale("log", base=2)
    faster.set_xticks([1, 2, 4, 8, 16], [_times(speed) for speed in (1, 2, 4, 8, 16)])
    faster.set_ylabel("frames found")
    below.legend(loc="outside lower center", ncols=3)
    for ax, letter in zip((faster, others, templates), "bcd", strict=True):
        plotting.panel_letter(ax, letter)
    return figure


def _times(speed: float) -> str:
    return f"{speed:g}\u00d7"


def _rows(runs: dict[str, xr.Dataset], moments: np.ndarray) -> list[tuple[str, np.ndarray]]:
    """What stands beside each row of frames, and these, at moments of the movie (s)."""
    movie = stored(next(iter(runs.values())))
    rows = [("movie", movie(moments))]
    for name, run in runs.items():
        for speed in _SHOWN:
            at = np.flatnonzero(run.speed.values == speed)
            if len(at):
                nearest = [at[replay.apart(run.phase.values[at], moment, movie.period).argmin()] for moment in moments]
                rows.append((f"{name}, {_times(speed)}", run.replay.values[nearest]))
    return rows


def _frames(figure: SubFigure, rows: list[tuple[str, np.ndarray]], moments: np.ndarray, shape: tuple) -> None:
    titles = [f"{moment:.3g} s" for moment in moments]
    axes = plotting.pictures(figure, [images for _, images in rows], shape, titles, aspect="auto")
    for ax, (label, _) in zip(axes[:, 0], rows, strict=True):
        ax.set_ylabel(label, rotation=0, ha="right", va="center", fontsize=7)
    plotting.panel_letter(axes[0, 0], "a", x=-1.2)


def _found(ax: Axes, places, measured: list[dict], speeds: list[float], look: tuple[str, str], name) -> None:
    marker, color = look
    values = np.array([[run[speed][IDENTIFIED] for speed in speeds] for run in measured])
    if not speeds:
        return
    for row in values:
        ax.plot(places, row, ".", color=color, ms=2.5)
    ax.plot(places, values.mean(0), marker, ls="-" if name else "", color=color, ms=4, lw=1.0, label=name)


def _templates(ax: Axes, runs: list[xr.Dataset], look: tuple[str, str], aside: float) -> None:
    marker, color = look
    ax.plot([-32, 32], [-32, 32], color="0.7", lw=0.8, zorder=0)
    for found in map(sequences, runs):
        speeds = np.array(list(found))
        ax.plot(speeds * aside, [found[speed][0] for speed in speeds], marker, color=color, ms=3, alpha=0.7, mew=0)
    for scale in (ax.set_xscale, ax.set_yscale):
        scale("symlog", base=2, linthresh=0.5, linscale=0.5)
    ticks = [-16, -4, -1, 0, 1, 4, 16]
    ax.set_xticks(ticks, ticks)
    ax.set_yticks(ticks, ticks)
    ax.minorticks_off()
    ax.set(xlabel="speed of the pulses", ylabel="speed of the template", xlim=(-6, 32), ylim=(-40, 40))
