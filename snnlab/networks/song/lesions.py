"""Lesions of a network that sings: the silenced parts in each song, and the remaining song.

A network that keeps its own time may be at any place in the song when a lesion begins. Errors are measured before,
within and after a silent piece of the chain that drives the network.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr

from ...equality import EqualArrays
from ..force import Phase
from ..replay import chain_signals, synfire
from ..replay import moments as replay
from .config import SongConfig
from .scores import CORRELATION, IDENTITY, scores
from .song import Song
from .train import decoded_songs

# The number of songs without a lesion, of kind NONE, is the number of songs with each lesion.
NONE, KINDS = "none", ("piece", "random", "neurons")
SHARES = (0.02, 0.05, 0.1, 0.2, 0.3, 0.5)
# Number of songs without a lesion before each lesion. A network that keeps its own time needs more songs to recover.
REST = {"external": 1, "chain": 1, "internal": 3}

# This is our criterion for singing of a network that keeps its own time (correlation about the mean spectrum). It is
# above 0.67, the correlation of the synthetic song with itself one motif later.
SINGING = 0.75
# This time after each end of a silent piece is left out, because the effect is partial there (s).
LATE = 0.05
# Ends of the parts after a silent piece (s).
BEHIND = (0.5, 1.0, 2.0)
PARTS = ("before", "within", "after", "up to 0.5 s after", "0.5 to 1 s after", "1 to 2 s after", "from 2 s after on")
# A stretch of this length (s) counts as song if its correlation with some stretch of the song is at least the second
# number. Silence has 0.59 with the quietest stretch of the synthetic song. A stretch counts as in its place if it is
# off by at most the third number (s).
STRETCH, OF_SONG, OFF = 0.5, 0.7, 0.1
_PACES = (0.97, 1.03, 61)


@dataclass(frozen=True, eq=False)
class Lesion(EqualArrays):
    """The silenced part in one song after learning."""

    kind: str
    """piece: adjacent pulses; random: random pulses, or random neurons of a chain; neurons: random neurons of the
    trained network; none"""
    share: float
    draw: int
    silent: np.ndarray
    """indices of pulses, of neurons of the chain, or of neurons of the network"""


def draw(config: SongConfig, draws: int, rng: np.random.Generator) -> Iterator[Lesion]:
    """Yield every lesion of a run: ``draws`` of each kind and share, and ``draws`` of no lesion."""
    for number in range(draws):
        yield Lesion(NONE, 0.0, number, np.zeros(0, int))
    for kind in KINDS:
        for share in SHARES:
            for number in range(draws):
                if kind == "piece":
                    size = max(1, round(share * config.pulses))
                    chosen = rng.integers(config.pulses - size + 1) + np.arange(size)
                else:
                    whole = units(config, kind)
                    chosen = rng.permutation(whole)[: max(1, round(share * whole))]
                yield Lesion(kind, share, number, np.sort(chosen))


def units(config: SongConfig, kind: str) -> int:
    """Return the number of pulses or neurons from which a lesion of this kind silences a share."""
    if kind == "neurons":
        return config.n
    return config.pulses * (synfire.SIZE if config.hdts == "chain" and kind == "random" else 1)


def signals(config: SongConfig, song: Song, chosen: Sequence[Lesion]) -> list:
    """Return the signal of a chain with each lesion; None for other sources of pulses."""
    if config.hdts != "chain":
        return [None] * len(chosen)
    cut = [index for index, lesion in enumerate(chosen) if lesion.kind in ("piece", "random")]
    intact, *others = chain_signals(config, song.period, [(), *(dead_neurons(chosen[index]) for index in cut)])
    found = [intact] * len(chosen)
    for index, signal in zip(cut, others, strict=True):
        found[index] = signal
    return found


def phases(
    config: SongConfig, song: Song, chosen: Sequence[Lesion], starts: np.ndarray, signals: Sequence
) -> list[Phase]:
    """Return one phase for each song with a lesion, and one phase for the songs before it.

    ``starts`` are the times (s) at which the songs with a lesion begin, and ``signals`` is the result of
    :func:`signals`.
    """
    found, rest = [], REST[config.hdts] * song.period
    for lesion, signal, start in zip(chosen, signals, starts, strict=True):
        change: dict = {"signal": signal}
        if lesion.kind == "neurons":
            change = {"silent": lesion.silent}
        elif config.hdts == "external":
            change = {"silent_pulses": lesion.silent}
        elif config.hdts == "internal":
            change = {"silent_outputs": config.bands + lesion.silent}
        # Internal pulses cannot be restarted.
        restart = config.hdts != "internal"
        found += [Phase(float(start - rest), restart=restart), Phase(float(start), restart=restart, **change)]
    return sorted(found, key=lambda phase: phase.start)


def dead_neurons(lesion: Lesion) -> np.ndarray:
    """Return the dead neurons of a chain in a lesion: the neurons of a piece's pools, or random neurons."""
    if lesion.kind == "random":
        return lesion.silent
    return (lesion.silent[:, None] * synfire.SIZE + np.arange(synfire.SIZE)).ravel()


