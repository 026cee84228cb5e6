"""Rate units before, during and after learning by FORCE (Sussillo & Abbott 2009, figure 2)."""

from __future__ import annotations

import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from snnlab.analysis import oscillations as osc
from snnlab.files.record import attribute
from snnlab.plotting import panels

TASKS = ("sine", "four_sines", "lorenz")
NEEDS = [("rate_force", {"task": task, "rate": rate, "seed": 100}) for rate in ("tanh", "sqrt") for task in TASKS]
CAPTION = (
    "Rows are tasks and rate functions: tanh(x) as in the paper, and the square root of x > 0, the counterpart of "
    "theta neurons. The decoded output is coloured and the teacher grey; below them are the rates of five units. "
    "Left: Before learning the output is 0, and the units drive only each other. Middle: Learning starts (dashed "
    "line), and the output follows at once. Right: Learning ends (dashed line), and the network goes on alone. The "
    "Lorenz attractor is chaotic, so its free run leaves the teacher."
)
_TEACHER, _UNIT = "0.7", "0.35"
_UNITS = 5
_SECONDS = 2.0


def draw(datasets: list[xr.Dataset]) -> Figure:
    """Draw one row for each run: before learning, at its start and at its end."""
    figure = Figure(figsize=(7.0, 0.8 + 1.1 * len(datasets)), layout="constrained")
    axes = figure.subplots(len(datasets), 3, squeeze=False)
    for row, dataset in zip(axes, datasets, strict=True):
        start, stop = dataset.attrs["learn_start"], dataset.attrs["learn_stop"]
        config = attribute(dataset, "config")
        _panel(row[0], dataset, max(0.0, start - _SECONDS / 2), start, None)
        _panel(row[1], dataset, start - _SECONDS / 4, start + 3 * _SECONDS / 4, start)
        _panel(row[2], dataset, stop - _SECONDS / 4, stop + 3 * _SECONDS / 4, stop)
        name = f"{config['task'].replace('_', ' ')}\n{config['rate']}"
        row[0].set_ylabel(name, rotation=0, ha="right", va="center")
    for ax, title in zip(axes[0], ("before", "learning starts", "learning ends"), strict=True):
        ax.set_title(title, fontweight="bold")
    for ax in axes[-1]:
        ax.set_xlabel("time (s)")
    panels.legend(figure, **{"teacher": _TEACHER, "decoded output": panels.AFTER, "rates of five units": _UNIT})
    return figure


def _panel(ax: Axes, dataset: xr.Dataset, start: float, stop: float, line: float | None) -> None:
    shown = osc.between(dataset.time.values, start, stop)
    time, output, teacher = (dataset[name].values[shown] for name in ("time", "output", "teacher"))
    height = 1.2 * float(abs(dataset.teacher.values).max())
    if line is not None:
        ax.plot(time, teacher[:, 0], color=_TEACHER, lw=1.8)
        ax.axvline(line, color="0.3", ls="--", lw=0.7)
    ax.plot(time, output[:, 0], color=panels.AFTER, lw=0.9)
    rates = dataset.rate.values[:, :_UNITS]
    low, high = rates.min(), rates.max()
    for unit, rate in enumerate(rates[shown].T):
        ax.plot(time, -height - (unit + 1) * 0.5 * height + 0.45 * height * (rate - low) / (high - low), _UNIT, lw=0.5)
    ax.set(xlim=(start, stop), yticks=[-round(height / 1.2, 1), 0, round(height / 1.2, 1)])
    ax.set_ylim(-height * (1.1 + 0.5 * _UNITS), 1.25 * height)
