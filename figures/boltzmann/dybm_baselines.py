"""The same bitmaps in a Hopfield network, a static Boltzmann machine and a dynamic one: what STDP in time adds."""

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
    "a, b: what memories do on their own after they have learned a bitmap, two periods long; dark: on; red: bits that "
    "are not those of the sequence. Hopfield networks have asymmetric Hebb weights from the step before, or from each "
    "step of a window; the static Boltzmann machine was trained on windows of as many steps and the next one, of which "
    "it completes the last; the dynamic machine is the first that recalled all. c: wrong bits of one period of the "
    "recall (discs) and bits missed when the sequence is shown (crosses), of every dynamic machine; the others do not "
    "depend on a seed. d: passes through the sequence while learning. e: parameters that are learned."
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
        # The memories stand from top to bottom, as in the pictures.
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
    """What each memory recalled, in red where it is wrong."""
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
    """A mark for each memory and run; those of memories without a seed lie on each other."""
    values = scale * np.array([run[name].values for run in runs]).T
    style = {"color": color, "ms": 3.5, "mew": 0.7, "alpha": 0.6, "clip_on": False}
    ax.plot(values.ravel(), places.ravel(), mark, mfc="none" if mark == "o" else color, **style)
