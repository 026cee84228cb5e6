"""Movies as teachers: pixels over time, videos, and what cannot be read."""

import io

import numpy as np
import pytest
from PIL import Image

from snnlab.errors import UserError
from snnlab.stimuli.pictures.movie import Movie, gif_bytes, movie_from, synthetic


def test_a_frame_stands_at_its_time_and_between_two_the_movie_is_linear(rng):
    movie = Movie(rng.random((5, 2, 3)), rate=10.0)
    assert movie.period == 0.5
    np.testing.assert_allclose(movie(np.arange(10) / 10), np.tile(movie.pixels, (2, 1)), atol=1e-7)
    np.testing.assert_allclose(movie(np.array([0.15])), movie.pixels[1:3].mean(0)[None], atol=1e-7)
    # After the last frame the first.
    np.testing.assert_allclose(movie(np.array([0.45])), movie.pixels[[4, 0]].mean(0)[None], atol=1e-7)


def test_the_synthetic_movie_has_no_cut_and_no_two_frames_alike():
    movie = synthetic(18, 32, 8.0)
    assert movie.frames.shape == (200, 18, 32) and movie.frames.min() >= 0 and movie.frames.max() <= 1
    steps = np.abs(np.diff(movie.pixels, axis=0, append=movie.pixels[:1])).mean(1)
    assert steps[-1] <= steps[:-1].max()
    distances = np.abs(movie.pixels[:, None] - movie.pixels[None]).mean(2) + np.eye(200)
    assert distances.min() > 0.002
    assert (movie.frames.std(0) == 0).mean() < 0.1


def test_a_film_shows_its_pictures_with_white_lines_between(rng):
    # Two images of two rows of two pictures, the second one's flat.
    pictures = rng.random((2, 2, 2, 2, 3))
    film = gif_bytes([pictures[0], pictures[1].reshape(2, 2, 6)], (2, 3), 5, 0.08)
    with Image.open(io.BytesIO(film)) as image:
        assert (image.size, image.n_frames, image.info["duration"]) == ((35, 25), 2, 80)
        for page, rows in enumerate(pictures):
            image.seek(page)
            grey = np.asarray(image.convert("L"))
            assert (grey[:, 15:20] == 248).all() and (grey[10:15] == 248).all()
            for top, row in zip((0, 15), rows, strict=True):
                for left, picture in zip((0, 20), row, strict=True):
                    shown = grey[top : top + 10, left : left + 15]
                    np.testing.assert_array_equal(shown, np.kron((picture * 31).round() * 8, np.ones((5, 5))))


@pytest.mark.parametrize(
    ("spec", "changes", "message"),
    [
        ("nothing.mp4", {}, "movie: expected .*, got no file 'nothing.mp4'"),
        ("synthetic", {"height": 1}, "height, width: expected at least 2"),
        ("synthetic", {"seconds": 0.0}, "movie_seconds: expected a number from 0.2 to 600 s, got 0"),
        ("synthetic", {"seconds": float("nan")}, "movie_seconds: expected a number from 0.2 to 600 s"),
    ],
)
def test_movies_that_cannot_be_had_are_refused(spec, changes, message):
    with pytest.raises(UserError, match=message):
        movie_from(spec, **changes)
