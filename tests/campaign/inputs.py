"""Damaged files: teachers, sequences, pictures, sounds, songs, films, images and run files."""

from __future__ import annotations

import io
import struct
import wave
from collections.abc import Callable
from pathlib import Path

import numpy as np
import xarray as xr

from places import DATA

from .case import Case

QUICK = ["--quick", "--no-figure", "--no-progress"]
TIMES = np.arange(0, 1, 0.01)
TABLE = "\n".join(f"{t:.2f},{np.sin(9 * t):.4f}" for t in TIMES)
GARBAGE = bytes(np.random.default_rng(0).integers(0, 256, 4000, np.uint8))


def _replaced(row: int, text: str) -> str:
    lines = TABLE.split("\n")
    lines[row] = text
    return "\n".join(lines)


def npy(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, array, allow_pickle=True)
    return file.getvalue()


def wav(samples: np.ndarray, rate: int = 22050, width: int = 2) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(width)
        sound.setframerate(rate)
        sound.writeframes(samples.astype("<i2").tobytes())
    return file.getvalue()


# Files of any kind that are none of what is asked for.
ALWAYS: dict[str, bytes | str] = {
    "empty": b"",
    "garbage": GARBAGE,
    "zeros": bytes(500),
    "html": "<html><body>404 not found</body></html>",
    "a line": "hello world\n",
    "utf-16": TABLE.encode("utf-16"),
    "a lone line break": "\n",
}
TEACHERS: dict[str, bytes | str] = ALWAYS | {
    "one column": "\n".join(f"{t:.2f}" for t in TIMES),
    "one row": "0.0,1.0",
    "a header alone": "time,x\n",
    "a cell of text": _replaced(20, "0.20,high"),
    "an empty cell": _replaced(20, "0.20,"),
    "nan": _replaced(20, "0.20,nan"),
    "inf": _replaced(20, "0.20,inf"),
    "a short row": _replaced(20, "0.20"),
    "a long row": _replaced(20, "0.20,1,2"),
    "times that fall": _replaced(20, "0.10,1.0"),
    "a time twice": _replaced(20, "0.19,1.0"),
    "a gap": _replaced(99, "5.0,1.0"),
    "a time that is nan": _replaced(20, "nan,1.0"),
    "decimal commas": TABLE.replace(",", ";").replace(".", ","),
    "constant": "\n".join(f"{t:.2f},0" for t in TIMES),
    "complex": "\n".join(f"{t:.2f},1+2j" for t in TIMES),
}
PYTHON_TEACHERS = {
    "syntax error": "def f(t:\n  return t",
    "no function": "x = 1",
    "raises": "def f(t):\n    raise ValueError('no')",
    "wrong shape": "def f(t):\n    return 1.0",
    "wrong length": "import numpy as np\ndef f(t):\n    return np.zeros(3)",
    "nan": "import numpy as np\ndef f(t):\n    return np.full(len(t), np.nan)",
    "complex": "import numpy as np\ndef f(t):\n    return np.exp(2j*t)",
    "text": "def f(t):\n    return 'hello'",
    "None": "def f(t):\n    return None",
    "two arguments": "def f(t, u):\n    return t",
    "exits": "import sys\ndef f(t):\n    sys.exit(0)",
    "exits at import": "import sys\nsys.exit(0)",
    "missing module": "import no_such_module_of_mine\ndef f(t):\n    return t",
    "three dimensions": "import numpy as np\ndef f(t):\n    return np.zeros((len(t), 2, 2))",
    "objects": "import numpy as np\ndef f(t):\n    return np.array([None]*len(t))",
    "quantity": "from brian2 import mV\ndef f(t):\n    return t*mV",
}
SEQUENCES: dict[str, bytes | str] = ALWAYS | {
    "ragged": "0101\n010\n",
    "letters": "01a1\n0101\n",
    "two notations": "0101\n.#.#\n",
    "all zeros": "0000\n0000\n",
    "negative": "-1 0\n0 1\n",
    "fractions": "0.5 0\n0 1\n",
}
SONGS: dict[str, bytes | str] = ALWAYS | {
    "cut header": wav(np.ones(100))[:30],
    "no samples": wav(np.ones(0)),
    "silence": wav(np.zeros(60000)),
    "short": wav(np.arange(50)),
    "slow rate": wav(np.arange(4000) % 100, rate=100),
    "another chunk": b"RIFF" + struct.pack("<I", 36) + b"AVI " + bytes(36),
    "text named wav": "RIFF but not really",
}


