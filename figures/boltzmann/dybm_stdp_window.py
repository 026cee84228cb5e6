"""The STDP window of a dynamic Boltzmann machine, for several delays and relative to the arrival of the spike."""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from snnlab.plotting import panels

NEEDS = [("dybm_stdp_window", {})]
CAPTION = (
    "Two neurons fire once each, at t_pre and t_post. a: The y-axis gives by how much the synapse between them lowers "
    "the energy of this pair of spikes when u = 1 (LTP) or v = 1 (LTD). Above 0 the synapse makes the pair more "
    "likely, below 0 less likely. There is one panel for each delay d of the synapse (dotted). Dots are simulated; "
    "lines are the closed form, lighter for slower decay. The axis is linear below 0.1. b: The y-axis gives by how "
    "much one pairing changes u and v, in units of the learning rate, around the arrival of the spike. All delays lie "
    "on top of each other; v is in units of mu^-(d - 1), where mu is the decay rate of its trace. u grows if the "
    "spike arrives before the other neuron fires, or in the same step. Otherwise v falls, because learning goes up "
    "the gradient and makes what is shown more likely. The dots at 0 on the left are pairs in one step, which do not "
    "change the synapse."
)
COLORS = {"ltp": panels.AFTER, "ltd": panels.BEFORE}
RATES = {"ltp": "lam", "ltd": "mu"}


def draw(datasets: list[xr.Dataset]) -> Figure:
    """Draw the windows of the first run."""
    run = datasets[0]
    figure = Figure(figsize=(7.0, 4.0), layout="constrained")
    above, below = figure.subfigures(2, 1, height_ratios=[1, 1])
    windows = above.subplots(1, run.sizes["delay"], sharey=True, squeeze=False)[0]
    for ax, delay in zip(windows, run.delay.values, strict=True):
        _window(ax, run.sel(delay=delay), int(delay))
    windows[0].set_ylabel("energy lowered by\nu = 1 or v = 1")
    above.supxlabel("t_post − t_pre (steps)", fontsize=7)
    ax = below.subplots()
    _arrival(ax, run)
    for panel, letter, x in ((windows[0], "a", -0.25), (ax, "b", -0.05)):
        panels.panel_letter(panel, letter, x=x)
    panels.legend(figure, **{"LTP (u)": COLORS["ltp"], "LTD (v)": COLORS["ltd"]})
    return figure


def _shades(part: str, count: int) -> list[np.ndarray]:
    """Return a colour for each decay rate; opaque, so that curves on top of each other keep their colours."""
    color = np.array(to_rgb(COLORS[part]))
    return [color + (1 - color) * white for white in np.linspace(0, 0.55, count)]


def _sides(lag: np.ndarray, part: str, delay: int) -> list[np.ndarray]:
    """Return the lags of each line of the closed form; no line crosses lag 0 or the arrival of the spike."""
    return [lag >= delay] if part == "ltp" else [lag < min(0, delay), (lag > 0) & (lag < delay)]


def _window(ax: Axes, run: xr.Dataset, delay: int) -> None:
    lag = run.lag.values
    for part, rates in RATES.items():
        for m, color in enumerate(_shades(part, run.sizes[rates])):
            values, law = run[f"{part}_weight"].values[:, m], run[f"{part}_law"].values[:, m]
            for side in _sides(lag, part, delay):
                ax.plot(lag[side], law[side], color=color, lw=0.9)
            shown = lag >= delay if part == "ltp" else lag < delay
            ax.plot(lag[shown], values[shown], "o", color=color, ms=2.0, mew=0)
    ax.axvline(delay, color="0.5", ls=":", lw=0.8)
    ax.axhline(0, color="0.6", lw=0.5)
    ax.set_yscale("symlog", linthresh=0.1)
    ax.set_title(f"d = {delay}")


def _arrival(ax: Axes, run: xr.Dataset) -> None:
    for delay in run.delay.values:
        lag = run.lag.values
        chosen = run.sel(delay=delay)
        for part, rates in RATES.items():
            for m, color in enumerate(_shades(part, run.sizes[rates])):
                scale = 1.0 if part == "ltp" else float(run[rates].values[m]) ** -(delay - 1.0)
                values, law = chosen[part].values[:, m] / scale, chosen[f"{part}_law"].values[:, m] / scale
                for side in _sides(lag, part, delay):
                    ax.plot(lag[side] - delay, law[side], color=color, lw=0.9)
                shown = lag >= delay if part == "ltp" else lag < delay
                ax.plot(lag[shown] - delay, values[shown], "o", color=color, ms=2.5, mew=0)
    ax.axvline(0, color="0.5", ls=":", lw=0.8)
    ax.axhline(0, color="0.6", lw=0.5)
    ax.set(xlabel="t_post − (t_pre + d) (steps)", ylabel="change of u or v\n(scaled)", xlim=(-15.5, 15.5))
