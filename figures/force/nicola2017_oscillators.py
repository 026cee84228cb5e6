"""Seven oscillations learned by three kinds of neurons (Nicola & Clopath 2017, supplementary oscillators)."""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from snnlab.files.record import attribute
from snnlab.plotting import panels
from snnlab.protocols.force._shared import PERIODS, PUBLISHED, measure

NEEDS = [("force_oscillator", {"task": task, "neuron": neuron, "seed": 100}) for task, neuron in PUBLISHED]
CAPTION = (
    "Rows are tasks; columns are neuron models, at the settings of the authors' scripts. The teacher is grey and the "
    "decoded output coloured (two components for van der Pol), in the last periods of the free run. The teacher is "
    "moved to the lag at which it fits the last period best. r is the median over all free periods of the correlation "
    "at the best lag. A red frame marks a run that does not meet our criteria for RMSE, speed, amplitude and "
    "correlation. The scripts train only Izhikevich neurons on the complex oscillator."
)
_FAILS = "#c1121f"
_TEACHER = "0.7"
_SHOWN_PERIODS = 5


def draw(datasets: list[xr.Dataset]) -> Figure:
    """Draw one panel for each run, in the row of its task and the column of its neuron."""
    cells = {(c["task"], c["neuron"]): d for d in datasets for c in [attribute(d, "config")]}
    tasks = [task for task in PERIODS if any(key[0] == task for key in cells)]
    neurons = list(dict.fromkeys(neuron for _, neuron in cells))
    figure = Figure(figsize=(1.2 + max(2.0 * len(neurons), 3.0), 0.8 + 0.85 * len(tasks)), layout="constrained")
    axes = figure.subplots(len(tasks), len(neurons), squeeze=False)
    for row, task in zip(axes, tasks, strict=True):
        for ax, neuron in zip(row, neurons, strict=True):
            if (task, neuron) in cells:
                _panel(ax, cells[task, neuron], PERIODS[task])
            else:
                # set_axis_off would hide the row's label as well.
                ax.set(xticks=[], yticks=[])
                ax.spines[:].set_visible(False)
        row[0].set_ylabel(task.replace("_", "\n"), rotation=0, ha="right", va="center")
    for ax, neuron in zip(axes[0], neurons, strict=True):
        ax.set_title(panels.TITLES.get(neuron, neuron), fontweight="bold")
    for column in axes.T:
        last = [ax for ax in column if ax.has_data()][-1]
        last.set_xlabel("time (s)")
    panels.legend(figure, **{"teacher": _TEACHER, "decoded output": panels.AFTER, "its second": panels.OUTPUT})
    return figure


def _panel(ax: Axes, dataset: xr.Dataset, period: float) -> None:
    time, output, teacher = (dataset[name].values for name in ("time", "output", "teacher"))
    dt = float(time[1] - time[0])
    size, start = round(period / dt), len(time) - round(_SHOWN_PERIODS * period / dt)
    # The phase of a free run drifts, so only the last period sets the lag.
    piece = output[-size:] - output[-size:].mean(0)
    lags = range(0, size, max(1, size // 200))
    scores = [float((piece * teacher[len(time) - size - lag : len(time) - lag]).sum()) for lag in lags]
    lag = lags[int(np.argmax(scores))]
    ax.plot(time[start:], teacher[start - lag : len(time) - lag], color=_TEACHER, lw=2.0)
    for component, color in zip(output.T, (panels.AFTER, panels.OUTPUT), strict=False):
        ax.plot(time[start:], component[start:], color=color, lw=0.8)
    holds = all(check["holds"] for check in attribute(dataset, "checks"))
    correlation = measure(dataset).get("best-lag correlation, median period", float("nan"))
    ax.text(
        1.0, 1.0, f"r = {correlation:.3f}{'' if holds else ', fails'}", transform=ax.transAxes,
        ha="right", va="bottom", fontsize=6, color="0.3" if holds else _FAILS,
    )  # fmt: skip
    ax.set(xlim=(time[start], time[-1]))
    ax.margins(y=0.15)
    if not holds:
        for spine in ax.spines.values():
            spine.set_color(_FAILS)
