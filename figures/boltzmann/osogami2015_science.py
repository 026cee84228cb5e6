"""A word emerges from seven neurons and STDP, and when it does (Osogami & Otsuka 2015, figure of SCIENCE)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from snnlab.errors import UserError
from snnlab.files.record import attribute
from snnlab.plotting import panels

SEEDS = range(100, 130)
NEEDS = [("dybm_science", {"seed": seed}) for seed in SEEDS]
CAPTION = (
    "a: what a machine does on its own after so many periods of training, two periods long, from the state in which "
    "training left it; dark: on. Red: bits that are not those of the sequence. The first machine that recalled all. "
    "b: negative log likelihood of the sequence (above) and wrong bits of the recall (below) over training; each line "
    "one machine, coloured: that of a. c: share of machines that do not yet recall all of it; grey: where the "
    "published machine did, after 120,000 to 130,000 periods."
)
_PANELS = (0, 10, 1_000, 10_000, 100_000)


def draw(datasets: list[xr.Dataset]) -> Figure:
    """Draw what one machine recalls, and how all of them come to it."""
    if not any(run.period[-1] > 0 for run in datasets):
        raise UserError("run: the machine knew the sequence before training, which leaves nothing to draw")
    recalled = [run for run in datasets if np.isfinite(run.recalled_after)]
    example = recalled[0] if recalled else datasets[0]
    panels = shown_panels(example, _PANELS)
    figure = Figure(figsize=(7.0, 4.6), layout="constrained")
    left, right = figure.subfigures(1, 2, width_ratios=[1.15, 1])
    axes = left.subplots(len(panels), 1, squeeze=False)[:, 0]
    recalls(axes, example, panels)
    above, middle, below = right.subplots(3, 1)
    for run in [*(r for r in datasets if r is not example), example]:
        shown = dict(color=panels.AFTER, lw=1.3, zorder=3) if run is example else dict(color="0.65", lw=0.5)
        # On a logarithmic axis there is no 0; whoever recalls all is not trained on.
        above.plot(run.period[1:], run.nll[1:] / run.sequence.size, **shown)
        middle.plot(run.period[1:], 100 * run.wrong[1:] / run.sequence.size, **shown)
    above.set(xscale="log", yscale="log", ylabel="surprise\n(nats a bit)")
    middle.set(xscale="log", ylabel="wrong bits\n(%)", ylim=(0, None))
    survival(below, datasets, (120_000, 130_000))
    below.set_xlim(middle.get_xlim())
    for ax in (above, middle):
        ax.tick_params(labelbottom=False)
    for ax, letter in ((axes[0], "a"), (above, "b"), (below, "c")):
        panels.panel_letter(ax, letter, x=-0.04 if ax is axes[0] else -0.2)
    return figure


def shown_panels(run: xr.Dataset, wanted: Sequence[int]) -> list[int]:
    """Return which of these checkpoints a run has, and its last."""
    last = int(run.checkpoint[-1])
    return [*(period for period in wanted if period in run.checkpoint and period < last), last]


def recalls(axes: Sequence[Axes], run: xr.Dataset, panels: Sequence[int]) -> None:
    """Draw what a machine recalled at checkpoints, one above the other, in red where it is wrong."""
    length = len(run.sequence)
    for ax, period in zip(axes, panels, strict=True):
        recalled = run.recalled.sel(checkpoint=period).values
        panels.bitmap(ax, recalled, np.tile(run.sequence.values, (2, 1)))
        wrong = int((recalled[:length] != run.sequence.values).sum())
        ax.set_title(f"{period:,} periods, {wrong} of {run.sequence.size} bits wrong", loc="left")
        ax.set_xticks([0, length])
        ax.tick_params(labelbottom=period == panels[-1])
    axes[-1].set_xlabel("step")


def survival(ax: Axes, datasets: list[xr.Dataset], published: tuple[int, int]) -> None:
    """Draw the share of machines that do not yet recall all of the sequence, and when a published one did."""
    cap = max(attribute(run, "config")["periods"] for run in datasets)
    times = np.array([float(run.recalled_after) for run in datasets])
    at = np.concatenate([[1.0], np.maximum(np.sort(times[np.isfinite(times)]), 1), [cap]])
    left = 1 - np.minimum(np.arange(len(at)), np.isfinite(times).sum()) / len(times)
    ax.axvspan(*published, color="0.8", lw=0)
    ax.step(at, left, where="post", color=panels.AFTER)
    ax.set(xscale="log", xlabel="periods of training", ylabel="not yet\nrecalled", ylim=(0, 1.04))
