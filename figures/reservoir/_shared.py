"""Functions that the figures of reservoirs share: names of rules, curves over epochs."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from snnlab.plotting import panels
from snnlab.protocols.reservoir._shared import group_by_rule


def choose_setting(datasets: list[xr.Dataset]) -> dict[str, list[xr.Dataset]]:
    """Return runs by rule; if there are several settings, return the setting with the most runs."""
    return max(group_by_rule(datasets), key=lambda group: sum(map(len, group.values())))


def choose_name(rule: str) -> str:
    """Return the name of a rule in figures."""
    rule, comma, more = rule.partition(",")
    return panels.RULE_NAMES.get(rule, rule) + comma + more


def draw_over_epochs(ax: Axes, rules: dict[str, list[xr.Dataset]], value: Callable[[xr.Dataset], np.ndarray]) -> None:
    """Draw values after each epoch: thin lines for runs, thick lines for means."""
    for name, runs in rules.items():
        values = np.array([value(run) for run in runs])
        epochs = runs[0].epoch.values
        ax.plot(epochs, values.T, color=panels.rule_color(name), lw=0.4, alpha=0.4)
        ax.plot(epochs, values.mean(0), "o-", color=panels.rule_color(name), lw=1.4, ms=2.5, mew=0)
    ax.set_xlabel("epoch")
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
