"""Compiling what Brian2's standalone mode writes, together with our own C++ files.

Brian2 writes one file for each code object, and each file includes the same large headers. These headers cost more time
than everything else, so the files become two: one with the thresholders, and one with the rest. Our own C++ files do
not depend on the network. Their objects are compiled once for a machine and kept.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import platform
import re
import shlex
import shutil
import subprocess
import time
from collections.abc import Collection, Iterable
from pathlib import Path

import brian2
import numpy as np

from ..files.record import cache_folder, cpu_line, writable_cache
from .brian import compiler

PACKAGE = Path(__file__).parents[1]
_KEPT_SECONDS = 90 * 86400
_INCLUDE = re.compile(r"^[ \t]*#[ \t]*include.*$", re.MULTILINE)


def cache(kind: str) -> Path:
    """Return the user's folder for compiled programs or objects, or a temporary one where it cannot be written.

    Raises
    ------
    MachineError
        If neither can be made.
    """
    return writable_cache(cache_folder(kind))


def remove_unused(folder: Path) -> None:
    """Remove from a cache what was not used for a long time, and the remains of builds that were killed."""
    for each in folder.glob("*"):
        # Another process may remove it first.
        with contextlib.suppress(OSError):
            if time.time() - each.stat().st_mtime > _KEPT_SECONDS:
                shutil.rmtree(each) if each.is_dir() else each.unlink()


def with_includes(sources: Iterable[Path]) -> list[Path]:
    """Return these files and, once each, all headers and C++ files of the package that belong to them.

    A header belongs to a file that includes it. A C++ file belongs to the header beside it with the same name.
    """
    found: list[Path] = []
    waiting = list(sources)
    while waiting:
        path = waiting.pop(0)
        if path not in found:
            found.append(path)
            if path.suffix in (".h", ".cpp"):
                names = re.findall(r'^#include "([^"]+)"', path.read_text(), re.MULTILINE)
                waiting += [PACKAGE / name for name in names]
                waiting += [own for own in [path.with_suffix(".cpp")] if own.is_file()]
    return found


def digest(contents: list, sources: Iterable[Path], without: Collection[str] = ()) -> str:
    """Return a name for what is compiled from ``contents`` (JSON values) and the texts of ``sources`` on this machine.

    It depends on the versions of Brian2 and of the compiler, the flags, and the processor, but not on preferences of
    Brian2 in ``without``.
    """
    kinds = ("codegen.cpp.", "devices.cpp_standalone.")
    names = [name for name in brian2.prefs if name.startswith(kinds) and name not in without]
    flags = {name: str(_stated(brian2.prefs[name])) for name in names}
    flags |= {name: os.environ.get(name, "") for name in ("CXX", "CXXFLAGS")} | {"machine": _machine()}
    texts = [path.read_text() for path in sources]
    text = json.dumps([*contents, brian2.__version__, compiler(), flags, *texts], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _stated(value: object) -> object:
    """Return a preference without folders of Brian2 and NumPy, which Brian2 adds to it when it compiles a module."""
    own = tuple(str(Path(module.__file__ or "").parent) for module in (brian2, np))
    if not isinstance(value, list):
        return value
    return [each for each in value if not (isinstance(each, str) and each.startswith(own))]


def _machine() -> str:
    """Return the properties of this machine on which its code depends. Different machines may share a home folder."""
    return platform.machine() + platform.processor() + cpu_line("flags", "features")


def compile_folder(folder: Path, sources: Iterable[str], header: Path) -> None:
    """Compile the ``sources`` that Brian2 wrote into a folder, with our own C++ files that belong to a header.

    Raises
    ------
    RuntimeError
        If the compiler fails, with its first message.
    """
    codes = sorted(folder / source for source in sources if Path(source).parent.name == "code_objects")
    whole = sorted(source for source in sources if folder / source not in codes)
    # On an AMD Zen 4, a thresholder in one file with the rest took twice as long in a run. On an Intel Xeon it did not.
    apart = [path for path in codes if "_thresholder_" in path.name]
    _merge(folder / "network_units.cpp", [path for path in codes if path not in apart], whole)
    _merge(folder / "thresholder_units.cpp", apart)
    objects = ["network_units.o", "thresholder_units.o"]
    (folder / "own").mkdir(exist_ok=True)
    own = {f"own/{path.stem}_{k}.o": path for k, path in enumerate(_sources(header))}
    stored = {name: _stored(path) for name, path in own.items()}
    for name, path in own.items():
        if not _copied(stored[name], folder / name):
            (folder / name).with_suffix(".cpp").write_text(f'#include "{path.relative_to(PACKAGE)}"\n')
    compiled = [name for name in own if not (folder / name).is_file()]
    # Brian2's makefile has the flags. Its list of dependencies costs a second and is of no use here.
    standalone = brian2.prefs.devices.cpp_standalone
    command = [standalone.make_cmd_unix, f"-j{os.cpu_count() or 2}", *standalone.extra_make_args_unix]
    command += [f"OBJS={' '.join([*objects, *own])}", "SRCS=", "DEPS=", "main"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode and len(compiled) < len(own):
        # A kept object may be damaged. All of them are made anew.
        for name in own.keys() - compiled:
            stored[name].unlink(missing_ok=True)
            (folder / name).unlink()
        compile_folder(folder, sources, header)
        return
    if done.returncode:
        errors = [line for line in done.stderr.splitlines() if re.search("error|undefined", line)] or [done.stderr]
        raise RuntimeError(f"{shlex.join(command)} in {folder}: {errors[0]}")
    for name in compiled:
        # A source may have been edited while it was compiled.
        if _stored(own[name]) == stored[name]:
            _keep(folder / name, stored[name])


def _sources(header: Path) -> list[Path]:
    return [path for path in with_includes([header]) if path.suffix == ".cpp"]


def _stored(source: Path) -> Path:
    """Return where the object of a C++ file is kept. Checkouts with the same files share it."""
    paths = ("codegen.cpp.headers", "codegen.cpp.include_dirs")
    return cache("objects") / f"{digest([], with_includes([source]), paths)}.o"


def _copied(stored: Path, target: Path) -> bool:
    """Copy a kept object, if there is one."""
    if not stored.is_file():
        return False
    shutil.copy(stored, target)
    with contextlib.suppress(OSError):
        os.utime(stored)
    return True


def _keep(path: Path, stored: Path) -> None:
    """Keep an object for later programs. A cache that is full or read-only does not stop the build."""
    new = stored.with_name(f"{stored.name}.{os.getpid()}")
    try:
        shutil.copyfile(path, new)
        new.replace(stored)
    except OSError:
        with contextlib.suppress(OSError):
            new.unlink()


def _merge(target: Path, codes: list[Path], whole: Iterable[str] = ()) -> None:
    """Write one C++ file with the text of several code objects and with the files in ``whole``.

    Each code object defines helper functions of the same names, so it gets a namespace of its own. Its functions that
    others call are then defined outside.
    """
    includes: dict[str, None] = {}
    bodies = []
    for number, path in enumerate(codes):
        text = path.read_text()
        includes |= dict.fromkeys(line.strip() for line in _INCLUDE.findall(text))
        declared = re.findall(r"^void (\w+)\(\);", path.with_suffix(".h").read_text(), re.MULTILINE)
        defined = [name for name in declared if re.search(rf"^void {name}\(\)", text, re.MULTILINE)]
        bodies.append(f"namespace unit_{number} {{\n{_INCLUDE.sub('', text)}\n}}")
        bodies += [f"void {name}() {{ unit_{number}::{name}(); }}" for name in defined]
    lines = [*includes, *bodies, *(f'#include "{name}"' for name in whole)]
    target.write_text("\n".join(lines) + "\n")
