"""Images: the digits that come with scikit-learn, and IDX files, good and bad."""

import gzip
import hashlib
import os
import re

import numpy as np
import pytest

from snnlab.errors import UserError
from snnlab.files import data
from snnlab.lab.protocol import find_protocol
from snnlab.stimuli.pictures.images import FILES, Images, digest, load_images, read_idx


def idx(array, kind=8):
    """An array as the content of an IDX file."""
    lengths = b"".join(n.to_bytes(4, "big") for n in array.shape)
    return bytes([0, 0, kind, array.ndim]) + lengths + array.astype(np.uint8).tobytes()


@pytest.fixture
def arrays(rng):
    """Images and labels to train with, images and labels to test with: 7 and 4 of 3 x 5."""
    return [
        rng.integers(0, 256, (7, 3, 5)),
        rng.integers(0, 10, 7),
        rng.integers(0, 256, (4, 3, 5)),
        rng.integers(0, 10, 4),
    ]


@pytest.fixture
def folder(arrays, tmp_path):
    """The four files, plain, directly in a folder."""
    root = tmp_path / "plain"
    write(root, arrays)
    return root


def write(folder, arrays, packed=False):
    folder.mkdir(parents=True)
    for name, array in zip(FILES, arrays, strict=True):
        content = idx(array)
        (folder / f"{name}.gz" if packed else folder / name).write_bytes(gzip.compress(content) if packed else content)


def assert_holds(loaded, arrays):
    for part, (images, labels) in zip(loaded, (arrays[:2], arrays[2:]), strict=True):
        assert part.images.dtype == np.uint8 and part.labels.dtype == np.int64 and part.full == 255
        np.testing.assert_array_equal(part.images, images)
        np.testing.assert_array_equal(part.labels, labels)


def test_row_t_of_an_image_is_the_input_of_step_t():
    pixels = np.zeros((2, 3, 4), np.uint8)
    pixels[1, 2] = [0, 51, 102, 255]
    sequences = Images(pixels, np.array([3, 8]), 255).sequences(np.array([1, 0, 1]))
    assert sequences.shape == (3, 3, 4) and sequences.dtype == np.float64
    np.testing.assert_allclose(sequences[0, 2], [0, 0.2, 0.4, 1])
    np.testing.assert_array_equal(sequences[2], sequences[0])
    assert not sequences[1].any() and not sequences[0, :2].any()


def test_digits_are_the_first_1415_and_the_last_382_upright():
    train, test = load_images("digits")
    assert train.images.shape == (1415, 8, 8) and test.images.shape == (382, 8, 8)
    assert len(train.labels) == 1415 and len(test.labels) == 382
    assert set(train.labels) == set(test.labels) == set(range(10))
    sequences = train.sequences(np.arange(1415))
    assert sequences.min() == 0 and sequences.max() == 1
    # A 7 has its bar in the upper half; upside down, or with rows for columns, it would not.
    seven = sequences[train.labels == 7].mean(0)
    assert seven[1].sum() > 1.5 * seven[6].sum()
    from sklearn.datasets import load_digits

    np.testing.assert_array_equal(np.concatenate([train.images, test.images]), load_digits().images)
    np.testing.assert_array_equal(np.concatenate([train.labels, test.labels]), load_digits().target)


@pytest.mark.parametrize("layout", ["", "MNIST/raw"])
@pytest.mark.parametrize("packed", [False, True])
def test_both_layouts_plain_and_packed_hold_the_same(arrays, folder, tmp_path, monkeypatch, layout, packed):
    write(tmp_path / "other" / layout, arrays, packed)
    assert_holds(load_images(str(tmp_path / "other")), arrays)
    assert digest(str(tmp_path / "other")) == digest(str(folder))
    monkeypatch.chdir(tmp_path / "other")
    assert_holds(load_images("."), arrays)


@pytest.mark.parametrize(
    "place", ["{dot}", "{dot}.gz", "{dash}/{dash}", "{dot}/{dash}", "{dash}/{dot}", "MNIST/raw/{dot}/{dot}"]
)
def test_names_as_unpackers_leave_them_are_taken(arrays, folder, tmp_path, place):
    for name, array in zip(FILES, arrays, strict=True):
        path = tmp_path / "other" / place.format(dash=name, dot=name.replace("-idx", ".idx"))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(gzip.compress(idx(array)) if path.suffix == ".gz" else idx(array))
    assert_holds(load_images(str(tmp_path / "other")), arrays)
    assert digest(str(tmp_path / "other")) == digest(str(folder))


def test_the_digest_is_that_of_the_content(arrays, folder, tmp_path):
    before = digest(str(folder))
    assert re.fullmatch("[0-9a-f]{16}", before) and before == digest(str(folder)) != digest("digits")
    path = folder / FILES[3]
    content = bytearray(path.read_bytes())
    content[-1] = (content[-1] + 1) % 10
    path.write_bytes(content)
    # The size is the same; where the clock is coarse, the time could be.
    os.utime(path, ns=(1, 1))
    assert digest(str(folder)) != before


GOOD = idx(np.zeros((2, 3, 5)))


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "at least the 16 bytes of a header, got 0"),
        (GOOD[:15], "at least the 16 bytes of a header, got 15"),
        (b"\x1f\x8b" + GOOD[2:], "an IDX file, which begins with 0000, got 1f8b"),
        (idx(np.zeros((2, 3, 5)), 13), "unsigned bytes (type 08), got type 0d"),
        (idx(np.zeros(40)), "3 dimension(s), got 1"),
        (GOOD[:-1], "46 bytes for lengths [2, 3, 5], got 45"),
        (GOOD + b"\0", "46 bytes for lengths [2, 3, 5], got 47"),
        (b"\0\0\x08\x03" + b"\xff" * 12, f"{16 + (2**32 - 1) ** 3} bytes for lengths {[2**32 - 1] * 3}, got 16"),
        (idx(np.zeros((0, 28, 28))), "at least one image with a pixel, got lengths [0, 28, 28]"),
    ],
    ids=["empty", "no-header", "magic", "type", "dimensions", "truncated", "too-long", "huge", "no-image"],
)
def test_a_file_that_is_not_what_it_should_be_is_named(folder, content, expected):
    path = folder / FILES[2]
    path.write_bytes(content)
    for read in (lambda: load_images(str(folder)), lambda: read_idx(path, 3)):
        with pytest.raises(UserError, match=re.escape(f"images: {path}: expected {expected}")):
            read()


