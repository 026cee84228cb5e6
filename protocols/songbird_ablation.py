"""What is left of a learned song when part of the chain that drives it, or of the network itself, is silent."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import xarray as xr

from snnlab.analysis import replay, song_scores
from snnlab.claims import Check, Finding
from snnlab.engine import Engine
from snnlab.errors import require_positive
from snnlab.networks import synfire
from snnlab.networks.hdts_training import CONTROLS as CONTROLS
from snnlab.networks.hdts_training import chain_signals, train_with_hdts
from snnlab.networks.phases import Phase
from snnlab.protocol import settings
from snnlab.protocols.songbird import INTERNAL, SongConfig, completed_song, decoded, first_song, song_identity, taught
from snnlab.record import attribute
from snnlab.stimuli.song import Song

FIGURE = "songbird_ablation"
INF = float("inf")
# Without a lesion, too, as often as with each.
NONE, KINDS = "none", ("piece", "random", "neurons")
SHARES = (0.02, 0.05, 0.1, 0.2, 0.3, 0.5)
# LIF neurons, unlike Izhikevich's, do not adapt.
VARIANTS = {
    "external": {"hdts": "external"},
    "external, LIF": {"hdts": "external", "neuron": "lif"},
    "chain": {"hdts": "chain"},
    "internal": INTERNAL | {"draws": 3},
}
QUICK = {"n": 400, "learn_stop": 11.0, "pulses": 500, "draws": 1}
ERROR = "RMSE / sd of the song"
# Behind each end of a cut this much is left out: there it is heard in part (s).
LATE = 0.05
# Our criteria for the song without a lesion, and for one that keeps its own time: how alike it is, to be one at all.
INTACT, SINGING = 0.6, 0.5
LOST = "lesions before which the network did not sing (share)"
PARTS = ("before", "within", "after")


@dataclass(frozen=True)
class Config(SongConfig):
    """Settings of the run; None means: SETTINGS of songbird for this neuron, else what the neuron states."""

    hdts: Literal["external", "chain", "internal"] = "chain"
    """external: pulses from an array; chain: a spiking synfire chain; internal: pulses that the network makes itself"""
    rls_gain: Literal["undivided", "exact"] = "exact"
    """what divides a step of RLS; with the authors' undivided one (songbird) the network of seed 102 ran away behind a
    chain"""
    draws: int = 10
    """lesions of each kind and share"""

    def identity(self) -> dict:
        """Return what the settings stand for: see :meth:`ForceConfig.identity`."""
        return song_identity(settled(self))


@dataclass(frozen=True)
class Lesion:
    """What is silent in one song after learning."""

    kind: str
    """piece: adjacent pulses; random: pulses, or neurons of a chain, at random; neurons: of the network that learned;
    none"""
    share: float
    draw: int
    silent: np.ndarray
    """numbers of pulses, of neurons of the chain, or of the network's neurons"""


def settled(config: Config) -> Config:
    """Return the Config with every field that is left open filled in."""
    require_positive(config, "draws", "pulses", "bands", "learn_stop")
    song, count = taught(config), 2 * (len(KINDS) * len(SHARES) + 1) * config.draws
    return completed_song(config, song, count, config.learn_stop + 1 + (count + 2) * song.period)


def lesions(config: Config, rng: np.random.Generator) -> Iterator[Lesion]:
    """Yield every lesion of a run, and as many times none as each."""
    for draw in range(config.draws):
        yield Lesion(NONE, 0.0, draw, np.zeros(0, int))
    for kind in KINDS:
        for share in SHARES:
            for draw in range(config.draws):
                if kind == "piece":
                    size = max(1, round(share * config.pulses))
                    chosen = rng.integers(config.pulses - size + 1) + np.arange(size)
                else:
                    whole = {
                        "neurons": config.n,
                        "random": config.pulses * (synfire.SIZE if config.hdts == "chain" else 1),
                    }
                    chosen = rng.permutation(whole[kind])[: max(1, round(share * whole[kind]))]
                yield Lesion(kind, share, draw, np.sort(chosen))


