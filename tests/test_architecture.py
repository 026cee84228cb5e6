"""The house: imports point down, families keep to their rooms, files stay small, light commands stay light."""

import ast
import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

import snnlab
from places import ROOT

PACKAGE = Path(snnlab.__file__).parent
# From the ground up; a module imports what stands on lower floors, or in its own room.
FLOORS = [
    {"errors", "lazy"},
    {"checking", "equality"},
    {"files"},
    {"connectivity", "learning", "analysis", "stimuli"},
    {"models"},
    {"neurons", "synapses", "plasticity"},
    {"engine", "gradient", "plotting"},
    {"networks"},
    {"lab"},
    {"cli", "protocols"},
    {"figures"},
]
# Which families a family builds on; what these build on is theirs, too.
EDGES = {"replay": {"force"}, "song": {"replay"}, "patterns": {"reservoir", "liquid"}}
# Without equations: arrays in, numbers out.
NUMBERS_ONLY = ("errors", "lazy", "checking", "files", "connectivity", "learning", "analysis", "stimuli")
HEAVY = {"brian2", "xarray", "matplotlib", "tyro", "joblib"}
MODULES_A_FOLDER, LINES_A_FUNCTION = 15, 60


def beside(folder):
    return next(f for f in (PACKAGE / folder, PACKAGE.parent / folder) if f.is_dir())


def modules():
    """Name -> path of every module; the folders beside the package are installed inside it."""
    found = {}
    for name, root in [("snnlab", PACKAGE), *((f"snnlab.{x}", beside(x)) for x in ("protocols", "figures"))]:
        for path in sorted(root.rglob("*.py")):
            parts = [*path.relative_to(root).with_suffix("").parts]
            found[".".join([name, *(p for p in parts if p != "__init__")])] = path
    return found


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


def room(name):
    """Room of an absolute name such as snnlab.models.neuron.NeuronModel; "" outside the house."""
    parts = name.split(".")
    return parts[1] if parts[0] == "snnlab" and len(parts) > 1 else ""


def floor(name):
    return next((number for number, rooms in enumerate(FLOORS) if room(name) in rooms), None)


def family(name):
    """Family of a name below networks, protocols or figures, else ""."""
    parts = name.split(".")
    return parts[2] if room(name) in ("networks", "protocols", "figures") and len(parts) > 2 else ""


def built_on(name):
    """The families that a family may import: those of EDGES, and theirs."""
    found = EDGES.get(name, set())
    return found.union(*(built_on(each) for each in found))


MODULES = modules()
IMPORTS = {name: [found for found in imports(name, path) if room(found[0])] for name, path in MODULES.items()}


def test_every_module_has_a_floor():
    assert len(MODULES) > 25
    assert [name for name in MODULES if name != "snnlab" and floor(name) is None] == []


def test_imports_point_down_or_stay_in_the_room():
    upward = [
        f"{name} imports {target}"
        for name, found in IMPORTS.items()
        for target, _ in found
        if name != "snnlab" and floor(target) is not None and room(name) != room(target)
        if floor(target) >= floor(name)
    ]
    assert upward == []


def test_the_package_itself_imports_nothing_but_what_makes_it_lazy():
    assert {target for target, _ in IMPORTS["snnlab"]} == {"snnlab.lazy.public"}


def module_of(target):
    """The module that a name stands in; a public name of a room, in the module that its table names."""
    place, name = target, ""
    while place not in MODULES:
        place, _, name = place.rpartition(".")
    table = TABLES.get(place, {})
    return f"{place}.{table[name]}" if name in table else place