@pytest.mark.parametrize(
    "damage", [lambda b: b[:-9], lambda b: b"PK" + b[2:], lambda b: b[:20] + b"\xff" * 20 + b[40:]]
)
def test_a_packed_file_that_cannot_be_unpacked_is_named(arrays, tmp_path, damage):
    write(tmp_path / "packed", arrays, packed=True)
    path = tmp_path / "packed" / f"{FILES[0]}.gz"
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(UserError, match=re.escape(f"images: {path}: expected a gzip file")):
        load_images(str(tmp_path / "packed"))


@pytest.mark.parametrize(
    ("file", "array", "expected"),
    [
        (1, np.zeros(6), "expected 7 labels, one for each image, got 6"),
        (3, np.array([0, 9, 10, 1]), "expected labels from 0 to 9, got 10"),
        (2, np.zeros((4, 5, 3)), "expected images of 3 x 5, got 5 x 3"),
    ],
)
def test_files_that_do_not_fit_one_another_are_named(folder, file, array, expected):
    (folder / FILES[file]).write_bytes(idx(array))
    with pytest.raises(UserError, match=re.escape(f"images: {folder / FILES[file]}: {expected}")):
        load_images(str(folder))


@pytest.mark.parametrize("ask", [load_images, digest])
def test_what_is_missing_is_one_line(folder, tmp_path, monkeypatch, ask):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    cached = tmp_path / "cache" / "snnlab" / "data" / "mnist"
    (folder / FILES[1]).unlink()
    (tmp_path / "empty").mkdir()
    for source, found in [
        (str(folder), f"no {folder / FILES[1]}"),
        (str(tmp_path / "empty"), f"none of these files in {tmp_path / 'empty'}"),
        ("digit", "no folder 'digit'"),
        ("mnist", f"no MNIST in {cached}"),
    ]:
        with pytest.raises(UserError, match="^images: expected .*" + re.escape(f", got {found}") + "$") as caught:
            ask(source)
        message = str(caught.value)
        assert "\n" not in message and all(name in message for name in FILES)
        assert "snnlab data get mnist" in message or source == str(folder)


def test_mnist_is_read_from_the_cache_and_is_mnist(arrays, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    write(data.place("mnist") / "MNIST" / "raw", arrays)
    with pytest.raises(UserError, match=r"train-images-idx3-ubyte: expected MNIST's file .*, got another sha256"):
        load_images("mnist")
    # The same folder by its path is any folder with four files.
    assert_holds(load_images(str(data.place("mnist"))), arrays)
    digests = {f: hashlib.sha256(idx(a)).hexdigest() for f, a in zip(data.SOURCES["mnist"].files, arrays, strict=True)}
    monkeypatch.setitem(data.SOURCES, "mnist", data.Source(**{**vars(data.SOURCES["mnist"]), "files": digests}))
    assert_holds(load_images("mnist"), arrays)
    assert digest("mnist") == digest(str(data.place("mnist")))


def test_the_sources_files_are_those_that_are_read():
    assert list(data.SOURCES["mnist"].files) == [f"MNIST/raw/{name}" for name in FILES]


@pytest.mark.torch
@pytest.mark.parametrize("legacy", [False, True], ids=["raw", "with-files-of-old-versions"])
def test_torchvision_and_the_plain_reader_give_the_same_arrays(arrays, folder, tmp_path, monkeypatch, legacy):
    from torchvision.datasets import MNIST

    asked = []
    init = MNIST.__init__
    monkeypatch.setattr(MNIST, "__init__", lambda self, *a, **k: asked.append(k["train"]) or init(self, *a, **k))
    write(tmp_path / "other" / "MNIST" / "raw", arrays)
    if legacy:
        (tmp_path / "other" / "MNIST" / "processed").mkdir()
    through = load_images(str(tmp_path / "other"))
    assert asked == ([] if legacy else [True, False])
    plain = load_images(str(folder))
    assert len(asked) == (0 if legacy else 2)
    assert_holds(through, arrays)
    assert_holds(plain, arrays)


@pytest.mark.torch
def test_a_bad_file_is_refused_before_torchvision_reads_it(arrays, tmp_path):
    write(tmp_path / "MNIST" / "raw", arrays)
    path = tmp_path / "MNIST" / "raw" / FILES[0]
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(UserError, match=re.escape(f"images: {path}: expected")):
        load_images(str(tmp_path))


@pytest.mark.extras
def test_four_files_of_mnists_size_are_read_whole(tmp_path, rng):
    shapes = ((60_000, 28, 28), (60_000,), (10_000, 28, 28), (10_000,))
    arrays = [rng.integers(0, 256 if len(shape) == 3 else 10, shape, np.uint8) for shape in shapes]
    write(tmp_path / "MNIST" / "raw", arrays)
    assert_holds(load_images(str(tmp_path)), arrays)
    with pytest.raises(UserError, match="held_out: expected"):
        find_protocol("reservoir_mnist").prepare(
            find_protocol("reservoir_mnist").config(images=str(tmp_path), held_out=60_000)
        )
