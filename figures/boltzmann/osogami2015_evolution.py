"""Four figures from ape to human emerge from twenty neurons and STDP (Osogami & Otsuka 2015)."""

from __future__ import annotations

import xarray as xr
from matplotlib.figure import Figure

from snnlab.figures.boltzmann._shared import draw_recalls, draw_survival, first_recalled, shown_periods
from snnlab.plotting import panels

SEEDS = range(100, 130)
NEEDS = [("dybm_evolution", {"seed": seed}) for seed in SEEDS]
CAPTION = (
    "a: what a machine does on its own after so many periods of training, two periods long, from the state in which "
    "training left it; dark: on. Red: bits that are not those of the sequence. The first machine that recalled all. "
    "b: share of machines that do not yet recall all of it; grey: where the published machine did, after 4,000 to "
    "5,000 periods."
)
_PERIODS, _PUBLISHED = (0, 10, 1_000, 2_000), (4_000, 5_000)


def draw(datasets: list[xr.Dataset]) -> Figure:
    """Draw what one machine recalls, and when all of them do."""
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
