"""Images as sequences: each step is a row of pixels."""

from __future__ import annotations

import gzip
import hashlib
import math
import zlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from ...equality import EqualArrays
from ...errors import MachineError, UserError, user_path
from ...files.data import SOURCES, place

FILES = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")
RAW = Path("MNIST", "raw")


@dataclass(frozen=True, eq=False)
class Images(EqualArrays):
    """Labelled grey images, read from the top row to the bottom row."""

    images: np.ndarray
    """(n, rows, columns), 0 (dark) to ``full``"""
    labels: np.ndarray
    """(n,), whole numbers from 0 to 9"""
    full: float
    """the value of full brightness"""

    def sequences(self, index: np.ndarray) -> np.ndarray:
        """Return images as float64 from 0 to 1, shape (len(index), steps, inputs); row t is the input of step t."""
        return self.images[index] / float(self.full)


def load_images(source: str) -> tuple[Images, Images]:
    """Return the training set and the test set.

    ``digits`` is a stand-in that needs no download: the 1797 images of 8 x 8 of scikit-learn's ``load_digits``, the
    first 1415 for training, the last 382 for testing. Its documentation says that 13 people wrote them, but not who
    wrote which. They are sorted by writer, and the cut is where one writer seems to end [1]_.

    Parameters
    ----------
    source : str
        ``digits``; ``mnist``, the 60,000 and 10,000 images of 28 x 28 that `snnlab data get mnist` stored; or a folder
        with four IDX files that have MNIST's names and any number and size of images, plain or .gz, directly or in
        MNIST/raw, where torchvision keeps them. Names such as train-images.idx3-ubyte are taken, too, and files in
        folders of their own names.

    Raises
    ------
    UserError
        If a file is missing, is not an IDX file of the right kind, or does not fit the others; for ``mnist``, if it is
        not MNIST's file.
    MachineError
        If a file cannot be read.

    References
    ----------
    .. [1] "Sample grouping", https://inria.github.io/scikit-learn-mooc/python_scripts/cross_validation_grouping.html
    """
    if source == "digits":
        images, labels = _digits()
        return Images(images[:1415], labels[:1415], 16), Images(images[1415:], labels[1415:], 16)
    files = _files(source)
    arrays = _checked(files)
    # Torchvision needs plain files. It would read files of its old versions without a check, if there were any.
    root = files[0].parent.parent.parent
    if files == [root / RAW / name for name in FILES] and not (root / "MNIST" / "processed").exists():
        arrays = _through_torchvision(root) or arrays
    images, labels, test_images, test_labels = arrays
    return Images(images, labels, 255), Images(test_images, test_labels, 255)


def digest(source: str) -> str:
    """Return 16 hexadecimal digits of the sha256 of a source's content, wherever the files are.

    Raises
    ------
    UserError, MachineError
        As :func:`load_images`, except for errors in the content.
    """
    if source == "digits":
        parts = [hashlib.sha256(array.tobytes()).hexdigest() for array in _digits()]
    else:
        parts = [_sha256(path) for path in _files(source)]
    return hashlib.sha256(" ".join(parts).encode()).hexdigest()[:16]


@cache
def _digits() -> tuple[np.ndarray, np.ndarray]:
    from sklearn.datasets import load_digits

    digits = load_digits()
    images, labels = digits.images, digits.target.astype(np.int64)
    # All callers share them.
    images.flags.writeable = labels.flags.writeable = False
    return images, labels


def _files(source: str) -> list[Path]:
    """Return the four files of a source, in the order of FILES; check MNIST's own files by their sha256."""
    root = place("mnist") if source == "mnist" else user_path(source).absolute()
    wanted = f"a folder with the four files {', '.join(FILES)} (plain or .gz, directly or in {RAW})"
    missing = []
    for folder in (root, root / RAW):
        places = [next((path for path in _spellings(folder, name) if path.is_file()), None) for name in FILES]
        found = [path for path in places if path is not None]
        if len(found) == len(FILES):
            break
        if found:
            missing.append(folder / FILES[places.index(None)])
    else:
        if missing:
            raise UserError(f"images: expected {wanted}, got no {missing[0]}")
        what = f"none of these files in {root}" if root.is_dir() else f"no folder {source!r}"
        if source == "mnist":
            what = f"no MNIST in {root}"
        raise UserError(f"images: expected digits, mnist (after snnlab data get mnist), or {wanted}, got {what}")
    if source == "mnist":
        for path, expected in zip(found, SOURCES["mnist"].files.values(), strict=True):
            if _sha256(path) != expected:
                raise UserError(f"images: {path}: expected MNIST's file from snnlab data get mnist, got another sha256")
    return found


