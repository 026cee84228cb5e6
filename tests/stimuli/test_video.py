"""Video files, decoded by PyAV (extra ``movie``)."""

import numpy as np
import pytest

from snnlab.errors import UserError
from snnlab.stimuli.pictures.movie import movie_from

pytestmark = pytest.mark.extras


def write(path, frames, rate=10):
    import av

    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=rate)
        stream.height, stream.width, stream.pix_fmt = *frames.shape[1:], "yuv420p"
        for frame in frames:
            picture = av.VideoFrame.from_ndarray(np.repeat(frame[..., None], 3, 2).astype(np.uint8), format="rgb24")
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
    write(tmp_path / "grey.mp4", np.full((10, 32, 32), 128))
    with pytest.raises(UserError, match="expected pictures that change"):
        movie_from(str(tmp_path / "grey.mp4"))
