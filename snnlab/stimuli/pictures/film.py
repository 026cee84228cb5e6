"""Grey frames of a video file, each at its own time, decoded by PyAV (extra ``movie``)."""

from __future__ import annotations

import logging
import math
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import UserError

_log = logging.getLogger("snnlab")
# A film with frames of different lengths is shown at its shortest frame, at most at this rate (1/s), as a screen does.
_MOST_FRAMES = 60.0
# The shape of a film may differ from the shape of its pixels by this share before a note says so.
_SQUEEZED = 0.05


@dataclass(frozen=True)
class _Film:
    """Frames of a video as they were decoded."""

    frames: np.ndarray
    """(frames, height, width), 0 to 255"""
    stamps: np.ndarray
    """time from which each frame is shown (s), the first at 0; empty if the file states none"""
    last: float
    """how long the last frame is shown (s); 0 if the file does not say"""
    rate: float
    """frames per second that the header states; 0 for none"""
    whole: bool
    """whether the film was decoded up to its end"""


def read_film(path: Path, height: int, width: int, seconds: float | None) -> tuple[np.ndarray, float]:
    """Return the frames of a video, shape (frames, height, width), from 0 (black) to 1, and frames per second.

    The picture is turned as the file's flag says, and fills the pixels. Each frame is shown from its own time stamp
    on: where frames have different lengths, long ones are repeated.

    Raises
    ------
    UserError
        If the file is no video, is shorter than ``seconds``, never changes, or is turned by no multiple of 90 degrees.
    """
    stat = path.stat()
    return _read(path.absolute(), stat.st_size, stat.st_mtime_ns, height, width, seconds)


@lru_cache(maxsize=1)
def _read(
    path: Path, size: int, mtime_ns: int, height: int, width: int, seconds: float | None
) -> tuple[np.ndarray, float]:
    """Read a film, once as long as its file's size and time stay the same."""
    film = _decoded(path, height, width, seconds)
    frames, rate = _evenly(film, path, seconds)
    if not len(frames) or (seconds is not None and len(frames) < round(seconds * rate)):
        raise UserError(f"movie: {path.name}: expected at least {seconds or 0:g} s, got {len(frames) / rate:.2f} s")
    pixels = frames / 255.0
    if np.ptp(pixels, axis=0).max() < 1e-3:
        raise UserError(f"movie: {path.name}: expected pictures that change, got the same one all the time")
    # At a rate such as 29.97 frames per second the length is seldom a multiple of the time step: round it to 10 ms.
    return pixels, len(pixels) / max(0.01, round(len(pixels) / rate, 2))


def _decoded(path: Path, height: int, width: int, seconds: float | None) -> _Film:
    try:
        import av
    except ImportError:
        raise UserError(
            "movie: expected PyAV to read a video, got no such module; install it with pip install av (the extra movie)"
        ) from None
    frames: list[np.ndarray] = []
    stamps: list[float] = []
    last, turn, whole = 0.0, np.eye(2, dtype=int), True
    try:
        with av.open(str(path)) as container:
            if not container.streams.video:
                raise UserError(f"movie: expected a video file, got {path.name} without pictures")
            stream = container.streams.video[0]
            rate = float(stream.average_rate or 0)
            for frame in container.decode(stream):
                if not frames:
                    turn = _turn(frame, path)
                    _note_shape(path, _aspect(stream, frame, turn), height, width)
                if frame.time is not None:
                    stamps.append(frame.time)
                if seconds is not None and len(frames) >= seconds * rate and _passed(stamps, frames, seconds):
                    whole = False
                    break
                rows, columns = (height, width) if turn[0, 0] else (width, height)
                grey = frame.reformat(width=columns, height=rows, format="gray").to_ndarray()
                frames.append(_turned(grey, turn))
                last = float((getattr(frame, "duration", 0) or 0) * (frame.time_base or 0))
    except (av.FFmpegError, IndexError, OSError, TypeError) as error:
        raise UserError(f"movie: {path.name}: expected a video file, cannot read it: {error}") from None
    if not frames or (not rate and len(stamps) < 2):
        raise UserError(f"movie: {path.name}: expected a video file, got no frames with times")
    known = np.array(stamps[: len(frames)]) if len(stamps) >= len(frames) else np.zeros(0)
    return _Film(np.stack(frames), known - known[:1].sum(), last, rate, whole)


