"""Effects of Hebb's rule and STLR in the recurrent weights of a reservoir that reads MNIST."""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyArrowPatch, Rectangle

from snnlab.figures.reservoir._shared import choose_name, choose_setting, draw_over_epochs
from snnlab.files.record import attribute
from snnlab.plotting import panels
from snnlab.protocols.reservoir._shared import accuracy
from snnlab.protocols.reservoir.reservoir_mnist import VARIANTS

SEEDS = range(100, 110)
_DRAWN = [overrides for overrides in VARIANTS.values() if not {"batch", "epochs"} & overrides.keys()]
NEEDS = [("reservoir_mnist", {**overrides, "seed": seed}) for overrides in _DRAWN for seed in SEEDS]
_GREY = panels.RULE_COLORS["none"]
CAPTION = (
    "a: The network gets a row of pixels in each step. Recurrent weights learn without a teacher, a ridge readout "
    "learns with one. b, c: The test accuracy after each epoch is shown, of a readout of the last state and of a "
    "readout of several states on the way. Dashed lines are before learning; dotted lines are a ridge readout of the "
    "pixels. d: The accuracy of b is shown against the change of the weights, in units of their norm. e to g: The "
    "y-axes give the spectral radius, the change of the weights, and the share of rates beyond 0.99, after each "
    "epoch. h: The accuracy of b is shown against the spectral radius. Thin lines are runs; thick lines are means."
)


def draw(datasets: list[xr.Dataset]) -> Figure:
    """Draw accuracy and measures of the weights over epochs of learning."""
    rules = choose_setting(datasets)
    learning = {name: runs for name, runs in rules.items() if runs[0].sizes["epoch"] > 1}
    figure = Figure(figsize=(7.0, 3.6), layout="constrained")
    axes = figure.subplots(2, 4)
    _network(axes[0, 0])
    run = next(iter(rules.values()))[0]
    last, *more = run.readout.values.tolist()
    names = {"last": "last state", "snapshots": f"{attribute(run, 'config')['snapshots']} states"}
    for ax, readout in ((axes[0, 1], last), (axes[0, 2], (more or [last])[0])):
        draw_over_epochs(ax, learning, lambda run, readout=readout: accuracy(run, readout))
        before = np.mean([accuracy(run, readout)[0] for runs in rules.values() for run in runs])
        ax.axhline(before, color=_GREY, lw=0.8, ls="--", zorder=0)
        ax.axhline(100 * np.mean([float(run.pixels) for run in datasets]), color=_GREY, lw=0.8, ls=":")
        ax.set(ylabel="accuracy (%)", title=names[readout])
    for ax, scale, label in ((axes[0, 3], "change", "change of weights"), (axes[1, 3], "radius", "spectral radius")):
        for name, runs in learning.items():
            for run in runs:
                color = panels.rule_color(name)
                ax.plot(run[scale], accuracy(run, last), "o-", color=color, lw=0.6, ms=1.6, mew=0, alpha=0.6)
        ax.set(xlabel=label, ylabel=f"accuracy, {names[last]} (%)")
    for ax, name, label in zip(
        axes[1], ("radius", "change", "saturation"), ("spectral radius", "change of weights", "saturated (%)"),
        strict=False,
    ):  # fmt: skip
        scale = 100 if name == "saturation" else 1
        draw_over_epochs(ax, learning, lambda run, name=name, scale=scale: scale * run[name].values)
        ax.set(ylabel=label)
    for ax, letter in zip(axes.ravel(), "abcdefgh", strict=True):
        panels.panel_letter(ax, letter, x=0.02 if letter == "a" else -0.22)
    lines = {choose_name(name): panels.rule_color(name) for name in learning}
    panels.legend(figure, **lines, **{"before learning": (_GREY, "--"), "pixels": (_GREY, ":")})
    return figure


def _network(ax: Axes) -> None:
    """Draw a schematic: pixels, units with the connections among them, classes."""
    rng = np.random.default_rng(4)
    arrow = {"arrowstyle": "-|>", "mutation_scale": 5, "lw": 0.5, "shrinkA": 0, "shrinkB": 0}
    rows = np.linspace(0.15, 0.85, 6)
    for y in rows:
        ax.add_patch(Rectangle((0.0, y - 0.045), 0.09, 0.09, fc=str(rng.uniform(0.1, 0.95)), ec="0.3", lw=0.4))
    angle = np.linspace(0, 2 * np.pi, 9)[:-1] + 0.2
    units = np.stack([0.5 + 0.19 * np.cos(angle), 0.5 + 0.27 * np.sin(angle)], 1)
    for x, y in units[2:6]:
        ax.add_patch(FancyArrowPatch((0.11, y), (x - 0.05, y), color="0.6", **arrow))
    for pre, post in ((0, 3), (1, 5), (2, 7), (4, 1), (6, 3), (5, 0), (7, 4)):
        bent = {"connectionstyle": "arc3,rad=0.2"} | arrow
        ax.add_patch(FancyArrowPatch(units[pre], units[post], color=panels.BEFORE, **bent))
    for x, y in units:
        ax.add_patch(Circle((x, y), 0.045, fc="white", ec="0.2", lw=0.7, zorder=3))
    for index, y in enumerate(np.linspace(0.2, 0.8, 4)):
        ax.add_patch(FancyArrowPatch((0.74, 0.5), (0.87, y), color=panels.AFTER, **arrow))
        ax.add_patch(Circle((0.93, y), 0.04, fc="white", ec=panels.AFTER, lw=0.7))
        ax.text(0.93, y, ("9", "2", "1", "0")[index], fontsize=5, ha="center", va="center")
    style = {"fontsize": 6, "ha": "center", "va": "top"}
    ax.text(0.05, 0.04, "row t", **style)
    ax.text(0.44, 0.12, "W, no teacher", color=panels.BEFORE, **style)
    ax.text(0.9, 0.12, "ridge", color=panels.AFTER, **style)
    ax.set(xlim=(-0.05, 1.02), ylim=(-0.08, 1.0))
    ax.axis("off")
