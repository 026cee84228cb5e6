"""Remedies that keep the accuracy of a reservoir that learns by Hebb's rule or STLR, or raise it."""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from snnlab.files.record import attribute
from snnlab.lab.claims import Finding
from snnlab.plotting import panels
from snnlab.protocols.reservoir._shared import FALL, accuracy
from snnlab.protocols.reservoir.reservoir_remedies import (
    VARIANTS,
    Config,
    compute_gains,
    group_by_treatment,
    name_treatment,
)

SEEDS = range(100, 110)
NEEDS = [("reservoir_remedies", {**overrides, "seed": seed}) for overrides in VARIANTS.values() for seed in SEEDS]
CAPTION = (
    "Each row is a rule with a remedy, on MNIST. a, b: The x-axes give the points (percentage points) of test "
    "accuracy gained at the epoch that held-out training images choose, by a readout of the last state and by a "
    "readout of four states. c, d: The x-axes give the points lost in the worst epoch; the dotted line is at 5. Dots "
    "are networks; bars are the mean and the 95 % interval. Each network is compared with itself before learning."
)


COLORS = {"random_walk": panels.OUTPUT, "covariance": "#E69F00", "oja": "#56B4E9"}


def draw(datasets: list[xr.Dataset]) -> Figure:
    """Draw a row for each rule with its remedy: gained and lost accuracy for each readout."""
    groups = group_by_treatment(datasets)
    names = _names()
    rows = [(names.get(name, name), runs) for name, runs in groups.items()]
    rows.sort(key=lambda row: list(names.values()).index(row[0]) if row[0] in names.values() else len(names))
    readouts = datasets[0].readout.values.tolist()
    figure = Figure(figsize=(7.0, 0.9 + 0.21 * len(rows)), layout="constrained")
    axes = figure.subplots(1, 2 * len(readouts), sharey=True, squeeze=False)[0]
    for column, readout in enumerate(readouts):
        lost = [[max(a[0] - a) for a in (accuracy(run, readout) for run in runs)] for _, runs in rows]
        _points(axes[column], rows, [compute_gains(runs, readout) for _, runs in rows])
        _points(axes[len(readouts) + column], rows, lost)
        axes[column].axvline(0, color="0.6", lw=0.6, zorder=0)
        axes[column].set(xlabel=f"gained, {readout} (points)")
        axes[len(readouts) + column].axvline(FALL, color="0.6", lw=0.6, ls=":", zorder=0)
        axes[len(readouts) + column].set(xlabel=f"lost, {readout} (points)", xscale="symlog", xlim=(-0.2, 110))
        axes[len(readouts) + column].set_xticks([0, 1, 10, 100], ["0", "1", "10", "100"])
        axes[len(readouts) + column].minorticks_off()
    axes[0].set_yticks(range(len(rows)), [name for name, _ in rows])
    axes[0].set_ylim(len(rows) - 0.4, -0.6)
    for ax, letter in zip(axes, "abcd", strict=False):
        panels.panel_letter(ax, letter, x=-0.05)
    return figure


def _names() -> dict[str, str]:
    """Return the names of the protocol's variants by treatment."""
    return {name_treatment(vars(Config(**overrides))): name for name, overrides in VARIANTS.items()}


def _points(ax: Axes, rows: list[tuple[str, list[xr.Dataset]]], values: list[np.ndarray]) -> None:
    for y, ((_, runs), row) in enumerate(zip(rows, values, strict=True)):
        config = attribute(runs[0], "config")
        color = COLORS.get(config["plasticity"]) or panels.rule_color(config["plasticity"].split("_")[0])
        ax.plot(row, np.full(len(row), y), ".", color=color, ms=3, alpha=0.5, mew=0)
        found = Finding.over_seeds("", row, "")
        ax.errorbar(found.value, y, xerr=[[found.value - found.low], [found.high - found.value]], fmt="|", color=color,
                    ms=6, lw=1.2)  # fmt: skip
