"""Ode to Joy learned by a spiking network (Nicola & Clopath 2017, figure 3)."""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from snnlab.networks.force import melody
from snnlab.plotting import panels

# The time of learning in s; the longest is from the authors' script.
LEARNED = (10.0, 30.0, 100.0, 899.0)
NEEDS = [("ode_to_joy", {"seed": 100, "learn_stop": 1.0 + seconds}) for seconds in LEARNED]
# The longest time of learning is from the reduced preset.
QUICK_NEEDS = [("ode_to_joy", {"seed": 100, "learn_stop": 1.0 + seconds}) for seconds in (3.0, 10.0, 23.0)]
CAPTION = (
    "a: The lines are the outputs for the five notes, from C (below) to G, in the last two melodies of the free run. "
    "Grey is the teacher, at the lag that fits each melody best. b: The same outputs are shown as a piano roll; "
    "frames are the notes of the melody. c: Three measures of the free run are shown over the time of learning: the "
    "share of right notes, the correlation with the teacher (dots: notes; line: mean), and the share of melodies in "
    "step with the one before. Dashed lines are the first two measures for the same notes in random order. Melodies "
    "that are not in step go on from another place of the melody."
)
_MELODIES = 2


def draw(datasets: list[xr.Dataset]) -> Figure:
    """Draw the free run after the longest learning, and measures of all free runs over the time of learning."""
    runs = sorted(datasets, key=melody.learned)
    figure = Figure(figsize=(7.0, 4.6), layout="constrained")
    above, below = figure.subfigures(2, 1, height_ratios=[1, 1])
    traces = above.subplots()
    roll, progress = below.subplots(1, 2, width_ratios=[1.5, 1])
    for ax, letter in zip((traces, roll, progress), "abc", strict=True):
        panels.panel_letter(ax, letter, x=-0.06 if ax is traces else -0.12)
    _progress(progress, runs)
    longest = runs[-1]
    outputs, teachers, _ = melody.aligned(longest)
    if len(outputs) < _MELODIES:
        for ax in (traces, roll):
            ax.text(0.5, 0.5, "no free run of two melodies", ha="center", va="center", transform=ax.transAxes)
        return figure
    output, teacher = (np.concatenate(x[-_MELODIES:]) for x in (outputs, teachers))
    time = np.arange(len(output)) * melody.STEP
    panels.notes(traces, time, output, teacher, melody.COMPONENTS)
    traces.set_title(f"free run after learning for {melody.learned(longest):.0f} s, N = {longest.attrs['n_neurons']}")
    _roll(roll, output, teacher)
    return figure


def _roll(ax: Axes, output: np.ndarray, teacher: np.ndarray) -> None:
    count = output.shape[1]
    extent = (0, len(output) * melody.STEP, -0.5, count - 0.5)
    image = ax.imshow(
        output.T, origin="lower", aspect="auto", cmap="Blues", vmin=0, vmax=1, extent=extent, interpolation="nearest"
    )
    for note, first, stop in melody.played(teacher):
        ax.add_patch(
            Rectangle((first * melody.STEP, note - 0.5), (stop - first) * melody.STEP, 1, fill=False, ec="0.3", lw=0.6)
        )
    ax.set(xlabel="time (s)", yticks=range(count), yticklabels=melody.COMPONENTS)
    ax.figure.colorbar(image, ax=ax, label="output", pad=0.02)


def _progress(ax: Axes, runs: list[xr.Dataset]) -> None:
    values = [(melody.learned(run), melody.measure(run)) for run in runs]
    values = [(seconds, measured) for seconds, measured in values if melody.NOTES_RIGHT in measured]
    for level, color in zip(melody.chance(), (panels.OUTPUT, panels.AFTER), strict=True):
        ax.axhline(level, color=color, ls="--", lw=0.8)
    if values:
        seconds = [s for s, _ in values]
        each = np.array([[v for k, v in m.items() if k.startswith("correlation")] for _, m in values])
        ax.plot(
            seconds, [m[melody.NOTES_RIGHT] for _, m in values], "s-", color=panels.OUTPUT, ms=4, label="notes right"
        )
        ax.plot(seconds, each.mean(1), "-", color=panels.AFTER, label="correlation")
        ax.plot(seconds, each, ".", color=panels.AFTER, ms=4)
        ax.plot(seconds, [m.get(melody.IN_STEP, np.nan) for _, m in values], "^:", color="0.3", ms=4, label="in step")
        ax.set_xscale("log")
    ax.set(xlabel="learning (s)", ylabel="free run", ylim=(min(-0.05, ax.get_ylim()[0]), 1.05))
    ax.legend(loc="lower right")
