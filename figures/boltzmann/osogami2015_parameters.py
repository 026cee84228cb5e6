"""How the parameters of a machine grow while it learns a word (Osogami & Otsuka 2015, drawings of the network)."""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from snnlab.figures.boltzmann._shared import shown_periods

SEED = 100
NEEDS = [("dybm_science", {"seed": SEED})]
CAPTION = (
    "One machine is shown after the given numbers of training periods. Discs are neurons, coloured by bias. A line "
    "from neuron i at x = -d to neuron j at 0 is the axon that needs d steps. Its colour is the sum of the LTP "
    "weights u (above) or of the LTD weights v (below) of this pair. Lines of larger weights lie on top; weights "
    "beyond a colour scale have its last colour."
)
_PERIODS = (0, 10, 1_000, 10_000, 100_000)
_BIAS, _WEIGHT = Normalize(-20, 20), Normalize(-100, 100)
_MAP = colormaps["coolwarm"]


def draw(datasets: list[xr.Dataset]) -> Figure:
    """Draw LTP weights above and LTD weights below, a column for each checkpoint."""
    run = datasets[0]
    periods = shown_periods(run, _PERIODS)
    figure = Figure(figsize=(7.0, 3.4), layout="constrained")
    axes = figure.subplots(2, len(periods), sharex=True, sharey=True, squeeze=False)
    for column, period in zip(axes.T, periods, strict=True):
        state = run.sel(checkpoint=period)
        for ax, weights in zip(column, (state.u, state.v), strict=True):
            _network(ax, run.delay.values, weights.values.sum(2), state.bias.values)
        column[0].set_title(f"{period:,}")
        column[1].set_xlabel("delay (steps)")
    axes[0, 0].set_ylabel("LTP\nneuron")
    axes[1, 0].set_ylabel("LTD\nneuron")
    figure.suptitle("periods of training", fontsize=8)
    for norm, label in ((_WEIGHT, "weight of a pair"), (_BIAS, "bias")):
        bar = figure.colorbar(ScalarMappable(norm, _MAP), ax=axes, shrink=0.8, pad=0.01, aspect=30)
        bar.set_label(label)
    return figure


def _network(ax: Axes, delays: np.ndarray, weights: np.ndarray, bias: np.ndarray) -> None:
    for i, j in sorted(np.ndindex(weights.shape), key=lambda pair: abs(weights[pair])):
        ax.plot([-delays[i, j], 0], [i, j], color=_MAP(_WEIGHT(weights[i, j])), lw=0.8, zorder=1)
    style = {"cmap": _MAP, "norm": _BIAS, "edgecolors": "0.3", "linewidths": 0.4, "zorder": 2}
    ax.scatter(np.zeros(len(bias)), np.arange(len(bias)), c=bias, s=28, **style)
    longest = int(delays.max())
    ax.set(xlim=(-longest - 0.5, 0.7), ylim=(-0.6, len(bias) - 0.4), yticks=range(len(bias)))
    ax.set_xticks([-longest, -5, 0] if longest > 6 else [-longest, 0])
