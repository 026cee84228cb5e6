"""Cues of sequences that a reservoir has learned by Hebb's rule, by STLR or at random, and their completion."""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from snnlab import plotting
from snnlab.figures.pattern_separation import by_rule, examples, over_change, spread
from snnlab.figures.reservoir_mnist import color_of, name_of
from snnlab.networks.pattern_tests import family
from snnlab.protocols.pattern_completion import COMPLETED, FAMILIES, NEAREST, VARIANTS, measure

SEEDS = range(100, 110)
NEEDS = [("pattern_completion", {**overrides, "seed": seed}) for overrides in VARIANTS.values() for seed in SEEDS]
CAPTION = (
    "a, b, c: distance between outputs of a learned sequence and of a cue of it (ones missing; ones moved elsewhere; "
    "last frames missing), against the distance of these inputs, each in units of its mean between two learned "
    "sequences; below the grey diagonal: completion. Weights have changed by their norm. d, e, f: completion (mean "
    "depth below the diagonal) against how far weights have changed. g, h, i: share of cues whose output is nearest to "
    "that of their own sequence. Dashed: no learning. Lines: means; bars: standard deviations over seeds."
)


def draw(datasets: list[xr.Dataset]) -> Figure:
    """Draw each kind of cue: distances, completion, and whose output is nearest."""
    groups = by_rule(datasets)
    figure = Figure(figsize=(7.0, 4.6), layout="constrained")
    axes = figure.subplots(3, 3)
    shown = examples(groups)
    for column, (name, title) in zip(axes.T, FAMILIES.items(), strict=True):
        for rule, runs in shown.items():
            given = np.mean([family(run, name, "learned", "given") for run in runs], 0)
            spread(column[0], given, [family(run, name, "learned") for run in runs], rule)
        column[0].plot([0, given.max()], [0, given.max()], color="0.7", lw=0.7, zorder=0)
        column[0].set(xlabel="input distance", title=title)
        for ax, what in ((column[1], COMPLETED), (column[2], NEAREST)):
            name = f"learned, {what.format(title)}"
            over_change(ax, groups, lambda run, name=name: measure(run)[name])
    for ax, label in zip(axes[:, 0], ("output distance", "completion", "nearest to own"), strict=True):
        ax.set_ylabel(label)
    for ax, letter in zip(axes.T.ravel(order="F"), "abcdefghi", strict=True):
        plotting.panel_letter(ax, letter, x=-0.15)
    plotting.legend(figure, **{name_of(rule): color_of(rule) for rule in shown})
    return figure