def run(config: Config, engine: Engine) -> xr.Dataset:
    """Train the network; then let it sing once with each lesion, in random order, each time after a song without.

    Without such a song between, what one lesion did is still heard at the start of the next song.

    Returns what :func:`snnlab.train_force` does without output and teacher, and for each lesion ``kind``, ``share``,
    ``draw``, ``first`` and ``stop`` (s; of a piece, NaN for others), its ``error`` (RMSE over the song's standard
    deviation) and ``correlation`` and ``identity`` of :mod:`snnlab.analysis.song_scores`; ``errors`` (lesion, part)
    before, within and after a piece; ``sung`` (example, frame, band) of draw 0, whose lesions are ``example``.

    A network with pulses of its own keeps its own time: where it stands when a lesion begins is where the song before
    fits best. If it did not sing there, ``alike`` < SINGING, the lesion has no error.
    """
    config = settled(config)
    song = taught(config)
    chosen = list(lesions(config, engine.rng("lesions")))
    order = engine.rng("order of lesions").permutation(len(chosen))
    starts = first_song(config, song) + song.period * (1 + 2 * order)
    dataset = train_with_hdts(config, song, song.period, engine, _phases(config, song, chosen, starts))
    time, output = dataset.time.values, np.asarray(dataset.output)[:, : song.bands.shape[1]]
    moments = np.arange(len(song.bands)) / song.rate
    own = config.hdts == "internal"
    # The delay of songs without a lesion is that of all.
    lag = 0.0 if own else decoded(dataset, song, starts - song.period)[1]
    rows = []
    sung = []
    for lesion, start in zip(chosen, starts, strict=True):
        shift, alike = 0.0, np.nan
        if own:
            shift, alike = place(replay.at(start - song.period + moments, time, output), song)
        # How long after the start each moment of the song comes.
        since = np.mod(moments - shift, song.period)
        bands = replay.at(start + since + lag, time, output)
        row = _described(lesion, bands, lag, song, config, shift) | {"alike": alike}
        if alike < SINGING:
            row |= dict.fromkeys(("error", "correlation", "identity"), np.nan) | {"errors": [np.nan] * len(PARTS)}
        rows.append(row)
        if lesion.draw == 0:
            sung.append(bands.astype(np.float32))
    arrays = {name: ("lesion", [row[name] for row in rows]) for name in rows[0]}
    arrays["errors"] = (("lesion", "part"), np.array(arrays.pop("errors")[1]))
    return (
        dataset.drop_vars(["output", "teacher", "time", "voltage", "spike_time", "spike_neuron"])
        .assign(arrays)
        .assign(
            song=(("frame", "band"), song.bands.astype(np.float32), {"frames_per_second": song.rate}),
            sung=(("example", "frame", "band"), np.array(sung)),
            example=("example", np.flatnonzero([lesion.draw == 0 for lesion in chosen])),
            part=("part", list(PARTS)),
        )
    )


def place(bands: np.ndarray, song: Song) -> tuple[float, float]:
    """Return where in the song bands begin (s) that are one song long, and how well they fit there (correlation)."""
    found, wanted = bands - song.bands.mean(0), song.bands - song.bands.mean(0)
    product = (np.fft.rfft(found, axis=0) * np.fft.rfft(wanted, axis=0).conj()).sum(1)
    fit = np.fft.irfft(product, len(bands)) / max(np.linalg.norm(found) * np.linalg.norm(wanted), 1e-300)
    later = int(fit.argmax())
    return (len(bands) - later) % len(bands) / song.rate, float(fit[later])


def _phases(config: Config, song: Song, chosen: list[Lesion], starts: np.ndarray) -> list[Phase]:
    """One phase for each song with a lesion, and one for the song before it."""
    signals: list = [None] * len(chosen)
    if config.hdts == "chain":
        cut = [index for index, lesion in enumerate(chosen) if lesion.kind != "neurons" and len(lesion.silent)]
        dead = [_neurons(chosen[index]) for index in cut]
        for index, signal in zip(cut, chain_signals(config, song.period, dead), strict=True):
            signals[index] = signal
    phases = []
    for lesion, signal, start in zip(chosen, signals, starts, strict=True):
        change: dict = {"signal": signal}
        if lesion.kind == "neurons":
            change = {"silent": lesion.silent}
        elif config.hdts == "external":
            change = {"silent_pulses": lesion.silent}
        elif config.hdts == "internal":
            change = {"silent_outputs": config.bands + lesion.silent}
        # What a network makes itself cannot start anew.
        restart = config.hdts != "internal"
        phases += [Phase(float(start - song.period), restart=restart), Phase(float(start), restart=restart, **change)]
    return sorted(phases, key=lambda phase: phase.start)


