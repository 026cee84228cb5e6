"""Inside a reservoir that learns by Hebb's rule or STLR: Lyapunov exponents, eigenvalues, saturation, weights."""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from snnlab.figures.reservoir._shared import choose_name, choose_setting, draw_over_epochs
from snnlab.plotting import panels
from snnlab.protocols.reservoir._shared import accuracy
from snnlab.protocols.reservoir.reservoir_diagnostics import VARIANTS

SEEDS = range(100, 110)
NEEDS = [("reservoir_diagnostics", {**overrides, "seed": seed}) for overrides in VARIANTS.values() for seed in SEEDS]
CAPTION = (
    "a: The test accuracy of a readout of the last state is shown after each epoch. b, c: The largest Lyapunov "
    "exponent is taken without input, and with images one after the other; above 0 there is chaos. d: The y-axis "
    "gives the share of initial states from which the reservoir comes to rest without input. e: The y-axis gives the "
    "share of rates beyond 0.99. f, g: Points are the ten largest eigenvalues of W, the recurrent weights, of one run "
    "for each rule, from light (before learning) to dark (last epoch). The circle is modulus 1. h: The curves are "
    "distributions of the weights of these runs before learning (grey) and after. Thin lines are runs; thick lines "
    "are means."
)


def draw(datasets: list[xr.Dataset]) -> Figure:
    """Draw accuracy, exponents, saturation, eigenvalues and weights over epochs of learning."""
    rules = choose_setting(datasets)
    figure = Figure(figsize=(7.0, 3.7), layout="constrained")
    axes = figure.subplots(2, 4)
    last = str(datasets[0].readout.values[0])
    values = (
        (lambda run: accuracy(run, last), "accuracy, last state (%)"),
        (lambda run: run.lyapunov_alone.mean("start").values, "exponent, alone (1/step)"),
        (lambda run: run.lyapunov_driven.mean("start").values, "exponent, input (1/step)"),
        (lambda run: 100 * run.settled.mean("start").values, "come to rest (%)"),
        (lambda run: 100 * run.saturation.values, "saturated (%)"),
    )
    for ax, (value, label) in zip(axes.ravel(), values, strict=False):
        draw_over_epochs(ax, rules, value)
        ax.set(ylabel=label)
        if "exponent" in label:
            ax.axhline(0, color="0.6", lw=0.6, zorder=0)
    examples = list(rules.items())[:2]
    for ax, (name, runs) in zip(axes[1, 1:3], examples, strict=False):
        _eigenvalues(ax, runs[0], panels.rule_color(name))
        ax.set_title(choose_name(name))
    for ax in axes[1, 1 + len(examples) : 3]:
        ax.axis("off")
    ax, weights = axes[1, 3], np.concatenate([runs[0].weights.values.ravel() for _, runs in examples])
    bins = np.linspace(*np.percentile(weights, [0.2, 99.8]), 60)
    ax.hist(examples[0][1][0].weights.values[0], bins, color="0.8")
    for name, runs in examples:
        ax.hist(runs[0].weights.values[-1], bins, histtype="step", color=panels.rule_color(name), lw=0.9)
    ax.set(xlabel="weight", ylabel="synapses", yscale="log")
    for ax, letter in zip(axes.ravel(), "abcdefgh", strict=True):
        if ax.axison:
            panels.panel_letter(ax, letter, x=-0.22)
    panels.legend(figure, **{choose_name(name): panels.rule_color(name) for name in rules})
    return figure


def _eigenvalues(ax: Axes, run: xr.Dataset, color: str) -> None:
    epochs = run.sizes["epoch"]
    for epoch in range(epochs):
        at = run.isel(epoch=epoch)
        shade = 0.25 + 0.75 * epoch / max(epochs - 1, 1)
        ax.plot(at.eigenvalue_real, at.eigenvalue_imag, "o", color=color, ms=2.5, mew=0, alpha=shade)
    angle = np.linspace(0, 2 * np.pi, 100)
    ax.plot(np.cos(angle), np.sin(angle), color="0.6", lw=0.6, zorder=0)
    ax.set(xlabel="real", ylabel="imaginary")
    ax.set_aspect("equal", adjustable="datalim")
