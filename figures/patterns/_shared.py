"""Functions that the figures of separation and completion share: groups of runs, names of rules, curves."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from snnlab.files.record import attribute
from snnlab.plotting import panels


def finish_figure(figure: Figure, rows: np.ndarray, datasets: list[xr.Dataset], x: float) -> None:
    """Put letters at x of all panels, and put the rules of all kinds of reservoirs into a legend."""
    for ax, letter in zip(rows.ravel(), "abcdefghijkl", strict=False):
        panels.panel_letter(ax, letter, x=x)
    rules = dict.fromkeys(rule for runs in group_by_kind(datasets).values() for rule in group_by_rule(runs))
    panels.legend(figure, **{choose_name(rule): panels.rule_color(rule) for rule in rules})


def group_by_kind(datasets: list[xr.Dataset]) -> dict[str, list[xr.Dataset]]:
    """Return runs by the kind of reservoir, rate units first."""
    kinds: dict[str, list[xr.Dataset]] = {}
    for run in sorted(datasets, key=lambda run: attribute(run, "config")["reservoir"]):
        kinds.setdefault(attribute(run, "config")["reservoir"], []).append(run)
    return kinds


def group_by_rule(datasets: list[xr.Dataset]) -> dict[str, dict[float, list[xr.Dataset]]]:
    """Return runs by rule and by the change of the weights."""
    groups: dict[str, dict[float, list[xr.Dataset]]] = {}
    for run in datasets:
        config = attribute(run, "config")
        groups.setdefault(config["plasticity"], {}).setdefault(config["change"], []).append(run)
    return groups


def choose_examples(groups: dict[str, dict[float, list[xr.Dataset]]]) -> dict[str, list[xr.Dataset]]:
    """Return the runs of each rule whose weights have changed by about their norm."""
    return {rule: runs[min(runs, key=lambda change: abs(change - 1))] for rule, runs in groups.items()}


def draw_spread(ax: Axes, x: np.ndarray, values: list[np.ndarray], rule: str) -> None:
    """Draw the mean over runs with standard deviations."""
    mean, deviation = np.mean(values, 0), np.std(values, 0)
    ax.errorbar(x, mean, deviation, fmt="o-", color=panels.rule_color(rule), ms=2, lw=0.9, elinewidth=0.6, mew=0)


def draw_over_change(
    ax: Axes, groups: dict[str, dict[float, list[xr.Dataset]]], value: Callable[[xr.Dataset], float]
) -> None:
    """Draw a value of each rule against the change of the weights."""
    for rule, changes in groups.items():
        found = {change: [value(run) for run in runs] for change, runs in sorted(changes.items())}
        if rule == "none":
            ax.axhline(np.mean(list(found.values())), color=panels.rule_color(rule), lw=0.8, ls="--", zorder=0)
        else:
            columns = np.array([[np.mean(v), np.std(v)] for v in found.values()]).T
            ax.errorbar(
                list(found), *columns, fmt="o-", color=panels.rule_color(rule), ms=2, lw=0.9, elinewidth=0.6, mew=0
            )
    ax.set(xlabel="change of weights", xlim=(0, None))
    if set(groups) == {"none"}:
        ax.text(0.5, 0.1, "no learning here", ha="center", color="0.5", transform=ax.transAxes)


def choose_name(rule: str) -> str:
    """Return the name of a rule in figures."""
    return panels.RULE_NAMES.get(rule, rule)
