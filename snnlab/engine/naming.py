"""Names for Brian2 objects that have none, so that their order does not depend on what was created before."""

from __future__ import annotations

import contextlib
import gc
import inspect
import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache

import brian2


def release_names() -> None:
    """Let networks of earlier runs go whose automatic names nobody uses any more.

    Brian2 gives the first free number to a new object: numbers that become free while a network is built would change
    the order of its objects.
    """
    if any(_automatic(obj) for ref in list(brian2.BrianObject.__instances__()) if (obj := ref()) is not None):
        gc.collect()


@contextlib.contextmanager
def named(network: brian2.Network) -> Iterator[int]:
    """Give the objects of a network that have no name of their own one in order of creation, for a while.

    Brian2 numbers them over all that the process has created, and sorts objects of one slot by name: the tenth would
    run before the second, and what runs first would depend on what was created before. Yields how many there are.
    """
    changes: list[tuple[brian2.BrianObject, str]] = []
    count = _number(network.objects, _automatic, changes)
    for obj in list(network.objects):
        _number_parts(obj, changes)
    try:
        yield count
    finally:
        for obj, before in reversed(changes):
            obj._name = before


def _number(
    objects: Iterable[brian2.BrianObject],
    match: Callable[[brian2.BrianObject], re.Match | None],
    changes: list[tuple[brian2.BrianObject, str]],
) -> int:
    """Number the objects that match, from 0 for each stem, in the order of the numbers that Brian2 gave."""
    stems: dict[str, list[tuple[int, brian2.BrianObject]]] = {}
    for obj in objects:
        if found := match(obj):
            stems.setdefault(found[1], []).append((int(found[2] or 0), obj))
    for stem, numbered in sorted(stems.items()):
        for number, (_, obj) in enumerate(sorted(numbered, key=lambda pair: pair[0])):
            _rename(obj, obj.name, f"{stem}_{number:04d}", changes)
    return sum(map(len, stems.values()))


def _number_parts(obj: brian2.BrianObject, changes: list[tuple[brian2.BrianObject, str]]) -> None:
    """Number what an object contains several of: operations of run_regularly, for example."""
    own = re.escape(obj.name)
    stems = [found[1] for part in obj.contained_objects if (found := re.fullmatch(rf"({own}_.*?)(?:_\d+)?", part.name))]
    several = {stem for stem in stems if stems.count(stem) > 1}

    def match(part: brian2.BrianObject) -> re.Match | None:
        found = re.fullmatch(rf"({own}_.*?)(?:_(\d+))?", part.name)
        return found if found and found[1] in several else None

    _number(obj.contained_objects, match, changes)


def _automatic(obj: brian2.BrianObject) -> re.Match | None:
    """Match the name that Brian2 gave to an object without one: its stem, and its number from the second on.

    The stem stands in the signature of the class; without one there, as in PoissonInput, it is the name of the class.
    """
    found = re.fullmatch(r"(.*?)(?:_(\d+))?", getattr(obj, "_name", None) or "")
    kind: type = type(obj)
    return found if found and found[1] in _stems(kind) else None


@cache
def _stems(kind: type[brian2.BrianObject]) -> set[str]:
    """Return what Brian2 may call an object of a class that has no name."""
    stated = inspect.signature(kind.__init__).parameters.get("name")
    stems = {each.__name__.lower() for each in kind.__mro__}
    if stated is not None and isinstance(stated.default, str) and stated.default.endswith("*"):
        stems.add(stated.default[:-1])
    return stems


def _rename(obj: brian2.BrianObject, old: str, new: str, changes: list[tuple[brian2.BrianObject, str]]) -> None:
    """Rename an object, and what it contains: its state updater, its pathways."""
    if obj.name == old or obj.name.startswith(f"{old}_"):
        changes.append((obj, obj.name))
        obj._name = new + obj.name.removeprefix(old)
    for part in obj.contained_objects:
        _rename(part, old, new, changes)