def _spellings(folder: Path, name: str) -> list[Path]:
    """Return the paths where unpackers leave a file of this name, the usual one first."""
    names = [each + ending for ending in ("", ".gz") for each in (name, name.replace("-idx", ".idx"))]
    return [folder / each for each in names] + [folder / outer / inner for outer in names for inner in names]


def _checked(files: list[Path]) -> list[np.ndarray]:
    """Return training images and labels, then test images and labels; refuse arrays that do not fit each other."""
    arrays = [read_idx(path, 3 if "images" in path.name else 1) for path in files]
    for k in (0, 2):
        images, labels = arrays[k : k + 2]
        if len(images) != len(labels):
            raise UserError(
                f"images: {files[k + 1]}: expected {len(images)} labels, one for each image, got {len(labels)}"
            )
        if labels.max() > 9:
            raise UserError(f"images: {files[k + 1]}: expected labels from 0 to 9, got {labels.max()}")
        arrays[k + 1] = labels.astype(np.int64)
    (_, *train), (_, *test) = arrays[0].shape, arrays[2].shape
    if train != test:
        raise UserError(f"images: {files[2]}: expected images of {train[0]} x {train[1]}, got {test[0]} x {test[1]}")
    return arrays


def read_idx(path: Path, dimensions: int) -> np.ndarray:
    """Return the bytes of an IDX file as an array with this number of dimensions.

    The file holds two bytes 0, the type (8: unsigned byte), the number of dimensions, each length as a big-endian
    32-bit number, and the values, the last dimension fastest.

    Raises
    ------
    UserError
        If it is no IDX file, has another type or other dimensions, or is too short or too long for its lengths.
    MachineError
        If the file cannot be read.
    """
    content = _content(path)
    head = 4 + 4 * dimensions
    if len(content) < head:
        raise UserError(f"images: {path}: expected at least the {head} bytes of a header, got {len(content)}")
    if content[:2] != b"\0\0":
        raise UserError(f"images: {path}: expected an IDX file, which begins with 0000, got {content[:2].hex()}")
    if content[2] != 8:
        raise UserError(f"images: {path}: expected unsigned bytes (type 08), got type {content[2]:02x}")
    if content[3] != dimensions:
        raise UserError(f"images: {path}: expected {dimensions} dimension(s), got {content[3]}")
    shape = [int(length) for length in np.frombuffer(content, ">u4", dimensions, 4)]
    if 0 in shape:
        raise UserError(f"images: {path}: expected at least one image with a pixel, got lengths {shape}")
    if len(content) != head + math.prod(shape):
        raise UserError(
            f"images: {path}: expected {head + math.prod(shape)} bytes for lengths {shape}, got {len(content)}"
        )
    return np.frombuffer(content, np.uint8, offset=head).reshape(shape)


def _content(path: Path) -> bytes:
    try:
        content = path.read_bytes()
        return gzip.decompress(content) if path.suffix == ".gz" else content
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise UserError(f"images: {path}: expected a gzip file, cannot read it: {error}") from None
    except OSError as error:
        raise MachineError(f"images: {path}: expected a file that can be read, got {error}") from error


def _sha256(path: Path) -> str:
    """Return the digest of a file's content; compute it again if the file's size or time has changed."""
    stat = path.stat()
    return _sha256_of(path, stat.st_size, stat.st_mtime_ns)


@cache
def _sha256_of(path: Path, size: int, mtime_ns: int) -> str:
    return hashlib.sha256(_content(path)).hexdigest()


def _through_torchvision(root: Path) -> list[np.ndarray] | None:
    """Return the four arrays as torchvision reads them, or None without torchvision."""
    try:
        from torchvision.datasets import MNIST
    except (ImportError, OSError, RuntimeError):  # the last two: torch is installed, but broken
        return None
    both = [MNIST(str(root), train=train, download=False) for train in (True, False)]
    return [array.numpy() for part in both for array in (part.data, part.targets)]
