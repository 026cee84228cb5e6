"""A liquid state machine on MNIST: spikes for an image, accuracy of readouts, and effects of plasticity."""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from snnlab.files.record import attribute
from snnlab.plotting import panels
from snnlab.protocols.liquid.liquid_mnist import RATES, VARIANTS

SEEDS = range(100, 103)
NEEDS = [("liquid_mnist", {**overrides, "seed": seed}) for overrides in VARIANTS.values() for seed in SEEDS]
CAPTION = (
    "a: The rows of an image are shown from top to bottom, one every 5 ms, and then nothing. The raster shows all "
    "spikes meanwhile, inhibitory neurons on top; dotted lines mark when neurons are read. b: The y-axis gives the "
    "share of test images that a ridge readout gets right. It reads the pixels, the same neurons without synapses "
    "between them (input calibrated to the same firing rate), or liquids whose synapses between excitatory neurons "
    "learned by a rule. Dots are seeds; lines are means. c: Lines are the mean firing rate in each 500 images of "
    "learning; the last dots are the rate after learning, over test images. Rates outside 1 to 50 Hz are grey. d: The "
    "curves are distributions of the weights between excitatory neurons before and after learning."
)


def draw(datasets: list[xr.Dataset]) -> Figure:
    """Draw an image and its spikes, accuracies, rates and weights."""
    groups: dict[str, list[xr.Dataset]] = {}
    for run in datasets:
        groups.setdefault(attribute(run, "config")["plasticity"], []).append(run)
    figure = Figure(figsize=(7.0, 4.2), layout="constrained")
    above, below = figure.subfigures(2, 1, height_ratios=[1, 1])
    image, spikes = above.subplots(1, 2, width_ratios=[1, 3.2])
    _spikes(image, spikes, datasets[0])
    axes = below.subplots(1, 3, width_ratios=[1.3, 1, 1])
    _accuracy(axes[0], groups)
    _rates(axes[1], groups)
    _weights(axes[2], groups)
    panels.panel_letter(image, "a", x=-0.1)
    for ax, letter in zip(axes, "bcd", strict=True):
        panels.panel_letter(ax, letter)
    return figure


def _spikes(image: Axes, ax: Axes, run: xr.Dataset) -> None:
    config = attribute(run, "config")
    image.imshow(run.image, cmap="gray_r", vmin=0, vmax=1)
    image.set(xticks=[], yticks=[])
    chosen = run.spike_when.values == 0
    times, neurons = 1e3 * run.spike_time.values[chosen], run.spike_neuron.values[chosen]
    rows = run.sizes["row"] * config["row"]
    end, last = rows + config["gap"], rows + config["read"]
    panels.raster(ax, times, neurons, 0, end, run.sizes["neuron"])
    for time in np.arange(1, 5) * last / 4:
        ax.axvline(time, color="0.5", ls=":", lw=0.8)
    ax.set(xlabel="time (ms)", ylabel="neuron")


def _accuracy(ax: Axes, groups: dict[str, list[xr.Dataset]]) -> None:
    runs = [run for group in groups.values() for run in group]
    uncoupled = {attribute(run, "config")["seed"]: float(run.accuracy.sel(readout="uncoupled")) for run in runs}
    shown = {
        "pixels": ([float(runs[0].accuracy.sel(readout="pixels"))], "0.5"),
        "uncoupled": (list(uncoupled.values()), "0.5"),
    }
    for rule, group in groups.items():
        shown[rule] = ([float(run.accuracy.sel(readout="liquid")) for run in group], panels.rule_color(rule))
    for place, (values, color) in enumerate(shown.values()):
        ax.plot(np.full(len(values), place), 100 * np.array(values), "o", color=color, ms=3, mew=0, alpha=0.7)
        ax.hlines(100 * np.mean(values), place - 0.3, place + 0.3, color=color, lw=1.2)
    ax.set_xticks(range(len(shown)), list(shown), rotation=30, ha="right")
    ax.set_ylabel("test images right (%)")


def _rates(ax: Axes, groups: dict[str, list[xr.Dataset]]) -> None:
    most = max(run.sizes["chunk"] for group in groups.values() for run in group)
    for rule, group in groups.items():
        for run in group:
            rates, after = run.learning_rate.values, float(run.rate.sel(readout="liquid"))
            ax.plot(np.arange(len(rates)) + 1, rates, ".-", color=panels.rule_color(rule), lw=0.9, ms=3, mew=0)
            ax.plot(most + 1.5, after, "o", color=panels.rule_color(rule), ms=3, mew=0)
    ax.axhspan(RATES[1], 400, color="0.9", lw=0)
    ax.axhspan(0.1, RATES[0], color="0.9", lw=0)
    ax.set(yscale="log", ylim=(0.5, 100), xlabel="500 images of learning", ylabel="rate (Hz)")


def _weights(ax: Axes, groups: dict[str, list[xr.Dataset]]) -> None:
    top = max(1.0, *(float(run.weights.max()) for group in groups.values() for run in group))
    edges = np.linspace(0, top, 21)
    for rule, group in groups.items():
        counts, _ = np.histogram(np.concatenate([run.weights[1] for run in group]), edges)
        ax.stairs(counts / counts.sum(), edges, color=panels.rule_color(rule), label=rule, lw=0.9)
    ax.set(xlabel="weight", ylabel="share of the synapses", ylim=(0, None))
    ax.legend(loc="best", handlelength=1)
