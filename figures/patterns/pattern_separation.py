"""Separation of similar sequences by a reservoir that has learned by Hebb's rule, by STLR or at random."""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from snnlab.figures.patterns._shared import (
    choose_examples,
    draw_over_change,
    draw_spread,
    finish_figure,
    group_by_kind,
    group_by_rule,
)
from snnlab.networks.patterns import average_changes
from snnlab.protocols.patterns.pattern_separation import AREA, ORDER, VARIANTS, measure

SEEDS = range(100, 110)
NEEDS = [("pattern_separation", {**overrides, "seed": seed}) for overrides in VARIANTS.values() for seed in SEEDS]
CAPTION = (
    "a: The distance between the outputs of a learned sequence and of one with some bits changed in every frame is "
    "shown against the distance between these two inputs. Each distance is in units of its mean between two learned "
    "sequences. Above the grey diagonal there is separation. b: The output distance is shown for two neighbouring "
    "frames swapped, against the place of the first. Weights have changed by their norm. c, d: Separation of bits "
    "(mean height above the diagonal in a) and of order (mean of b) is shown against the change of the weights in "
    "units of their norm; dashed lines are without learning. e to h: The same is shown for spiking neurons, with "
    "weights that have changed by 0.4 of their norm in e and f. Lines are means; bars are standard deviations over "
    "seeds."
)


def draw(datasets: list[xr.Dataset]) -> Figure:
    """Draw separation of bits and of order, and both against the change of the weights."""
    kinds = group_by_kind(datasets)
    figure = Figure(figsize=(7.0, 0.3 + 1.9 * len(kinds)), layout="constrained")
    rows = figure.subplots(len(kinds), 4, squeeze=False)
    for axes, (kind, runs) in zip(rows, kinds.items(), strict=True):
        _row(axes, group_by_rule(runs))
        axes[0].set_title(f"{kind} reservoir", loc="left")
    finish_figure(figure, rows, datasets, -0.25)
    return figure


def _row(axes: np.ndarray, groups: dict[str, dict[float, list[xr.Dataset]]]) -> None:
    for rule, runs in choose_examples(groups).items():
        given = np.mean([average_changes(run, "bits", "learned", "given") for run in runs], 0)
        draw_spread(axes[0], given, [average_changes(run, "bits", "learned") for run in runs], rule)
        swaps = [average_changes(run, "swap", "learned") for run in runs]
        draw_spread(axes[1], np.arange(1, len(swaps[0]) + 1), swaps, rule)
    axes[0].plot([0, given.max()], [0, given.max()], color="0.7", lw=0.7, zorder=0)
    axes[0].set(xlabel="input distance", ylabel="output distance")
    axes[1].set(xlabel="first of swapped frames", ylabel="output distance", ylim=(0, None))
    for ax, what, label in ((axes[2], AREA, "separation of bits"), (axes[3], ORDER, "separation of order")):
        draw_over_change(ax, groups, lambda run, what=what: measure(run)[f"learned, {what}"])
        ax.set(ylabel=label)
