"""Movies as teacher signals, one component for each pixel, and films of grey pictures."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...equality import EqualArrays
from ...errors import UserError, user_path
from ..signals.trajectory import repeated
from .film import read_film

# The largest number of outputs that a computer can train: RLS holds a decoder of n x pixels besides P.
MOST_PIXELS = 100_000


@dataclass(frozen=True, eq=False)
class Movie(EqualArrays):
    """Grey frames that repeat. A call returns the teacher signal, a component for each pixel, linear between frames."""

    frames: np.ndarray
    """(frames, height, width), from 0 (black) to 1"""
    rate: float
    """frames per second"""

    @property
    def period(self) -> float:
        """Length of the movie in s."""
        return len(self.frames) / self.rate

    @property
    def pixels(self) -> np.ndarray:
        """The frames as rows, shape (frames, pixels)."""
        return self.frames.reshape(len(self.frames), -1)

    def __call__(self, t: np.ndarray) -> np.ndarray:
        """Return all pixels at times t (s), shape (T, pixels); frame f is at f/rate."""
        return repeated(t, self.pixels, self.rate)


def movie_from(spec: str, height: int = 18, width: int = 32, seconds: float | None = None) -> Movie:
    """Return the movie that ``spec`` names, grey and of this size.

    Parameters
    ----------
    spec : str
        ``synthetic``; ``bunny`` (`snnlab data get bunny`); or a video file, read by PyAV (extra ``movie``); see
        :func:`snnlab.stimuli.pictures.film.read_film`.
    seconds : float
        Length in s. A video is cut to it, and ``synthetic`` is made for it. None means 8 s, or the whole video.

    Raises
    ------
    UserError
        If the file does not exist, is no video, or is shorter than ``seconds``.
    """
    if height < 2 or width < 2:
        raise UserError(f"height, width: expected at least 2 pixels each, got {height} and {width}")
    if height * width > MOST_PIXELS:
        raise UserError(f"height, width: expected at most {MOST_PIXELS:,} pixels, got {height} x {width}")
    if seconds is not None and not 0.2 <= seconds <= 600:
        raise UserError(f"movie_seconds: expected a number from 0.2 to 600 s, got {seconds:g}")
    if spec == "synthetic":
        return synthetic(height, width, 8.0 if seconds is None else seconds)
    if spec == "bunny":
        from ...files.data import get

        path = get("bunny")
    else:
        path = user_path(spec)
    if not path.is_file():
        raise UserError(f"movie: expected synthetic, bunny or a video file, got no file {str(path)!r}")
    return Movie(*read_film(path, height, width, seconds))


def synthetic(height: int, width: int, seconds: float, rate: float = 25.0) -> Movie:
    """Return a movie of a bright ball on a curved path, dark hills behind it, a changing sky and a passing cloud.

    Everything returns to where it started, so that the movie has no cut; no two frames are alike.
    """
    count = round(seconds * rate)
    turn = 2 * np.pi * np.arange(count)[:, None, None] / count
    y, x = np.mgrid[0:height, 0:width]
    # Coordinates are in units of the height, from the centre.
    y, x = (y - (height - 1) / 2) / height, (x - (width - 1) / 2) / height
    reach = (width - 1) / (2 * height)
    sky = 0.35 + 0.2 * np.sin(turn) - 0.25 * y
    ground = y > 0.28 + 0.08 * np.sin(5 * x + turn)
    cloud = np.exp(-(((x - 0.85 * reach * np.sin(turn + 1)) / 0.3) ** 2) - ((y + 0.3) / 0.1) ** 2)
    away = np.hypot(x - 0.8 * reach * np.sin(2 * turn), y - 0.3 * np.cos(3 * turn))
    ball = 1 / (1 + np.exp((away - 0.13) / 0.02))
    frames = np.where(ground, 0.12, sky + 0.35 * cloud)
    return Movie(np.clip(frames * (1 - ball) + ball, 0, 1), rate)


def gif_bytes(images: Sequence, shape: tuple[int, int], size: int, seconds: float) -> bytes:
    """Return the bytes of a GIF of grey pictures.

    Parameters
    ----------
    images : sequence
        Images of the film. An image is a sequence of rows, a row a sequence of pictures. Pictures have ``shape`` or are
        flat, from 0 (black) to 1.
    shape : (int, int)
        Height and width of a picture.
    size : int
        Width of a pixel in the film, and of the white line between two pictures.
    seconds : float
        How long each image is shown.
    """
    from PIL import Image

    pages = []
    for rows in images:
        large = [[np.kron(one.reshape(shape), np.ones((size, size))) for one in row] for row in rows]
        # A white line separates the pictures.
        framed = np.vstack([np.hstack([np.pad(one, (0, size), constant_values=1) for one in row]) for row in large])
        # With few grey levels noise changes fewer pixels, which makes the file smaller.
        pages.append(Image.fromarray((np.clip(framed[:-size, :-size], 0, 1) * 31).round().astype(np.uint8) * 8))
    buffer = io.BytesIO()
    pages[0].save(buffer, "gif", save_all=True, append_images=pages[1:], duration=round(1000 * seconds), loop=0)
    return buffer.getvalue()
