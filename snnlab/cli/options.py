"""Options of the command line: the options of a command, and the fields of a protocol's Config by heading."""

from __future__ import annotations

import ast
import dataclasses
import os
import shutil
import sys
from functools import cache
from itertools import pairwise
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

import tyro

from ..errors import unknown, user_path
from ..lab.protocol import Protocol
from ..models.names import with_names
from .refusal import one_line

# These are the headings of a Config's fields, in the order of printing.
HEADINGS = ("experiment", "network", "learning", "recording", "run")
_ALL = "--help-all"


def parse(
    options: type, prog: str, arguments: list[str], protocol: Protocol | None = None, presets: bool = False
) -> tuple[Any, Any]:
    """Parse the options of a command and, given a protocol, the fields of its Config; return (options, config).

    ``presets`` tells whether the command has ``--preset``. ``--help`` shows the main fields of a protocol,
    ``--help-all`` all fields.
    """
    everything, wanted = _ALL in arguments, {"-h", "--help", _ALL} & {*arguments}
    arguments = ["--help" if argument == _ALL else argument for argument in arguments]
    parts: list[tuple[str, Any, Any]] = []
    summary = "With a protocol's name, --help shows its fields too." if prog.endswith("PROTOCOL") else ""
    if protocol is not None:
        preset = protocol.config("--quick" in arguments, **_named_settings(protocol, arguments))
        parts = _groups(preset, everything or not wanted)
        summary = _summary(protocol, presets, everything)
    parts += _groups(options(), True, "command" if parts else "")
    fields = [(name or "options", Annotated[kind, *_flat(name)], _default(value)) for name, kind, value in parts]
    both: type[Any] = dataclasses.make_dataclass("both", fields)
    # Help shows only the one of --figure and --no-figure that changes the default.
    config = (tyro.conf.FlagCreatePairsOff,) if wanted else ()
    if wanted and shutil.get_terminal_size().columns < 20:
        # In fewer columns tyro never ends.
        os.environ["COLUMNS"] = "20"
    listing = f"{prog} {_ALL if protocol else '--help'}"
    with one_line(arguments, _kinds(*([protocol.Config] if protocol else []), options), listing):
        parsed = tyro.cli(both, prog=prog, args=arguments, description=summary, config=config)
    *groups, chosen = (getattr(parsed, name) for name, _, _ in fields)
    # A shell leaves the ~ in --out=~/runs as it is.
    paths = {name: user_path(value) for name, value in vars(chosen).items() if isinstance(value, Path)}
    chosen = dataclasses.replace(chosen, **paths)
    if protocol is None:
        return chosen, None
    return chosen, protocol.make({k: v for group in groups for k, v in vars(group).items()})


def _kinds(*classes: type) -> dict[str, Any]:
    """Return the type of each field by the name of its option, without dashes in front."""
    return {
        f.name.replace("_", "-"): kind
        for cls in classes
        for f, kind in zip(dataclasses.fields(cls), _types(cls).values(), strict=True)
        if f.init
    }


def _types(config: type) -> dict[str, Any]:
    """Return the type of each field. A field whose default is None may be None, also where its type is ``float``."""
    hints, found = get_type_hints(config, include_extras=True), {}
    for field in dataclasses.fields(config):
        hint = hints[field.name]
        left_open = field.default is None and NoneType not in get_args(hint)
        found[field.name] = Union[hint, None] if left_open else hint  # noqa: UP007
    return found


def _flat(name: str) -> tuple:
    """Return the display of a group of options: no prefix for its options, and its name, if any, as heading."""
    # With an empty text, tyro does not search the source for one.
    return (tyro.conf.OmitArgPrefixes, tyro.conf.arg(help="")) if name else (tyro.conf.arg(name="", help=""),)


def _default(value: Any) -> Any:
    return dataclasses.field(default_factory=lambda: value)


def _summary(protocol: Protocol, presets: bool, everything: bool) -> str:
    """Return the text above the options: the protocol's docstring, its presets, and how to show the other fields."""
    text = (sys.modules[protocol.Config.__module__].__doc__ or "").strip()
    if presets and len(protocol.variants) > 1:
        text += f"\n\nValues of --preset: {'; '.join(protocol.variants)}."
    hidden = (
        []
        if everything
        else [f.name for f in dataclasses.fields(protocol.Config) if not shown(protocol.Config, f.name)]
    )
    if hidden:
        text += f" {_ALL} shows {len(hidden)} more fields."
    return text


def heading(config: type, name: str) -> str:
    """Return the heading of a field from the first class whose ``GROUPS`` names it, or "experiment"."""
    for cls in config.__mro__:
        for group, names in vars(cls).get("GROUPS", {}).items():
            if name in names:
                return group
    return "run" if name in ("seed", "target") else HEADINGS[0]


