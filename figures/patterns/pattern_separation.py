"""Similar sequences in a reservoir that has learned by Hebb's rule, by STLR or at random: how far apart outputs are."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from snnlab.figures.reservoir.reservoir_mnist import color_of, name_of
from snnlab.files.record import attribute
from snnlab.networks.patterns import family
from snnlab.plotting import panels
from snnlab.protocols.patterns.pattern_separation import AREA, ORDER, VARIANTS, measure

SEEDS = range(100, 110)
NEEDS = [("pattern_separation", {**overrides, "seed": seed}) for overrides in VARIANTS.values() for seed in SEEDS]
CAPTION = (
    "a: distance between outputs of a learned sequence and of one of which so many bits differ in every frame, against "
    "the distance of these inputs; each in units of its mean between two learned sequences; above the grey diagonal: "
    "separation. b: the same for two neighbouring frames swapped, against the place of the first. Weights have changed "
    "by their norm. c, d: separation of bits (mean height above the diagonal in a) and of order (mean of b) "
    "against how far weights have changed; dashed: no learning. e to h: the same of spiking neurons, with weights "
    "that have changed by 0.4 of their norm in e and f. Lines: means; bars: standard deviations over seeds."
)


def draw(datasets: list[xr.Dataset]) -> Figure:
    """Draw separation by bits and by order, and what it is for weights that have changed more or less."""
    kinds = by_kind(datasets)
    figure = Figure(figsize=(7.0, 0.3 + 1.9 * len(kinds)), layout="constrained")
    rows = figure.subplots(len(kinds), 4, squeeze=False)
    for axes, (kind, runs) in zip(rows, kinds.items(), strict=True):
        _row(axes, by_rule(runs))
        axes[0].set_title(f"{kind} reservoir", loc="left")
    finish(figure, rows, datasets, -0.25)
    return figure


def finish(figure: Figure, rows: np.ndarray, datasets: list[xr.Dataset], x: float) -> None:
    """Put letters at all panels, that far left, and the rules of all kinds of reservoirs into a legend."""
    for ax, letter in zip(rows.ravel(), "abcdefghijkl", strict=False):
        panels.panel_letter(ax, letter, x=x)
    rules = dict.fromkeys(rule for runs in by_kind(datasets).values() for rule in by_rule(runs))
    panels.legend(figure, **{name_of(rule): color_of(rule) for rule in rules})


def _row(axes: np.ndarray, groups: dict[str, dict[float, list[xr.Dataset]]]) -> None:
    for rule, runs in examples(groups).items():
        given = np.mean([family(run, "bits", "learned", "given") for run in runs], 0)
        spread(axes[0], given, [family(run, "bits", "learned") for run in runs], rule)
        swaps = [family(run, "swap", "learned") for run in runs]
        spread(axes[1], np.arange(1, len(swaps[0]) + 1), swaps, rule)
    axes[0].plot([0, given.max()], [0, given.max()], color="0.7", lw=0.7, zorder=0)
    axes[0].set(xlabel="input distance", ylabel="output distance")
    axes[1].set(xlabel="first of swapped frames", ylabel="output distance", ylim=(0, None))
    for ax, what, label in ((axes[2], AREA, "separation of bits"), (axes[3], ORDER, "separation of order")):
        over_change(ax, groups, lambda run, what=what: measure(run)[f"learned, {what}"])
        ax.set(ylabel=label)


def by_kind(datasets: list[xr.Dataset]) -> dict[str, list[xr.Dataset]]:
    """Return runs by the kind of reservoir, rate units first."""
    kinds: dict[str, list[xr.Dataset]] = {}
    for run in sorted(datasets, key=lambda run: attribute(run, "config")["reservoir"]):
        kinds.setdefault(attribute(run, "config")["reservoir"], []).append(run)
    return kinds


def by_rule(datasets: list[xr.Dataset]) -> dict[str, dict[float, list[xr.Dataset]]]:
    """Return runs by rule and by how far weights have changed."""
    groups: dict[str, dict[float, list[xr.Dataset]]] = {}
    for run in datasets:
        config = attribute(run, "config")
        groups.setdefault(config["plasticity"], {}).setdefault(config["change"], []).append(run)
    return groups


def examples(groups: dict[str, dict[float, list[xr.Dataset]]]) -> dict[str, list[xr.Dataset]]:
    """Return the runs of each rule whose weights have changed by about their norm."""
    return {rule: runs[min(runs, key=lambda change: abs(change - 1))] for rule, runs in groups.items()}


def spread(ax: Axes, x: np.ndarray, values: list[np.ndarray], rule: str) -> None:
    """Draw the mean over runs with standard deviations."""
    mean, deviation = np.mean(values, 0), np.std(values, 0)
    ax.errorbar(x, mean, deviation, fmt="o-", color=color_of(rule), ms=2, lw=0.9, elinewidth=0.6, mew=0)


def over_change(
    ax: Axes, groups: dict[str, dict[float, list[xr.Dataset]]], value: Callable[[xr.Dataset], float]
) -> None:
    """Draw a value of each rule against how far weights have changed."""
    for rule, changes in groups.items():
        found = {change: [value(run) for run in runs] for change, runs in sorted(changes.items())}
        if rule == "none":
            ax.axhline(np.mean(list(found.values())), color=color_of(rule), lw=0.8, ls="--", zorder=0)
        else:
            columns = np.array([[np.mean(v), np.std(v)] for v in found.values()]).T
            ax.errorbar(list(found), *columns, fmt="o-", color=color_of(rule), ms=2, lw=0.9, elinewidth=0.6, mew=0)
    ax.set(xlabel="change of weights", xlim=(0, None))
    if set(groups) == {"none"}:
        ax.text(0.5, 0.1, "no learning here", ha="center", color="0.5", transform=ax.transAxes)
