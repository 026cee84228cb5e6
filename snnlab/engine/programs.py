"""C++ programs of Brian2's standalone mode. They are built once, kept in the user's cache, and run with files."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import platform
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import brian2
import numpy as np

from ..errors import Diverged, MachineError
from ..files.record import cpu_line
from .brian import compiler, equations_error, preferences

_PACKAGE = Path(__file__).parents[1]
_KEPT_SECONDS = 90 * 86400
# The exit status is defined in engine/cpp/files.h.
_DIVERGED = 74
# This length (s) is compiled in. The job file sets where a run ends.
LONGEST_RUN = 1e5


def program(contents: list, sources: Iterable[Path], make: Callable[[Path], None]) -> Path:
    """Return the folder of the program that ``make(folder)`` builds on first use.

    The folder's name depends on ``contents`` (JSON values), the texts of ``sources`` and of all our headers that they
    include, the versions of Brian2 and of the compiler, the flags, and the machine.

    Raises
    ------
    MachineError
        If it cannot be built.
    """
    here = Path(__file__)
    texts = [path.read_text() for path in with_headers([here, *sources])]
    flags = {name: str(brian2.prefs[name]) for name in brian2.prefs if name.startswith("codegen.cpp.")}
    flags |= {"environment": os.environ.get("CXXFLAGS", ""), "machine": _machine()}
    text = json.dumps([*contents, brian2.__version__, compiler(), flags, *texts], sort_keys=True)
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "snnlab" / "programs"
    folder = cache / hashlib.sha256(text.encode()).hexdigest()[:16]
    if (folder / "main").is_file():
        with contextlib.suppress(OSError):
            os.utime(folder)
        return folder
    _remove_unused(cache)
    try:
        cache.mkdir(parents=True, exist_ok=True)
        building = Path(tempfile.mkdtemp(prefix=f"{folder.name}.", dir=cache))
    except OSError as error:
        raise MachineError(f"the folder {cache} for compiled programs cannot be written: {error}") from None
    try:
        make(building)
        for file in building.rglob("*.o"):
            file.unlink()
        try:
            building.rename(folder)
        except OSError:
            # Another process was faster, or a part of the folder was removed.
            if not (folder / "main").is_file():
                shutil.rmtree(folder, ignore_errors=True)
                building.rename(folder)
    finally:
        shutil.rmtree(building, ignore_errors=True)
    return folder


def with_headers(sources: Iterable[Path]) -> list[Path]:
    """Return these files and, once each, all headers of the package that they include directly or indirectly."""
    found: list[Path] = []
    waiting = list(sources)
    while waiting:
        path = waiting.pop(0)
        if path not in found:
            found.append(path)
            if path.suffix == ".h":
                names = re.findall(r'^#include "([^"]+)"', path.read_text(), re.MULTILINE)
                waiting += [_PACKAGE / name for name in names]
    return found


def _remove_unused(cache: Path) -> None:
    """Remove programs that were not used for a long time, and the remains of builds that were killed."""
    for folder in cache.glob("*"):
        # Another process may remove it first.
        with contextlib.suppress(OSError):
            if time.time() - folder.stat().st_mtime > _KEPT_SECONDS:
                shutil.rmtree(folder, ignore_errors=True)


def _machine() -> str:
    """Return the properties of this machine on which its code depends. Different machines may share a home folder."""
    return platform.machine() + platform.processor() + cpu_line("flags", "features")


@contextlib.contextmanager
def standalone(folder: Path, header: Path) -> Iterator[Callable[[brian2.Network], None]]:
    """Use Brian2's standalone device and our header inside a ``with`` block; yield a function that compiles a network.

    Raises
    ------
    UserError
        If the equations are wrong.
    MachineError
        If the program cannot be built.
    """
    from brian2.devices.device import reset_device

    changed = {
        "codegen.cpp.headers": [*brian2.prefs["codegen.cpp.headers"], f'"{header}"'],
        # Headers include each other by their path in the package.
        "codegen.cpp.include_dirs": [*brian2.prefs["codegen.cpp.include_dirs"], str(_PACKAGE)],
        "devices.cpp_standalone.extra_make_args_unix": ["-j2"],
    }
    brian2.set_device("cpp_standalone", build_on_run=False, directory=str(folder))
    device = brian2.get_device()
    device.reinit()
    device.activate(build_on_run=False, directory=str(folder))

    def compile_network(network: brian2.Network) -> None:
        with preferences(changed):
            network.run(LONGEST_RUN * brian2.second, namespace={})
            device.build(directory=str(folder), compile=True, run=False, with_output=False)

    try:
        yield compile_network
    except brian2.BrianObjectException as error:
        raise equations_error(error) from error
    except (RuntimeError, OSError, ValueError) as error:
        raise MachineError(f"the C++ program cannot be built: {' '.join(str(error).split())[:400]}") from error
    finally:
        device.reinit()
        reset_device()


def write_arrays(place: Path, arrays: dict[str, np.ndarray], by_column: Iterable[str] = ()) -> None:
    """Write each array to a file of its name. Arrays in ``by_column`` are written in Fortran order."""
    for key, values in arrays.items():
        (place / key).write_bytes(values.tobytes("F" if key in by_column else "C"))


def execute(folder: Path, place: Path, job: dict, show: Callable[[int], None]) -> None:
    """Run a program on the files in the folder ``place``. ``show`` gets the numbers that the program prints.

    Raises
    ------
    Diverged
        If the program reports that the network diverged.
    MachineError
        If the program fails for another reason, for example a full disk.
    """
    job = job | {"parent": os.getpid()}
    (place / "job").write_text("".join(f"{k} {v}\n" for k, v in job.items()))
    with (
        open(place / "stderr", "w+") as errors,
        subprocess.Popen(
            [str(folder / "main"), "--results_dir", f"{place}{os.sep}"],
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        ) as process,
    ):
        try:
            for line in process.stdout or ():
                if line.strip().isdigit():
                    show(int(line))
            status = process.wait()
        except BaseException:
            process.kill()
            raise
        errors.seek(0)
        message = " ".join(errors.read().split())
    if status == _DIVERGED:
        raise Diverged(f"diverged: {message}")
    if status or not (place / "done").is_file():
        raise MachineError(f"the C++ program stopped with status {status}: {message[:400]}")