def shown(config: type, name: str) -> bool:
    """Tell whether ``--help`` shows a field. The last class that mentions the field decides; ``REST`` hides it."""
    for cls in config.__mro__:
        if name in vars(cls).get("REST", ()):
            return False
        if name in vars(cls).get("__annotations__", {}):
            # REST is tested first, because a class may both declare a field and hide it.
            return True
    return True


def documentation(config: type) -> dict[str, str]:
    """Return the text below each field of a dataclass, from the class that declares the field last.

    The names of shipped models take the place of {neurons} and the like: see :mod:`snnlab.models.names`.
    """
    found: dict[str, str] = {}
    for cls in reversed(config.__mro__[:-1]):
        for field, text in pairwise(_body(cls)):
            if not isinstance(field, ast.AnnAssign) or not isinstance(field.target, ast.Name):
                continue
            if (
                isinstance(text, ast.Expr)
                and isinstance(text.value, ast.Constant)
                and isinstance(text.value.value, str)
            ):
                found[field.target.id] = with_names(" ".join(text.value.value.split()))
    return found


def _body(cls: type) -> list[ast.stmt]:
    """Return the statements of a top-level class of a file; none if there is no file."""
    file = getattr(sys.modules[cls.__module__], "__file__", None)
    for statement in _statements(file) if file and file.endswith(".py") else ():
        if isinstance(statement, ast.ClassDef) and statement.name == cls.__qualname__:
            return statement.body
    return []


@cache
def _statements(file: str) -> list[ast.stmt]:
    """Return the statements of a file. Parsing it once is faster than inspect, which parses it for every class."""
    return ast.parse(Path(file).read_bytes()).body


def _groups(preset: Any, everything: bool, title: str | None = None) -> list[tuple[str, Any, Any]]:
    """Return heading, dataclass and defaults of each group of fields of a Config, or of one group with ``title``."""
    config = type(preset)
    hints, texts = _types(config), documentation(config)
    groups: dict[str, list[tuple[str, Any, Any]]] = {name: [] for name in HEADINGS}
    for field in dataclasses.fields(config):
        if not field.init or not (everything or shown(config, field.name)):
            continue
        hint, value = hints[field.name], getattr(preset, field.name)
        help_ = _of_switch(texts.get(field.name)) if hint is bool and value else {"help": texts.get(field.name)}
        kind: object = Annotated[_spelled(hint), tyro.conf.arg(metavar=_metavar(hint), **help_)]
        row = (field.name, kind, _default(value))
        groups.setdefault(heading(config, field.name) if title is None else title, []).append(row)
    made = ((name, dataclasses.make_dataclass(name or "options", rows)) for name, rows in groups.items() if rows)
    return [(name, group, group()) for name, group in made]


def _spelled(hint: Any) -> Any:
    """Return a type in a form that tyro reads without its type checker, whose import takes longer than the help."""
    if isinstance(hint, UnionType):
        return Union[tuple(map(_spelled, get_args(hint)))]  # noqa: UP007
    kind, *rest = get_args(hint) or (None,)
    return Annotated[object, _several(kind)] if get_origin(hint) is tuple and rest == [...] else hint


def _several(kind: type) -> tyro.constructors.PrimitiveConstructorSpec:
    """Return how tyro reads and shows a tuple of any length."""
    name = kind.__name__.upper()
    return tyro.constructors.PrimitiveConstructorSpec(
        nargs="*",
        metavar=f"[{name} [{name} ...]]",
        instance_from_str=lambda texts: tuple(kind(text) for text in texts),
        is_instance=lambda value: isinstance(value, tuple),
        str_from_instance=lambda value: [str(each) for each in value],
    )


def _of_switch(text: str | None) -> dict[str, str]:
    """Return the help of --no-NAME for a field that is on by default, whose text says what is on."""
    return {"help": f"switch this off: {(text or '').removeprefix('whether ')}", "help_behavior_hint": "(default: on)"}


def _metavar(hint: Any) -> str | None:
    """Return the placeholder in help for a field that may be None; None means tyro's own placeholder."""
    kinds = [kind for kind in get_args(hint) if kind is not NoneType]
    if NoneType in get_args(hint) and len(kinds) == 1 and kinds[0] in (int, float, str):
        return kinds[0].__name__.upper()
    return None


def _named_settings(protocol: Protocol, arguments: list[str]) -> dict[str, Any]:
    """Return the settings that --preset names. They are needed before all other options are read."""
    given = [value for option, value in pairwise([*arguments, ""]) if option == "--preset"]
    given += [argument.partition("=")[2] for argument in arguments if argument.startswith("--preset=")]
    if not given:
        return {}
    if given[-1] not in protocol.variants:
        raise unknown("preset", given[-1], list(protocol.variants))
    return protocol.variants[given[-1]]
