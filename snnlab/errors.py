"""Errors that a user sees as one line, each with the exit status of the command line."""

from difflib import get_close_matches


class SnnlabError(Exception):
    """Base of the errors that the command line prints without a traceback."""

    exit_code = 1


class MachineError(SnnlabError):
    """The machine is at fault: disk, compiler, a file that cannot be read (exit status 1)."""


class UserError(SnnlabError):
    """What the user gave cannot be used; the message names the field and what was expected (exit status 2)."""

    exit_code = 2


class Diverged(SnnlabError):
    """The simulated state left the finite numbers, or neurons fired at every second step or more (exit status 4)."""

    exit_code = 4


def unknown(kind: str, name: str, known: list[str], listing: str = "") -> UserError:
    """Return the error for a name that does not exist, with the nearest names that do.

    It lists all that are known, or says what ``listing`` of the command line lists them where these are many.
    """
    near = get_close_matches(name.lower() if listing else name, known, n=3, cutoff=0.3 if listing else 0.5)
    hint = f"; did you mean {' or '.join(near)}?" if near else ""
    if listing:
        return UserError(f"{kind}: {name!r} is unknown{hint or ';'} `{listing}` names all")
    # Names of variants hold commas.
    between = "; " if any("," in each for each in known) else ", "
    return UserError(f"{kind}: {name!r} is unknown{hint} (known: {between.join(sorted(known))})")