def table_of(path):
    """The table of public names of a package: name -> module."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "public":
            return ast.literal_eval(node.args[1])
    return {}


TABLES = {name: table_of(path) for name, path in MODULES.items() if path.name == "__init__.py"}


def test_there_is_no_circle():
    # What stands for type checkers alone does not count.
    rest = {name: {module_of(target) for target, _ in found} - {name} for name, found in IMPORTS.items()}
    assert "snnlab.networks.force.train" in rest["snnlab.networks.replay.train"]
    while free := [name for name, targets in rest.items() if not targets & rest.keys()]:
        for name in free:
            del rest[name]
    assert rest == {}


def test_families_import_those_that_they_build_on_and_by_their_public_names():
    wrong = []
    for name, found in IMPORTS.items():
        own = family(name)
        for target, _ in found:
            if room(target) != "networks" or (room(name) == "networks" and own == family(target)):
                continue
            if room(name) in ("networks", "protocols", "figures") and own != "compare":
                if family(target) != own and family(target) not in built_on(own):
                    wrong.append(f"{name} imports {target}: not built on")
            public = PUBLIC[family(target)]
            if target.split(".")[3:] == [] or target.split(".")[3] not in public or len(target.split(".")) > 4:
                wrong.append(f"{name} imports {target}: not a public name")
    assert wrong == []


def test_public_names_of_families_exist():
    for name, names in PUBLIC.items():
        package = __import__(f"snnlab.networks.{name}", fromlist=["x"])
        for each in names:
            found = getattr(package, each)
            # A name that is a module and something else depends on what was imported before.
            assert (PACKAGE / "networks" / name / f"{each}.py").exists() == (type(found) is type(sys)), each


PUBLIC = {name.rpartition(".")[2]: list(table) for name, table in TABLES.items() if name.startswith("snnlab.networks.")}


def test_the_lab_knows_no_family():
    assert [f"{n}: {t}" for n, f in IMPORTS.items() if room(n) in ("lab", "cli") for t, _ in f if family(t)] == []


@pytest.mark.parametrize("kind", ["protocols", "figures"])
def test_no_protocol_imports_a_protocol_and_no_figure_a_figure(kind):
    wrong = [
        f"{name} imports {target}"
        for name, found in IMPORTS.items()
        for target, _ in found
        if room(name) == room(target) == kind and target.split(".")[2:4] != [family(name), "_shared"]
    ]
    assert wrong == []


def test_what_takes_arrays_knows_no_brian2_and_loads_nothing_heavy():
    wrong = []
    for name, path in MODULES.items():
        if room(name) in NUMBERS_ONLY:
            found = imports(name, path)
            wrong += [f"{name}: {target}" for target, _ in found if target.split(".")[0] == "brian2"]
            wrong += [f"{name}: {target}" for target, top in found if top and target.split(".")[0] in HEAVY]
    assert wrong == []


def test_no_folder_has_more_modules_than_a_head_can_hold():
    count = {}
    for path in MODULES.values():
        if path.name != "__init__.py":
            count[path.parent] = count.get(path.parent, 0) + 1
    assert {str(folder): n for folder, n in count.items() if n > MODULES_A_FOLDER} == {}


def test_test_files_have_names_of_their_own():
    names = [path.name for path in (ROOT / "tests").rglob("test_*.py")]
    assert sorted(name for name in set(names) if names.count(name) > 1) == []


def test_long_functions_say_why():
    """Code lines without the docstring; one that is longer says in its docstring "long because ..."."""
    wrong = []
    for name, path in MODULES.items():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef):
                told = ast.get_docstring(node, clean=False) or ""
                lines = node.end_lineno - node.lineno + 1 - (len(told.splitlines()) if told else 0)
                if lines > LINES_A_FUNCTION and "long because" not in told.lower():
                    wrong.append(f"{name}.{node.name}: {lines}")
    assert wrong == []


# setuptools provides distutils, which Python 3.12 no longer has.
SETUP = """
import setuptools, json
from distutils.core import run_setup
stated = run_setup("setup.py", stop_after="config")
print(json.dumps({name: getattr(stated, name) for name in ("packages", "package_dir", "package_data")}))
"""


def test_the_packages_of_the_installation_are_those_of_the_tree():
    # In a process of its own: setuptools sets up a distribution once for a process, and Cython needs its own.
    done = subprocess.run([sys.executable, "-c", SETUP], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    stated = SimpleNamespace(**json.loads(done.stdout.splitlines()[-1]))
    assert sorted(stated.packages) == sorted(name for name, path in MODULES.items() if path.name == "__init__.py")
    assert {name: stated.package_dir[name] for name in ("snnlab.protocols", "snnlab.figures")} == {
        "snnlab.protocols": "protocols", "snnlab.figures": "figures",
    }  # fmt: skip
    # The key "" stands for every package.
    packages = [path.parent for path in PACKAGE.rglob("__init__.py")]
    installed = {file for package in packages for each in stated.package_data[""] for file in package.glob(each)}
    kept = {path for path in PACKAGE.rglob("*") if path.suffix in (".h", ".cpp", ".mplstyle")}
    assert kept and kept <= installed


@pytest.mark.parametrize("name", ["snnlab.snnlab", "snnlab.tests", "snnlab.benchmarks", "snnlab.docs"])
def test_what_stands_beside_the_package_is_no_part_of_it(name):
    with pytest.raises(ModuleNotFoundError):
        __import__(name)


def test_the_reader_of_imports_sees_every_form(tmp_path):
    path = tmp_path / "trained.py"
    path.write_text(
        "import numpy as np\nfrom ...engine.brian import Engine\nfrom . import network\nfrom ...files import record\n"
        "if TYPE_CHECKING:\n    import xarray\ndef f():\n    if True:\n        from ...cli import main\n"
    )
    assert imports("snnlab.networks.force.trained", path) == [
        ("numpy", True),
        ("snnlab.engine.brian.Engine", True),
        ("snnlab.networks.force.network", True),
        ("snnlab.files.record", True),
        ("snnlab.cli.main", False),
    ]


@pytest.mark.parametrize(
    "statement",
    ["from snnlab.cli.main import main; assert main(['list']) == 0", "import snnlab, snnlab.networks.force"],
)
def test_listing_and_importing_load_nothing_heavy(statement):
    code = f"{statement}\nimport sys; print('loaded:', *sorted({HEAVY} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stdout.rstrip().endswith("loaded:")
    assert ("force_sine" in done.stdout) == ("list" in statement)
