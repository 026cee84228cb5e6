"""Lorenz attractor learned by a spiking network (Nicola & Clopath 2017, figure 2)."""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from snnlab import plotting
from snnlab.analysis import oscillations as osc
from snnlab.protocols.force_lorenz import attractor, describe, free_run, points
from snnlab.record import attribute

NEEDS = [("force_lorenz", {"seed": 100})]
CAPTION = (
    "a: the three components around the end of learning (dashed line); grey: teacher, which the free run leaves as any "
    "two solutions of a chaotic system part. b: teacher and free run in the plane of x and z, equally long. c: each "
    "maximum of z with the next one, of the free run and of the teacher (smoothed alike). d: distribution of each "
    "component in the free run; grey: of twenty pieces of teacher."
)
_COLORS = (plotting.AFTER, plotting.OUTPUT, plotting.BEFORE)
_SHOWN = (4.0, 10.0)


def draw(datasets: list[xr.Dataset]) -> Figure:
    """Draw the run: traces above; attractor, return map and distributions below."""
    (dataset,) = datasets[:1]
    signal = free_run(dataset)
    figure = Figure(figsize=(7.0, 5.0), layout="constrained")
    above, below = figure.subfigures(2, 1, height_ratios=[1.1, 1])
    traces = above.subplots(3, 1, sharex=True)
    _traces(traces, dataset)
    attractor_ax, map_ax, histogram_ax = below.subplots(1, 3)
    neuron = attribute(dataset, "config")["neuron"]
    traces[0].set_title(f"{neuron}, N = {dataset.attrs['n_neurons']}", fontweight="bold")
    plotting.panel_letter(traces[0], "a")
    for ax, name in zip((attractor_ax, map_ax, histogram_ax), "bcd", strict=True):
        plotting.panel_letter(ax, name)
    if signal is None:
        for ax in (attractor_ax, map_ax, histogram_ax):
            ax.text(0.5, 0.5, "no free run", ha="center", va="center", transform=ax.transAxes)
        return figure
    teacher = attractor(len(signal))
    piece = teacher.pieces[0]
    attractor_ax.plot(piece[:, 0], piece[:, 2], color="0.75", lw=0.6, label="teacher")
    attractor_ax.plot(signal[:, 0], signal[:, 2], color=plotting.AFTER, lw=0.4, label="free run")
    attractor_ax.set(xlabel="x", ylabel="z")
    attractor_ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)
    map_ax.plot(*(teacher.points * teacher.scale).T, ".", color="0.75", ms=2, label="teacher")
    map_ax.plot(*(points(signal, teacher.scale) * teacher.scale).T, ".", color=plotting.AFTER, ms=3, label="free run")
    map_ax.set(xlabel="maximum of z", ylabel="next maximum")
    error = describe(signal, teacher)["return-map error (sd of z)"]
    map_ax.set_title(f"error {error:.3f} sd", fontsize=7)
    together = np.concatenate(teacher.pieces)
    for component, color in enumerate(_COLORS):
        bins = np.linspace(*np.percentile(np.concatenate([signal, piece])[:, component], [0, 100]), 40)
        histogram_ax.hist(together[:, component], bins, density=True, color="0.75", histtype="stepfilled", alpha=0.6)
        histogram_ax.hist(
            signal[:, component], bins, density=True, color=color, histtype="step", label="xyz"[component]
        )
    histogram_ax.set(xlabel="value", ylabel="density")
    histogram_ax.legend(loc="upper right")
    return figure


def _traces(axes: np.ndarray, dataset: xr.Dataset) -> None:
    time, stop = dataset.time.values, dataset.attrs["learn_stop"]
    shown = osc.between(time, stop - _SHOWN[0], stop + _SHOWN[1])
    every = max(1, round(2e-3 / float(time[1] - time[0])))
    for component, (ax, color) in enumerate(zip(axes, _COLORS, strict=True)):
        ax.plot(time[shown][::every], dataset.teacher.values[shown][::every, component], color="0.7", lw=1.6)
        ax.plot(time[shown][::every], dataset.output.values[shown][::every, component], color=color, lw=0.7)
        ax.axvline(stop, color="0.3", ls="--", lw=0.7)
        ax.set_ylabel("xyz"[component], rotation=0)
        ax.margins(x=0)
    axes[-1].set_xlabel("time (s)")
