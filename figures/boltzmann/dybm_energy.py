"""The term of the energy that decides what a machine recalls, step by step and over machines."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from snnlab.plotting import panels
from snnlab.protocols.boltzmann.dybm_energy import decided, flips

SEEDS = range(100, 110)
NEEDS = [("dybm_energy", {"seed": seed}) for seed in SEEDS]
CAPTION = (
    "a: A machine recalls its sequence at temperature 0 for two periods; dark pixels are on. b: The lines are the "
    "four terms of the energy of one neuron during this recall, and their sum. u and v are weights; α, β and γ are "
    "traces. The number of this neuron is beside panel a. The neuron is on where the sum is below 0 (shaded). The "
    "axis is linear about 0, up to a hundredth of the largest power of ten. c: The left panel shows the share of "
    "decisions in which a term is the largest of the terms with the sign of the sum. The other panels show the share "
    "of decisions that change when 0, or the mean of the term over steps, replaces the term and the past stays right. "
    "Dots are machines that recall everything (all machines, if none does); lines are their means. Grey dots are the "
    "same machines before training."
)
COLORS = ("0.1", panels.AFTER, panels.BEFORE, panels.OUTPUT)
LABELS = ("bias", "arrived (u α)", "under way (v β)", "own (v γ)")


def draw(datasets: list[xr.Dataset]) -> Figure:
    """Draw one machine's recall and energy, and shares over all machines that recall everything."""
    recalled = [run for run in datasets if int(run.wrong[-1]) == 0] or datasets
    example = recalled[0]
    neuron = example.sizes["neuron"] // 2
    figure = Figure(figsize=(7.0, 4.2), layout="constrained")
    above, below = figure.subfigures(2, 1, height_ratios=[1.5, 1])
    picture, curves = above.subplots(2, 1, sharex=True, height_ratios=[1, 2.6])
    panels.bitmap(picture, example.recalled.values[-1])
    # The picture counts rows from the top; neurons count from the bottom.
    picture.set(yticks=[example.sizes["neuron"] - 1 - neuron], yticklabels=[f"{neuron}"], ylabel="neuron")
    picture.tick_params(labelbottom=False)
    _terms(curves, example, neuron)
    areas = below.subplots(1, 3, sharey=True)
    titles = ("decides", "changes, 0 instead", "changes, mean instead")
    shares = (decided, partial(flips, manner="zero"), partial(flips, manner="mean"))
    for ax, title, share in zip(areas, titles, shares, strict=True):
        _dots(ax, recalled, share)
        ax.set_title(title)
    areas[0].set_ylabel("decisions (%)")
    for ax, letter, x in ((picture, "a", -0.08), (curves, "b", -0.08), (areas[0], "c", -0.25)):
        panels.panel_letter(ax, letter, x=x)
    return figure


def _terms(ax: Axes, run: xr.Dataset, neuron: int) -> None:
    terms = run.terms.values[:, :, neuron]
    on = terms.sum(1) < 0
    edges = np.arange(len(terms) + 1) - 0.5
    for step in np.flatnonzero(on):
        ax.axvspan(step - 0.5, step + 0.5, color="0.9", lw=0)
    for values, color, label in zip(terms.T, COLORS, LABELS, strict=True):
        ax.stairs(values, edges, baseline=None, color=color, lw=0.8, label=label)
    ax.stairs(terms.sum(1), edges, baseline=None, color="#CC79A7", lw=1.5, label="sum")
    ax.axhline(0, color="0.6", lw=0.5)
    largest = np.abs(terms).max()
    ax.set_yscale("symlog", linthresh=10.0 ** np.floor(np.log10(max(largest, 1e-9)) - 2))
    ax.set(xlabel="step", ylabel="energy (1)", xlim=(-0.5, len(terms) - 0.5))
    ax.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=5, borderaxespad=0.1)


def _dots(ax: Axes, runs: list[xr.Dataset], share: Callable[[np.ndarray], np.ndarray]) -> None:
    for state, shift in (("untrained", 0.22), ("trained", -0.12)):
        shares = np.array([100 * share(run.shown_terms.sel(state=state).values) for run in runs])
        for place, (values, color) in enumerate(zip(shares.T, COLORS, strict=True)):
            spread = np.linspace(-0.1, 0.1, len(values)) if len(values) > 1 else np.zeros(1)
            color = color if state == "trained" else "0.75"
            ax.plot(place + shift + spread, values, "o", color=color, ms=2.5, mew=0)
            if state == "trained":
                ax.hlines(values.mean(), place + shift - 0.16, place + shift + 0.16, color=color, lw=1)
    ax.set_xticks(range(len(LABELS)), [label.partition(" (")[0] for label in LABELS])
    ax.set(ylim=(-3, 103), xlim=(-0.6, len(LABELS) - 0.4))