def _passed(stamps: list[float], frames: list, seconds: float) -> bool:
    """Tell whether the newest frame begins at the end of the part that is read, or has no time stamp."""
    return len(stamps) <= len(frames) or stamps[-1] - stamps[0] >= seconds - 1e-6


def _evenly(film: _Film, path: Path, seconds: float | None) -> tuple[np.ndarray, float]:
    """Return frames at even times, and their rate.

    The rate is that of the header or else the mean rate if each frame is then within half a frame of its time stamp.
    Otherwise, each frame is repeated until the time stamp of the next one.
    """
    frames, stamps = film.frames, film.stamps
    places = np.arange(len(frames))
    if (np.diff(stamps) <= 0).any():
        bad = int(np.flatnonzero(np.diff(stamps) <= 0)[0]) + 1
        raise UserError(f"movie: {path.name}: expected times that rise, got frame {bad} at {stamps[bad]:g} s")
    own = (len(stamps) - 1) / stamps[-1] if len(stamps) > 1 else film.rate
    for rate in (film.rate, own):
        if rate and (len(stamps) < 2 or np.abs(stamps - places / rate).max() <= 0.5 / rate):
            return frames[: None if seconds is None else math.ceil(seconds * rate)], rate
    steps = np.diff(stamps)
    length = stamps[-1] + (film.last or steps[-1])
    if seconds is not None:
        if length < seconds - 1e-6 and film.whole:
            raise UserError(f"movie: {path.name}: expected at least {seconds:g} s, got {length:.2f} s")
        length = seconds
    # The length of the movie is rounded to 10 ms; the times of its frames are those of the rounded movie.
    length = round(length, 2)
    count = max(2, round(length * min(1 / steps.min(), _MOST_FRAMES)))
    shown = np.searchsorted(stamps, np.arange(count) * length / count + 1e-6, side="right") - 1
    _log.info(
        f"movie: {path.name}: frames of {steps.min():.3g} to {steps.max():.3g} s, read at {count / length:.3g} /s"
    )
    return frames[shown], count / length


def _turn(frame: Any, path: Path) -> np.ndarray:
    """Return how a frame is turned for display: image coordinates (x, y) become (x, y) @ turn, up to a shift."""
    for side in frame.side_data:
        if getattr(side.type, "name", "") == "DISPLAYMATRIX":
            matrix = np.frombuffer(bytes(side), "=i4")[[0, 1, 3, 4]].reshape(2, 2) / 65536
            turn = np.rint(matrix / max(np.abs(matrix).max(), 1e-9)).astype(int)
            if np.abs(matrix - turn * np.abs(matrix).max()).max() > 0.01 or abs(round(np.linalg.det(turn))) != 1:
                what = "expected a film that is turned by a multiple of 90 degrees"
                raise UserError(f"movie: {path.name}: {what}, got {frame.rotation} degrees")
            return turn
    return np.eye(2, dtype=int)


def _turned(grey: np.ndarray, turn: np.ndarray) -> np.ndarray:
    """Return a picture, shape (rows, columns), turned or mirrored."""
    if not turn[0, 0]:
        grey = grey.T
    # A column of the matrix makes the new x and the new y.
    across, down = turn.sum(0)
    return grey[::down, ::across]


def _aspect(stream: Any, frame: Any, turn: np.ndarray) -> float:
    """Return the width of the shown picture over its height. Its pixels need not be square."""
    shape = stream.sample_aspect_ratio or stream.codec_context.sample_aspect_ratio or 1
    aspect = float(frame.width * shape / frame.height)
    return aspect if turn[0, 0] else 1 / aspect


def _note_shape(path: Path, aspect: float, height: int, width: int) -> None:
    """Log a note if a film is squeezed or stretched by its pixels."""
    if abs(math.log(aspect * height / width)) > _SQUEEZED:
        rows = max(2, round(math.sqrt(height * width / aspect)))
        _log.info(
            f"movie: {path.name}: its picture is {aspect:.3g} times as wide as high, but {height} x {width} pixels are "
            f"{width / height:.3g} times; --height {rows} --width {max(2, round(rows * aspect))} keeps its shape"
        )
