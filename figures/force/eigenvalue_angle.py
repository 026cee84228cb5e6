"""The angle of the eigenvalues outside the disc, which is the phase lag of the loop at the frequency taught."""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from snnlab.analysis.spectra import filter_lag
from snnlab.files.record import attribute
from snnlab.networks.force import TrainedNetwork
from snnlab.plotting import panels

FREQUENCIES, SEEDS = (2.5, 5.0, 10.0), (100, 101, 102)
NEEDS = [
    ("force_sine", {"neuron": neuron, "frequency": frequency, "seed": seed})
    for neuron in ("lif", "izhikevich")
    for frequency in FREQUENCIES
    for seed in SEEDS
]
CAPTION = (
    "Each point is the angle of the largest complex pair of eigenvalues of the total weights outside the disc of the "
    "random weights, over the frequency of the sine that was taught. There is one point for each of three seeds whose "
    "network has such a pair. The line is the phase lag of the synaptic filter. Crosses are networks that did not "
    "learn."
)
_COLORS = {"lif": panels.AFTER, "theta": panels.OUTPUT, "izhikevich": panels.BEFORE}
# Points of different neurons are moved aside, so that they do not hide each other.
_SHIFT = {"lif": 0.97, "theta": 1.0, "izhikevich": 1.03}


def draw(datasets: list[xr.Dataset]) -> Figure:
    """Draw the angle of each run's pair over its frequency, and the filter's lag."""
    figure = Figure(figsize=(3.4, 2.7), layout="constrained")
    ax = figure.subplots()
    nets = [TrainedNetwork(dataset) for dataset in datasets]
    times = [float(tau) for name, tau in nets[0].synapse.parameters.items() if name.startswith("tau")]
    grid = np.geomspace(0.8 * min(FREQUENCIES), 1.25 * max(FREQUENCIES), 50)
    ax.plot(grid, [np.degrees(filter_lag(f, *times)) for f in grid], color="0.5", lw=1.0, label="filter")
    labelled = set()
    for net, dataset in zip(nets, datasets, strict=True):
        config = attribute(dataset, "config")
        neuron, outliers = config["neuron"], net.outliers()
        pairs = outliers[np.abs(outliers.imag) > 1e-6 * np.abs(outliers)]
        if not len(pairs):
            continue
        learned = all(check["holds"] for check in attribute(dataset, "checks"))
        label = panels.TITLES.get(neuron, neuron) if learned and neuron not in labelled else None
        labelled |= {neuron} if learned else set()
        x, y = config["frequency"] * _SHIFT.get(neuron, 1.0), abs(np.degrees(np.angle(pairs[0])))
        ax.plot(x, y, "o" if learned else "x", color=_COLORS.get(neuron, "0.2"), ms=4, label=label)
    ax.set(xscale="log", xlabel="frequency taught (Hz)", ylabel="angle of the pair (degrees)", ylim=(0, None))
    ax.set_xticks(FREQUENCIES, [f"{f:g}" for f in FREQUENCIES])
    ax.minorticks_off()
    ax.legend(loc="upper left")
    return figure