def place(time: np.ndarray, output: np.ndarray, start: float, song: Song) -> tuple[float, float, float]:
    """Return the place in the song at ``start`` (s), the pace from there on, and the quality of the fit.

    Parameters
    ----------
    time, output : arrays of shape (T,) and (T, bands)
        Evenly sampled outputs, which last at least one song from ``start`` on.
    song : Song
        The taught song, which has a pace of 1. Paces within 3 % are tested. The fit is the correlation about the mean
        spectrum.
    """
    moments = np.arange(len(song.bands)) / song.rate
    fits = [
        (*_begun(replay.at(start + moments / pace, time, output), song), float(pace)) for pace in np.linspace(*_PACES)
    ]
    begun, fit, pace = max(fits, key=lambda each: each[1])
    return begun, pace, fit


def _begun(bands: np.ndarray, song: Song) -> tuple[float, float]:
    """Return the place in the song where bands of one song length begin (s), and their correlation there."""
    found, wanted = bands - song.bands.mean(0), song.bands - song.bands.mean(0)
    product = (np.fft.rfft(found, axis=0) * np.fft.rfft(wanted, axis=0).conj()).sum(1)
    size = float(np.linalg.norm(found) * np.linalg.norm(wanted))
    fit = np.fft.irfft(product, len(bands)) / max(size, 1e-300)
    later = int(fit.argmax())
    return (len(bands) - later) % len(bands) / song.rate, float(fit[later])


def error(bands: np.ndarray, song: Song, part: np.ndarray | None = None) -> float:
    """Return the RMSE of some frames / the standard deviation of the whole song about its mean spectrum."""
    part = np.ones(len(bands), bool) if part is None else part
    if not part.any():
        return float("nan")
    scale = np.sqrt(((song.bands - song.bands.mean(0)) ** 2).mean())
    return float(np.sqrt(((bands[part] - song.bands[part]) ** 2).mean()) / scale)


def passed(first: float, stop: float, begun: float, period: float) -> tuple[float, float]:
    """Return the times when a song that starts at place ``begun`` enters and leaves a piece (all in s).

    The piece is from ``first`` to ``stop``. If the song starts within the piece, the times are NaN.
    """
    enters = (first - begun) % period
    return enters, enters + stop - first if enters + stop - first <= period + 1e-9 else np.nan


def fits_behind(
    bands: np.ndarray, song: Song, first: float, stop: float, begun: float = 0.0
) -> tuple[np.ndarray, np.ndarray]:
    """Return the fit of each half second after a piece to the song: in its place, and at any place.

    A song may have copies of a motif, so that a half second that fits in its place may fit elsewhere, too.

    Parameters
    ----------
    bands : array of shape (frames, bands)
        The sung bands at each moment of the song, which was at place ``begun`` (s) when the lesion began.
    first, stop : float
        Start and end of the piece (s). NaN means no piece; then the whole song counts.

    Returns
    -------
    (array, array) of shape (stretches,)
        Correlations about the mean spectrum: the best one within OFF of the place, and the best one of all places.
    """
    size, count, begin = round(STRETCH * song.rate), len(song.bands), round(begun * song.rate)
    found, wanted = (np.roll(each - song.bands.mean(0), -begin, 0) for each in (bands, song.bands))
    after = 0.0 if np.isnan(first) else passed(first, stop, begun, count / song.rate)[1] + LATE
    around = np.concatenate([wanted, wanted[:size]])
    energy = np.concatenate([[0.0], np.cumsum((around**2).sum(1))])
    norms = np.sqrt(energy[size : size + count] - energy[:count])
    places, spectrum, here, anywhere = np.arange(count), np.fft.rfft(wanted, axis=0), [], []
    for start in [] if np.isnan(after) else range(round(after * song.rate), count - size + 1, size):
        stretch = found[start : start + size]
        product = spectrum * np.fft.rfft(stretch, count, axis=0).conj()
        fit = np.fft.irfft(product.sum(1), count) / np.maximum(norms * np.linalg.norm(stretch), 1e-300)
        near = replay.apart(places, start, count) <= OFF * song.rate
        here.append(fit[near].max())
        anywhere.append(fit.max())
    return np.array(here), np.array(anywhere)


