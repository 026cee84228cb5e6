"""Two sequences are learned in turns until a block needs no training (Osogami & Otsuka 2015, SCIENCE and mirrored)."""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from snnlab.files.record import attribute
from snnlab.networks.boltzmann import PUBLISHED_BLOCKS
from snnlab.plotting import panels
from snnlab.protocols.boltzmann.dybm_two_sequences import ended

SEEDS = range(100, 110)
# This machine had done the most blocks of the ten after 1,000,000 periods, so its training goes on.
FURTHEST = {"seed": 101, "periods": 1_000_000_000}
NEEDS = [("dybm_two_sequences", FURTHEST if seed == FURTHEST["seed"] else {"seed": seed}) for seed in SEEDS]
QUICK_NEEDS = [("dybm_two_sequences", {"seed": seed}) for seed in SEEDS[:3]]
CAPTION = (
    "a: The machine that was trained longest runs on its own, from silence and a cue (pale), after the given number "
    "of blocks (+: within the next one). It recalls the forward and the mirrored sequence, and starts again after its "
    "end. Dark pixels are on; red pixels differ from the sequence. A block trains one of the two sequences until it "
    "is recalled. b: The blocks are shown over periods of training. Each line is one machine; the coloured one is the "
    "machine in a. This machine had done the most blocks of the ten; its training went on and took the time given "
    "above. A dot means that training ended because a block needed none. A triangle means that training was cut off "
    "(below 1: within the first block). The dashed line is the number of blocks that the published machine needed. c: "
    "The y-axis gives the wrong bits of a recall at the end of a block, of the sequence just learned (dots; always "
    "none, because a block ends so) and of the other sequence (lines). The dotted line is the untrained machine."
)
_ROWS, _POINTS = 7, 400


def draw(datasets: list[xr.Dataset]) -> Figure:
    """Draw what one machine recalls from both cues, and how all machines learn both sequences."""
    # Several machines may have been trained longest; max takes the first.
    example = max(datasets, key=lambda run: float(run.age[-1]))
    figure = Figure(figsize=(7.0, 5.2), layout="constrained")
    left, right = figure.subfigures(1, 2, width_ratios=[1.75, 1])
    shown = np.unique(np.linspace(0, example.sizes["look"] - 1, _ROWS).round().astype(int))
    pictures = left.subplots(len(shown), 2, squeeze=False)
    cue = attribute(example, "config")["cue"]
    for row, look in zip(pictures, shown, strict=True):
        number = int(example.look[look])
        name = f"{number:,}{'+' * bool(_within_a_block(example)[look])} block{'s' * (number != 1)}"
        for ax, learned in zip(row, (0, 1), strict=True):
            wrong = recall(ax, example.isel(look=look, learned=learned), cue)
            ax.set_title(f"{name}: {wrong} bits wrong", loc="left")
            ax.tick_params(labelbottom=look == shown[-1])
    for ax, name in zip(pictures[-1], ("forward", "mirrored"), strict=True):
        ax.set_xlabel(f"step ({name})")
    blocks, wrong = right.subplots(2, 1)
    for run in [*(r for r in datasets if r is not example), example]:
        style = dict(color=panels.AFTER, lw=1.3, zorder=3) if run is example else dict(color="0.65", lw=0.6)
        _blocks(blocks, run, **style)
        _wrong(wrong, run, **style)
    if attribute(example, "config")["sequence"] == "SCIENCE":
        blocks.axhline(PUBLISHED_BLOCKS, color="0.15", lw=0.8, ls="--")
    cpu, wall = (float(example[name][-1] / 60) for name in ("cpu", "wall"))
    times = f"{cpu:.3g} min of CPU, {wall:.3g} min in all\npublished: {PUBLISHED_BLOCKS:,} blocks, 223 min"
    blocks.set_title(times, loc="left", fontsize=7)
    blocks.set(xscale="log", yscale="log", xlabel="periods of training", ylabel="blocks")
    untrained = 100 * example.wrong.values[0].mean() / example.sequence[0].size
    wrong.axhline(untrained, color="0.15", lw=0.8, ls=":")
    most = 1.5 * max(1, *(run.sizes["block"] for run in datasets))
    wrong.set(xscale="log", xlabel="blocks", ylabel="wrong bits (%)", xlim=(0.7, most), ylim=(-0.03 * untrained, None))
    for ax in (blocks, wrong):
        # Within a factor of ten matplotlib would label minor ticks, on top of each other.
        ax.tick_params(which="minor", labelbottom=False)
    blocks.tick_params(which="minor", labelleft=False)
    for ax, letter in ((pictures[0, 0], "a"), (blocks, "b"), (wrong, "c")):
        panels.panel_letter(ax, letter, x=-0.04 if ax is pictures[0, 0] else -0.2)
    return figure


def recall(ax: Axes, look: xr.Dataset, cue: int) -> int:
    """Draw a cue, pale, and what a machine did after it, in red where it is wrong; returns the number of wrong bits."""
    sequence = look.sequence.values
    before, wanted = sequence[:cue], np.roll(sequence, -cue, axis=0)
    wrong = panels.bitmap(ax, np.concatenate([before, look.recalled.values]), np.concatenate([before, wanted]))
    ax.axvspan(-0.5, cue - 0.5, color="white", alpha=0.65, lw=0)
    ax.set_xticks([0, cue, len(sequence)])
    return wrong


def _within_a_block(run: xr.Dataset) -> np.ndarray:
    """Return which checkpoints lie within a block; only the last one can."""
    return (np.arange(run.sizes["look"]) == run.sizes["look"] - 1) & (int(run.unfinished) > 0)


def _blocks(ax: Axes, run: xr.Dataset, **style) -> None:
    """Draw blocks over periods, and how training ended."""
    needed = run.block_periods.values
    count = len(needed)
    # A line cannot show millions of blocks. A logarithmic axis has no place for block 0.
    chosen = np.unique(np.geomspace(1, max(count, 1), _POINTS).astype(int))[:count]
    age, last = max(float(run.age[-1]), 1.0), max(count, 0.5)
    ax.plot([*np.maximum(needed.cumsum()[chosen - 1], 1), age], [*chosen, last], **style)
    mark = {"marker": "o", "ms": 3.5} if ended(run) else {"marker": "^", "ms": 4.5, "mfc": "white", "mew": 0.8}
    ax.plot(age, last, **style | mark)


def _wrong(ax: Axes, run: xr.Dataset, **style) -> None:
    """Draw the wrong bits at the end of blocks, of the sequence just learned and of the other one."""
    looks = run.look.values
    # If training was cut off within a block, neither sequence has just been learned.
    whole = (looks > 0) & ~_within_a_block(run)
    share = 100 * run.wrong.values[whole] / run.sequence[0].size
    place, last = np.arange(len(share)), (looks[whole] - 1) % 2
    ax.plot(looks[whole], share[place, 1 - last], **style)
    ax.plot(looks[whole], share[place, last], **style | {"marker": ".", "ms": 3, "ls": ""})
