"""A word emerges from seven neurons and STDP (Osogami & Otsuka 2015, figure of SCIENCE)."""

from __future__ import annotations

import xarray as xr
from matplotlib.figure import Figure

from snnlab.errors import UserError
from snnlab.figures.boltzmann._shared import draw_recalls, draw_survival, first_recalled, shown_periods
from snnlab.plotting import panels

SEEDS = range(100, 130)
NEEDS = [("dybm_science", {"seed": seed}) for seed in SEEDS]
CAPTION = (
    "a: A machine runs on its own for two periods, after the given number of training periods and from the state in "
    "which training left it. Dark pixels are on; red pixels differ from the sequence. The machine is the first that "
    "recalled the whole sequence. b: The negative log likelihood of the sequence (above) and the wrong bits of the "
    "recall (below) are shown over training. Each line is one machine; the coloured one is the machine in a. c: The "
    "line is the share of machines that do not yet recall the whole sequence. Grey marks when the published machine "
    "recalled it, after 120,000 to 130,000 periods."
)
_PERIODS = (0, 10, 1_000, 10_000, 100_000)


def draw(datasets: list[xr.Dataset]) -> Figure:
    """Draw what one machine recalls, and how all machines learn the word."""
    if not any(run.period[-1] > 0 for run in datasets):
        raise UserError("run: expected a machine that was trained, got one that knew the sequence before training")
    example = first_recalled(datasets)
    periods = shown_periods(example, _PERIODS)
    figure = Figure(figsize=(7.0, 4.6), layout="constrained")
    left, right = figure.subfigures(1, 2, width_ratios=[1.15, 1])
    axes = left.subplots(len(periods), 1, squeeze=False)[:, 0]
    draw_recalls(axes, example, periods)
    above, middle, below = right.subplots(3, 1)
    for run in [*(r for r in datasets if r is not example), example]:
        shown = dict(color=panels.AFTER, lw=1.3, zorder=3) if run is example else dict(color="0.65", lw=0.5)
        # A logarithmic axis has no place for period 0, before training.
        above.plot(run.period[1:], run.nll[1:] / run.sequence.size, **shown)
        middle.plot(run.period[1:], 100 * run.wrong[1:] / run.sequence.size, **shown)
    above.set(xscale="log", yscale="log", ylabel="surprise\n(nats a bit)")
    middle.set(xscale="log", ylabel="wrong bits\n(%)", ylim=(0, None))
    draw_survival(below, datasets, (120_000, 130_000))
    below.set_xlim(middle.get_xlim())
    for ax in (above, middle):
        ax.tick_params(labelbottom=False)
    for ax, letter in ((axes[0], "a"), (above, "b"), (below, "c")):
        panels.panel_letter(ax, letter, x=-0.04 if ax is axes[0] else -0.2)
    return figure