def _run_file(change: Callable[[xr.Dataset], xr.Dataset]) -> Callable[[Path], object]:
    def write(path: Path) -> None:
        (stored,) = (DATA / "first_edition").glob("force_sine-*.nc")
        change(xr.load_dataset(stored, engine="h5netcdf")).to_netcdf(path, engine="h5netcdf")

    return write


def _without(attribute: str) -> Callable[[Path], object]:
    def drop(dataset: xr.Dataset) -> xr.Dataset:
        dataset.attrs.pop(attribute)
        return dataset

    return _run_file(drop)


def _cut(path: Path) -> None:
    (stored,) = (DATA / "first_edition").glob("force_sine-*.nc")
    path.write_bytes(stored.read_bytes()[:3000])


RUNS: dict[str, bytes | str | Callable[[Path], object]] = ALWAYS | {
    "cut": _cut,
    "another netCDF": lambda path: xr.Dataset({"x": ("t", [1.0, 2.0])}).to_netcdf(path, engine="h5netcdf"),
    "a newer format": _run_file(lambda d: d.assign_attrs(format_version=99)),
    "no protocol": _without("protocol"),
    "no config": _without("config"),
    "config that is no JSON": _run_file(lambda d: d.assign_attrs(config="{broken")),
    "no format": _without("format_version"),
}


def cases() -> list[Case]:
    """Return a case for each kind of file and damage."""
    found = []
    for suffix in ("csv", "txt", "npy"):
        for what, content in TEACHERS.items():
            command = ["run", "force_sine", *QUICK, "--teacher", f"t.{suffix}"]
            found.append(Case(f"teacher.{suffix}: {what}", command, {f"t.{suffix}": content}))
    arrays = {
        "objects": npy(np.array([None, 1], object)),
        "text": npy(np.array(["a", "b"])),
        "a scalar": npy(np.array(1.0)),
        "three dimensions": npy(np.zeros((4, 4, 4))),
        "no rows": npy(np.zeros((0, 2))),
        "complex": npy(np.stack([TIMES, 1j * TIMES], 1)),
        "nan": npy(np.stack([TIMES, np.nan * TIMES], 1)),
    }
    for what, content in arrays.items():
        found.append(
            Case(f"teacher.npy: {what}", ["run", "force_sine", *QUICK, "--teacher", "t.npy"], {"t.npy": content})
        )
    for what, text in PYTHON_TEACHERS.items():
        found.append(Case(f"teacher.py: {what}", ["run", "force_sine", *QUICK, "--teacher", "t.py:f"], {"t.py": text}))
    for suffix in ("mat", "xlsx", "docx", "json"):
        command = ["run", "force_sine", *QUICK, "--teacher", f"t.{suffix}"]
        found.append(Case(f"teacher.{suffix}", command, {f"t.{suffix}": GARBAGE}))
    for suffix in ("txt", "csv", "png", "pbm", "npy"):
        for what, content in SEQUENCES.items():
            command = ["run", "dybm_science", *QUICK, "--sequence", f"s.{suffix}"]
            found.append(Case(f"sequence.{suffix}: {what}", command, {f"s.{suffix}": content}))
    for what, content in SONGS.items():
        found.append(Case(f"song: {what}", ["run", "songbird", *QUICK, "--song", "s.wav"], {"s.wav": content}))
    for suffix in ("mp4", "gif", "txt", ""):
        for what, content in ALWAYS.items():
            name = f"film.{suffix}" if suffix else "film"
            found.append(Case(f"{name}: {what}", ["run", "movie_replay", *QUICK, "--movie", name], {name: content}))
    names = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")
    for what, content in ALWAYS.items():
        command = ["run", "reservoir_mnist", *QUICK, "--images", "mnist"]
        found.append(Case(f"mnist: {what}", command, {f"mnist/{name}": content for name in names}))
        found.append(Case(f"mnist: {what}, gz", command, {f"mnist/{name}.gz": content for name in names}))
    found.append(Case("mnist: an empty folder", ["run", "reservoir_mnist", *QUICK, "--images", "."], {}))
    for what, content in RUNS.items():
        # Without its settings, a run has the checks that are stored with it.
        if not what.endswith(("config", "JSON")):
            found.append(Case(f"claims: {what}", ["claims", "a.nc"], {"a.nc": content}))
        found.append(Case(f"figure: {what}", ["figure", "nicola2017_fig2", "--run", "a.nc"], {"a.nc": content}))
        found.append(Case(f"compare: {what}", ["compare", "a.nc", "a.nc"], {"a.nc": content}))
    return found
