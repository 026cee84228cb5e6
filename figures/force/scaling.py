"""CPU time of a FORCE network over its size, with and without learning, on one core."""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from snnlab.plotting import panels

NEEDS = [("force_scaling", {})]
CAPTION = (
    "The y-axis gives the CPU seconds per second of model time of FORCE's C++ program on one core, its start "
    "included, over the number of neurons. Each point is the fastest of several measurements of a few seconds, after "
    "0.5 s. The numbers are local slopes between two sizes. Below the grey line the network is faster than real time."
)


def draw(datasets: list[xr.Dataset]) -> Figure:
    """Draw cost over size with both axes logarithmic, and the slope of each piece."""
    (dataset,) = datasets
    figure = Figure(figsize=(3.4, 2.7), layout="constrained")
    ax = figure.subplots()
    sizes = dataset["size"].values
    ax.axhline(1.0, color="0.7", lw=0.8)
    ax.text(sizes[0], 1.03, "real time", color="0.5", fontsize=6, va="bottom")
    shown = (("learning", "while learning", panels.BEFORE, 7), ("frozen", "without learning", panels.AFTER, -9))
    for name, label, color, offset in shown:
        cost = dataset[name].values
        ax.loglog(sizes, cost, "o-", color=color, ms=3.5, label=label)
        slopes = np.diff(np.log(cost)) / np.diff(np.log(sizes))
        middles = np.sqrt(sizes[1:] * sizes[:-1]), np.sqrt(cost[1:] * cost[:-1])
        for x, y, slope in zip(*middles, slopes, strict=True):
            ax.annotate(
                f"{slope:.1f}", (x, y), (0, offset), textcoords="offset points", color=color, fontsize=6, ha="center"
            )
    ax.set(xlabel="neurons", ylabel="CPU s per s of model time")
    ax.set_xticks(sizes, [str(n) for n in sizes])
    ax.minorticks_off()
    ax.legend(loc="lower right")
    return figure
