"""LIF, theta and Izhikevich networks before, during and after learning a sine (Nicola & Clopath 2017, figure 2)."""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from snnlab.errors import UserError
from snnlab.files.record import attribute
from snnlab.models.quantities import unit
from snnlab.networks.force import TrainedNetwork
from snnlab.plotting import panels

NEEDS = [
    ("force_sine", {"neuron": neuron, "seed": 100, "eigenvalues": True}) for neuron in ("lif", "theta", "izhikevich")
]
CAPTION = (
    "Each column is a neuron model. (a) The rasters show spikes of the first 100 neurons in the last part before "
    "learning and of the free run. (b) The traces show the first state variable of five neurons before and after "
    "learning: the membrane potential with drawn spikes, or the phase for theta. (c) Teacher and decoded output are "
    "shown over the end of the free run. The phase drifts; shape and frequency stay. (d) The decoders of ten neurons "
    "are shown over time. Learning is shaded in c and d. (e) Dots are the eigenvalues of the weights: the recurrent "
    "matrix before learning, and recurrent plus feedback weights times decoder after it. Circles are eigenvalues of "
    "the total matrix that learning moved out, more than 10 % beyond the largest modulus of the random recurrent "
    "weights. They come from the feedback loop, which has rank one for one output. Crosses are predictions from a few "
    "products of decoder, recurrent and feedback weights (docs/eigenvalues.md)."
)
# Maps a stored unit to the size of the shown unit in it, and to the name of the shown unit.
_SHOWN = {"mV*second": (1.0, "mV s"), "pA*ms": (1e3, "nA ms"), "second": (1.0, "s")}


def draw(datasets: list[xr.Dataset]) -> Figure:
    """Draw one column for each run."""
    n = len(datasets)
    # The last panel is drawn only if a run has eigenvalues.
    heights = [1.1, 1.2, 0.8, 0.8, 1.6][: 5 if any("eigenvalues_after_real" in d for d in datasets) else 4]
    figure = Figure(figsize=(2.45 * n + (1.0 if n == 1 else 0.0), 1.5 * sum(heights)), layout="constrained")
    for index, (column, dataset) in enumerate(zip(np.atleast_1d(figure.subfigures(1, n)), datasets, strict=True)):
        recorded = {"voltage", "spike_time", "decoder_trace"} <= set(dataset.variables)
        if not recorded or not dataset.sizes["traced"] or not dataset.attrs["recorded_neurons"]:
            raise UserError("run: expected recorded voltages, spikes and decoders, but the file lacks some of them")
        model = attribute(dataset, "neuron_model")
        name = panels.TITLES.get(attribute(dataset, "config")["neuron"], model["name"])
        column.suptitle(name, fontsize=9, fontweight="bold")
        grid = column.add_gridspec(len(heights), 1, height_ratios=heights)
        cells = [grid[row, 0] for row in range(len(heights))]
        areas = [*_activity(column, cells[0], cells[1], dataset, model.get("quantities", {}))]
        areas += [panel(column.add_subplot(cell), dataset) for panel, cell in zip(_PANELS, cells[2:], strict=False)]
        for letter, ax, label in zip("abcde", areas, ("neuron", "", "output", "decoder (ms)", ""), strict=False):
            # In the other columns the letter is invisible, so that all columns keep the same heights.
            panels.panel_letter(ax, letter, -0.36 if letter in "ab" else -0.17, "black" if index == 0 else "none")
            if label and index == 0:
                ax.set_ylabel(label)
    return figure


def _windows(dataset: xr.Dataset) -> list[tuple[float, float, str]]:
    """Return the windows of raster and traces: the last second before learning, and the last second of the run."""
    start, stop, end = (float(dataset.attrs[k]) for k in ("learn_start", "learn_stop", "seconds"))
    free = end - stop > 0.1
    shown = min(1.0, start or end, end - stop if free else stop)
    before = [(start - shown, start, "before")] if start > 0 else []
    return [*before, (end - shown, end, "after") if free else (stop - shown, stop, "end of learning")]


