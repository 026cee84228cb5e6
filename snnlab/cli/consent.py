"""What a command is about to compute: it is said before, and a long or large computation needs the user's word."""

from __future__ import annotations

import sys

from ..errors import UserError
from ..lab.estimate import Estimate


def announce(expected: Estimate, yes: bool, progress: bool) -> None:
    """Print the expected cost if it is known and progress is shown. Ask above an hour or the machine's memory.

    Raises
    ------
    UserError
        If the user must agree, but does not or cannot, since the command does not run in a terminal.
    """
    if not expected.runs:
        return
    if progress and expected.unknown < expected.runs:
        print(expected.text(), file=sys.stderr)
    excess = expected.excess()
    if not excess or yes:
        return
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise UserError(f"yes: expected --yes for {excess}, got none")
    print(f"This needs {excess}. Go on? [y/N] ", end="", file=sys.stderr, flush=True)
    answer = sys.stdin.readline().strip()
    if answer.lower() not in ("y", "yes"):
        raise UserError(f"yes: expected y or --yes for {excess}, got {answer or 'nothing'}")
