"""Two sequences are relearned faster and faster; a new sequence is not (Osogami & Otsuka 2015, relearning)."""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from snnlab.files.record import attribute
from snnlab.plotting import panels
from snnlab.protocols.boltzmann.dybm_relearning import VARIANTS

SEEDS = range(100, 110)
NEEDS = [("dybm_relearning", {**overrides, "seed": seed}) for overrides in VARIANTS.values() for seed in SEEDS]
CAPTION = (
    "Above: The y-axis gives the periods of training that each block needed until its sequence was recalled, over the "
    "number of the block. The machine with the most blocks is coloured; the others are grey. Below: A copy of a "
    "machine learns a sequence that it was never shown, at growing ages (blocks of the two sequences). The y-axis "
    "gives the periods that the copy needs to recall the sequence (triangles: it was given up), and the periods of "
    "the machine's own next block at the same age. Each line is one machine. Axes are linear below 1: a block that "
    "needed no period is at 0."
)
_FORWARD, _MIRRORED, _NOVEL, _NEXT = panels.BEFORE, panels.AFTER, panels.OUTPUT, "0.45"


def draw(datasets: list[xr.Dataset]) -> Figure:
    """Draw for each variant the periods of its blocks, and below them the periods of a sequence never shown before."""
    groups: dict[str, list[xr.Dataset]] = {}
    for run in datasets:
        groups.setdefault(_title(attribute(run, "config")), []).append(run)
    figure = Figure(figsize=(7.0, 4.2), layout="constrained")
    above, below = figure.subplots(2, len(groups), sharey=True, squeeze=False)
    # All axes share this scale. It shows 0, which periods and ages may be.
    above[0].set_yscale("symlog", linthresh=1, linscale=0.4)
    for column, (title, runs) in enumerate(groups.items()):
        example = max(runs, key=lambda run: run.sizes["block"])
        for run in runs:
            if run is not example:
                _blocks(above[column], run, ("0.75", "0.75"))
            _ages(below[column], run)
        _blocks(above[column], example, (_FORWARD, _MIRRORED))
        most = max(example.sizes["block"], 1)
        above[column].set(title=title, xlabel="block", xscale="log", xlim=(0.7, 1.5 * most))
        # Within a factor of ten matplotlib would label minor ticks, on top of each other.
        above[column].tick_params(which="minor", labelbottom=False)
        below[column].set(xlabel="age (blocks)", xlim=(-0.3, 1.5 * most))
    for ax, letter in zip([*above, *below], "abcdefghijklmnop", strict=False):
        panels.panel_letter(ax, letter, x=-0.04)
    above[0].set(ylabel="periods of a block")
    below[0].set(ylabel="periods until recalled")
    above[0].set_ylim(-0.2, None)
    panels.legend(figure, **{"forward": _FORWARD, "mirrored": _MIRRORED, "never shown": _NOVEL, "next block": _NEXT})
    return figure


def _title(config: dict) -> str:
    optimizer = {"adagrad": "AdaGrad", "sgd": "SGD"}[config["optimizer"]]
    return f"{config['sequence']}, {optimizer}\nmu {', '.join(f'{m:g}' for m in config['mu'])}"


def _blocks(ax: Axes, run: xr.Dataset, colors: tuple[str, str]) -> None:
    """Draw the periods of every block; the first, third, fifth, ... block trains forward."""
    needed = run.block_periods.values
    number = np.arange(1, len(needed) + 1)
    for first, color in enumerate(colors):
        ax.plot(number[first::2], needed[first::2], ".", ms=2, mew=0, color=color, rasterized=True)


def _ages(ax: Axes, run: xr.Dataset) -> None:
    """Draw the periods of a novel sequence at each age, and of the next block."""
    age, novel, needed = run.look.values, run.novel_periods.values, run.block_periods.values
    ax.set_xscale("symlog", linthresh=1, linscale=0.4)
    came = age < len(needed)
    ax.plot(age[came], needed[age[came]], color=_NEXT, lw=0.6, marker=".", ms=2)
    most = attribute(run, "config")["novel_periods"]
    ax.plot(age, np.nan_to_num(novel, nan=most), color=_NOVEL, lw=0.6)
    ax.plot(age, novel, "o", ms=2.2, mew=0, color=_NOVEL)
    ax.plot(age[np.isnan(novel)], np.full(np.isnan(novel).sum(), most), "^", ms=4, mfc="white", mec=_NOVEL, mew=0.7)
