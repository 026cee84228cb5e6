"""Lorenz attractor learned by a spiking network (Nicola & Clopath 2017, figure 2)."""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from snnlab.analysis import oscillations as osc
from snnlab.files.record import attribute
from snnlab.plotting import panels
from snnlab.protocols.force.force_lorenz import Attractor, attractor, describe, free_run, points

NEEDS = [("force_lorenz", {"seed": seed}) for seed in (100, 101, 102)]
CAPTION = (
    "Each column is a network. a: The three components are shown around the end of learning (dashed line); grey is "
    "the teacher. The free run leaves the teacher, as any two solutions of a chaotic system diverge. b: Teacher "
    "(grey) and free run, equally long, are shown in the plane of x and z. c: Each maximum of z is shown with the "
    "next one, for the free run and for the teacher (grey; smoothed in the same way). d: The curves are distributions "
    "of each component in the free run; grey is the distribution in twenty pieces of the teacher."
)
_COLORS = (panels.AFTER, panels.OUTPUT, panels.BEFORE)
_SHOWN = (2.0, 8.0)


def draw(datasets: list[xr.Dataset]) -> Figure:
    """Draw traces, attractor, return map and distributions of each run."""
    columns = len(datasets)
    figure = Figure(figsize=(max(3.4, 2.4 * columns), 7.4), layout="constrained")
    above, below = figure.subfigures(2, 1, height_ratios=[1, 1.9])
    traces = above.subplots(3, columns, sharex=True, sharey="row", squeeze=False)
    shapes = below.subplots(3, columns, sharey="row", squeeze=False)
    for dataset, tops, others in zip(datasets, traces.T, shapes.T, strict=True):
        neuron, signal = attribute(dataset, "config")["neuron"], free_run(dataset)
        _traces(tops, dataset)
        tops[0].set_title(
            f"{neuron}, N = {dataset.attrs['n_neurons']}, seed {dataset.attrs['seed']}", fontweight="bold"
        )
        if signal is None:
            for ax in others:
                ax.text(0.5, 0.5, "no free run", ha="center", va="center", transform=ax.transAxes)
            continue
        _shapes(others, signal, attractor(len(signal)))
    for component, ax in zip("xyz", traces[:, 0], strict=True):
        ax.set_ylabel(component, rotation=0)
    for ax, label in zip(shapes[:, 0], ("z", "next maximum", "density"), strict=True):
        ax.set_ylabel(label)
    for ax, letter in zip((traces[0, 0], *shapes[:, 0]), "abcd", strict=True):
        panels.panel_letter(ax, letter)
    return figure


def _shapes(axes: np.ndarray, signal: np.ndarray, teacher: Attractor) -> None:
    plane, maxima, histogram = axes
    piece = teacher.pieces[0]
    plane.plot(piece[:, 0], piece[:, 2], color="0.75", lw=0.6)
    plane.plot(signal[:, 0], signal[:, 2], color=panels.AFTER, lw=0.4)
    plane.set_xlabel("x")
    maxima.plot(*(teacher.points * teacher.scale).T, ".", color="0.75", ms=2)
    maxima.plot(*(points(signal, teacher.scale) * teacher.scale).T, ".", color=panels.AFTER, ms=3)
    error = describe(signal, teacher)["return-map error (sd of z)"]
    maxima.set_xlabel("maximum of z")
    maxima.set_title(f"error {error:.2f} sd", fontsize=7)
    together = np.concatenate(teacher.pieces)
    for component, color in enumerate(_COLORS):
        bins = np.linspace(*np.percentile(np.concatenate([signal, piece])[:, component], [0, 100]), 40)
        histogram.hist(together[:, component], bins, density=True, color="0.75", histtype="stepfilled", alpha=0.6)
        histogram.hist(signal[:, component], bins, density=True, color=color, histtype="step", label="xyz"[component])
    # A network that has stopped stays at one value, which would make the axis too high.
    highest = max(np.histogram(together[:, c], 40, density=True)[0].max() for c in range(3))
    histogram.set(xlabel="value", ylim=(0, 1.6 * highest))
    histogram.legend(loc="upper right")


def _traces(axes: np.ndarray, dataset: xr.Dataset) -> None:
    time, stop = dataset.time.values, dataset.attrs["learn_stop"]
    shown = osc.between(time, stop - _SHOWN[0], stop + _SHOWN[1])
    every = max(1, round(2e-3 / float(time[1] - time[0])))
    for component, (ax, color) in enumerate(zip(axes, _COLORS, strict=True)):
        ax.plot(time[shown][::every], dataset.teacher.values[shown][::every, component], color="0.7", lw=1.6)
        ax.plot(time[shown][::every], dataset.output.values[shown][::every, component], color=color, lw=0.7)
        ax.axvline(stop, color="0.3", ls="--", lw=0.7)
        ax.margins(x=0)
    axes[-1].set_xlabel("time (s)")
