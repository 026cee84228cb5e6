"""A long melody learned with and without pulses that mark the time (after Nicola & Clopath 2017, supplement)."""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from snnlab.files.record import attribute
from snnlab.networks.force import melody
from snnlab.plotting import panels
from snnlab.protocols.replay.ode_to_joy_hdts import ERROR, LEARNED, VARIANTS, measure
from snnlab.stimuli.sounds.music import ODE_TO_JOY_LONG

SEEDS = range(100, 110)
# All or nearly all networks of these variants learn the melody. The other variants have three seeds.
TEN = ("internal pulses", "external pulses, 20 s")
NEEDS = [
    ("ode_to_joy_hdts", {**variant, "seed": seed})
    for name, variant in VARIANTS.items()
    for seed in (SEEDS if name in TEN else SEEDS[:3])
]
CAPTION = (
    "a: The lines are the outputs for the five notes, from C (below) to G, of a melody of 16 s, in the free run of a "
    "network that makes its own pulses. Grey is the teacher. b: Points give the number of the largest pulse in the "
    "free run. On the right the pulses came in another order in each melody while the network learned. c: The y-axis "
    "gives the error of the free run, in standard deviations (sd) of the teacher, over the time of learning. The "
    "dashed line is the mean of each note and the dotted line our criterion; a triangle is a mean beyond the edge. d: "
    "The y-axis gives the share of right notes; the dashed line is for notes in random order. Dots are networks; "
    "lines are means."
)
# The drawn part of the free run (s), and the largest error on the axis.
_SECONDS, MOST = 32.0, 1.6
# Maps (hdts, pulses without order, pulses alone at first) to name and colour.
_SOURCES = {
    ("none", False, False): ("no pulses", "0.5"),
    ("internal", True, False): ("pulses in random order", panels.BEFORE),
    ("internal", False, False): ("own pulses", panels.AFTER),
    ("internal", False, True): ("own pulses, alone first", "#56B4E9"),
    ("external", False, False): ("pulses from outside", panels.OUTPUT),
}


def draw(datasets: list[xr.Dataset]) -> Figure:
    """Draw the free run of one network with its own pulses, and errors of all networks over the time of learning."""
    runs = sorted(datasets, key=lambda run: (run.attrs["seed"], -run.attrs["learn_stop"]))
    groups: dict[tuple, list[xr.Dataset]] = {}
    for run in runs:
        groups.setdefault(_source(run), []).append(run)
    figure = Figure(figsize=(7.0, 4.6), layout="constrained")
    above, below = figure.subfigures(2, 1)
    own, unordered = (groups.get(("internal", order, False), []) for order in (False, True))
    examples = {"own pulses": own, "in random order": unordered}
    examples = {title: found[0] for title, found in examples.items() if found}
    top = above.subplots(1, 1 + len(examples), width_ratios=[2.2] + [1] * len(examples), squeeze=False)[0]
    _melody(top[0], (own or runs)[0])
    for ax, (title, run) in zip(top[1:], examples.items(), strict=True):
        _pulses(ax, run)
        ax.set(title=title, xlabel="time (s)", ylabel="loudest pulse", xlim=(0, _SECONDS))
    error, right = below.subplots(1, 2)
    for ax, what, label, null, name in (
        (error, ERROR, "error (sd)", 1.0, "mean of each note"),
        (right, melody.NOTES_RIGHT, "notes right", melody.chance(melody=ODE_TO_JOY_LONG)[0], "notes in random order"),
    ):
        for source, found in groups.items():
            _over_learning(ax, found, what, _SOURCES.get(source, ("", "#CC79A7"))[1])
        ax.axhline(null, color="0.7", lw=0.8, ls="--", zorder=0, label=name)
        # A free run that diverges is drawn at the edge.
        ax.set(xlabel="learning (s)", ylabel=label, xscale="log", ylim=(0, min(ax.get_ylim()[1], MOST)))
        times = sorted({melody.learned(run) for run in runs})
        ax.set_xticks(times, [f"{time:g}" for time in times])
        ax.minorticks_off()
    error.axhline(LEARNED, color="0.7", lw=0.8, ls=":", zorder=0, label="criterion")
    for ax in (error, right):
        ax.legend(loc="best")
    for ax, letter in zip((top[0], *top[1:2], error, right), "abcd" if examples else "acd", strict=True):
        panels.panel_letter(ax, letter, x=-0.12)
    panels.legend(figure, **dict(_SOURCES[source] for source in _SOURCES if source in groups))
    return figure


def _source(run: xr.Dataset) -> tuple[str, bool, bool]:
    config = attribute(run, "config")
    return config["hdts"], config["pulse_order"] == "random", config["song_start"] is not None


def _melody(ax: Axes, run: xr.Dataset) -> None:
    outputs, teachers, _ = melody.aligned(run, ODE_TO_JOY_LONG)
    if len(outputs):
        time = np.arange(len(outputs[-1])) * melody.STEP
        panels.notes(ax, time, outputs[-1], teachers[-1], melody.COMPONENTS)
        ax.set_title(f"free run after learning for {melody.learned(run):g} s, N = {run.attrs['n_neurons']}")
    else:
        ax.text(0.5, 0.5, "no free run of a melody", ha="center", va="center", transform=ax.transAxes)


def _pulses(ax: Axes, run: xr.Dataset) -> None:
    if "loudest_pulse" not in run:
        return
    start = float(run.time[-1]) - _SECONDS
    shown = run.time.values > start
    pulse = run.loudest_pulse.values[shown]
    ax.scatter(run.time.values[shown] - start, pulse, c=pulse, cmap="viridis", s=1.0, lw=0, rasterized=True)


def _over_learning(ax: Axes, runs: list[xr.Dataset], what: str, color: str) -> None:
    values: dict[float, list[float]] = {}
    for run in runs:
        if what in (measured := measure(run)):
            values.setdefault(melody.learned(run), []).append(measured[what])
    times = sorted(values)
    for time in times:
        shown = np.minimum(values[time], MOST)
        ax.plot(np.full(len(shown), time), shown, ".", color=color, ms=4, alpha=0.6, mew=0)
    means = [np.mean(values[time]) for time in times]
    ax.plot(times, np.minimum(means, MOST), "o-", clip_on=False, color=color, ms=3.5, lw=1.2)
    for time, mean in zip(times, means, strict=True):
        if mean > MOST:
            ax.plot(time, MOST, "^", color=color, ms=5, clip_on=False)
            ax.annotate(f"{mean:.2g}", (time, MOST), (5, 2), textcoords="offset points", color=color, fontsize=6)
