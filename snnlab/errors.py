"""Errors that a user sees as one line, each with the exit status of the command line."""

import os
from difflib import get_close_matches
from pathlib import Path


class SnnlabError(Exception):
    """Base of the errors that the command line prints without a traceback."""

    exit_code = 1


class MachineError(SnnlabError):
    """The machine is the cause: disk, compiler, a file that cannot be read (exit status 1)."""


class UserError(SnnlabError):
    """The user's input is not allowed. The message says which field, what is expected and what was given (status 2).

    Example
    -------
    >>> import snnlab
    >>> try:
    ...     snnlab.DybmRule(rate=-1)
    ... except snnlab.UserError as error:
    ...     print(error, error.exit_code)
    rate: expected a number > 0, got -1 2
    """

    exit_code = 2


class Diverged(SnnlabError):
    """The simulated state became infinite, NaN or absurdly large, or neurons fired far too fast (exit status 4)."""

    exit_code = 4


def user_path(path: str | os.PathLike) -> Path:
    """Return a path with the user's home in place of ~, also where no shell has put it there."""
    # Path.expanduser raises for a user who does not exist.
    return Path(os.path.expanduser(path))


def in_one_line(error: BaseException) -> str:
    """Return the kind and the message of an error in one line."""
    return " ".join(": ".join(filter(None, [type(error).__name__, str(error)])).split())


def unknown(kind: str, name: str, known: list[str], listing: str = "") -> UserError:
    """Return the error for a name that does not exist. The message proposes the nearest existing names.

    The message lists all existing names or, where they are many, the command ``listing`` that shows them.
    """
    hint = did_you_mean(name.lower() if listing else name, known, 0.3 if listing else 0.5)
    if listing:
        return UserError(f"{kind}: expected a name from `{listing}`, got {name!r}{hint}")
    # Names of variants contain commas.
    between = "; " if any("," in each for each in known) else ", "
    return UserError(f"{kind}: expected one of {between.join(sorted(known))}, got {name!r}{hint}")


def did_you_mean(name: str, known: list[str], cutoff: float = 0.5) -> str:
    """Return a question for the end of a message, with at most three names like ``name``; "" if there are none."""
    near = get_close_matches(name, known, n=3, cutoff=cutoff)
    return f"; did you mean {' or '.join(near)}?" if near else ""
