"""A user's file: calls of its functions with errors in one line, and checks of the kind of each name that we use."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import inspect
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, NoneType
from typing import TYPE_CHECKING, Any, get_type_hints

from ..errors import SnnlabError, UserError, in_one_line, unknown, user_path
from ..files.python import is_file_spec
from .discovery import files
from .values import expected_kind

if TYPE_CHECKING:
    from .protocol import Protocol

# These are options of the command line. A field of a Config must have another name.
_OPTIONS = (
    "quick", "out", "figure", "progress", "seeds", "jobs", "vary", "controls", "json", "resume", "preset", "dry_run",
    "yes", "help", "help_all",
)  # fmt: skip
# The functions of a protocol file with their arguments.
_FUNCTIONS: dict[str, tuple[str, ...]] = {
    "run": ("config", "engine"), "settle": ("config",), "models": ("config",), "cost": ("config",),
    "checks": ("dataset",), "measure": ("dataset",), "findings": ("datasets",), "comparisons": ("runs",),
    "export": ("dataset", "stem"),
}  # fmt: skip


def call_own(kind: str, spec: str, function: Callable, *arguments, **named) -> Any:
    """Call a function of a protocol file. Any error in a user's file, also an exit, becomes one line with its place.

    Where the function changes the working folder, it is changed back: relative paths of options mean the first one.
    """
    try:
        with contextlib.chdir(Path.cwd()):
            return function(*arguments, **named)
    except (SnnlabError, KeyboardInterrupt, MemoryError):
        raise
    except BaseException as error:
        if kind == "run" and not is_file_spec(spec):
            # The mistake is ours, so its traceback is shown.
            raise
        raise UserError(
            f"protocol: {spec}: {kind} fails{_place(error, spec)} with {in_one_line(error)[:400]}"
        ) from error


def _place(error: BaseException, spec: str) -> str:
    """Return the last line of the file, or of a file beside it, that an error passed."""
    folder = Path(spec).parent
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if frame.filename == spec:
            return f" at line {frame.lineno}"
        if spec.endswith(".py") and folder in Path(frame.filename).parents:
            return f" at line {frame.lineno} of {Path(frame.filename).relative_to(folder)}"
    return ""


def require_fields(config: type, spec: str) -> None:
    """Raise UserError unless each field of a Config has an allowed name, a default and a type that it fits."""
    place = f"protocol: {spec}: Config"
    try:
        hints = get_type_hints(config)
    except Exception as error:
        raise UserError(f"{place}: expected types that exist, got {in_one_line(error)}") from None
    for field in dataclasses.fields(config):
        if field.name in _OPTIONS:
            raise UserError(f"{place}: expected a name other than an option, got {field.name!r}")
        if field.name == "seed" and type(field.default) not in (int, NoneType):
            raise UserError(f"{place}: seed: expected an integer as default, got {field.default!r}")
        if field.default is not dataclasses.MISSING:
            if kind := expected_kind(field.default, hints[field.name]):
                raise UserError(f"{place}: {field.name}: expected {kind} as default, got {field.default!r}")
        elif field.init and field.default_factory is dataclasses.MISSING:
            raise UserError(f"{place}: {field.name}: expected a default value, got none")


def require_kinds(protocol: Protocol) -> None:
    """Raise UserError for a name of a protocol file that holds something of another kind than it must."""
    place = f"protocol: {protocol.spec}"
    for name, arguments in _FUNCTIONS.items():
        if (function := getattr(protocol, name)) is not None:
            require_function(f"{place}: {name}", function, arguments)
    _require_settings(f"{place}: QUICK", protocol.quick)
    named = {"CONTROLS": protocol.controls, "VARIANTS": protocol.variants, "QUICK_VARIANTS": protocol.quick_variants}
    for name, found in named.items():
        _require_named_settings(f"{place}: {name}", found)
    for variant in protocol.quick_variants:
        if variant not in protocol.variants:
            raise unknown(f"{place}: QUICK_VARIANTS", variant, list(protocol.variants))
    hints = get_type_hints(protocol.Config)
    known = [field.name for field in dataclasses.fields(protocol.Config) if field.init]
    stated = {f"{name}: {each}": values for name, found in named.items() for each, values in found.items()}
    for name, overrides in ({"QUICK": protocol.quick} | stated).items():
        for field, value in overrides.items():
            if field not in known:
                raise unknown(f"{place}: {name}", field, known)
            if kind := expected_kind(value, hints[field]):
                raise UserError(f"{place}: {name}: {field}: expected {kind}, got {value!r}")
        protocol.config(**overrides)
    default = protocol.config()
    for name, overrides in protocol.controls.items():
        if all(getattr(default, field) == value for field, value in overrides.items()):
            raise UserError(f"{place}: CONTROLS: {name}: expected a value that is not the default, got {overrides}")


def share_run(module: ModuleType) -> None:
    """Let ``run(1*second)`` in a user's file be Brian2's, though the file's own ``run(config, engine)`` hides it."""
    own = vars(module).get("run")
    if not callable(own):
        return

    @functools.wraps(own)
    def run(*arguments: Any, **named: Any) -> Any:
        if "duration" in named or (arguments and hasattr(arguments[0], "dimensions")):
            # Equations see the variables of the caller, which is one level further up.
            named["level"] = named.get("level", 0) + 1
            return sys.modules["brian2"].run(*arguments, **named)
        return own(*arguments, **named)

    module.run = run  # type: ignore[attr-defined]


def figure_of(found: Any, spec: str) -> str | None:
    """Return the name of a protocol's figure, or the path of its file, which may be given from the protocol's file."""
    what = f"protocol: {spec}: FIGURE: expected a name from `snnlab list` or the path of a figure file"
    if found is None:
        return None
    if not isinstance(found, str):
        raise UserError(f"{what}, got {found!r:.60}")
    if is_file_spec(found):
        # An absolute path replaces the folder of the protocol's file.
        path = Path(spec).parent / user_path(found)
        if not path.is_file():
            raise UserError(f"{what}, got no file {str(path)!r}")
        return str(path)
    if found not in files("figures") and found not in files("protocols"):
        raise unknown(f"protocol: {spec}: FIGURE", found, [*files("figures")], "snnlab list")
    return found


def require_function(what: str, found: Any, arguments: tuple[str, ...]) -> None:
    """Raise UserError unless ``found`` can be called with this number of arguments."""
    expected = f"{what}: expected a function {what.rpartition(': ')[2]}({', '.join(arguments)})"
    if not callable(found):
        raise UserError(f"{expected}, got {found!r:.60}")
    try:
        signature = inspect.signature(found)
    except ValueError:
        # Some built-in functions do not tell their arguments.
        return
    try:
        signature.bind(*arguments)
    except TypeError:
        raise UserError(f"{expected}, got one with arguments {signature}") from None


def _require_settings(what: str, found: Any) -> None:
    """Raise UserError unless ``found`` is a dict of settings by name."""
    if not isinstance(found, dict) or not all(isinstance(name, str) for name in found):
        raise UserError(f"{what}: expected a dict {{field: value}}, got {found!r:.60}")


def _require_named_settings(what: str, found: Any) -> None:
    """Raise UserError unless ``found`` is a dict of such dicts by name."""
    if not isinstance(found, dict) or not all(isinstance(name, str) for name in found):
        raise UserError(f"{what}: expected a dict {{name: {{field: value}}}}, got {found!r:.60}")
    for name, settings in found.items():
        _require_settings(f"{what}: {name}", settings)
