"""One mistake: files in an empty folder and a command; and what the program did with it."""

from __future__ import annotations

import contextlib
import io
import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import matplotlib.pyplot as plt

from snnlab.cli.main import main

LINES, SECONDS = 3, 20.0


@dataclass(frozen=True)
class Case:
    """A command, and the files that it finds in its folder: bytes, text, or a function that writes to a path."""

    name: str
    command: list[str]
    files: dict[str, bytes | str | Callable[[Path], object]] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        """The protocol, or the kind of file or command, that the case belongs to."""
        return self.name.partition(":")[0]


def prepare(case: Case, folder: Path) -> set[Path]:
    """Write the files of a case and return their paths."""
    for name, content in case.files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if callable(content):
            content(path)
        else:
            path.write_bytes(content.encode() if isinstance(content, str) else content)
    return {path for path in folder.rglob("*") if "__pycache__" not in path.parts}


class TooLong(BaseException):
    """What ends a command that did not refuse."""


@contextlib.contextmanager
def limited(seconds: float):
    """Raise TooLong in the block after so many seconds."""

    def stop(*_):
        raise TooLong

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def faults(case: Case, folder: Path) -> list[str]:
    """Run a case in an empty folder and return what is wrong with the answer; empty if all is right."""
    given = prepare(case, folder)
    out, err = io.StringIO(), io.StringIO()
    before, begun = Path.cwd(), time.monotonic()
    os.chdir(folder)
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), limited(SECONDS):
            status = main(case.command)
    except SystemExit as stop:
        status = stop.code
    except BaseException as error:
        status = f"{type(error).__name__}: {error}"
    finally:
        os.chdir(before)
        plt.close("all")
    wall = time.monotonic() - begun
    lines = err.getvalue().strip().splitlines()
    found = []
    if status != 2:
        found.append(f"exit status {status}, expected 2")
    if not 1 <= len(lines) <= LINES:
        found.append(f"{len(lines)} lines, expected 1 to {LINES}")
    if "Traceback" in err.getvalue() + out.getvalue():
        found.append("a traceback")
    new = {path for path in folder.rglob("*") if "__pycache__" not in path.parts} - given
    if new:
        found.append(f"written: {', '.join(sorted(path.name for path in new))}")
    if wall > SECONDS:
        found.append(f"{wall:.0f} s, expected at most {SECONDS:.0f}")
    return [f"{each} | {' / '.join(lines)[:300] or out.getvalue().strip()[-200:]}" for each in found]
