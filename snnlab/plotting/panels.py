"""Drawing helpers: arrays in, Axes out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.layout_engine import ConstrainedLayoutEngine, TightLayoutEngine
from matplotlib.lines import Line2D

# Names of the neurons in panels and legends.
TITLES = {"lif": "LIF", "theta": "theta", "izhikevich": "Izhikevich (set A)", "qif": "QIF", "if": "IF"}
BEFORE, AFTER, TEACHER, OUTPUT = "#D55E00", "#0072B2", "0.15", "#009E73"
# A plasticity rule has one colour and one name in all figures.
RULE_COLORS = {"none": "0.5", "hebb": BEFORE, "stlr": AFTER, "random_walk": OUTPUT, "stdp": "#E69F00"}
RULE_NAMES = {"hebb": "Hebb", "stlr": "STLR", "stdp": "STDP", "random_walk": "random walk", "none": "no learning"}


def rule_color(rule: str) -> str:
    """Return the colour of a rule; text after a comma is ignored."""
    return RULE_COLORS.get(rule.partition(",")[0], "#CC79A7")


def legend(figure: Figure, **names: str | tuple[str, str]) -> None:
    """Draw a legend under a figure; each name has a colour, or a colour and a line style."""
    styles = [(style, "-") if isinstance(style, str) else style for style in names.values()]
    # Dashed lines are levels, which are drawn thinner than curves.
    lines = [Line2D([], [], color=color, ls=dashes, lw=1.8 if dashes == "-" else 0.9) for color, dashes in styles]
    # An "outside" legend would move down if text is added under the figure.
    height = 0.25 / figure.get_figheight()
    layout = figure.get_layout_engine()
    if isinstance(layout, ConstrainedLayoutEngine | TightLayoutEngine):
        layout.set(rect=(0, height, 1, 1 - height))
    place = {"bbox_to_anchor": (0.5, 0), "bbox_transform": figure.transFigure, "borderaxespad": 0.0}
    figure.legend(lines, names, loc="lower center", ncols=len(lines), frameon=False, **place)


def raster(ax: Axes, times: np.ndarray, neurons: np.ndarray, start: float, stop: float, n: int = 100) -> None:
    """Draw spikes of neurons 0 to n - 1 between start and stop (s)."""
    inside = (times >= start) & (times < stop) & (neurons < n)
    trains = [times[inside & (neurons == index)] for index in range(n)]
    ax.eventplot(trains, colors="0.1", linelengths=0.9, linewidths=0.6, lineoffsets=list(range(n)))
    ax.set(xlim=(start, stop), ylim=(-1, n))


def voltages(
    ax: Axes,
    time: np.ndarray,
    traces: np.ndarray,
    start: float,
    stop: float,
    spikes: tuple[np.ndarray, np.ndarray] | None = None,
    peak: float | None = None,
    color: str = "0.1",
) -> float:
    """Draw traces of shape (T, n) above each other; return the distance between two of them.

    With ``spikes`` (times, neurons) and ``peak``, each spike is drawn up to the peak, which the state itself
    never reaches.
    """
    inside = (time >= start) & (time < stop)
    low = float(np.percentile(traces, 0.5))
    top = float(np.percentile(traces, 99.5)) if peak is None else peak
    gap = (top - low) * 1.08
    for index in range(traces.shape[1]):
        ax.plot(time[inside], traces[inside, index] - low + index * gap, color=color, lw=0.5)
        if spikes is not None and peak is not None:
            times, neurons = spikes
            at = times[(neurons == index) & (times >= start) & (times < stop)]
            base = np.interp(at, time, traces[:, index]) - low
            ax.vlines(at, base + index * gap, peak - low + index * gap, color=color, lw=0.5)
    ax.set(xlim=(start, stop), ylim=(-0.05 * gap, traces.shape[1] * gap))
    return gap


def spectrogram(ax: Axes, bands: np.ndarray, seconds: float, low: float, high: float) -> None:
    """Draw the square root of bands, shape (frames, bands), to show soft sounds; ``low`` and ``high`` in Hz."""
    extent = (0, seconds, low / 1e3, high / 1e3)
    shown = np.sqrt(np.clip(bands, 0, 1)).T
    ax.imshow(shown, origin="lower", aspect="auto", cmap="magma", vmin=0, vmax=1, extent=extent)


def teacher_and_output(
    ax: Axes, time: np.ndarray, teacher: np.ndarray, output: np.ndarray, start: float, stop: float
) -> None:
    """Draw teacher and decoded output, arrays of shape (T, K), between start and stop (s)."""
    inside = (time >= start) & (time < stop)
    count = teacher.shape[1]
    for k in range(count):
        # One hue from light to dark, so that components differ in print as well.
        color = OUTPUT if count == 1 else colormaps["viridis"](0.85 * k / (count - 1))
        ax.plot(time[inside], output[inside, k], color=color, lw=1.0, label="output" if k == 0 else None)
        ax.plot(time[inside], teacher[inside, k], color=TEACHER, lw=0.8, ls="--", label="teacher" if k == 0 else None)
    ax.set_xlim(start, stop)


def eigenvalues(ax: Axes, before: np.ndarray, after: np.ndarray, predicted: np.ndarray | None = None) -> np.ndarray:
    """Draw complex eigenvalues before and after learning; circles mark those that moved out, crosses a prediction.

    An eigenvalue moved out if its modulus is more than 10 % above the largest before. Returns these eigenvalues.
    """
    ax.plot(before.real, before.imag, "o", color=BEFORE, ms=2.6, alpha=0.6, mew=0, label="before", rasterized=True)
    ax.plot(after.real, after.imag, "o", color=AFTER, ms=1.1, mew=0, label="after", rasterized=True)
    moved = after[np.abs(after) > 1.1 * np.abs(before).max()]
    ax.plot(moved.real, moved.imag, "o", mfc="none", mec=AFTER, ms=5, mew=0.8, label="moved out")
    if predicted is not None:
        ax.plot(predicted.real, predicted.imag, "x", color="0.1", ms=4, mew=0.8, label="predicted")
    ax.set_aspect("equal", adjustable="datalim")
    return moved


def bitmap(ax: Axes, shown: np.ndarray, wanted: np.ndarray | None = None) -> int:
    """Draw a binary sequence, shape (steps, neurons), neuron 0 at the bottom; return the number of wrong bits.

    Bits that differ from ``wanted`` are red: dark where they are on, light where they are off.
    """
    wrong = np.zeros(shown.shape, bool) if wanted is None else shown != wanted
    colors = np.where(shown[..., None] == 1, 0.1, 1.0) * np.ones(3)
    colors[wrong & (shown == 1)] = (0.84, 0.37, 0.0)
    colors[wrong & (shown == 0)] = (0.98, 0.84, 0.74)
    ax.imshow(colors.transpose(1, 0, 2)[::-1], interpolation="nearest", aspect="auto")
    ax.set(yticks=[])
    return int(wrong.sum())


def panel_letter(ax: Axes, letter: str, x: float = -0.2, color: str = "black") -> None:
    """Put a bold letter at the upper left of a panel."""
    ax.text(
        x, 1.04, letter, transform=ax.transAxes, fontsize=9, fontweight="bold", va="bottom", ha="right", color=color
    )


def pictures(
    figure: SubFigure, rows: Sequence[np.ndarray], shape: tuple[int, int], titles: Sequence[str]
) -> np.ndarray:
    """Draw rows of grey pictures, each of shape (pictures, pixels), from 0, black, to 1; return their axes."""
    axes = figure.subplots(len(rows), len(titles), squeeze=False)
    for line, pixels in zip(axes, rows, strict=True):
        for ax, picture in zip(line, pixels, strict=True):
            ax.imshow(picture.reshape(shape), cmap="gray", vmin=0, vmax=1, interpolation="nearest")
            ax.set(xticks=[], yticks=[])
    for ax, title in zip(axes[0], titles, strict=True):
        ax.set_title(title, fontsize=7)
    return axes


def notes(ax: Axes, time: np.ndarray, output: np.ndarray, teacher: np.ndarray, names: Sequence[str]) -> None:
    """Draw the components of a melody above each other, arrays of shape (T, components); the teacher is grey."""
    places = 1.3 * np.arange(output.shape[1])
    for k, place in enumerate(places):
        ax.plot(time, teacher[:, k] + place, color="0.75", lw=2.0)
        ax.plot(time, output[:, k] + place, color=AFTER, lw=0.8)
    ax.set(xlabel="time (s)", xlim=(0, time[-1]), yticks=places, yticklabels=names)
