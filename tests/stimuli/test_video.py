"""Video files, decoded by PyAV (extra ``movie``)."""

from fractions import Fraction

import numpy as np
import pytest

from snnlab.errors import UserError
from snnlab.stimuli.pictures.movie import movie_from

pytestmark = pytest.mark.extras


def write(path, frames, rate=10, stamps=None, matrix=None, shape=None):
    """Encode grey frames; ``stamps`` (ms), the display matrix and the aspect ratio of a pixel are those of the file."""
    import av

    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=rate)
        stream.height, stream.width, stream.pix_fmt = *frames.shape[1:], "yuv420p"
        stream.bit_rate = 4_000_000
        if stamps is not None:
            stream.codec_context.time_base = Fraction(1, 1000)
        if matrix is not None:
            (a, b), (c, d) = np.asarray(matrix) * 65536
            stream.set_display_matrix([int(a), int(b), 0, int(c), int(d), 0, 0, 0, 1 << 30])
        if shape is not None:
            stream.codec_context.sample_aspect_ratio = shape
        for number, frame in enumerate(frames):
            picture = av.VideoFrame.from_ndarray(np.repeat(frame[..., None], 3, 2).astype(np.uint8), format="rgb24")
            if stamps is not None:
                picture.pts, picture.time_base = int(stamps[number]), Fraction(1, 1000)
            container.mux(stream.encode(picture))
        container.mux(stream.encode())


@pytest.fixture
def clip(tmp_path):
    """A bright square that wanders to the right for 2 s."""
    frames = np.full((20, 32, 64), 30)
    for k in range(20):
        frames[k, 8:24, 2 * k : 2 * k + 16] = 220
    write(tmp_path / "clip.mp4", frames)
    return tmp_path / "clip.mp4"


def test_frames_rate_and_brightness(clip):
    movie = movie_from(str(clip), height=8, width=16)
    assert movie.frames.shape == (20, 8, 16) and movie.rate == 10 and movie.period == 2.0
    centre = (movie.frames * np.arange(16)).sum((1, 2)) / movie.frames.sum((1, 2))
    assert (np.diff(centre) > 0).mean() > 0.9
    assert movie.frames.min() < 0.25 and movie.frames.max() > 0.75
    assert len(movie_from(str(clip), 8, 16, seconds=1.0).frames) == 10


def test_videos_that_cannot_be_used_are_refused(clip, tmp_path):
    with pytest.raises(UserError, match=r"clip.mp4: expected at least 3 s, got 2.00 s"):
        movie_from(str(clip), seconds=3.0)
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"no video")
    with pytest.raises(UserError, match=r"movie: broken.mp4: expected a video file, cannot read it"):
        movie_from(str(broken))
    still = np.tile(np.linspace(30, 220, 32).astype(int), (10, 32, 1))
    for frames in (np.full((10, 32, 32), 128), still, still[:1]):
        write(tmp_path / "still.mp4", frames)
        with pytest.raises(UserError, match="expected pictures that change, got the same one all the time"):
            movie_from(str(tmp_path / "still.mp4"))


def shades(count):
    """Frames of one grey each, all different."""
    return np.tile(np.linspace(30, 220, count)[:, None, None], (1, 32, 32))


@pytest.mark.parametrize("ending", ["mp4", "mkv", "mov", "avi"])
def test_each_frame_is_shown_from_its_own_time_on(tmp_path, ending):
    stamps = np.concatenate([np.arange(25) * 40, 1000 + np.arange(25) * 200])
    write(tmp_path / f"film.{ending}", shades(50), 25, stamps)
    movie = movie_from(str(tmp_path / f"film.{ending}"), 2, 2)
    assert movie.period == pytest.approx(6.0, abs=0.17) and movie.rate == pytest.approx(25, abs=0.1)
    shown = movie(stamps / 1000).mean(1)
    np.testing.assert_allclose(shown, np.linspace(30, 220, 50) / 255, atol=0.015)
    assert (np.diff(shown) > 0).all()
    # A frame of 200 ms is shown until the next one fades in.
    np.testing.assert_allclose(movie(stamps[25:-1] / 1000 + 0.16).mean(1), shown[25:-1], atol=1e-6)
    cut = movie_from(str(tmp_path / f"film.{ending}"), 2, 2, seconds=3.0)
    assert cut.period == 3.0
    np.testing.assert_allclose(cut(np.array([2.5])), movie(np.array([2.5])), atol=0.003)
    with pytest.raises(UserError, match=r"expected at least 7 s, got (5\.8|5\.9|6\.0). s"):
        movie_from(str(tmp_path / f"film.{ending}"), 2, 2, seconds=7.0)


