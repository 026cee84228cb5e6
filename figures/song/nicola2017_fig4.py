"""A song sung by a spiking network (Nicola & Clopath 2017, figure 4)."""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.ndimage import gaussian_filter1d

from snnlab.analysis import trains
from snnlab.files.record import attribute
from snnlab.networks.song import loudness, stored_song
from snnlab.plotting import panels

NEEDS = [("songbird", {"seed": 100})]
CAPTION = (
    "The first 1.65 s of the song are shown. a: The spectrogram of the song has the bands that the network is taught; "
    "lines are syllables. b: The spectrogram shows what the network sings in the last song after learning. c: The "
    "loudness of both is the sum over their bands. d: Spikes of 60 neurons in that song are sorted by the time of "
    "their highest firing rate. e: Membrane potentials are shown, with spikes drawn up to their peak."
)
_TRACES = 4
# The drawn part of the song (s), the neurons of the raster, and the width that smooths their firing rate (s).
_SECONDS, _NEURONS, _SMOOTHING = 1.65, 60, 0.05


def draw(datasets: list[xr.Dataset]) -> Figure:
    """Draw spectrograms, loudness, raster and voltages of one run over the same song."""
    (dataset,) = datasets[:1]
    song, start, config = stored_song(dataset), float(dataset.song_start), attribute(dataset, "config")
    shown = min(_SECONDS, song.period)
    figure = Figure(figsize=(7.0, 5.4), layout="constrained")
    axes = figure.subplots(5, 1, sharex=True, height_ratios=[1, 1, 0.6, 1.2, 0.9])
    sung = dataset.sung.values[-1].astype(float)
    for ax, bands, title in zip(axes, (song.bands, sung), ("song", "network"), strict=False):
        panels.spectrogram(ax, bands, song.period, config["low"], config["high"])
        ax.set_ylabel(f"{title}\nfrequency (kHz)")
    for _, begin, stop in song.syllables:
        if begin > shown:
            break
        axes[0].plot(
            [begin, min(stop, shown)],
            [1.04, 1.04],
            color="0.2",
            lw=1.5,
            transform=axes[0].get_xaxis_transform(),
            clip_on=False,
        )
    _loudness(axes[2], song, sung)
    _raster(axes[3], dataset, start, shown)
    _voltages(axes[4], dataset, start, shown)
    axes[4].set_xlabel("time in the song (s)")
    axes[4].set_xlim(0, shown)
    for ax, letter in zip(axes, "abcde", strict=True):
        panels.panel_letter(ax, letter, x=-0.08)
    return figure


def _loudness(ax: Axes, song, sung: np.ndarray) -> None:
    times = np.arange(len(song.bands)) / song.rate
    ax.plot(times, loudness(song.bands), color="0.7", lw=1.6, label="song")
    ax.plot(times, loudness(sung), color=panels.AFTER, lw=0.7, label="network")
    ax.set(ylabel="loudness\n(sum of bands)", ylim=(min(0, ax.get_ylim()[0]), 1.6 * loudness(song.bands).max()))
    ax.legend(loc="upper right", ncols=2)


def _raster(ax: Axes, dataset: xr.Dataset, start: float, seconds: float) -> None:
    times, neurons = dataset.spike_time.values - start, dataset.spike_neuron.values
    drawn = (times < seconds) & (neurons < _NEURONS)
    times, neurons = times[drawn], neurons[drawn]
    counts = trains.counts(times, neurons, _NEURONS, 0, seconds, round(seconds / 5e-3))
    most = gaussian_filter1d(counts, _SMOOTHING / 5e-3, axis=1).argmax(1)
    place = np.empty(_NEURONS, int)
    place[np.argsort(most)] = np.arange(_NEURONS)
    ax.plot(times, place[neurons], "|", color="0.1", ms=1.5, mew=0.4)
    ax.set(ylim=(-1, _NEURONS), ylabel="neuron, by\nits highest rate")


def _voltages(ax: Axes, dataset: xr.Dataset, start: float, seconds: float) -> None:
    spikes = dataset.spike_time.values - start, dataset.spike_neuron.values
    traces = dataset.voltage.values[:, :_TRACES] * 1e3
    peak = 30.0
    gap = panels.voltages(ax, dataset.time.values - start, traces, 0, seconds, spikes, peak)
    ax.set(yticks=gap * np.arange(traces.shape[1]), yticklabels=range(1, traces.shape[1] + 1), ylabel="neuron")
    if dataset.voltage.attrs["units"] != "V":
        return
    ax.plot([1.008, 1.008], [0, 50], transform=ax.get_yaxis_transform(), color="0.1", lw=2, clip_on=False)
    ax.text(1.015, 25, "50 mV", transform=ax.get_yaxis_transform(), rotation=90, va="center", fontsize=6)
