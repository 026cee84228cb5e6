"""Completion of cues by a reservoir that has learned sequences by Hebb's rule, by STLR or at random."""

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
from snnlab.protocols.patterns.pattern_completion import COMPLETED, FAMILIES, VARIANTS, measure

SEEDS = range(100, 110)
NEEDS = [("pattern_completion", {**overrides, "seed": seed}) for overrides in VARIANTS.values() for seed in SEEDS]
CAPTION = (
    "a to c: The distance between the outputs of a learned sequence and of its cue is shown against the distance "
    "between these two inputs. The cue lacks ones (a), has moved ones (b), or lacks the last frames (c). Each "
    "distance is in units of its mean between two learned sequences. Below the grey diagonal there is completion. "
    "Weights have changed by their norm. d to f: Completion (mean depth below the diagonal) is shown against the "
    "change of the weights in units of their norm; dashed lines are without learning. g to l: The same is shown for "
    "spiking neurons, whose weights have changed by 0.4 of their norm in g to i. Lines are means; bars are standard "
    "deviations over seeds."
)


def draw(datasets: list[xr.Dataset]) -> Figure:
    """Draw distances and completion for each kind of cue and reservoir."""
    kinds = group_by_kind(datasets)
    figure = Figure(figsize=(7.0, 0.4 + 2.9 * len(kinds)), layout="constrained")
    rows = figure.subplots(2 * len(kinds), 3)
    for axes, (kind, runs) in zip(rows.reshape(-1, 2, 3), kinds.items(), strict=True):
        _rows(axes, group_by_rule(runs))
        axes[0, 0].set_ylabel(f"output distance\n{kind} reservoir")
    for ax, title in zip(rows[0], FAMILIES.values(), strict=True):
        ax.set_title(title)
    finish_figure(figure, rows, datasets, -0.15)
    return figure


def _rows(axes: np.ndarray, groups: dict[str, dict[float, list[xr.Dataset]]]) -> None:
    for column, (name, title) in zip(axes.T, FAMILIES.items(), strict=True):
        for rule, runs in choose_examples(groups).items():
            given = np.mean([average_changes(run, name, "learned", "given") for run in runs], 0)
            draw_spread(column[0], given, [average_changes(run, name, "learned") for run in runs], rule)
        column[0].plot([0, given.max()], [0, given.max()], color="0.7", lw=0.7, zorder=0)
        column[0].set(xlabel="input distance")
        what = f"learned, {COMPLETED.format(title)}"
        draw_over_change(column[1], groups, lambda run, what=what: measure(run)[what])
    for ax, label in zip(axes[:, 0], ("output distance", "completion"), strict=True):
        ax.set_ylabel(label)
