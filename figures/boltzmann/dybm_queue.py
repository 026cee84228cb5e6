"""Recall against the length of the queue of spikes, and the memory that learning needs (dynamic Boltzmann machine)."""

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
    "a: The upper panel shows the share of machines that recall the whole word within 300,000 periods, against the "
    "longest delay (bars: exact binomial 95 % interval). The lower panel shows the share of bits that had a "
    "probability below 1/2 when the word was shown (dots: machines; line: mean; dashed: before training). In the grey "
    "range the spikes in the queue, and the spike that arrives, are too few to tell each next column of the word. b: "
    "The same is shown against the length of the learned sequence, a beginning of the word. In the grey range it is "
    "no longer than the longest delay. c, d: The same is shown against the number of traces, K of each pair and L of "
    "each neuron. e: The lines show the memory that learning keeps from step to step, without parameters. The machine "
    "is compared with backpropagation through the given number of steps. Backpropagation keeps the state of each step "
    "(solid), or only the spikes, from which it computes the traces again (dotted). The vertical line is one period "
    "of the word."
)
# Each axis varies one field of the Config; all other fields are as in the first run.
_AXES: dict[str, tuple[str, Callable[[xr.Dataset], float]]] = {
    "longest delay (steps)": ("longest_delay", lambda run: attribute(run, "config")["longest_delay"]),
    "length (steps)": ("sequence", lambda run: run.sizes["step"]),
    "traces of a pair, K": ("lam", lambda run: run.sizes["k"]),
    "traces of a neuron, L": ("mu", lambda run: run.sizes["l"]),
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
            # Around a single value matplotlib would label fractions, on top of each other.
            column[1].set_xlim(min(groups) - 1, min(groups) + 1)
        column[1].xaxis.set_major_locator(MaxNLocator("auto", integer=True, min_n_ticks=1))
    axes[0, 0].set(ylabel="machines that\nrecall all", ylim=(-0.05, 1.05))
    # The axis starts below 0, so that dots at 0 can be seen.
    axes[1, 0].set(ylabel="bits missed (%)", ylim=(-0.04 * axes[1, 0].get_ylim()[1], None))
    needed, delay = context(datasets[0].sequence.values), int(datasets[0].delay.max())
    for row in axes:
        # Steps are integers, so the shading ends half a step after the last value that is too short.
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
    """Shade the axis in grey up to a value, if the value lies on the axis."""
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
    """Draw bytes against steps, for the machine and for backpropagation through time."""
    steps, traces = np.geomspace(1, 1e5, 51), (run.sizes["k"], run.sizes["l"])
    kept = [unrolled(run.sizes["neuron"], *traces, each) for each in steps]
    ax.plot(steps, [m.bytes for m in kept], color=panels.BEFORE, label="backpropagation")
    ax.plot(steps, [m.bits / 8 for m in kept], ":", color=panels.BEFORE, label="its spikes alone")
    ax.axhline(carried(run.delay.values, *traces).bytes, color=panels.AFTER, label="machine")
    ax.axvline(run.sizes["step"], color="0.6", lw=0.7)
    ax.set(xscale="log", yscale="log", xlabel="steps", ylabel="memory (bytes)", xlim=(1, 1e5))
    ax.legend(loc="lower right", borderaxespad=0.1, handlelength=1.4)
