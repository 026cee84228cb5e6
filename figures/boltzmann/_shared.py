"""Functions that the figures of machines that memorise one sequence share."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from snnlab.files.record import attribute
from snnlab.plotting import panels


def first_recalled(datasets: list[xr.Dataset]) -> xr.Dataset:
    """Return the first run whose machine recalled its whole sequence, or else the first run."""
    return next((run for run in datasets if np.isfinite(run.recalled_after)), datasets[0])


def shown_periods(run: xr.Dataset, wanted: Sequence[int]) -> list[int]:
    """Return those of the wanted checkpoints that a run has, and its last checkpoint."""
    last = int(run.checkpoint[-1])
    return [*(period for period in wanted if period in run.checkpoint and period < last), last]


def draw_recalls(axes: Sequence[Axes], run: xr.Dataset, periods: Sequence[int]) -> None:
    """Draw what a machine recalled at checkpoints, one above the other, in red where it is wrong."""
    length = len(run.sequence)
    for ax, period in zip(axes, periods, strict=True):
        recalled = run.recalled.sel(checkpoint=period).values
        panels.bitmap(ax, recalled, np.tile(run.sequence.values, (2, 1)))
        wrong = int((recalled[:length] != run.sequence.values).sum())
        ax.set_title(f"{period:,} periods, {wrong} of {run.sequence.size} bits wrong", loc="left")
        ax.set_xticks([0, length])
        ax.tick_params(labelbottom=period == periods[-1])
    axes[-1].set_xlabel("step")


def draw_survival(ax: Axes, datasets: list[xr.Dataset], published: tuple[int, int]) -> None:
    """Draw the share of machines that do not yet recall the whole sequence; shade when the published machine did."""
    cap = max(attribute(run, "config")["periods"] for run in datasets)
    times = np.array([float(run.recalled_after) for run in datasets])
    at = np.concatenate([[1.0], np.maximum(np.sort(times[np.isfinite(times)]), 1), [cap]])
    left = 1 - np.minimum(np.arange(len(at)), np.isfinite(times).sum()) / len(times)
    ax.axvspan(*published, color="0.8", lw=0)
    ax.step(at, left, where="post", color=panels.AFTER)
    ax.set(xscale="log", xlabel="periods of training", ylabel="not yet\nrecalled", ylim=(0, 1.04))
