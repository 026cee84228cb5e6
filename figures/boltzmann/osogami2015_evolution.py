"""Four figures from ape to human emerge from twenty neurons and STDP (Osogami & Otsuka 2015)."""

from __future__ import annotations

import xarray as xr
from matplotlib.figure import Figure

from snnlab.figures.boltzmann._shared import draw_recalls, draw_survival, first_recalled, shown_periods
from snnlab.plotting import panels

SEEDS = range(100, 130)
NEEDS = [("dybm_evolution", {"seed": seed}) for seed in SEEDS]
CAPTION = (
    "a: A machine runs on its own for two periods, after the given number of training periods and from the state in "
    "which training left it. Dark pixels are on; red pixels differ from the sequence. The machine is the first that "
    "recalled the whole sequence. b: The line is the share of machines that do not yet recall the whole sequence. "
    "Grey marks when the published machine recalled it, after 4,000 to 5,000 periods."
)
_PERIODS, _PUBLISHED = (0, 10, 1_000, 2_000), (4_000, 5_000)


def draw(datasets: list[xr.Dataset]) -> Figure:
    """Draw what one machine recalls, and when all machines recall the sequence."""
    example = first_recalled(datasets)
    periods = shown_periods(example, _PERIODS)
    figure = Figure(figsize=(7.0, 5.6), layout="constrained")
    left, right = figure.subfigures(1, 2, width_ratios=[1.5, 1])
    axes = left.subplots(len(periods), 1, squeeze=False)[:, 0]
    draw_recalls(axes, example, periods)
    ax = right.subplots()
    draw_survival(ax, datasets, _PUBLISHED)
    ax.set_box_aspect(1)
    for panel, letter in ((axes[0], "a"), (ax, "b")):
        panels.panel_letter(panel, letter, x=-0.04 if panel is axes[0] else -0.2)
    return figure
