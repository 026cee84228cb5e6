"""Error of FORCE over the number of neurons: spiking and rate networks side by side."""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from snnlab.files.record import attribute
from snnlab.plotting import panels
from snnlab.protocols.compare.force_convergence import AFTERWARDS, NETWORKS, TRAINING, VARIANTS, measure, slopes

SEEDS = range(100, 110)
NEEDS = [("force_convergence", {**variant, "seed": seed}) for variant in VARIANTS.values() for seed in SEEDS]
CAPTION = (
    "Networks learn a sine of 5 Hz for 5 s. a: The error is taken in the last second of learning. b: It is taken "
    "after learning, with each period at the lag that fits it best. Both errors are divided by the standard deviation "
    "(sd) of the teacher. Dots are seeds; lines are geometric means. The numbers are slopes of log error over log N, "
    "the mean of the seeds; N is the number of neurons or units. tanh and sqrt are rate units; sqrt is the "
    "counterpart of theta neurons. Above the grey line an output of 0 would be better."
)
_STYLES = {
    "lif": (panels.AFTER, "o-"),
    "theta": (panels.OUTPUT, "s-"),
    "izhikevich": (panels.BEFORE, "^-"),
    "tanh": ("0.25", "o--"),
    "sqrt": ("0.55", "s--"),
}
_NAMES = {"lif": "LIF", "izhikevich": "Izhikevich", "tanh": "tanh (rate)", "sqrt": "sqrt (rate)"}


def draw(datasets: list[xr.Dataset]) -> Figure:
    """Draw both errors over the size with logarithmic axes."""
    runs = [(attribute(dataset, "config"), measure(dataset)) for dataset in datasets]
    fitted = slopes(datasets)
    figure = Figure(figsize=(7.0, 3.0), layout="constrained")
    axes = figure.subplots(1, 2, sharey=True)
    for ax, what, title in zip(axes, (TRAINING, AFTERWARDS), ("while learning", "after learning"), strict=True):
        ax.axhline(1.0, color="0.8", lw=1.2)
        for network in NETWORKS:
            errors: dict[int, list[float]] = {}
            for config, measured in runs:
                if config["network"] == network:
                    errors.setdefault(config["n"], []).append(measured[what])
            if not errors:
                continue
            color, style = _STYLES[network]
            sizes = sorted(errors)
            for n in sizes:
                ax.plot([n] * len(errors[n]), errors[n], ".", color=color, ms=2.5, alpha=0.6)
            label = _NAMES.get(network, network)
            if network in fitted:
                label += f" {np.mean(fitted[network][what]):.2f}"
            ax.plot(sizes, [np.exp(np.mean(np.log(errors[n]))) for n in sizes], style, color=color, ms=3.5, label=label)
        ax.set(xscale="log", yscale="log", xlabel="neurons or units", title=title)
        ax.set_xticks(ticks := sorted({config["n"] for config, _ in runs}), [str(n) for n in ticks])
        ax.minorticks_off()
        ax.legend(loc="upper right", fontsize=6)
    axes[0].set_ylabel("error / sd of the teacher")
    # The legends need room above the curves.
    axes[0].set_ylim(top=12)
    for ax, letter in zip(axes, "ab", strict=True):
        panels.panel_letter(ax, letter)
    return figure
