"""Imports point down only, and the light modules stay light."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import snnlab

PACKAGE = Path(snnlab.__file__).parent
# The longest prefix of a module's name decides.
FLOORS = {
    **dict.fromkeys(
        "errors claims record grouping data loading connectivity learning stimuli analysis".split(),
        0,
    ),
    **dict.fromkeys(["quantities", "models", "rules", "spike_rules", "neurons", "synapses", "plasticity"], 1),
    **dict.fromkeys(["checkpoint", "tasks", "engine", "networks"], 2),
    **dict.fromkeys(["protocol", "study", "figure", "plotting", "commands", "cli"], 3),
    "protocols": 4,
    "figures": 5,
}
# The loader imports what it was asked for: models, when it looks for one.
ALLOWED_UPWARD = {("snnlab.loading", "snnlab.models")}
HEAVY = {"brian2", "xarray", "matplotlib", "tyro", "joblib"}


def modules():
    """Name -> path of every module; the folders beside the package are installed inside it."""
    found = {}
    for name, root in [("snnlab", PACKAGE), *((f"snnlab.{x}", _beside(x)) for x in ("protocols", "figures"))]:
        for path in sorted(root.rglob("*.py")):
            parts = [*path.relative_to(root).with_suffix("").parts]
            found[".".join([name, *(p for p in parts if p != "__init__")])] = path
    return found


def _beside(folder):
    return next(f for f in (PACKAGE / folder, PACKAGE.parent / folder) if f.is_dir())


def imports(name, path):
    """Return (absolute name, at module level) of everything a module imports, but for type checkers alone."""
    found = []

    def visit(node, top):
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
            return
        if isinstance(node, ast.Import):
            found.extend((alias.name, top) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            package = name.split(".") if path.name == "__init__.py" else name.split(".")[:-1]
            base = package[: len(package) - node.level + 1] if node.level else []
            base = [*base, *([node.module] if node.module else [])]
            found.extend((".".join([*base, alias.name]), top) for alias in node.names)
        for child in ast.iter_child_nodes(node):
            visit(child, top and not isinstance(node, ast.FunctionDef))

    visit(ast.parse(path.read_text(encoding="utf-8")), True)
    return found


def floor(name):
    """Floor of an absolute name such as snnlab.models.NeuronModel; None outside the house."""
    parts = name.split(".")
    if parts[0] in ("protocols", "figures"):
        parts = ["snnlab", *parts]
    return FLOORS.get(parts[1]) if parts[0] == "snnlab" and len(parts) > 1 else None


MODULES = modules()


def test_every_module_has_a_floor():
    assert len(MODULES) > 25
    assert [name for name in MODULES if name != "snnlab" and floor(name) is None] == []


@pytest.mark.parametrize("name", [n for n in MODULES if n != "snnlab"])
def test_imports_point_down(name):
    upward = [
        target
        for target, _ in imports(name, MODULES[name])
        if (floor(target) or 0) > floor(name) and not any(name == a and target.startswith(b) for a, b in ALLOWED_UPWARD)
    ]
    assert upward == []


def test_the_package_itself_imports_nothing_of_its_own():
    assert [target for target, _ in imports("snnlab", MODULES["snnlab"]) if target.startswith("snnlab")] == []


@pytest.mark.parametrize("name", [n for n in MODULES if n != "snnlab" and floor(n) == 0])
def test_the_lowest_floor_knows_no_brian2(name):
    # By induction over the floor this holds for what it imports as well.
    found = imports(name, MODULES[name])
    assert [target for target, _ in found if target.split(".")[0] == "brian2"] == []
    assert [target for target, top in found if top and target.split(".")[0] in HEAVY] == []


def test_the_reader_of_imports_sees_every_form(tmp_path):
    path = tmp_path / "trained.py"
    path.write_text(
        "import numpy as np\nfrom ..engine import Engine\nfrom . import force\nfrom .. import record\n"
        "if TYPE_CHECKING:\n    import xarray\ndef f():\n    if True:\n        from ..cli import main\n"
    )
    assert imports("snnlab.networks.trained", path) == [
        ("numpy", True),
        ("snnlab.engine.Engine", True),
        ("snnlab.networks.force", True),
        ("snnlab.record", True),
        ("snnlab.cli.main", False),
    ]


@pytest.mark.parametrize("statement", ["from snnlab.cli import main; assert main(['list']) == 0", "import snnlab"])
def test_listing_and_importing_load_nothing_heavy(statement):
    code = f"{statement}\nimport sys; print('loaded:', *sorted({HEAVY} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stdout.rstrip().endswith("loaded:")
    assert ("force_sine" in done.stdout) == ("list" in statement)
