"""Surprise of a machine at a misspelt word, column by column (Osogami & Otsuka 2015, anomaly detection)."""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from snnlab.plotting import panels
from snnlab.protocols.boltzmann.dybm_anomaly import DIFFERENT, OF_REGRESSION, measure
from snnlab.stimuli.pictures.bitmaps import word

SEEDS = range(100, 110)
NEEDS = [("dybm_anomaly", {"seed": seed}) for seed in SEEDS]
CAPTION = (
    "Left: A machine that recalls the whole word reads it twice (above). It then reads it with a wrong letter and "
    "without (below). It learns nothing while it reads. The curve is the negative log likelihood of each column, "
    "summed over all neurons; red marks the wrong letter. Right: The distributions show the surprise (negative log "
    "likelihood) of the columns in which a wrong letter differs from the right one, and of all columns of right "
    "letters. They cover every wrong letter of the same width and all machines. Columns that follow a wrong letter "
    "within the longest delay are left out. The title gives the area under the ROC curve of these columns, for the "
    "machines and for a logistic regression on the steps before."
)


def draw(datasets: list[xr.Dataset]) -> Figure:
    """Draw how one machine reads the right and a wrong spelling, and the surprise of all machines at all columns."""
    recalled = [run for run in datasets if int(run.wrong[-1]) == 0]
    example = recalled[0] if recalled else datasets[0]
    right = str(example.spelling.values[0])
    # In the paper the second C becomes an S. Other words take the last wrong letter.
    names = [str(name) for name in example.spelling.values]
    wrong = names.index("SCIENSE") if "SCIENSE" in names else len(names) - 1
    figure = Figure(figsize=(7.0, 3.2), layout="constrained")
    left, side = figure.subfigures(1, 2, width_ratios=[2.2, 1])
    axes = left.subplots(4, 1, sharex=True, height_ratios=[2, 1, 2, 1])
    for curve, picture, index in ((axes[0], axes[1], 0), (axes[2], axes[3], wrong)):
        _reading(curve, picture, example, index, right)
    axes[-1].set_xlabel("step")
    ax = side.subplots()
    _distributions(ax, datasets)
    for panel, letter in ((axes[0], "a"), (axes[2], "b"), (ax, "c")):
        panels.panel_letter(panel, letter, x=-0.12)
    return figure


def _reading(curve: Axes, picture: Axes, run: xr.Dataset, index: int, right: str) -> None:
    shown = np.concatenate([word(str(run.spelling.values[index])), word(right)])
    column = run.column.values[index]
    surprise = run.surprise.values[index].sum(1)
    curve.stairs(surprise, np.arange(len(surprise) + 1) - 0.5, color=panels.AFTER)
    curve.set(
        yscale="symlog", ylim=(0, max(10.0, 3 * float(run.surprise.values.sum(2).max()))), ylabel="surprise\n(nats)"
    )
    picture.imshow(shown.T[::-1], cmap="Greys", interpolation="nearest", aspect="auto")
    picture.set(yticks=[], ylabel="")
    where = np.flatnonzero(column > 0)
    if len(where):
        for ax in (curve, picture):
            ax.axvspan(where[0] - 0.5, where[-1] + 0.5, color=panels.BEFORE, alpha=0.3, lw=0)


def _distributions(ax: Axes, datasets: list[xr.Dataset]) -> None:
    kinds = np.concatenate([run.column.values.ravel() for run in datasets])
    surprise = np.concatenate([run.surprise.values.sum(2).ravel() for run in datasets])
    bins = np.geomspace(1e-3, max(1e4, surprise.max()), 40)
    for kind, color, label in ((0, panels.AFTER, "right columns"), (1, panels.BEFORE, "columns that differ")):
        values = np.maximum(surprise[kinds == kind], bins[0])
        ax.hist(
            values, bins, weights=np.full(len(values), 100 / len(values)), histtype="step", color=color, label=label
        )
    ax.set(xscale="log", xlabel="surprise (nats)", ylabel="columns (%)")
    ax.legend(loc="upper right")
    areas = [np.mean([measure(run)[DIFFERENT + of] for run in datasets]) for of in ("", OF_REGRESSION)]
    ax.set_title("ROC area {:.3f}\nlogistic regression {:.3f}".format(*areas), loc="left", fontsize=7)