@pytest.mark.parametrize("jitter", [0, 4])
def test_a_steady_film_keeps_its_frames_whatever_its_stamps_round_to(tmp_path, rng, jitter):
    stamps = np.round(np.arange(60) * 1000 / 30) + rng.integers(-jitter, jitter + 1, 60)
    write(tmp_path / "film.mkv", shades(60), 30, stamps - stamps[0])
    movie = movie_from(str(tmp_path / "film.mkv"), 2, 2)
    assert len(movie.frames) == 60 and movie.rate == pytest.approx(30, abs=0.2)


@pytest.mark.parametrize(
    "matrix", [((0, 1), (-1, 0)), ((0, -1), (1, 0)), ((-1, 0), (0, -1)), ((-1, 0), (0, 1)), ((0, 1), (1, 0))]
)
def test_a_film_is_turned_by_its_flag(tmp_path, matrix):
    scene = np.full((10, 32, 64), 40)
    # What is seen: bright in the upper left quarter, grey in the upper right one.
    scene[:, :16, :32], scene[:, :16, 32:] = 220, 130
    scene[5:, 24:, :] = 80
    turn = np.array(matrix)
    # Turning back: the inverse of an orthogonal matrix is its transpose.
    stored = scene[:, :: turn.T.sum(0)[1], :: turn.T.sum(0)[0]] if turn[0, 0] else None
    if stored is None:
        stored = scene.transpose(0, 2, 1)[:, :: turn.T.sum(0)[1], :: turn.T.sum(0)[0]]
    write(tmp_path / "phone.mp4", stored, matrix=matrix)
    movie = movie_from(str(tmp_path / "phone.mp4"), 4, 8)
    write(tmp_path / "upright.mp4", scene)
    upright = movie_from(str(tmp_path / "upright.mp4"), 4, 8)
    assert upright.frames[0, 0, 0] > 0.8 and 0.4 < upright.frames[0, 0, -1] < 0.6
    np.testing.assert_allclose(movie.frames, upright.frames, atol=0.02)


def test_a_quarter_turn_of_a_phone_is_that_of_players(tmp_path):
    import av

    frames = np.full((10, 32, 64), 40)
    frames[:, :16, :32] = 220
    frames[5:, 16:] = 90
    with av.open(str(tmp_path / "phone.mp4"), "w") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.height, stream.width, stream.pix_fmt = 32, 64, "yuv420p"
        # Counterclockwise: what is at the right in the file is at the top.
        stream.set_display_rotation(90)
        for frame in frames:
            picture = av.VideoFrame.from_ndarray(np.repeat(frame[..., None], 3, 2).astype(np.uint8), format="rgb24")
            container.mux(stream.encode(picture))
        container.mux(stream.encode())
    first = movie_from(str(tmp_path / "phone.mp4"), 8, 4).frames[0]
    assert (first[5:, 0] > 0.8).all() and (first[:3] < 0.25).all() and (first[:, 3] < 0.25).all()


def test_a_film_turned_by_another_angle_is_refused(tmp_path):
    half = np.sqrt(0.5)
    write(tmp_path / "tilted.mp4", shades(10), matrix=((half, half), (-half, half)))
    with pytest.raises(UserError, match=r"movie: tilted\.mp4: expected a film that is turned by a multiple of 90"):
        movie_from(str(tmp_path / "tilted.mp4"))


@pytest.mark.parametrize(
    ("size", "shape", "pixels", "advice"),
    [
        ((32, 64), None, (8, 16), ""),
        ((32, 32), Fraction(16, 9), (9, 16), ""),
        ((64, 32), None, (18, 32), "--height 34 --width 17 keeps its shape"),
        ((32, 64), Fraction(1, 2), (18, 32), "--height 24 --width 24 keeps its shape"),
    ],
)
def test_a_squeezed_picture_is_told(tmp_path, monkeypatch, size, shape, pixels, advice):
    frames = np.tile(np.linspace(30, 220, 10)[:, None, None], (1, *size))
    write(tmp_path / "film.mkv", frames, shape=shape)
    told = []
    monkeypatch.setattr("snnlab.stimuli.pictures.film._log.info", told.append)
    assert movie_from(str(tmp_path / "film.mkv"), *pixels).frames.shape == (10, *pixels)
    assert len(told) == bool(advice) and all(advice in text for text in told)
