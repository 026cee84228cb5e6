"""Spikes and population rate of a sparse network in four states (Brunel 2000, figure 8)."""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from snnlab.analysis import population
from snnlab.files.record import attribute
from snnlab.plotting import panels

STATES = ("SR", "SI fast", "AI", "SI slow")
NEEDS = [("brunel2000", {"state": state, "seed": 100}) for state in STATES]
CAPTION = (
    "10,000 excitatory and 2500 inhibitory integrate-and-fire neurons. Above: spikes of 50 excitatory neurons. Below: "
    "rate of all neurons in bins of 0.5 ms. ν_ext/ν_thr is the rate of outside spikes over the rate that brings a "
    "neuron to its threshold. A: With weak inhibition (g = 3) each neuron fires regularly, in one of two volleys that "
    "take turns; 50 ms are shown. B: With strong inhibition and much input from outside the population oscillates "
    "fast. Single neurons fire irregularly, at about a third of its frequency. C: With less input the rate fluctuates "
    "least, and neurons fire irregularly. D: With input just below the threshold the population oscillates slowly. "
    "Neurons take part in few of its waves."
)
NAMES = {
    "SR": "synchronous regular",
    "SI fast": "synchronous irregular, fast",
    "AI": "asynchronous irregular",
    "SI slow": "synchronous irregular, slow",
}
# Length of the shown part (s), which is shorter for the state with the fastest volleys; width of a bin (s).
LENGTH, SHORT, BIN, NEURONS = 0.2, {"SR": 0.05}, 0.5e-3, 50


def draw(datasets: list[xr.Dataset]) -> Figure:
    """Draw raster and rate of each run, two runs a row."""
    rows = (len(datasets) + 1) // 2
    figure = Figure(figsize=(7.0, 2.6 * rows), layout="constrained")
    axes = figure.subplots(2 * rows, 2, squeeze=False, height_ratios=[1.3, 1] * rows)
    for index, dataset in enumerate(datasets):
        above, below = axes[2 * (index // 2), index % 2], axes[2 * (index // 2) + 1, index % 2]
        _state(above, below, dataset)
        panels.panel_letter(above, "ABCDEFGHIJKLMNOP"[index % 16], x=-0.08)
    for place in range(len(datasets), 2 * rows):
        for ax in (axes[2 * (place // 2), place % 2], axes[2 * (place // 2) + 1, place % 2]):
            ax.set_axis_off()
    return figure


def _state(above: Axes, below: Axes, dataset: xr.Dataset) -> None:
    """Draw the last part of a run: spikes above, rate of the population below."""
    config = attribute(dataset, "config")
    state, step = config["state"], config["dt"] * 1e-3
    stop = float(dataset.time[-1]) + step
    start = max(0.0, stop - SHORT.get(state, LENGTH))
    n = min(NEURONS, dataset.sizes["recorded"])
    panels.raster(above, dataset.spike_time.values, dataset.spike_neuron.values, start, stop, n)
    above.set(ylabel="neuron", xticklabels=[], yticks=[0, n])
    above.set_title(NAMES[state], loc="left")
    ratio = rf"g = {config['g']:g},  $\nu_{{ext}}/\nu_{{thr}}$ = {config['external']:g}"
    above.set_title(ratio, loc="right", fontsize=7)
    time, rate = population_rate(dataset, start, stop)
    below.step(1e3 * (time - start), rate, where="post", color=panels.AFTER, lw=0.7)
    below.fill_between(1e3 * (time - start), rate, step="post", color=panels.AFTER, alpha=0.3, lw=0)
    below.set(xlabel="time (ms)", ylabel="rate (Hz)", xlim=(0, 1e3 * (stop - start)), ylim=(0, None))


def population_rate(dataset: xr.Dataset, start: float, stop: float) -> tuple[np.ndarray, np.ndarray]:
    """Return starts (s) of bins in [start, stop) and the rate (Hz) of all neurons in them."""
    config = attribute(dataset, "config")
    step, n = config["dt"] * 1e-3, config["n_e"] + config["n_e"] // 4
    steps = max(1, round(BIN / step))
    first, last = round(start / step), round(stop / step)
    counts = (dataset.count_e + dataset.count_i).values[first:last]
    rate = population.binned(counts, steps) / (n * steps * step)
    return start + np.arange(len(rate)) * steps * step, rate
