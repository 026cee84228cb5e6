"""The window of the spatiotemporal learning rule: inputs to a neuron that never fires."""

from __future__ import annotations

from itertools import cycle

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from snnlab.plotting import panels

NEEDS = [("stlr_window", {})]
CAPTION = (
    "An input brings three spikes 40 ms apart to a neuron that never fires. a: The y-axis gives the change of its "
    "weight w, against its lag behind one or two other inputs with the same rhythm, without temporal summation. w "
    "grows only if the others have just brought enough. An input that comes first gains nothing from later ones. b: "
    "Temporal summation (tau_S = 50 ms) adds up the effects of single coincidences. Dots are simulated synapses; "
    "lines are the closed form for weights that stay as they are. Changes are in units of the learning rate η times "
    "the largest weight w_max. c: An input alone does not change its weight, whatever its rhythm, because its own "
    "trace is left out."
)
COLORS = [panels.AFTER, panels.BEFORE, panels.OUTPUT]


def draw(datasets: list[xr.Dataset]) -> Figure:
    """Draw the windows of the first run, and inputs alone."""
    run = datasets[0]
    figure = Figure(figsize=(7.0, 2.4), layout="constrained")
    axes = figure.subplots(1, 3, width_ratios=[2, 2, 1.2])
    order = np.argsort(run.lag.values)
    names = {}
    for summation, ax in zip(run.summation.values, axes, strict=False):
        for count, color in zip(run.inputs.values, cycle(COLORS), strict=False):
            chosen = run.sel(summation=summation, inputs=count)
            ax.plot(run.lag[order], chosen.change_law[order], color=color, lw=0.9)
            ax.plot(run.lag[order], chosen.change[order], "o", color=color, ms=1.8, mew=0)
            names[f"{count} inputs"] = color
        ax.set(xlabel="lag behind the others (ms)", title=f"with{'' if summation else 'out'} temporal summation")
    top = 1.05 * float(np.abs(run.change).max())
    for ax in axes:
        ax.axhline(0, color="0.6", lw=0.5)
        ax.set_ylim(-0.1 * top, top)
    for ax in axes[:2]:
        ax.axvline(0, color="0.5", ls=":", lw=0.8)
    axes[0].set_ylabel("change of w (η w_max)")
    axes[2].plot(run.period, run.lone.sel(summation=0), "o", color="0.1", ms=3, mew=0)
    axes[2].plot(run.period, run.lone.sel(summation=1), "o", mfc="none", mec="0.1", ms=5, mew=0.7)
    axes[2].set(xlabel="inter-spike interval (ms)", title="an input alone", xscale="log")
    for ax, letter in zip(axes, "abc", strict=True):
        panels.panel_letter(ax, letter, x=-0.12)
    panels.legend(figure, **names)
    return figure
