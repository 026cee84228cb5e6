"""Writing and reading of run files, which are NetCDF files with arrays, names, units, configuration and provenance."""

from __future__ import annotations

import ast
import contextlib
import hashlib
import json
import logging
import os
import platform
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import MachineError, UserError, user_path

if TYPE_CHECKING:
    import xarray as xr

_log = logging.getLogger("snnlab")
# Format 2 stores the settled Config; see docs/run_file.md.
FORMAT_VERSION = 2
CONVENTIONS = "snnlab-2"
_PACKAGES = ("brian2", "numpy", "scipy", "xarray", "h5netcdf", "dask")


def run_name(protocol: str, config: dict, contents: dict) -> str:
    """Return ``<protocol>-<hash>.nc``. The hash covers the configuration and the contents that it names."""
    text = json.dumps({"config": config, "contents": contents, "format": FORMAT_VERSION}, sort_keys=True)
    return f"{protocol}-{hashlib.sha256(text.encode()).hexdigest()[:12]}.nc"


def check_writable(folder: Path, field: str = "out") -> None:
    """Create the folder if it is missing; raise UserError, which begins with ``field``, if it is not writable."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise UserError(f"{field}: expected a writable folder, got {str(folder)!r}: {error.strerror}") from None


def check_replaceable(field: str, path: Path, suffix: str) -> None:
    """Raise UserError unless a file can be written to ``path``, in place of no file or of one with this suffix."""
    if path.is_dir():
        raise UserError(f"{field}: expected a file, got the folder {str(path)!r}")
    if not path.parent.is_dir():
        raise UserError(f"{field}: expected a file in a folder that exists, got no folder {str(path.parent)!r}")
    if path.exists() and not (path.is_file() and path.suffix.lower() == suffix):
        raise UserError(f"{field}: expected a new file, or a {suffix} file to replace, got {str(path)!r}, which exists")
    check_writable(path.parent, field)


@contextlib.contextmanager
def output_folder(folder: Path, field: str = "out") -> Iterator[None]:
    """Create a writable folder inside a ``with`` block; if nothing is in it afterwards, new folders are removed."""
    missing = [each for each in (folder, *folder.parents) if not each.exists()]
    try:
        check_writable(folder, field)
        yield
    finally:
        for each in missing:
            with contextlib.suppress(OSError):
                each.rmdir()


def require_folders(field: str, *folders: Path) -> None:
    """Raise UserError for the first folder that cannot be made or is not writable; no new folder is left."""
    for folder in folders:
        with output_folder(folder, field):
            pass


def save(dataset: xr.Dataset, path: Path, compress: bool = True) -> None:
    """Write a run file. If this fails, no file with the final name is left.

    Dask arrays, which a long run has recorded to files, are copied piece by piece.

    Raises
    ------
    MachineError
        If the disk is full or the folder is not writable.
    """
    encoding = {
        name: {"zlib": True, "complevel": 4, "shuffle": True}
        for name, variable in dataset.variables.items()
        if compress and variable.dtype.kind in "fiu" and variable.size > 1024
    }
    if not is_lazy(dataset):
        # The file is made in memory first, because the HDF5 library crashes on a full disk.
        write_whole(path, dataset.to_netcdf(engine="h5netcdf", encoding=encoding))
        return
    import dask

    def write(temporary: Path) -> None:
        _require_space(temporary, int(1.05 * dataset.nbytes) + (1 << 20))
        with dask.config.set(scheduler="synchronous"):
            dataset.to_netcdf(temporary, engine="h5netcdf", encoding=encoding)

    _whole(path, write)


def save_own(dataset: xr.Dataset, path: str | Path) -> Path:
    """Write a Dataset that no protocol made, as a run file that :func:`load` reads; return its path.

    Attributes that a run of a protocol has are kept. Others state the format, the time and the versions.

    Raises
    ------
    UserError
        For a path that names no file in a folder that exists.
    MachineError
        If the disk is full or the folder is not writable.
    """
    file = user_path(path) if isinstance(path, str | os.PathLike) else Path()
    if not file.name or file.is_dir() or not file.parent.is_dir():
        raise UserError(f"path: expected the name of a file in an existing folder, got {str(path)!r}")
    created = datetime.now(UTC).isoformat(timespec="seconds")
    own = {"Conventions": CONVENTIONS, "format_version": FORMAT_VERSION, "protocol": "", "created": created}
    save(dataset.assign_attrs(own | provenance() | dataset.attrs), file)
    return file


def set_attributes(path: Path, attributes: dict[str, Any]) -> None:
    """Change attributes of a run file; the arrays stay as they are. The whole file is replaced, or nothing changes."""
    import h5netcdf

    def write(temporary: Path) -> None:
        _require_space(temporary, path.stat().st_size + (1 << 20))
        shutil.copyfile(path, temporary)
        with h5netcdf.File(temporary, "r+") as file:
            file.attrs.update(attributes)

    _whole(path, write)


def is_lazy(dataset: xr.Dataset) -> bool:
    """Tell whether a dataset holds dask arrays."""
    return any(not isinstance(v.data, np.ndarray) for v in dataset.data_vars.values())


def _require_space(path: Path, size: int) -> None:
    """Raise OSError unless a file of this size can be written now; the disk, a quota or a limit may prevent it.

    The space is not reserved. Another process may fill the disk while the file is written.
    """
    with path.open("wb") as file:
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(file.fileno(), 0, size)


def write_whole(path: Path, content: bytes | memoryview) -> None:
    """Write a file under a temporary name and move it into place; raises MachineError if that fails."""
    _whole(path, lambda temporary: temporary.write_bytes(content))


def _whole(path: Path, write: Callable[[Path], object]) -> None:
    if path.exists() and not path.is_file():
        raise MachineError(f"{path}: cannot be written: it is no file")
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        write(temporary)
        os.replace(temporary, path)
    except OSError as error:
        raise MachineError(f"{path}: cannot be written: {error}") from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def write_json(path: Path, content: Any) -> None:
    """Write plain values as indented JSON, a list of numbers in one line; the whole file or nothing."""
    text = json.dumps(content, indent=1)
    text = re.sub(r"\[\s+((?:[-+.\deE]+,\s+)*[-+.\deE]+)\s+\]", lambda m: f"[{' '.join(m[1].split())}]", text)
    write_whole(path, (text + "\n").encode())


def load(path: str | Path, protocol: str | None = None, lazy: bool = False) -> xr.Dataset:
    """Read a run file into memory or, if ``lazy``, as dask arrays, which are read when they are used.

    Raises
    ------
    UserError
        If the file is missing or truncated, has a newer format, is not a run of snnlab, or belongs to another protocol
        than ``protocol``.
    """
    import xarray as xr

    path = user_path(path)
    if not path.is_file():
        raise UserError(f"run file: expected a run of snnlab, got no file {str(path)!r}")
    try:
        read = partial(xr.open_dataset, chunks={}) if lazy else xr.load_dataset
        dataset = read(path, engine="h5netcdf")
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise UserError(f"run file: expected a complete NetCDF file, got {str(path)!r}: {error}") from None
    if not isinstance(dataset.attrs.get("format_version"), int | np.integer) or "protocol" not in dataset.attrs:
        raise UserError(f"run file: expected a run of snnlab, got another NetCDF file, {str(path)!r}")
    if dataset.attrs["format_version"] > FORMAT_VERSION:
        raise UserError(
            f"run file: expected format <= {FORMAT_VERSION}, got {dataset.attrs['format_version']} in {str(path)!r}"
        )
    if protocol is not None and dataset.attrs["protocol"] != protocol:
        raise UserError(
            f"run file: expected a run of {protocol}, got one of {dataset.attrs['protocol']}, {str(path)!r}"
        )
    return dataset


def attribute(dataset: xr.Dataset, name: str) -> Any:
    """Return the value of an attribute that holds a structure as JSON (``config``, ``checks``, ``neuron_model``, ...).

    Files of version 0.1.0 can be read, too. They hold ``thresholds`` as Python text and ``images_shown`` as an array.
    """
    value = dataset.attrs[name]
    if isinstance(value, np.ndarray):
        return value.tolist()
    try:
        return json.loads(value)
    except json.JSONDecodeError:
        return ast.literal_eval(value)


def cache_folder(kind: str) -> Path:
    """Return the user's cache folder for one kind of content, whether it exists or not."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "snnlab" / kind