def _neurons(lesion: Lesion) -> np.ndarray:
    """The dead neurons of a chain."""
    if lesion.kind == "random":
        return lesion.silent
    return (lesion.silent[:, None] * synfire.SIZE + np.arange(synfire.SIZE)).ravel()


def _described(lesion: Lesion, bands: np.ndarray, lag: float, song: Song, config: Config, shift: float = 0.0) -> dict:
    since, piece = np.mod(np.arange(len(bands)) / song.rate - shift, song.period), lesion.kind == "piece"
    width = song.period / config.pulses
    first, stop = (lesion.silent[0] * width, (lesion.silent[-1] + 1) * width) if piece else (np.nan, np.nan)
    # From when to when after the start of the lesion the song is in the piece; if it is there already, it has no parts.
    enters = (first - shift) % song.period
    leaves = enters + stop - first if enters + stop - first <= song.period + 1e-9 else np.nan
    inside = (since >= enters + LATE) & (since < leaves)
    parts = ((since < enters - lag) & np.isfinite(leaves), inside, since >= leaves + LATE)
    score = song_scores.scores(bands, song)
    return {
        "kind": lesion.kind,
        "share": lesion.share,
        "draw": lesion.draw,
        "first": first,
        "stop": stop,
        "error": _error(bands, song, np.ones(len(bands), bool)),
        "correlation": score[song_scores.CORRELATION],
        "identity": score[song_scores.IDENTITY],
        "errors": [_error(bands, song, part) for part in parts],
    }


def _error(bands: np.ndarray, song: Song, part: np.ndarray) -> float:
    """RMSE of some frames over the standard deviation about the mean spectrum of the whole song."""
    if not part.any():
        return float("nan")
    scale = np.sqrt(((song.bands - song.bands.mean(0)) ** 2).mean())
    return float(np.sqrt(((bands[part] - song.bands[part]) ** 2).mean()) / scale)


def measure(dataset: xr.Dataset) -> dict[str, float]:
    """Return the error of the song without a lesion, and before, within and after a piece of a tenth."""
    piece = (dataset.kind == "piece") & (dataset.share == 0.1)
    values = {f"{ERROR}, no lesion": _mean(dataset.error.values[(dataset.kind == NONE).values])}
    for part, errors in zip(PARTS, dataset.errors.values[piece.values].T, strict=True):
        if np.isfinite(errors).any():
            values[f"{ERROR}, {part} a silent piece of a tenth"] = float(np.nanmean(errors))
    if "alike" in dataset and np.isfinite(dataset.alike).any():
        values[LOST] = float((dataset.alike < SINGING).mean())
    return values


def _mean(values: np.ndarray) -> float:
    return float(np.nanmean(values)) if np.isfinite(values).any() else np.nan


def checks(dataset: xr.Dataset) -> list[Check]:
    """Return our criterion for the song without a lesion."""
    what = f"{ERROR}, no lesion"
    return [Check(what, measure(dataset)[what], 0.0, INTACT, "our criterion; the mean spectrum has 1")]


def findings(datasets: list[xr.Dataset]) -> list[Finding]:
    """What a silent tenth of the chain does before, within and after it; what random and other lesions do."""
    groups: dict[tuple[str, str], list[xr.Dataset]] = {}
    for dataset in datasets:
        if dataset.attrs["condition"] == "default":
            config = attribute(dataset, "config")
            source = f"{config['hdts']}, {config['neuron']}"
            groups.setdefault((source, settings(config)), []).append(dataset)
    rows = []
    for (source, _), runs in groups.items():
        if len(runs) < 3:
            continue
        measured = [measure(run) for run in runs]
        null = f"no lesion {np.mean([m[f'{ERROR}, no lesion'] for m in measured]):.2f}, mean spectrum 1"
        for what in measured[0]:
            if all(what in values for values in measured):
                rows.append(Finding.over_seeds(f"{source}: {what}", [values[what] for values in measured], null))
        for kind, share in (("random", 0.1), ("neurons", 0.1)):
            each = [_mean(r.error.values[((r.kind == kind) & (r.share == share)).values]) for r in runs]
            rows.append(Finding.over_seeds(f"{source}: {ERROR}, a tenth silent: {kind}", each, null))
    return rows
