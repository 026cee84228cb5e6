"""Errors of a song when part of the chain that drives it is silent, for chains of several kinds."""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from snnlab.files.record import attribute
from snnlab.lab.grouping import by_name
from snnlab.networks.song import lesions
from snnlab.plotting import panels
from snnlab.protocols.song.songbird_ablation import VARIANTS

_DRAWN = ("external", "external, fast adaptation", "chain", "internal")
NEEDS = [("songbird_ablation", VARIANTS[name] | {"seed": seed}) for name in _DRAWN for seed in (100, 101, 102)]
CAPTION = (
    "a: The spectrograms show the song, and what networks sing when a tenth of the chain is silent (white lines). A "
    "network is driven by an array of pulses (external), also with neurons that adapt as much but ten times as fast; "
    "by a spiking synfire chain; or by pulses of its own (internal), in the order in which it was sung. b: The error "
    "of the whole song, relative to its standard deviation (sd), is shown against the share that is silent. The "
    "silent part is a piece of the chain, random pulses (or neurons of the spiking chain), or neurons of the network "
    "that learned. Lines are means over the lesions of all networks; the middle half of the lesions is shaded; the "
    "grey line is the mean spectrum. c: The error is shown before and within a silent piece of a tenth, and the given "
    "number of seconds after it. Dots are networks; lines are means; dashed lines are without a lesion."
)
_LOOKS = [("s", panels.BEFORE), ("D", "#CC79A7"), ("o", panels.AFTER), ("^", panels.OUTPUT), ("v", "0.35")]
_SHARE, _LEVELS = 0.1, 6
_PARTS = [*lesions.PARTS[:2], *lesions.PARTS[3:]]
_PLACES = dict(zip(_PARTS, ["pre", "in it", "<0.5", "<1", "<2", ">2"], strict=True))
_TITLES = {"piece": "a piece of the chain", "random": "of the chain, at random", "neurons": "neurons that learned"}


def draw(datasets: list[xr.Dataset]) -> Figure:
    """Draw spectrograms above, errors against share and by place below."""
    sources = by_name(datasets, lambda run: run.attrs["variant"])
    looks = {name: (*_LOOKS[index % len(_LOOKS)], name) for index, name in enumerate(sources)}
    figure = Figure(figsize=(7.0, 2.5 + 0.72 * (1 + len(sources))), layout="constrained")
    above, below = figure.subfigures(2, 1, height_ratios=[1 + len(sources), 2.6])
    rows = above.subplots(1 + len(sources), 1, sharex=True, squeeze=False)[:, 0]
    _spectrogram(rows[0], datasets[0], datasets[0].song.values, "song")
    for ax, (name, runs) in zip(rows[1:], sources.items(), strict=True):
        _example(ax, runs[0], name)
    rows[-1].set_xlabel("time in the song (s)")
    axes = below.subplots(1, len(lesions.KINDS) + 1)
    for ax, kind in zip(axes, lesions.KINDS, strict=False):
        for name, runs in sources.items():
            _against_share(ax, kind, runs, looks[name])
        ax.axhline(1, color="0.6", lw=0.7)
        ax.set(xlabel="share silent", title=_TITLES[kind], ylim=(0, 2))
    for index, (name, runs) in enumerate(sources.items()):
        _by_place(axes[-1], runs, looks[name], (index - (len(sources) - 1) / 2) * 0.12)
    axes[-1].set(title="a piece of a tenth", ylim=(0, 2), xlabel="time after the piece (s)")
    axes[-1].set_xticks(range(len(_PLACES)), _PLACES.values(), fontsize=6)
    axes[0].set_ylabel("error / sd of the song")
    axes[0].legend(loc="upper left", fontsize=6)
    for ax, letter in zip((rows[0], axes[0], axes[-1]), "abc", strict=True):
        panels.panel_letter(ax, letter, x=-0.06 if ax is rows[0] else -0.2)
    return figure


