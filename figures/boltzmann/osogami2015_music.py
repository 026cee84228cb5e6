"""A folk song emerges from twelve neurons and STDP, as a score (Osogami & Otsuka 2015)."""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from snnlab.figures.boltzmann._shared import draw_survival, shown_periods
from snnlab.plotting import panels

SEEDS = range(100, 110)
NEEDS = [("dybm_music", {"seed": seed}) for seed in SEEDS]
CAPTION = (
    "a: A machine plays one period on its own after the given number of training periods. The staff is a treble staff "
    "from C4 to G5, and every beat is a separate note. Black notes are as in the song, red notes are not in the song, "
    "and light red notes are missing. The machine is the first that recalled the whole song, or else the one with the "
    "fewest wrong bits. b: The wrong bits of the recall are shown over training. Each line is one machine; the "
    "coloured one is the machine in a. Crosses mark where training ended because the song was recalled. c: The line "
    "is the share of machines that do not yet recall the whole song. Grey ends where the published machine recalled "
    "it, after 900,000 periods."
)
_PERIODS, _PUBLISHED = (0, 1_000, 100_000), (100_000, 900_000)
# Lines of a treble staff, E4 to F5, in degrees above C4. Bar lines follow the upbeat and then every four beats.
_STAFF, _BAR = (2, 4, 6, 8, 10), 4


def draw(datasets: list[xr.Dataset]) -> Figure:
    """Draw what one machine plays, and how all machines learn the song."""
    example = min(datasets, key=lambda run: (not np.isfinite(run.recalled_after), int(run.wrong[-1])))
    periods = shown_periods(example, _PERIODS)
    figure = Figure(figsize=(7.0, 6.0), layout="constrained")
    above, below = figure.subfigures(2, 1, height_ratios=[1.0 * len(periods), 1.5])
    axes = above.subplots(len(periods), 1, squeeze=False)[:, 0]
    for ax, period in zip(axes, periods, strict=True):
        played, wanted = example.recalled.sel(checkpoint=period).values, example.sequence.values
        _score(ax, played[: len(wanted)], wanted)
        wrong = int((played[: len(wanted)] != wanted).sum())
        ax.set_title(f"{period:,} periods, {wrong} of {wanted.size} bits wrong", loc="left")
    axes[-1].set_xlabel("beat")
    curves, ax = below.subplots(1, 2)
    for run in [*(r for r in datasets if r is not example), example]:
        color = panels.AFTER if run is example else "0.65"
        share = 100 * run.wrong.values / run.sequence.size
        curves.plot(run.period[1:], share[1:], color=color, lw=1.3 if run is example else 0.6)
        if share[-1] == 0:
            curves.plot(run.period[-1], 0, "x", color=color, ms=5, clip_on=False, zorder=4)
    curves.set(xscale="log", xlabel="periods of training", ylabel="wrong bits (%)", ylim=(0, None))
    draw_survival(ax, datasets, _PUBLISHED)
    for panel, letter in ((axes[0], "a"), (curves, "b"), (ax, "c")):
        panels.panel_letter(panel, letter, x=-0.02 if panel is axes[0] else -0.16)
    return figure


def _score(ax: Axes, played: np.ndarray, wanted: np.ndarray) -> None:
    """Draw notes as discs on five lines; notes below the staff have a short line."""
    ax.hlines(_STAFF, -0.8, len(wanted) - 0.2, color="0.6", lw=0.5, zorder=0)
    bars = np.arange(1, len(wanted) + _BAR, _BAR) - 0.5
    ax.vlines(bars[bars < len(wanted)], _STAFF[0], _STAFF[-1], color="0.6", lw=0.5, zorder=0)
    for notes, look in (
        (played * wanted, {"color": "0.1"}),
        (played * (1 - wanted), {"color": panels.BEFORE}),
        ((1 - played) * wanted, {"color": "#FAD6BD"}),
    ):
        beat, degree = np.nonzero(notes)
        ax.plot(beat, degree, "o", ms=3.4, mew=0, **look)
        ax.hlines(
            degree[degree == 0], beat[degree == 0] - 0.45, beat[degree == 0] + 0.45, lw=0.5, color="0.6", zorder=0
        )
    ax.set(xlim=(-1, len(wanted)), ylim=(-1.5, max(12.0, wanted.shape[1] + 0.5)), yticks=[])
    ax.spines[:].set_visible(False)
    ax.tick_params(bottom=True, labelbottom=False, length=0)
