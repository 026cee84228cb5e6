"""Sound as the loudness of frequency bands, sound computed from the bands, and WAV files."""

from __future__ import annotations

import io
import logging
import warnings
from functools import cache
from math import gcd
from pathlib import Path

import numpy as np
import scipy

from ...errors import UserError, user_path
from .wav import completed

_log = logging.getLogger("snnlab")
# All sound is resampled to this rate (1/s). Window and step of the spectrogram are in samples: 11.6 and 2.9 ms.
RATE = 44100
WINDOW, HOP = 512, 128
# The range of the bands (Hz), in which songbirds sing.
LOW, HIGH = 500.0, 10000.0
# The shortest and the longest sound that is accepted, in s.
SHORTEST, LONGEST = 0.2, 60.0


def bands_of(
    sound: np.ndarray, rate: int, m: int = 45, low: float = LOW, high: float = HIGH
) -> tuple[np.ndarray, float]:
    """Return the amplitude of ``m`` equal bands from ``low`` to ``high`` Hz, shape (frames, m), and frames per s.

    The sound is resampled to 44.1 kHz; then the amplitudes (Hann window of 11.6 ms, steps of 2.9 ms) are averaged in
    each band and divided by the largest of all.

    Raises
    ------
    UserError
        If there is no band or bands are much narrower than the window resolves, if they do not lie between 0 and half
        the sampling rate, or if the sound is silent in them.
    """
    if not 0 <= low < high <= min(rate, RATE) / 2:
        limit = min(rate, RATE) / 2
        raise UserError(f"low, high: expected 0 <= low < high <= {limit:g} Hz, half the rate, got {low:g}, {high:g}")
    # A quarter of the resolution of the window.
    narrowest = RATE / WINDOW / 4
    most = max(1, int((high - low) / narrowest))
    if not 1 <= m <= most:
        raise UserError(f"bands: expected an integer from 1 to {most}, bands of {narrowest:.0f} Hz, got {m}")
    common = gcd(rate, RATE)
    sound = scipy.signal.resample_poly(np.asarray(sound, float), RATE // common, rate // common)
    frames = -(-len(sound) // HOP)
    amplitude = np.abs(_stft(sound))[:, :frames]
    bands = (_shares(m, low, high) @ amplitude).T
    if not bands.max() > 0:
        raise UserError(f"song: expected a sound between {low:g} and {high:g} Hz, got silence")
    return bands / bands.max(), RATE / HOP


def sound_from(
    bands: np.ndarray, frame_rate: float, low: float = LOW, high: float = HIGH, iterations: int = 40
) -> tuple[np.ndarray, int]:
    """Return a sound with these bands, shape (frames, m), and its rate; negative values are silent.

    The bands do not hold the phases. The algorithm of Griffin & Lim 1984, doi:10.1109/TASSP.1984.1164317, finds phases,
    starting from random ones that are always the same.
    """
    length = round(len(bands) / frame_rate * RATE)
    times = np.arange(-(-length // HOP) + 1) * HOP / RATE
    place = np.arange(len(bands)) / frame_rate
    shares = _shares(bands.shape[1], low, high)
    spread = (shares / np.maximum(shares.sum(0), 1e-12)).T
    amplitude = spread @ np.stack([np.interp(times, place, band) for band in np.maximum(bands, 0).T])
    phase = np.exp(2j * np.pi * np.random.default_rng(0).random(amplitude.shape))
    for _ in range(iterations):
        again = _stft(_istft(amplitude * phase))[:, : len(times)]
        phase = again / np.maximum(np.abs(again), 1e-12)
    sound = _istft(amplitude * phase)[:length]
    return sound / (np.abs(sound).max() or 1), RATE


def wav_bytes(sound: np.ndarray, rate: int) -> bytes:
    """Return a sound as the bytes of a WAV file of 16 bits; its loudest moment has full scale."""
    file = io.BytesIO()
    scipy.io.wavfile.write(file, rate, np.round(sound / (np.abs(sound).max() or 1) * 32767).astype(np.int16))
    return file.getvalue()


def read_wav(path: str | Path, seconds: float | None = None, high: float = HIGH) -> tuple[np.ndarray, int]:
    """Return the sound of a WAV file, channels averaged, full scale 1, and its rate; ``seconds`` cuts it.

    Raises
    ------
    UserError
        If the file does not exist, is no WAV file or cut, is silent, is shorter than 0.2 s or than ``seconds``, is
        longer than 60 s, or is sampled too slowly for frequencies up to ``high`` Hz.
    """
    path = user_path(path)
    if seconds is not None and not SHORTEST <= seconds <= LONGEST:
        raise UserError(f"song_seconds: expected a number from {SHORTEST:g} to {LONGEST:g} s, got {seconds:g}")
    if not path.is_file():
        raise UserError(f"song: expected synthetic, bengalese or a WAV file, got no file {str(path)!r}")
    samples, rate = _samples(path)
    length = len(samples) / rate
    if length < (seconds or SHORTEST):
        raise UserError(f"song: {path.name}: expected at least {seconds or SHORTEST:g} s, got {length:.3g} s")
    if seconds is None and length > LONGEST:
        raise UserError(f"song: {path.name}: expected at most {LONGEST:g} s, got {length:.3g} s; song_seconds cuts it")
    if rate < 2 * high:
        raise UserError(
            f"song: {path.name}: expected at least {2 * high:g} samples/s, twice high = {high:g} Hz, got {rate}"
        )
    sound = _scaled(samples[: len(samples) if seconds is None else round(seconds * rate)])
    if not np.isfinite(sound).all():
        raise UserError(f"song: {path.name}: expected finite samples, got NaN or infinity")
    # A constant offset is silence, too.
    if not np.abs(sound - sound.mean()).max() > 1e-4:
        raise UserError(f"song: {path.name}: expected a sound, got silence")
    return sound, rate


def wav_seconds(path: str | Path) -> float:
    """Return the length of a WAV file in s; raises UserError if it cannot be read."""
    samples, rate = _samples(user_path(path))
    return len(samples) / rate


def _samples(path: Path) -> tuple[np.ndarray, int]:
    """Return the samples of a WAV file as they are stored, and their rate."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", scipy.io.wavfile.WavFileWarning)
            # scipy only warns about this, but the rest of the song is missing.
            warnings.filterwarnings("error", "Reached EOF", scipy.io.wavfile.WavFileWarning)
            content, note = completed(path.read_bytes())
            rate, samples = scipy.io.wavfile.read(io.BytesIO(content))
        if not rate > 0:
            raise ValueError(f"its rate is {rate}")
    # scipy's reader raises many kinds of errors if a header is wrong.
    except Exception as error:
        raise UserError(f"song: {path.name}: expected a WAV file, cannot read it: {_one_line(error)}") from None
    if note:
        _told(f"song: {path.name}: {note}")
    return samples, rate


def _shares(m: int, low: float, high: float) -> np.ndarray:
    """Return the share of each frequency of the transform in each band, shape (m, WINDOW/2 + 1); rows sum to 1."""
    width = RATE / WINDOW
    centre, edges = np.arange(WINDOW // 2 + 1) * width, np.linspace(low, high, m + 1)[:, None]
    inside = np.minimum(centre + width / 2, edges[1:]) - np.maximum(centre - width / 2, edges[:-1])
    overlap = np.maximum(inside, 0)
    return overlap / overlap.sum(1, keepdims=True)


def _stft(sound: np.ndarray) -> np.ndarray:
    return scipy.signal.stft(sound, nperseg=WINDOW, noverlap=WINDOW - HOP)[2]


def _istft(transform: np.ndarray) -> np.ndarray:
    return scipy.signal.istft(transform, nperseg=WINDOW, noverlap=WINDOW - HOP)[1]


def _scaled(samples: np.ndarray) -> np.ndarray:
    """Return samples of any type as one channel of full scale 1."""
    sound = samples.astype(float)
    if samples.dtype.kind == "u":
        sound = (sound - 128) / 128
    elif samples.dtype.kind == "i":
        sound /= 2.0 ** (8 * samples.dtype.itemsize - 1)
    return sound if sound.ndim == 1 else sound.mean(axis=1)


@cache
def _told(note: str) -> None:
    """Log a note once."""
    _log.info(note)


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
