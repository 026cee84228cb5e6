"""Import of the user's Python files by path."""

from __future__ import annotations

import ast
import contextlib
import hashlib
import importlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

from ..errors import UserError, in_one_line, user_path

# These folders of users' files were added to sys.path.
_FOLDERS: list[str] = []


def load_file(path: str | Path, field: str) -> ModuleType:
    """Import a Python file by path and register it in ``sys.modules``, which dataclasses and pickling need.

    It may import files and packages that stand beside it; they are imported anew with it.

    Raises
    ------
    UserError
        If the file does not exist or fails to import, or if it imports a file beside it with the name of an installed
        module; the message starts with ``field``.
    """
    try:
        path = user_path(path).resolve()
    except RuntimeError as error:
        # A link that leads to itself, or the home of a user who does not exist.
        raise UserError(f"{field}: expected a Python file, got {str(path)!r}: {error}") from None
    if not path.is_file():
        raise UserError(f"{field}: expected a Python file, got no file {str(path)!r}")
    if path.suffix != ".py":
        raise UserError(f"{field}: expected a Python file, got {str(path)!r}")
    name = f"snnlab_user_{path.stem}_{hashlib.sha256(str(path).encode()).hexdigest()[:8]}"
    module = ModuleType(name)
    module.__file__ = str(path)
    sys.modules[name] = module
    try:
        _import_beside(path, field)
        # importlib is not used, because its bytecode cache may hold an older version of the file.
        with contextlib.chdir(Path.cwd()):
            exec(compile(path.read_bytes(), str(path), "exec"), module.__dict__)
    except (UserError, KeyboardInterrupt):
        del sys.modules[name]
        raise
    except BaseException as error:
        # A file that ends the program, also with sys.exit(0), cannot be used.
        del sys.modules[name]
        raise UserError(f"{field}: {path.name} cannot be imported: {in_one_line(error)}") from None
    return module


def _import_beside(path: Path, field: str) -> None:
    """Let a file import the files beside it, before those of the same name beside other files."""
    root = str(path.parent)
    if root in _FOLDERS:
        sys.path.remove(root)
        _FOLDERS.remove(root)
    if root not in sys.path:
        # Installed modules come first, then the folder of the file that was loaded last.
        first = min((sys.path.index(each) for each in _FOLDERS if each in sys.path), default=len(sys.path))
        sys.path.insert(first, root)
        _FOLDERS.append(root)
    for file in {path.parent / each.relative_to(path.parent).parts[0] for each in imported_beside(path)}:
        top = file.stem
        for name in [name for name in sys.modules if name == top or name.startswith(f"{top}.")]:
            origin = getattr(sys.modules[name], "__file__", None)
            if origin and any(Path(origin).is_relative_to(each) for each in _FOLDERS):
                del sys.modules[name]
        found = importlib.util.find_spec(top)
        if found is not None and found.origin and not Path(found.origin).is_relative_to(root):
            what = f"{field}: {path.name} imports {file.name} beside it, but an installed module has this name"
            raise UserError(f"{what}: {found.origin}")


def is_file_spec(spec: str) -> bool:
    """Tell whether a specification is the path of a file, optionally followed by ``:name``."""
    return spec.partition(":")[0].endswith((".py", ".csv")) or "/" in spec


def open_spec(spec: str, field: str) -> tuple[ModuleType, str]:
    """Return the module and the name (or "") of ``path/to/file.py:NAME`` or ``package.module:NAME``."""
    place, _, name = spec.partition(":")
    if is_file_spec(place):
        return load_file(place, field), name
    try:
        return importlib.import_module(place), name
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        raise UserError(f"{field}: module {place!r} cannot be imported: {in_one_line(error)}") from None


def content_hash(spec: str) -> str:
    """Return a short hash of the file in a specification, or "" if it is not the path of a file.

    The hash covers the files beside a Python file that it imports.
    """
    place, colon, _ = spec.partition(":")
    path = user_path(place)
    if colon and not is_file_spec(spec):
        with contextlib.suppress(ImportError, ValueError):
            found = importlib.util.find_spec(place)
            path = Path(found.origin) if found and found.origin else path
    if path.suffix in (".py", ".csv") and path.is_file():
        content = path.read_bytes()
        if path.suffix == ".py" and is_file_spec(spec):
            content += b"".join(file.read_bytes() for file in imported_beside(path))
        return hashlib.sha256(content).hexdigest()[:16]
    return ""


def imported_beside(path: Path) -> list[Path]:
    """Return the files below the folder of a Python file that it imports, directly or through each other.

    All files of an imported package belong to it, because a package may import them on first use.
    """
    path = path.resolve()
    found: dict[Path, None] = {path: None}
    waiting = [path]
    while waiting:
        file = waiting.pop(0)
        new = [each for each in _imports(file, path.parent) if each not in found]
        found |= dict.fromkeys(new)
        waiting += new
    return [file for file in found if file != path]


def _imports(file: Path, root: Path) -> list[Path]:
    """Return the existing files that a file imports: absolute names below ``root``, relative ones beside the file."""
    try:
        nodes = list(ast.walk(ast.parse(file.read_bytes())))
    except SyntaxError:
        return []
    names = [(root, alias.name) for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    for node in nodes:
        if isinstance(node, ast.ImportFrom):
            base = file.parents[node.level - 1] if node.level else root
            names += [(base, ".".join(filter(None, [node.module, alias.name]))) for alias in node.names]
    found = []
    for base, name in names:
        parts = name.split(".")
        if parts[0] == "snnlab":
            continue
        for place in (base.joinpath(*parts[:count]) for count in range(1, len(parts) + 1)):
            module, package = place.with_name(f"{place.name}.py"), place / "__init__.py"
            found += sorted(place.rglob("*.py")) if package.is_file() else [module] if module.is_file() else []
    return [each for each in found if each.is_relative_to(root)]
