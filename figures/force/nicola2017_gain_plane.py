"""Where FORCE learns and where chaos begins, over the gains G and Q (Nicola & Clopath 2017)."""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from snnlab.files.record import attribute
from snnlab.plotting import panels
from snnlab.protocols.force.force_gain_plane import (
    CHAOTIC,
    ERROR,
    G_FACTORS,
    GROW,
    LEARNED,
    PUBLISHED,
    Q_FACTORS,
    RATE,
    VARIANTS,
    factors,
    measure,
)

SEEDS = (100, 101, 102)
NEEDS = [("force_gain_plane", {**variant, "seed": seed}) for variant in VARIANTS.values() for seed in SEEDS]
CAPTION = (
    "Above: The colour is the error of the free run after learning a sine of 5 Hz for 5 s, over the standard "
    "deviation (sd) of the teacher. Each period is taken at its best lag, and the median of the seeds is shown. The "
    "star is at the published gains, which are 1 on both axes. Points are gains at which the network learned (error "
    f"up to {LEARNED}). Below: The y-axis gives the share of moved spikes whose difference grows before learning, "
    "until the states are as good as unrelated. There is one point for each seed, coloured by how fast the "
    "differences grow. Crosses are silent networks, whose bias is the rheobase."
)
_LEAST, _MOST = 0.03, 1.0
_FASTEST = 150.0


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
        points = _growth(column[1], planes[neuron])
        column[0].set_title(panels.TITLES.get(neuron, neuron), fontweight="bold")
        column[1].set_xlabel("G / published G")
    axes[0, 0].set_ylabel("Q / published Q")
    axes[1, 0].set_ylabel("moved spikes\nthat grow")
    figure.colorbar(image, ax=axes[0], label="error / sd of the teacher", extend="both")
    figure.colorbar(points, ax=axes[1], label="growth (1/s)", extend="max")
    for ax, letter in zip(axes[:, 0], "ab", strict=True):
        panels.panel_letter(ax, letter)
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


def _growth(ax: Axes, runs: list) -> object:
    from matplotlib.colors import Normalize

    ax.axhline(CHAOTIC, color="0.8", lw=0.8)
    moved = [(G_FACTORS.index(x), m[GROW], m[RATE]) for (x, _), m in runs if GROW in m and x in G_FACTORS]
    spread = _beside([place for place, _, _ in moved])
    for (_, share, _), x in zip(moved, spread, strict=True):
        if np.isnan(share):
            ax.plot(x, 0, "x", color="0.4", ms=4)
    alive = [(x, share, rate) for (_, share, rate), x in zip(moved, spread, strict=True) if np.isfinite(share)]
    x, share, rate = np.array(alive).T if alive else np.zeros((3, 0))
    points = ax.scatter(
        x, share, c=np.nan_to_num(rate), s=14, cmap="plasma_r", norm=Normalize(0, _FASTEST), ec="0.3", lw=0.4
    )
    ax.set_xticks(range(len(G_FACTORS)), [f"{x:g}" for x in G_FACTORS])
    ax.set(xlim=(-0.5, len(G_FACTORS) - 0.5), ylim=(-0.08, 1.08))
    return points


def _beside(places: list[int]) -> list[float]:
    """Return where to draw points, so that points of the same place stand beside each other."""
    seen: dict[int, int] = {}
    moved = []
    for place in places:
        seen[place] = seen.get(place, -1) + 1
        moved.append(place + 0.15 * (seen[place] - 1))
    return moved
