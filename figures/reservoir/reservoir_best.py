"""Accuracy of a reservoir without plasticity on MNIST, against size, states and leak, and its CPU time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from snnlab.files.record import attribute
from snnlab.plotting import panels
from snnlab.protocols.reservoir.reservoir_best import VARIANTS

SEEDS = range(100, 103)
# Networks of this size or larger take minutes, so only one seed is run.
LARGE = 2000
NEEDS = [
    ("reservoir_best", {**overrides, "seed": seed})
    for overrides in VARIANTS.values()
    for seed in (SEEDS if overrides.get("n", 0) < LARGE else SEEDS[:1])
]
CAPTION = (
    "a: The test accuracy of a ridge readout is shown against the number of units; it reads four states of each unit. "
    "Crosses are equally many random functions of the image, or states without recurrence. The dotted line is a "
    "readout of the pixels. b: The accuracy is shown against the number of states that are read, with 500 units. c: "
    "The accuracy is shown against the leak a, with 500 units and four states. d: The y-axis gives the CPU time for "
    "an image, with learning of the readout. Dots are networks; lines are means."
)
_OTHERS = {"random_features": (panels.OUTPUT, "random features"), "no_recurrence": (panels.BEFORE, "no recurrence")}


def draw(datasets: list[xr.Dataset]) -> Figure:
    """Draw accuracy and time."""
    figure = Figure(figsize=(7.0, 2.1), layout="constrained")
    axes = figure.subplots(1, 4)
    reservoirs = [run for run in datasets if _setting(run, "features") == "reservoir"]
    most = max(_setting(run, "n") for run in datasets)
    sized = [run for run in reservoirs if (_setting(run, "snapshots"), _setting(run, "leak")) == _usual(reservoirs)]
    percent = lambda run: 100 * float(run.accuracy)  # noqa: E731
    _points(axes[0], sized, "n", percent)
    names = {"reservoir": panels.AFTER} if reservoirs else {}
    for kind, (color, label) in _OTHERS.items():
        others = [run for run in datasets if _setting(run, "features") == kind]
        axes[0].plot([_setting(run, "n") for run in others], [percent(run) for run in others], "x", color=color, ms=4)
        if others:
            names[label] = color
    pixels = 100 * np.mean([float(run.pixels) for run in datasets])
    axes[0].axhline(pixels, color="0.5", lw=0.8, ls=":")
    axes[0].text(1.2 * most, pixels - 0.6, "pixels", color="0.4", ha="right", va="top")
    axes[0].set(xlabel="units", ylabel="accuracy (%)", xscale="log", xlim=(None, 1.3 * most))
    for ax, field, label in ((axes[1], "snapshots", "states read"), (axes[2], "leak", "leak a")):
        fixed = "leak" if field == "snapshots" else "snapshots"
        usual = dict(zip(("snapshots", "leak"), _usual(reservoirs), strict=True))[fixed]
        size = _swept(reservoirs, field)
        _points(ax, [r for r in reservoirs if _setting(r, fixed) == usual and _setting(r, "n") == size], field, percent)
        ax.set(xlabel=label, ylabel="accuracy (%)")
    counts = sorted({_setting(run, "snapshots") for run in reservoirs})
    axes[1].set_xscale("log", base=2)
    axes[1].set_xticks(counts, counts)
    axes[1].minorticks_off()
    _points(axes[3], sized, "n", lambda run: 1e3 * float(run.seconds / run.images))
    axes[3].set(xlabel="units", ylabel="CPU time (ms an image)", xscale="log", yscale="log")
    for ax, letter in zip(axes, "abcd", strict=True):
        panels.panel_letter(ax, letter, x=-0.25)
    panels.legend(figure, **names)
    return figure


def _setting(run: xr.Dataset, field: str) -> Any:
    return attribute(run, "config")[field]


def _usual(runs: list[xr.Dataset]) -> tuple:
    """Return the number of states and the leak that most runs have."""
    pairs = [(_setting(run, "snapshots"), _setting(run, "leak")) for run in runs]
    return max(pairs, key=pairs.count)


def _swept(runs: list[xr.Dataset], field: str) -> int:
    """Return the size whose runs have the most values of a field."""
    values: dict[int, set] = {}
    for run in runs:
        values.setdefault(_setting(run, "n"), set()).add(_setting(run, field))
    return max(values, key=lambda n: len(values[n]))


def _points(ax: Axes, runs: list[xr.Dataset], field: str, value: Callable[[xr.Dataset], float]) -> None:
    found: dict[float, list[float]] = {}
    for run in sorted(runs, key=lambda run: _setting(run, field)):
        found.setdefault(_setting(run, field), []).append(value(run))
    for x, values in found.items():
        ax.plot([x] * len(values), values, "o", color=panels.AFTER, ms=2.5, mew=0, alpha=0.5)
    ax.plot(list(found), [np.mean(values) for values in found.values()], "o-", color=panels.AFTER, lw=1, ms=3, mew=0)
