"""How much of a word a short queue of spikes can hold, and what memory learning takes (dynamic Boltzmann machine)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from snnlab.files.record import attribute
from snnlab.lab.claims import Finding
from snnlab.plotting import panels
from snnlab.protocols.boltzmann._shared import carried, context, first_share, unrolled
from snnlab.protocols.boltzmann.dybm_queue import VARIANTS

SEEDS = range(100, 110)
NEEDS = [("dybm_queue", {**overrides, "seed": seed}) for overrides in VARIANTS.values() for seed in SEEDS]
CAPTION = (
    "a: share of machines that recall the whole word within 300,000 periods (above; bars: exact binomial 95 % "
    "interval), and bits that were less likely than not when it was shown (below; dots: machines, line: mean, dashed:"
    " before training) against the longest delay. Grey: with such delays the spikes in the queue, and the one that "
    "arrives, are too few to tell each next column of the word. b: the same against the length of what is learned, "
    "beginnings of the word; grey: no longer than the longest delay. c, d: against the number of traces, K of each "
    "pair and L of each neuron. e: what is kept from step to step to learn, without parameters: by the machine, "
    "and by backpropagation through so many steps if it keeps the state of each (solid) or spikes alone, from which "
    "it computes traces again (dotted); vertical line: one period of the word."
)
# What differs along each axis; the rest is as in the first run.
_AXES: dict[str, tuple[str, Callable[[xr.Dataset], float]]] = {
    "longest delay (steps)": ("longest_delay", lambda run: attribute(run, "config")["longest_delay"]),
    "length (steps)": ("sequence", lambda run: run.sizes["step"]),
    "traces of a pair, K": ("lam", lambda run: run.sizes["k"]),
    "of a neuron, L": ("mu", lambda run: run.sizes["l"]),
}


def draw(datasets: list[xr.Dataset]) -> Figure:
    """Draw recall against delay, length and traces, and memory against length."""
    figure = Figure(figsize=(7.0, 3.3), layout="constrained")
    left, right = figure.subfigures(1, 2, width_ratios=[3, 1])
    axes = left.subplots(2, 4, sharey="row", sharex="col")
    first = _settings(datasets[0])
    for column, (title, (field, value)) in zip(axes.T, _AXES.items(), strict=True):
        runs = [run for run in datasets if not _differ(_settings(run), first) - {field}]
        groups: dict[float, list[xr.Dataset]] = {}
        for run in sorted(runs, key=value):
            groups.setdefault(value(run), []).append(run)
        _recalled(column[0], groups)
        _missed(column[1], groups)
        column[1].set_xlabel(title)
        if len(groups) == 1:
            # Around a single value matplotlib names fractions, on top of each other.
            column[1].set_xlim(min(groups) - 1, min(groups) + 1)
        column[1].xaxis.set_major_locator(MaxNLocator("auto", integer=True, min_n_ticks=1))
    axes[0, 0].set(ylabel="machines that\nrecall all", ylim=(-0.05, 1.05))
    # Dots at 0 are seen above the axis.
    axes[1, 0].set(ylabel="bits missed (%)", ylim=(-0.04 * axes[1, 0].get_ylim()[1], None))
    needed, delay = context(datasets[0].sequence.values), int(datasets[0].delay.max())
    for row in axes:
        # Whole numbers of steps are drawn: up to the last that is too short.
        _shade(row[0], needed - 0.5)
        _shade(row[1], delay + 0.5)
    ax = right.subplots()
    _memory(ax, datasets[0])
    for panel, letter in zip((*axes[0], ax), "abcde", strict=True):
        panels.panel_letter(panel, letter, x=-0.08)
    return figure


def _settings(run: xr.Dataset) -> dict:
    config = attribute(run, "config")
    return {k: v for k, v in config.items() if k not in ("seed", "target")}


def _differ(one: dict, other: dict) -> set[str]:
    return {name for name in one if one[name] != other[name]}


def _shade(ax: Axes, stop: float) -> None:
    """Grey up to a place on the axis, if the axis reaches there."""
    low, high = ax.get_xlim()
    if low < stop < high:
        ax.axvspan(low, stop, color="0.92", lw=0, zorder=0)
    ax.set_xlim(low, high)


def _recalled(ax: Axes, groups: dict[float, list[xr.Dataset]]) -> None:
    shares = [Finding.share("", [int(run.wrong[-1]) == 0 for run in runs], "") for runs in groups.values()]
    value, low, high = np.array([(share.value, share.low, share.high) for share in shares]).T
    errors = np.maximum([value - low, high - value], 0)
    ax.errorbar(list(groups), value, errors, fmt="o-", color=panels.AFTER, ms=3, lw=0.8, elinewidth=0.7, capsize=1.5)


def _missed(ax: Axes, groups: dict[float, list[xr.Dataset]]) -> None:
    percent = [[100 * int(run.missed[-1]) / run.sequence.size for run in runs] for runs in groups.values()]
    for place, values in zip(groups, percent, strict=True):
        ax.plot([place] * len(values), values, "o", color=panels.AFTER, ms=2.5, mew=0, alpha=0.5)
    ax.plot(list(groups), [np.mean(values) for values in percent], color=panels.AFTER, lw=0.8)
    before = [100 * np.mean([first_share(run, "missed") for run in runs]) for runs in groups.values()]
    ax.plot(list(groups), before, "--", color="0.5", lw=0.8)


def _memory(ax: Axes, run: xr.Dataset) -> None:
    """Bytes against steps, of the machine and of backpropagation through time."""
    steps, traces = np.geomspace(1, 1e5, 51), (run.sizes["k"], run.sizes["l"])
    kept = [unrolled(run.sizes["neuron"], *traces, each) for each in steps]
    ax.plot(steps, [m.bytes for m in kept], color=panels.BEFORE, label="backpropagation")
    ax.plot(steps, [m.bits / 8 for m in kept], ":", color=panels.BEFORE, label="its spikes alone")
    ax.axhline(carried(run.delay.values, *traces).bytes, color=panels.AFTER, label="machine")
    ax.axvline(run.sizes["step"], color="0.6", lw=0.7)
    ax.set(xscale="log", yscale="log", xlabel="steps", ylabel="memory (bytes)", xlim=(1, 1e5))
    ax.legend(loc="lower right", borderaxespad=0.1, handlelength=1.4)