@cache
def writable_cache(folder: Path) -> Path:
    """Return a folder of a cache, which is made if needed, or a temporary one of this user if it cannot be written.

    Raises
    ------
    MachineError
        If the temporary folder cannot be written, either.
    """
    try:
        _try_to_write(folder)
        return folder
    except OSError as error:
        reason = error.strerror
    instead = Path(tempfile.gettempdir()) / f"snnlab-{os.getuid() if hasattr(os, 'getuid') else 'cache'}" / folder.name
    _log.warning(f"the folder {folder} cannot be written ({reason}): using {instead}, which may not last")
    try:
        instead.parent.mkdir(mode=0o700, exist_ok=True)
        _try_to_write(instead)
        # A folder of another user could hold other programs under the same names.
        if hasattr(os, "getuid") and instead.parent.stat().st_uid != os.getuid():
            raise PermissionError(0, "it belongs to another user")
    except OSError as error:
        raise MachineError(f"the folder {instead} cannot be written: {error.strerror}") from None
    return instead


def _try_to_write(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=folder):
        pass


def cpu_time() -> float:
    """Return the CPU time (s) of this process and of its child processes that have ended.

    The resolution is 10 ms for child processes (compilers and C++ programs) and below 1 us for this process.
    """
    return time.process_time() + sum(os.times()[2:4])


def provenance() -> dict[str, str]:
    """Return versions and the git commit, as text attributes."""
    from importlib.metadata import version

    from .. import __version__

    versions = {"python": platform.python_version(), "snnlab": __version__} | {p: version(p) for p in _PACKAGES}
    return {"versions": json.dumps(versions), "git_commit": _commit(), "machine": _machine()}


def _machine() -> str:
    """Return the processor's name, or its architecture if the system does not tell the name."""
    return cpu_line("model name").partition(":")[2].strip() or platform.processor() or platform.machine()


def cpu_line(*starts: str) -> str:
    """Return the first line of /proc/cpuinfo with one of these starts, or "" if there is none."""
    with contextlib.suppress(OSError):
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next((line for line in lines if line.lower().startswith(starts)), "")
    return ""


def _commit() -> str:
    # An installed package may be inside another project's repository.
    if not (Path(__file__).parents[2] / ".git").exists():
        return "unknown"
    try:
        done = subprocess.run(
            ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty", "--abbrev=12"],
            capture_output=True,
            text=True,
            timeout=10,
        )
    except (OSError, subprocess.TimeoutExpired):
        return "unknown"
    return done.stdout.strip() or "unknown"
