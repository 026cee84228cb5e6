"""Names for Brian2 objects that have none, so that their order does not depend on what was created before."""

from __future__ import annotations

import contextlib
import gc
import logging
import re
from collections.abc import Iterator

import brian2

_log = logging.getLogger("snnlab")


def release_names() -> None:
    """Let networks of earlier runs go whose automatic names nobody uses any more.

    Brian2 gives the first free number to a new object: numbers that become free while a network is built would change
    the order of its objects.
    """
    if any(_automatic(obj) for ref in list(brian2.BrianObject.__instances__()) if (obj := ref()) is not None):
        gc.collect()


@contextlib.contextmanager
def named(network: brian2.Network) -> Iterator[None]:
    """Give the objects of a network that have no name of their own one in order of creation, for a while.

    Brian2 numbers them over all that the process has created, and sorts objects of one slot by name: the tenth would
    run before the second, and what runs first would depend on what was created before.
    """
    unnamed: dict[str, list[tuple[int, brian2.BrianObject]]] = {}
    for obj in network.objects:
        if found := _automatic(obj):
            unnamed.setdefault(found[1], []).append((int(found[2] or 0), obj))
    changes: list[tuple[brian2.BrianObject, str, str]] = []
    for kind, objects in sorted(unnamed.items()):
        for number, (_, obj) in enumerate(sorted(objects, key=lambda pair: pair[0])):
            _rename(obj, obj.name, f"{kind}_{number:04d}", changes)
    if changes:
        count = sum(map(len, unnamed.values()))
        _log.info(f"{count} Brian2 objects have no name: those of one kind run in the order in which they were created")
    try:
        yield
    finally:
        for obj, before, _ in changes:
            obj._name = before


def _automatic(obj: brian2.BrianObject) -> re.Match | None:
    """Match the name that Brian2 gave to an object without one: kind, and number from the second on."""
    return re.fullmatch(rf"({type(obj).__name__.lower()})(?:_(\d+))?", getattr(obj, "_name", None) or "")


def _rename(obj: brian2.BrianObject, old: str, new: str, changes: list) -> None:
    """Rename an object, and what it contains: its state updater, its pathways."""
    if obj.name == old or obj.name.startswith(f"{old}_"):
        changes.append((obj, obj.name, new + obj.name.removeprefix(old)))
        obj._name = changes[-1][2]
    for part in obj.contained_objects:
        _rename(part, old, new, changes)
