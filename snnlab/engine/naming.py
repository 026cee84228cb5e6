"""Names for unnamed Brian2 objects, so that their order does not depend on objects created earlier."""

from __future__ import annotations

import contextlib
import gc
import inspect
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from functools import cache

import brian2


def release_names() -> None:
    """Free networks of earlier runs that are no longer used, and their automatic names.

    Brian2 gives the first free number to a new object. Numbers that become free while a network is built would change
    the order of its objects.
    """
    if any(_automatic(obj) for ref in list(brian2.BrianObject.__instances__()) if (obj := ref()) is not None):
        gc.collect()


@contextlib.contextmanager
def named(network: brian2.Network, done: Collection[brian2.BrianObject] = ()) -> Iterator[int]:
    """Name the unnamed objects of a network in order of creation inside a ``with`` block; yield their number.

    Objects in ``done`` have such names already. Numbers go on after theirs.

    Brian2 numbers unnamed objects over the whole process and sorts objects of one slot by name. The tenth would run
    before the second, and the order would depend on objects created earlier.
    """
    changes: list[tuple[brian2.BrianObject, str]] = []
    objects = [obj for obj in network.objects if not any(obj is each for each in done)]
    count = _number(objects, _automatic, changes, done)
    for obj in objects:
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
    done: Iterable[brian2.BrianObject] = (),
) -> int:
    """Number the matching objects for each stem, in the order of Brian2's numbers; return how many match."""
    first = Counter(found[1] for obj in done if (found := match(obj)))
    stems: dict[str, list[tuple[int, brian2.BrianObject]]] = {}
    for obj in objects:
        if found := match(obj):
            stems.setdefault(found[1], []).append((int(found[2] or 0), obj))
    for stem, numbered in sorted(stems.items()):
        for number, (_, obj) in enumerate(sorted(numbered, key=lambda pair: pair[0]), first[stem]):
            _rename(obj, obj.name, f"{stem}_{number:04d}", changes)
    return sum(map(len, stems.values()))


def _number_parts(obj: brian2.BrianObject, changes: list[tuple[brian2.BrianObject, str]]) -> None:
    """Number the parts of an object that exist several times, for example operations of run_regularly."""
    own = re.escape(obj.name)
    stems = [found[1] for part in obj.contained_objects if (found := re.fullmatch(rf"({own}_.*?)(?:_\d+)?", part.name))]
    several = {stem for stem in stems if stems.count(stem) > 1}

    def match(part: brian2.BrianObject) -> re.Match | None:
        found = re.fullmatch(rf"({own}_.*?)(?:_(\d+))?", part.name)
        return found if found and found[1] in several else None

    _number(obj.contained_objects, match, changes)


def _automatic(obj: brian2.BrianObject) -> re.Match | None:
    """Match an automatic name of Brian2: its stem and, from the second object on, its number.

    The stem is the default name in the signature of the class. Without a default, as in PoissonInput, it is the name of
    the class.
    """
    found = re.fullmatch(r"(.*?)(?:_(\d+))?", getattr(obj, "_name", None) or "")
    kind: type = type(obj)
    return found if found and found[1] in _stems(kind) else None


@cache
def _stems(kind: type[brian2.BrianObject]) -> set[str]:
    """Return the stems of the automatic names that Brian2 may give to an object of a class."""
    stated = inspect.signature(kind.__init__).parameters.get("name")
    stems = {each.__name__.lower() for each in kind.__mro__}
    if stated is not None and isinstance(stated.default, str) and stated.default.endswith("*"):
        stems.add(stated.default[:-1])
    return stems


def _rename(obj: brian2.BrianObject, old: str, new: str, changes: list[tuple[brian2.BrianObject, str]]) -> None:
    """Rename an object and its parts: state updater, pathways."""
    if obj.name == old or obj.name.startswith(f"{old}_"):
        changes.append((obj, obj.name))
        obj._name = new + obj.name.removeprefix(old)
    for part in obj.contained_objects:
        _rename(part, old, new, changes)
