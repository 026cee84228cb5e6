"""The command line: snnlab list | run | study | claims | compare | figure | reproduce | data."""

from __future__ import annotations

import errno
import logging
import os
import signal
import sys
import traceback

from ..errors import SnnlabError, UserError, unknown
from ..lazy import postpone

# Protocols import these modules at the top of their files. Help and error messages need none of them.
_LATER: tuple[str, ...] = ("PIL", "brian2", "dask", "filelock", "h5netcdf", "h5py", "joblib", "matplotlib", "numpy")
_LATER += ("pandas", "scipy", "sklearn", "sympy", "threadpoolctl", "tqdm", "xarray")

_USAGE = """usage: snnlab COMMAND ...

  list [FAMILY]                 list protocols and figures by family
  run PROTOCOL [options]        compute one run, with figure and checks   (settings: snnlab run PROTOCOL --help)
  study PROTOCOL [options]      compute seeds, controls or a grid, with checks and findings
  claims RUN.nc ... [--json]    evaluate the checks of runs again
  compare A.nc B.nc             show what differs between two runs
  figure NAME [options]         draw a figure from stored runs; missing runs are computed
  reproduce [NAME ...]          study and draw everything, and print one table
  data [get NAME]               list or fetch recordings and films, with their licences

PROTOCOL is a name from `snnlab list` or the path of your own file. `snnlab --traceback COMMAND ...` shows the
line in your file that caused an error.
Exit status: 0 done, 1 machine error, 2 input error, 3 a check does not hold, 4 diverged, 130 interrupted."""


class _Stderr(logging.Handler):
    """Writes to what sys.stderr is at that moment, also where several commands run in one process."""

    def emit(self, record: logging.LogRecord) -> None:
        print(self.format(record), file=sys.stderr)


def main(arguments: list[str] | None = None) -> int:
    """Run the command line and return the exit status."""
    arguments = sys.argv[1:] if arguments is None else arguments
    _make_printable()
    logging.basicConfig(level=logging.WARNING, format="%(message)s", handlers=[_Stderr()])
    logging.getLogger("snnlab").setLevel(logging.INFO)
    if trace := arguments[:1] == ["--traceback"]:
        arguments = arguments[1:]
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        print(_USAGE)
        return 0 if arguments else 2
    if arguments[0] == "--version":
        from .. import __version__

        print(__version__)
        return 0
    try:
        status = _command(arguments)
        # What cannot be printed is an error here, where it has its own line, and not when Python ends.
        sys.stdout.flush()
        return status
    except BrokenPipeError:
        # Nobody reads any more. Python would try to print the rest when it ends.
        sys.stdout = open(os.devnull, "w")
        return 0
    except (SnnlabError, MemoryError, OSError) as error:
        if trace:
            traceback.print_exception(error)
        return _report(error)
    except KeyboardInterrupt:
        print("snnlab: interrupted, no incomplete file is left", file=sys.stderr)
        return 130


def _command(arguments: list[str]) -> int:
    """Run a command and return its exit status."""
    if arguments[0] == "list":
        return _list(arguments[1:])
    postpone(*_LATER)
    from . import commands, stored

    known = {
        "run": commands.run,
        "study": commands.study,
        "claims": stored.claims,
        "compare": stored.compare,
        "figure": commands.figure,
        "reproduce": commands.reproduce,
        "data": commands.data,
    }
    if arguments[0] not in known:
        raise unknown("command", arguments[0], ["list", *known])
    # A termination signal is treated as an interruption, so that temporary files are removed.
    _listen(_interrupt)
    return known[arguments[0]](arguments[1:])


def _report(error: Exception) -> int:
    """Print an error in one line and return the exit status."""
    text, status = str(error), getattr(error, "exit_code", 1)
    if isinstance(error, MemoryError):
        text = f"this does not fit in memory; make it smaller or shorter: {error}"
    elif isinstance(error, OSError) and error.errno in (errno.ENAMETOOLONG, errno.ELOOP):
        name = str(error.filename)
        shown = name if len(name) < 80 else f"{name[:77]}..."
        text, status = f"path: expected one that the system can open, got {shown!r}: {error.strerror}", 2
    try:
        print(f"snnlab: {text}", file=sys.stderr)
    except OSError:
        # The line cannot be printed, either. The exit status says it.
        return status
    return status


def _make_printable() -> None:
    """Let every text be printed: to a stream that is closed, and in an encoding without its letters."""
    for name in ("stdin", "stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            # A file that is opened later would get the number of the closed stream and all that is printed.
            setattr(sys, name, open(os.devnull, "r" if name == "stdin" else "w"))
        elif name != "stdin" and hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def _interrupt(*_) -> None:
    """Interrupt once. A second signal is ignored while workers end and files are removed; a third signal kills."""
    _listen(lambda *_: _listen(signal.SIG_DFL))
    raise KeyboardInterrupt


def _listen(handler) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, handler)


def _list(arguments: list[str]) -> int:
    from .listing import listing

    if arguments in (["-h"], ["--help"]):
        print("usage: snnlab list [FAMILY]\n\nLists protocols and figures by family.")
        return 0
    if len(arguments) > 1:
        raise UserError(f"list: expected at most one family, got {' '.join(arguments)!r}")
    print(listing(*arguments))
    return 0


if __name__ == "__main__":
    sys.exit(main())