def _example(ax: Axes, dataset: xr.Dataset, name: str) -> None:
    """Draw the first song with a silent piece of about a tenth, in which the network sang well before the lesion."""
    examples = dataset.example.values
    kinds, shares, first = (dataset[key].values[examples] for key in ("kind", "share", "first"))
    sang = dataset.alike.values[examples] >= lesions.SINGING if "alike" in dataset else np.ones(len(examples), bool)
    index = min(np.flatnonzero(kinds == "piece"), key=lambda k: (not sang[k], abs(shares[k] - _SHARE)))
    bands, edges = dataset.sung.values[index], np.array([first[index], float(dataset.stop[examples[index]])])
    if "begun" in dataset:
        # A network with its own pulses may be anywhere in the song when a lesion begins. Draw the song as it was sung.
        begun, rate = float(dataset.begun[examples[index]]), float(dataset.song.attrs["frames_per_second"])
        bands, edges = np.roll(bands, -round(begun * rate), 0), np.mod(edges - begun, len(bands) / rate)
        name = f"{name}; {shares[index]:.0%} silent, from {begun:.1f} s of the song on"
    _spectrogram(ax, dataset, bands, name)
    for edge in edges:
        ax.axvline(edge, color="w", lw=0.9)


def _spectrogram(ax: Axes, dataset: xr.Dataset, bands: np.ndarray, name: str) -> None:
    config, seconds = attribute(dataset, "config"), len(bands) / float(dataset.song.attrs["frames_per_second"])
    # Few levels make noise take less space in the file.
    levels = (np.sqrt(np.clip(bands, 0, 1)) * _LEVELS).round() / _LEVELS
    panels.spectrogram(ax, levels**2, seconds, config["low"], config["high"])
    ax.set_ylabel("kHz")
    ax.set_title(name, loc="left", fontsize=7, pad=2)


def _against_share(ax: Axes, kind: str, runs: list[xr.Dataset], look: tuple[str, str, str]) -> None:
    marker, color, label = look
    chosen = [(run.silent_share.values, run.error.values, (run.kind == kind).values) for run in runs]
    errors = {}
    for x in np.unique(chosen[0][0][chosen[0][2]]):
        each = np.concatenate([error[mask & (share == x)] for share, error, mask in chosen])
        # A network that did not sing before a lesion has no error.
        if np.isfinite(each).any():
            errors[x] = each[np.isfinite(each)]
    intact = _intact(runs)
    ax.plot([0, *errors], [intact, *map(np.mean, errors.values())], f"{marker}-", color=color, ms=3.5, label=label)
    low, high = ([np.percentile(each, q) for each in errors.values()] for q in (25, 75))
    ax.fill_between(list(errors), low, high, color=color, alpha=0.2, lw=0)


def _by_place(ax: Axes, runs: list[xr.Dataset], look: tuple[str, str, str], shift: float) -> None:
    marker, color, _ = look
    chosen = [run.errors.values[((run.kind == "piece") & (run.share == _SHARE)).values] for run in runs]
    networks = np.array([_mean(errors)[[lesions.PARTS.index(part) for part in _PLACES]] for errors in chosen])
    places = np.arange(len(_PLACES)) + shift
    for values in networks:
        ax.plot(places, values, ".", color=color, ms=2.5, alpha=0.6, mew=0)
    ax.plot(places, _mean(networks), f"{marker}-", color=color, ms=3.5)
    ax.axhline(_intact(runs), color=color, ls="--", lw=0.7)


def _mean(rows: np.ndarray) -> np.ndarray:
    """Return the mean over rows without NaN; NaN where all rows are NaN."""
    known = np.isfinite(rows)
    return np.where(known, rows, 0).sum(0) / np.where(known.any(0), known.sum(0), np.nan)


def _intact(runs: list[xr.Dataset]) -> float:
    """Return the mean error without a lesion; NaN if none of the networks sang."""
    return float(_mean(np.concatenate([run.error.values[(run.kind == lesions.NONE).values] for run in runs])))
