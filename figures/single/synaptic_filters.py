"""Impulse responses of the single and the double exponential filter, with their closed forms."""

from __future__ import annotations

import xarray as xr
from matplotlib.figure import Figure

from snnlab.files.record import attribute
from snnlab.plotting.panels import panel_letter

NEEDS = [("synaptic_filters", {})]
CAPTION = (
    "The curves are the output of the (a) single and (b) double exponential filter after one spike of weight 1 at "
    "time 0: simulated (lines) and in closed form (dots). Both have area 1, so the mean of the filtered spikes is the "
    "firing rate. τ is the time constant."
)


def draw(datasets: list[xr.Dataset]) -> Figure:
    """Draw the filters of the first run."""
    dataset = datasets[0]
    config = attribute(dataset, "config")
    figure = Figure(figsize=(5.0, 1.9), layout="constrained")
    axes = figure.subplots(1, 2)
    shown = dataset.time.values <= config["seconds"]
    t = dataset.time.values[shown] * 1e3
    titles = {
        "exponential": f"single exponential, τ = {config['tau_decay']:g} ms",
        "double_exponential": f"double exponential, τ = {config['tau_rise']:g} and {config['tau_decay']:g} ms",
    }
    for ax, letter, (name, title) in zip(axes, "ab", titles.items(), strict=True):
        ax.plot(t, dataset[name].values[shown], color="C0", label="simulated")
        every = max(1, len(t) // 25)
        ax.plot(t[::every], dataset[f"{name}_law"].values[shown][::every], ".", color="C1", ms=4, label="closed form")
        ax.set(title=title, xlabel="time after the spike (ms)", xlim=(0, t[-1]))
        ax.set_ylim(bottom=0)
        panel_letter(ax, letter, -0.12)
    axes[0].set_ylabel("filter output (1/s)")
    axes[1].legend(loc="upper right")
    return figure
