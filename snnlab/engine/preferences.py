"""Preference files of Brian2: they do not change the numbers that a run computes."""

from __future__ import annotations

import contextlib
import logging
from pathlib import Path

import brian2

_log = logging.getLogger("snnlab")
# A file with one of these names, in the working folder or in the user's folder of Brian2, changes Brian2 at its import.
_FILES = (Path("brian_preferences"), Path("~/.brian/user_preferences"))
_DECIDING = (
    "core.default_float_dtype", "core.default_integer_dtype", "core.network.default_schedule",
    "legacy.refractory_timing", "codegen.loop_invariant_optimisations",
    # These decide which random numbers an expression gets.
    "codegen.string_expression_target", "devices.cpp_standalone.openmp_threads",
)  # fmt: skip


def from_files() -> dict[str, object]:
    """Return Brian2's own values of the preferences that decide numbers and that a preference file has changed.

    A preference that a user's program sets is left as it is, because the name of a run depends on the program.
    """
    stated: set[str] = set()
    for file in _FILES:
        with contextlib.suppress(OSError):
            stated |= _names(file.expanduser().read_text(encoding="utf-8", errors="replace"))
    changed = {}
    for name in _DECIDING:
        basename, _, short = name.rpartition(".")
        default = brian2.prefs.pref_register[basename][0][short].default
        if name in stated and brian2.prefs[name] != default:
            changed[name] = default
    if changed:
        _log.warning(f"preference file of Brian2: {', '.join(changed)} would change results and is not used")
    return changed


def _names(text: str) -> set[str]:
    """Return the names that a preference file sets. A heading [a.b] stands before the names below it."""
    names, base = set(), ""
    for line in map(str.strip, text.splitlines()):
        if line.startswith("[") and line.endswith("]"):
            base = line[1:-1].strip() + "."
        elif "=" in line and not line.startswith("#"):
            names.add(base + line.partition("=")[0].strip())
    return names
