"""Networks before, while and after learning a sine: LIF, theta, Izhikevich (Nicola & Clopath 2017, figure 2)."""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from snnlab import plotting
from snnlab.errors import UserError
from snnlab.record import attribute

NEEDS = [
    ("force_sine", {"neuron": neuron, "seed": 100, "eigenvalues": True}) for neuron in ("lif", "theta", "izhikevich")
]
CAPTION = (
    "One column a neuron model. (a) Spikes of the first 100 neurons in the last part before learning and of the free "
    "run. (b) First state variable of five neurons (membrane potential with drawn spikes; phase for theta), before and "
    "after. (c) Teacher and decoded output over the end of the free run: the phase drifts, shape and frequency stay. "
    "(d) Decoders of ten neurons over time; shaded: learning. (e) Eigenvalues of the weights: the recurrent matrix "
    "before learning, recurrent plus feedback times decoder after. Circles: eigenvalues of the total matrix that "
    "learning moved out, more than 10 % beyond the largest modulus of the random recurrent weights; they come from "
    "the feedback loop, which has rank one for one output."
)
TITLES = {"lif": "LIF", "theta": "theta", "izhikevich": "Izhikevich (set A)", "qif": "QIF", "if": "IF"}
_SHOWN = {"mV*second": "mV s", "pA*ms": "pA ms", "second": "s"}


def draw(datasets: list[xr.Dataset]) -> Figure:
    """Draw one column for each run."""
    n = len(datasets)
    figure = Figure(figsize=(2.45 * n + (1.0 if n == 1 else 0.0), 8.2), layout="constrained")
    grid = figure.add_gridspec(5, n, height_ratios=[1.1, 1.2, 0.8, 0.8, 1.6])
    for column, dataset in enumerate(datasets):
        _column(figure, [grid[row, column] for row in range(5)], dataset, first=column == 0)
    return figure


def _column(figure: Figure, cells: list, dataset: xr.Dataset, first: bool) -> None:
    if not {"voltage", "spike_time", "decoder_trace"} <= set(dataset.variables):
        raise UserError("run: the file lacks recordings that the figure needs; record voltages, spikes and decoders")
    config = attribute(dataset, "config")
    model = attribute(dataset, "neuron_model")
    start, stop, end = (float(dataset.attrs[k]) for k in ("learn_start", "learn_stop", "seconds"))
    free = end - stop > 0.5
    shown = min(1.0, start or end, end - stop if free else end)
    windows = [(start - shown, start, "before")] if start >= shown > 0 else []
    windows.append((end - shown, end, "after" if free else "end"))
    spikes = (dataset.spike_time.values, dataset.spike_neuron.values)

    rasters = _split(figure, cells[0], len(windows))
    traces = _split(figure, cells[1], len(windows))
    peak = model["quantities"].get("peak", [None])[0]
    scale, unit = (1e3, "mV") if dataset.voltage.attrs.get("units") == "V" else (1.0, "1")
    for ax, (begin, finish, name) in zip(rasters, windows, strict=True):
        plotting.raster(ax, *spikes, begin, finish, min(100, int(dataset.attrs["recorded_neurons"])))
        ax.set_title(f"{name} learning" if name != "end" else "end of learning", fontsize=7, color="0.3")
    for ax, (begin, finish, _) in zip(traces, windows, strict=True):
        values = dataset.voltage.values * scale
        gap = plotting.voltages(
            ax, dataset.time.values, values, begin, finish, spikes, None if peak is None else peak * scale
        )
        ax.set_yticks([])
        ax.spines["left"].set_visible(False)
        ax.set_xlabel("time (s)")
    label, bar = ("50 mV", 50.0) if unit == "mV" else ("2π", 2 * np.pi)
    left, bottom = windows[0][0], 0.02 * gap
    traces[0].plot([left, left], [bottom, bottom + bar], color="0.1", lw=2, clip_on=False, solid_capstyle="butt")
    traces[0].text(left, bottom + bar / 2, f"{label} ", ha="right", va="center", fontsize=6)
    for axes in (rasters, traces):
        for ax in axes[1:]:
            ax.set_yticklabels([])
    rasters[0].set_ylabel("neuron" if first else "")

    ax = figure.add_subplot(cells[2])
    plotting.teacher_and_output(
        ax, dataset.time.values, dataset.teacher.values, dataset.output.values, max(0.0, end - 2.0), end
    )
    ax.set_ylabel("output" if first else "")
    ax.set_xlabel("time (s)")
    ax.set_ylim(top=ax.get_ylim()[1] * 1.45)
    ax.legend(loc="upper right", ncols=2, borderpad=0, handlelength=1.6)
    panels = [rasters[0], traces[0], ax]

    ax = figure.add_subplot(cells[3])
    ax.axvspan(start, stop, color="0.92", lw=0)
    learned = dataset.learned.values
    for index in range(dataset.sizes["read"]):
        values = dataset.decoder_trace.values[:, index, 0] * 1e3
        ax.plot([0, start, *learned, end], [0, 0, *values, values[-1]], lw=0.7)
    ax.set(xlim=(0, end), xlabel="time (s)", ylabel="decoder (ms)" if first else "")
    panels.append(ax)

    ax = figure.add_subplot(cells[4])
    if "eigenvalues_after_real" in dataset:
        before, after = (
            dataset[f"eigenvalues_{k}_real"].values + 1j * dataset[f"eigenvalues_{k}_imag"].values
            for k in ("before", "after")
        )
        moved = plotting.eigenvalues(ax, before, after)
        unit = _SHOWN.get(dataset.eigenvalues_after_real.attrs["units"], "")
        ax.set(xlabel=f"Re λ ({unit})", ylabel=f"Im λ ({unit})")
        ax.legend(loc="upper center", bbox_to_anchor=(0.5, 1.13), ncols=3, columnspacing=0.6, handletextpad=0.0)
        ax.text(0.98, 0.02, f"{len(moved)} moved out", transform=ax.transAxes, ha="right", fontsize=6.5)
    else:
        ax.axis("off")
        ax.text(0.5, 0.5, "no eigenvalues in this run\n(run with --eigenvalues)", ha="center", va="center", color="0.5")
    panels.append(ax)
    neuron = config["neuron"]
    figure_title = TITLES.get(neuron, model["name"])
    x = 0.5 if len(windows) == 1 else 1.05
    rasters[0].text(x, 1.22, figure_title, transform=rasters[0].transAxes, ha="center", fontsize=9, fontweight="bold")
    if first:
        for letter, ax in zip("abcde", panels, strict=True):
            plotting.panel_letter(ax, letter, -0.36 if ax in (rasters[0], traces[0]) else -0.17)


def _split(figure: Figure, cell, parts: int) -> list:
    inner = cell.subgridspec(1, parts, wspace=0.06)
    return [figure.add_subplot(inner[0, index]) for index in range(parts)]