def errors_by_part(
    bands: np.ndarray, song: Song, first: float, stop: float, lag: float = 0.0, begun: float = 0.0
) -> list[float]:
    """Return errors in each of PARTS, for a piece of the song from ``first`` to ``stop`` (s); NaN for an empty part.

    The song was at place ``begun`` (s) when the lesion began, and its output has a delay of ``lag`` s. If it was
    already within the piece, the parts before and after do not exist.
    """
    since = np.mod(np.arange(len(bands)) / song.rate - begun, song.period)
    enters, leaves = passed(first, stop, begun, song.period)
    within = (since >= enters + LATE) & (since < leaves)
    parts = [(since < enters - lag) & np.isfinite(leaves), within, since >= leaves + LATE]
    for low, high in zip((LATE, *BEHIND), (*BEHIND, np.inf), strict=True):
        parts.append((since >= leaves + low) & (since < leaves + high))
    return [error(bands, song, part) for part in parts]


def read(
    dataset: xr.Dataset, song: Song, config: SongConfig, chosen: Sequence[Lesion], starts: np.ndarray, signals: Sequence
) -> tuple[dict[str, tuple], np.ndarray]:
    """Return the measures of the song with each lesion, as variables of a run, and the sung examples.

    Parameters
    ----------
    dataset : xarray.Dataset
        A run whose songs with the lesions begin at ``starts`` (s), with the ``signals`` of :func:`signals`.
    chosen : sequence of Lesion
        The lesions; the first one is no lesion.

    Returns
    -------
    (dict, array of shape (examples, frames, bands))
        Variables over lesions, by name; the sung bands with each lesion of draw 0.
    """
    time, output = dataset.time.values, np.asarray(dataset.output)[:, : song.bands.shape[1]]
    moments = np.arange(len(song.bands)) / song.rate
    own = config.hdts == "internal"
    lag = 0.0 if own else decoded_songs(dataset, song, starts - song.period)[1]
    rows, sung = [], []
    for lesion, start, signal in zip(chosen, starts, signals, strict=True):
        timing = own_time(time, output, start, song) if own else {}
        row: dict[str, float | str | list[float]] = {**timing}
        begun, pace, late = timing.get("begun", 0.0), timing.get("pace", 1.0), 0.0
        if signal is not None:
            waits, reached = synfire.lateness(signal, signals[0])
            late = np.interp(moments, np.arange(config.pulses) * song.period / config.pulses, waits)
            row = {"late": late[-1], "reached": reached}
        # The time of each moment of the song.
        bands = replay.at(start + np.mod(moments - begun, song.period) / pace + late + lag, time, output)
        row |= describe(lesion, bands, lag, song, config, begun)
        if own and timing["alike"] < SINGING:
            row |= dict.fromkeys(("error", "correlation", "identity"), np.nan) | {"errors": [np.nan] * len(PARTS)}
        rows.append(row)
        if lesion.draw == 0:
            sung.append(bands.astype(np.float32))
    arrays: dict[str, tuple] = {name: ("lesion", [row[name] for row in rows]) for name in rows[0]}
    arrays["errors"] = (("lesion", "part"), np.array(arrays.pop("errors")[1]))
    return arrays, np.array(sung)


def own_time(time: np.ndarray, output: np.ndarray, start: float, song: Song) -> dict[str, float]:
    """Return the place in the song of a network that keeps its own time, when a lesion begins, and its fits.

    ``alike``, ``during`` and ``next`` are the fits of the songs before, with and after the lesion.
    """
    (before, pace, alike), *others = (place(time, output, start + k * song.period, song) for k in (-1, 0, 1))
    during, after = (fit for _, _, fit in others)
    begun = (before + pace * song.period) % song.period
    return {"begun": begun, "pace": pace, "alike": alike, "during": during, "next": after}


def describe(lesion: Lesion, bands: np.ndarray, lag: float, song: Song, config: SongConfig, begun: float = 0.0) -> dict:
    """Return the properties of a lesion and the measures of the song that was sung with it.

    Parameters
    ----------
    bands : array of shape (frames, bands)
        The sung bands at each moment of the song, with a delay of ``lag`` s. The song was at place ``begun`` (s) when
        the lesion began.
    """
    width, piece = song.period / config.pulses, lesion.kind == "piece"
    first, stop = (lesion.silent[0] * width, (lesion.silent[-1] + 1) * width) if piece else (np.nan, np.nan)
    score = scores(bands, song)
    return {
        "kind": lesion.kind,
        "share": lesion.share,
        "silent_share": len(lesion.silent) / units(config, lesion.kind),
        "draw": lesion.draw,
        "first": first,
        "stop": stop,
        "error": error(bands, song),
        "correlation": score[CORRELATION],
        "identity": score[IDENTITY],
        "errors": errors_by_part(bands, song, first, stop, lag, begun),
    }
