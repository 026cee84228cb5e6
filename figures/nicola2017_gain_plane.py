"""Where FORCE learns and where chaos begins, over the gains G and Q (Nicola & Clopath 2017)."""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from snnlab import plotting
from snnlab.protocols.force_gain_plane import (
    ERROR,
    EXPONENT,
    G_FACTORS,
    LEARNED,
    PUBLISHED,
    Q_FACTORS,
    VARIANTS,
    factors,
    measure,
)
from snnlab.record import attribute

SEEDS = (100, 101, 102)
NEEDS = [("force_gain_plane", {**variant, "seed": seed}) for variant in VARIANTS.values() for seed in SEEDS]
CAPTION = (
    "Above: error of the free run after learning a sine of 5 Hz for 5 s, each period at its best lag, over "
    "the standard deviation of the teacher; median of the seeds. Star: published gains, which are 1 on both axes; "
    f"points: learned (error up to {LEARNED}). Below: growth rate of the difference that one moved spike makes before "
    "learning; dots: seeds; above the line it grows, so the network is chaotic; -50/s: the difference is forgotten. "
    "Crosses: silent networks, whose bias is the rheobase."
)
TITLES = {"lif": "LIF", "theta": "theta", "izhikevich": "Izhikevich (set A)"}
_LEAST, _MOST = 0.03, 1.0


def draw(datasets: list[xr.Dataset]) -> Figure:
    """Draw error and growth rate for each neuron."""
    planes: dict[str, list[tuple[tuple[float, float], dict[str, float]]]] = {}
    for dataset in datasets:
        config = attribute(dataset, "config")
        planes.setdefault(config["neuron"], []).append((factors(config), measure(dataset)))
    neurons = [name for name in PUBLISHED if name in planes]
    figure = Figure(figsize=(0.6 + 2.2 * len(neurons), 4.2), layout="constrained")
    axes = figure.subplots(2, len(neurons), squeeze=False, height_ratios=[1.3, 1])
    for column, neuron in zip(axes.T, neurons, strict=True):
        image = _map(column[0], planes[neuron])
        _growth(column[1], planes[neuron])
        column[0].set_title(TITLES.get(neuron, neuron), fontweight="bold")
        column[1].set_xlabel("G / published G")
    axes[0, 0].set_ylabel("Q / published Q")
    axes[1, 0].set_ylabel("growth of a\nmoved spike (1/s)")
    figure.colorbar(image, ax=axes[0], label="error / sd of the teacher", extend="both")
    for ax, letter in zip(axes[:, 0], "ab", strict=True):
        plotting.panel_letter(ax, letter)
    return figure


def _map(ax: Axes, runs: list) -> object:
    from matplotlib.colors import LogNorm

    errors = np.full((len(Q_FACTORS), len(G_FACTORS)), np.nan)
    for row, y in enumerate(Q_FACTORS):
        for column, x in enumerate(G_FACTORS):
            if values := [measured[ERROR] for where, measured in runs if where == (x, y)]:
                errors[row, column] = np.median(values)
    image = ax.imshow(errors, origin="lower", aspect="auto", cmap="viridis_r", norm=LogNorm(_LEAST, _MOST))
    learned = np.argwhere(errors <= LEARNED)
    ax.plot(learned[:, 1], learned[:, 0], ".", color="k", ms=3)
    ax.plot(G_FACTORS.index(1.0), Q_FACTORS.index(1.0), "*", color="#c1121f", ms=8)
    ax.set_xticks(range(len(G_FACTORS)), [f"{x:g}" for x in G_FACTORS])
    ax.set_yticks(range(len(Q_FACTORS)), [f"{y:g}" for y in Q_FACTORS])
    return image


def _growth(ax: Axes, runs: list) -> None:
    ax.axhline(0, color="0.6", lw=0.8)
    points = {(where[0], round(measured[EXPONENT], 6)) for where, measured in runs}
    alive = np.array([(G_FACTORS.index(x), rate) for x, rate in points if np.isfinite(rate) and x in G_FACTORS])
    silent = sorted({G_FACTORS.index(x) for x, rate in points if not np.isfinite(rate) and x in G_FACTORS})
    if len(alive):
        ax.plot(*alive.T, ".", color=plotting.AFTER, ms=5)
    ax.plot(silent, [0] * len(silent), "x", color="0.4", ms=5)
    ax.set_xticks(range(len(G_FACTORS)), [f"{x:g}" for x in G_FACTORS])
    ax.set_xlim(-0.5, len(G_FACTORS) - 0.5)
    ax.set_ylim(-55, 130)
