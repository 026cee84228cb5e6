"""LIF and Izhikevich neurons with noisy current, and f-I curves of all models with their analytic laws."""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from snnlab.plotting.panels import panel_letter
from snnlab.protocols.single.neuron_models import law

NEEDS = [("neuron_models", {})]
CAPTION = (
    "(a) The leaky integrate-and-fire neuron gets the current N(5, 10) - 40 mV, drawn anew every 0.05 ms; N(m, s) is "
    "the normal distribution with mean m and standard deviation s. Spikes are drawn up to 30 mV. (b, c) The "
    "Izhikevich neuron (set A) gets the current N(100, 300) + 1000 pA, drawn anew every 0.04 ms. The panels show its "
    "membrane potential and its recovery variable u. (d to f) Dots are firing rates for constant input, and lines are "
    "the analytic law. It is exact for the integrate-and-fire neurons, theta and the rate unit F sqrt(s); for "
    "Izhikevich neurons it is the adiabatic law with u at its mean."
)
PEAK = 30.0
GROUPS = (
    ({"if": "IF", "lif": "LIF (I + 40 mV)"}, 1e3, "input above rheobase (mV)"),
    ({"theta": "theta", "sqrt_rate": r"rate unit $F\sqrt{s}$", "qif": "QIF (I × 1013)"}, 1.0, "input J"),
    ({"izhikevich": "set A", "izhikevich_b": "set B", "izhikevich_c": "set C"}, 1e12, "input (pA)"),
)


def draw(datasets: list[xr.Dataset]) -> Figure:
    """Draw traces and curves of the first run."""
    dataset = datasets[0]
    figure = Figure(figsize=(7.0, 4.6), layout="constrained")
    top, bottom = figure.subfigures(2, 1, height_ratios=[1.25, 1])
    axes = top.subplot_mosaic([["lif", "v"], ["lif", "u"]], height_ratios=[1.6, 1])
    _trace(axes["lif"], dataset, "lif", 1e3, "time (ms)")
    axes["lif"].set_title("LIF, noisy current")
    _trace(axes["v"], dataset, "izhikevich", 1.0, "")
    axes["v"].set_title("Izhikevich (set A), noisy current")
    axes["v"].tick_params(labelbottom=False)
    time = dataset.izhikevich_time.values
    axes["u"].plot(time, dataset.izhikevich_u.values * 1e12, color="C1", lw=0.8)
    axes["u"].set(xlabel="time (s)", ylabel="u (pA)", xlim=(0, time[-1]))
    for ax, letter in ((axes["lif"], "a"), (axes["v"], "b"), (axes["u"], "c")):
        panel_letter(ax, letter, -0.12)
    for ax, letter, (models, scale, label) in zip(bottom.subplots(1, 3), "def", GROUPS, strict=True):
        for index, (name, title) in enumerate(models.items()):
            shift = 40e-3 if name == "lif" else 0.0
            # Converts QIF input to the theta neuron's J. The factor is in qif.py: 1/(pi tau_m / 1 s)^2.
            factor = 1 / (np.pi * 0.01) ** 2 if name == "qif" else scale
            inputs = dataset[f"{name}_input"].values
            x = (inputs + shift) * factor
            fine = np.linspace(inputs[0], inputs[-1], 400)
            ax.plot((fine + shift) * factor, law(name, fine), color=f"C{index}", lw=0.9)
            # Open markers show curves that lie on another curve.
            fill = "none" if name in ("sqrt_rate", "izhikevich_b") else f"C{index}"
            size = 5 if fill == "none" else 2.5
            ax.plot(x, dataset[f"{name}_rate"].values, "o", color=f"C{index}", ms=size, mfc=fill, mew=0.7, label=title)
        ax.set(xlabel=label, ylim=(0, None))
        ax.legend(loc="upper left", handletextpad=0.2)
        panel_letter(ax, letter, -0.1)
    figure.subfigs[1].axes[0].set_ylabel("rate (Hz)")
    return figure


def _trace(ax: Axes, dataset: xr.Dataset, name: str, scale: float, label: str) -> None:
    time, v = dataset[f"{name}_time"].values, dataset[f"{name}_v"].values * 1e3
    spikes = dataset[f"{name}_spikes"].values
    v = np.minimum(v, PEAK)
    ax.plot(time * scale, v, color="0.1", lw=0.6)
    ax.vlines(spikes * scale, np.interp(spikes, time, v), PEAK, color="0.1", lw=0.6)
    ax.set(xlabel=label, ylabel="v (mV)", xlim=(0, (time[-1] + time[1]) * scale))
