"""Windows of spike-timing-dependent plasticity (pairs, triplets, Hebb's rule), and the effect of trains of pairs."""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from snnlab.plotting import panels

NEEDS = [("stdp_window", {})]
CAPTION = (
    "Above: The y-axis gives the change of a weight, in percent of the largest weight w_max, by one presynaptic and "
    "one postsynaptic spike. Dots are simulated synapses; lines are the closed form. A single pair leaves a triplet "
    "synapse (minimal set for visual cortex) weaker or as it is. Below: The y-axis gives the change by trains of "
    "pairs, divided by their number, against the number of pairs per second. As pairs come faster, the triplet rule "
    "alone turns from depression to potentiation, whichever spike comes first in a pair. No bound is reached."
)
TITLES = {"stdp": "pairs (Song et al. 2000)", "triplet": "triplets (visual cortex)", "hebb": "Hebb, traces"}
COLORS = {"pre first": panels.AFTER, "post first": panels.BEFORE}


def draw(datasets: list[xr.Dataset]) -> Figure:
    """Draw the windows and trains of the first run."""
    run = datasets[0]
    figure = Figure(figsize=(7.0, 3.8), layout="constrained")
    axes = figure.subplots(2, run.sizes["rule"], sharex="row", squeeze=False)
    pairings = _pairings(run)
    for column, rule in zip(axes.T, run.rule.values, strict=True):
        chosen = run.sel(rule=rule)
        _window(column[0], chosen)
        column[0].set_title(TITLES.get(str(rule), str(rule)))
        for order, color in COLORS.items():
            trains = 100 * chosen.sel(order=order) / pairings
            column[1].plot(run.frequency, trains.trains_law, color=color, lw=0.9)
            column[1].plot(run.frequency, trains.trains, "o", color=color, ms=2.5, mew=0)
        column[1].axhline(0, color="0.6", lw=0.5)
        column[1].set_xlabel("pairs per second")
    axes[0, 0].set_ylabel("change by a pair\n(% of w_max)")
    axes[1, 0].set_ylabel("change for each pair\nof a train (% of w_max)")
    for ax, letter in zip(axes.ravel(), "abcdef", strict=False):
        panels.panel_letter(ax, letter)
    panels.legend(figure, **COLORS)
    return figure


def _pairings(run: xr.Dataset) -> int:
    from snnlab.files.record import attribute

    return attribute(run, "config")["pairings"]


def _window(ax: Axes, run: xr.Dataset) -> None:
    order = np.argsort(run.lag.values)
    lag = run.lag.values[order]
    for name, side in (("pre first", lag > 0), ("post first", lag < 0)):
        color, chosen = COLORS[name], order[side]
        ax.plot(lag[side], 100 * run.window_law.values[chosen], color=color, lw=0.9)
        ax.plot(lag[side], 100 * run.window.values[chosen], "o", color=color, ms=2.2, mew=0)
    ax.axhline(0, color="0.6", lw=0.5)
    ax.axvline(0, color="0.5", ls=":", lw=0.8)
    ax.set_xlabel("t_post − t_pre (ms)")
