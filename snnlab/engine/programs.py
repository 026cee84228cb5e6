"""C++ programs of Brian2's standalone mode. They are built once, kept in the user's cache, and run with files."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import brian2
import filelock
import numpy as np

from ..errors import Diverged, MachineError
from . import build
from .brian import preferences
from .device import equations_error, plain_devices

# The exit status is defined in engine/cpp/files.h.
_DIVERGED = 74
# This length (s) is compiled in. The job file sets where a run ends.
LONGEST_RUN = 1e5


def program(contents: list, sources: Iterable[Path], make: Callable[[Path], None]) -> Path:
    """Return the folder of the program that ``make(folder)`` builds on first use.

    The folder's name depends on ``contents`` (JSON values), the texts of ``sources`` and of all our headers and C++
    files that belong to them, the versions of Brian2 and of the compiler, the flags, and the machine. If several
    processes need the same program, one of them builds it and the others wait.

    Raises
    ------
    MachineError
        If it cannot be built.
    """
    own = [Path(__file__), Path(build.__file__)]
    programs = build.cache("programs")
    folder = programs / build.digest(contents, build.with_includes([*own, *sources]))
    if _is_ready(folder):
        return folder
    build.remove_unused(programs)
    build.remove_unused(build.cache("objects"))
    try:
        with filelock.FileLock(programs / f"{folder.name}.lock"):
            if not _is_ready(folder):
                _make(folder, make)
    except OSError as error:
        raise MachineError(f"the folder {programs} for compiled programs cannot be written: {error}") from None
    return folder


def _is_ready(folder: Path) -> bool:
    """Tell whether a folder holds a program, and note that it is used."""
    if not (folder / "main").is_file():
        return False
    with contextlib.suppress(OSError):
        os.utime(folder)
    return True


def _make(folder: Path, make: Callable[[Path], None]) -> None:
    """Make a program in a folder of its own, which gets its name when it is complete."""
    building = Path(tempfile.mkdtemp(prefix=f"{folder.name}.", dir=folder.parent))
    try:
        make(building)
        for file in building.rglob("*.o"):
            file.unlink()
        # A part of an older folder may be there.
        shutil.rmtree(folder, ignore_errors=True)
        building.rename(folder)
    finally:
        shutil.rmtree(building, ignore_errors=True)


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
        "codegen.cpp.include_dirs": [*brian2.prefs["codegen.cpp.include_dirs"], str(build.PACKAGE)],
    }
    brian2.set_device("cpp_standalone", build_on_run=False, directory=str(folder))
    device = brian2.get_device()
    device.reinit()
    device.activate(build_on_run=False, directory=str(folder))

    def compile_network(network: brian2.Network) -> None:
        with preferences(changed):
            network.run(LONGEST_RUN * brian2.second, namespace={})
            device.build(directory=str(folder), compile=False, run=False, with_output=False)
            build.compile_folder(folder, device.writer.source_files, header)

    try:
        with plain_devices():
            yield compile_network
    except brian2.BrianObjectException as error:
        raise equations_error(error) from error
    except (RuntimeError, OSError, ValueError) as error:
        raise MachineError(f"the C++ program cannot be built: {' '.join(str(error).split())[:400]}") from error
    finally:
        device.reinit()
        reset_device()


@contextlib.contextmanager
def run_folder(parent: Path | None = None) -> Iterator[Path]:
    """Make a folder for the files of one execution, in ``parent`` or among temporary files, and remove it afterwards.

    Raises
    ------
    MachineError
        If the disk is full or a file in the folder cannot be written or run. The message names the folder.
    """
    place = Path(parent or tempfile.gettempdir())
    try:
        with tempfile.TemporaryDirectory(prefix="run-" if parent else "snnlab-run-", dir=parent) as name:
            place = Path(name).resolve()
            yield place
    except OSError as error:
        # The error of a full disk names no file.
        reason = error.strerror or error
        raise MachineError(f"{error.filename or place}: cannot be written or run: {reason}") from error


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