def _activity(figure, raster_cell, trace_cell, dataset: xr.Dataset, quantities: dict) -> tuple:
    """Draw raster and voltage traces, before and after side by side; return the left panel of each."""
    windows = _windows(dataset)
    spikes = (dataset.spike_time.values, dataset.spike_neuron.values)
    peak = quantities.get("peak", [None])[0]
    in_mv = dataset.voltage.attrs.get("units") == "V"
    scale = 1e3 if in_mv else 1.0
    values, peak = dataset.voltage.values * scale, None if peak is None else peak * scale
    rasters, traces = (_split(figure, cell, len(windows)) for cell in (raster_cell, trace_cell))
    for raster, trace, (begin, finish, name) in zip(rasters, traces, windows, strict=True):
        panels.raster(raster, *spikes, begin, finish, min(100, int(dataset.attrs["recorded_neurons"])))
        raster.set_title(name, fontsize=7, color="0.3")
        gap = panels.voltages(trace, dataset.time.values, values, begin, finish, spikes, peak)
        trace.set(yticks=[], xlabel="time (s)")
        trace.spines["left"].set_visible(False)
    for raster in rasters[1:]:
        raster.tick_params(labelleft=False)
    # A state without the unit volt is a phase, if it is small; otherwise the bar has no unit.
    label, bar = ("50 mV", 50.0) if in_mv else ("2π", 2 * np.pi) if np.abs(values).max() < 3.2 else ("20", 20.0)
    left, bottom = windows[0][0], 0.02 * gap
    traces[0].plot([left, left], [bottom, bottom + bar], color="0.1", lw=2, clip_on=False, solid_capstyle="butt")
    traces[0].text(left, bottom + bar / 2, f"{label} ", ha="right", va="center", fontsize=6)
    return rasters[0], traces[0]


def _output(ax: Axes, dataset: xr.Dataset) -> Axes:
    time, end = dataset.time.values, float(dataset.attrs["seconds"])
    start = max(0.0, end - 2.0)
    if dataset.attrs["learn_stop"] > start:
        ax.axvspan(max(start, dataset.attrs["learn_start"]), dataset.attrs["learn_stop"], color="0.92", lw=0)
    panels.teacher_and_output(ax, time, dataset.teacher.values, dataset.output.values, start, end)
    ax.set_xlabel("time (s)")
    ax.set_ylim(top=ax.get_ylim()[1] * 1.45)
    ax.legend(loc="upper right", ncols=2, borderpad=0, handlelength=1.6)
    return ax


def _decoders(ax: Axes, dataset: xr.Dataset) -> Axes:
    start, stop, end = (float(dataset.attrs[k]) for k in ("learn_start", "learn_stop", "seconds"))
    ax.axvspan(start, stop, color="0.92", lw=0)
    learned = dataset.learned.values
    for index in range(dataset.sizes["read"]):
        values = dataset.decoder_trace.values[:, index, 0] * 1e3
        ax.plot([0, start, *learned, end], [0, 0, *values, values[-1]], lw=0.7)
    ax.set(xlim=(0, end), xlabel="time (s)")
    return ax


def _spectrum(ax: Axes, dataset: xr.Dataset) -> Axes:
    if "eigenvalues_after_real" not in dataset:
        ax.axis("off")
        ax.text(0.5, 0.5, "no eigenvalues in this run\n(run with --eigenvalues)", ha="center", va="center", color="0.5")
        return ax
    size, shown = _SHOWN.get(dataset.eigenvalues_after_real.attrs["units"], (1.0, ""))
    before, after = (
        (dataset[f"eigenvalues_{k}_real"].values + 1j * dataset[f"eigenvalues_{k}_imag"].values) / size
        for k in ("before", "after")
    )
    scale = float(unit(dataset.eigenvalues_after_real.attrs["units"])) * size
    panels.eigenvalues(ax, before, after, TrainedNetwork(dataset).outliers() / scale)
    ax.set(xlabel=f"Re λ ({shown})", ylabel=f"Im λ ({shown})")
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, 1.2), ncols=2, columnspacing=0.8, handletextpad=0.1)
    return ax


def _split(figure, cell, parts: int) -> list[Axes]:
    inner = cell.subgridspec(1, parts, wspace=0.06)
    return [figure.add_subplot(inner[0, index]) for index in range(parts)]


_PANELS = (_output, _decoders, _spectrum)
