"""Recall of the same bitmaps by Hopfield networks, a static Boltzmann machine and a dynamic Boltzmann machine."""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from snnlab.files.record import attribute
from snnlab.plotting import panels
from snnlab.protocols.boltzmann.dybm_baselines import VARIANTS

SEEDS = range(100, 110)
NEEDS = [("dybm_baselines", {**overrides, "seed": seed}) for overrides in VARIANTS.values() for seed in SEEDS]
CAPTION = (
    "a, b: Each memory has learned a bitmap and runs on its own for two periods. Dark pixels are on; red pixels "
    "differ from the sequence. Hopfield networks have asymmetric Hebb weights from the step before, or from each step "
    "of a window. The static Boltzmann machine was trained on this window and the next step; it completes the next "
    "step. The dynamic machine is the first that recalled the whole sequence. c: Discs are wrong bits in one period "
    "of the recall; crosses are bits missed when the sequence is shown. Each dynamic machine has its own marks; the "
    "other memories do not depend on a seed. d, e: The x-axes give the passes through the sequence during learning, "
    "and the number of parameters that are learned."
)
_COLORS = (panels.AFTER, panels.BEFORE)


def draw(datasets: list[xr.Dataset]) -> Figure:
    """Draw what each memory recalls of each sequence, and what it cost to learn."""
    groups: dict[str, list[xr.Dataset]] = {}
    for run in datasets:
        groups.setdefault(attribute(run, "config")["sequence"], []).append(run)
    names = datasets[0].memory.values.tolist()
    figure = Figure(figsize=(7.0, 5.4), layout="constrained")
    above, below = figure.subfigures(2, 1, height_ratios=[2.1, 1])
    pictures = above.subplots(len(names), len(groups), squeeze=False)
    for column, (sequence, runs), letter in zip(pictures.T, groups.items(), "ab", strict=False):
        whole = [run for run in runs if int(run.memory_wrong[-1]) == 0]
        _recalled(column, (whole or runs)[0])
        column[-1].set_xlabel(f"step ({sequence})")
        panels.panel_letter(column[0], letter, x=-0.04)
    wrong, passes, weights = below.subplots(1, 3, sharey=True)
    for shift, color, runs in zip((0.15, -0.15), _COLORS, groups.values(), strict=False):
        # The memories are in the order of the pictures, from top to bottom.
        places = shift - np.arange(len(names))[:, None] + np.zeros(len(runs))
        _dots(wrong, runs, "memory_wrong", places, "o", color, 100 / runs[0].sequence.size)
        _dots(wrong, runs, "memory_missed", places, "x", color, 100 / runs[0].sequence.size)
        _dots(passes, runs, "passes", places, "o", color)
        _dots(weights, runs, "parameters", places, "o", color)
    wrong.set(xlabel="wrong, or missed (%)", yticks=-np.arange(len(names)), yticklabels=names, xlim=(-2, None))
    passes.set(xlabel="passes", xscale="log")
    weights.set(xlabel="parameters", xscale="log")
    for ax, letter in zip((wrong, passes, weights), "cde", strict=True):
        panels.panel_letter(ax, letter, x=-0.04)
    panels.legend(figure, **dict(zip(groups, _COLORS, strict=False)))
    return figure


def _recalled(axes: np.ndarray, run: xr.Dataset) -> None:
    """Draw what each memory recalled, in red where it is wrong."""
    wanted = np.tile(run.sequence.values, (2, 1))
    for ax, recalled, name, wrong in zip(
        axes, run.memory_recalled.values, run.memory.values, run.memory_wrong.values, strict=True
    ):
        panels.bitmap(ax, recalled, wanted)
        ax.set_title(f"{name}, {wrong} of {run.sequence.size} bits wrong", loc="left")
        ax.set_xticks([0, len(run.sequence)])
        ax.tick_params(labelbottom=ax is axes[-1])


def _dots(
    ax: Axes, runs: list[xr.Dataset], name: str, places: np.ndarray, mark: str, color: str, scale: float = 1.0
) -> None:
    """Draw a mark for each memory and run; marks of memories without a seed lie on each other."""
    values = scale * np.array([run[name].values for run in runs]).T
    style = {"color": color, "ms": 3.5, "mew": 0.7, "alpha": 0.6, "clip_on": False}
    ax.plot(values.ravel(), places.ravel(), mark, mfc="none" if mark == "o" else color, **style)
