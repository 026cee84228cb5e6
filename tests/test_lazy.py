"""Modules whose import is postponed; each test in an interpreter of its own, where they are not imported yet."""

import os
import subprocess
import sys
import textwrap

import pytest

PACKAGE = {
    "heavy/__init__.py": """
        import sys
        sys.loaded = getattr(sys, "loaded", 0) + 1
        from .inner import Thing
        from . import inner
        NUMBER = 3
        def __getattr__(name):
            if name == "later":
                return 7
            raise AttributeError(name)
    """,
    "heavy/inner.py": """
        import sys
        import heavy
        assert not hasattr(heavy, "NUMBER")
        sys.inner = getattr(sys, "inner", 0) + 1
        class Thing:
            pass
    """,
    "heavy/apart.py": "from heavy import Thing",
    "broken.py": "import nowhere_at_all",
    "plain.py": "VALUE = 5",
}


@pytest.fixture
def run(tmp_path):
    """Run code that can import the package above."""
    for name, text in PACKAGE.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(textwrap.dedent(text))

    def run(code):
        head = "import sys\nfrom snnlab.lazy import postpone\npostpone('heavy', 'broken', 'plain', 'missing')\n"
        path = os.pathsep.join([str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])])
        done = subprocess.run(
            [sys.executable, "-c", head + textwrap.dedent(code)],
            capture_output=True, text=True, timeout=60, env=os.environ | {"PYTHONPATH": path},
        )  # fmt: skip
        assert done.returncode == 0, done.stderr

    return run


def test_a_module_is_imported_at_its_first_use_and_stays_the_same_object(run):
    run("""
        import types, heavy as before
        assert "heavy" in sys.modules and not hasattr(sys, "loaded")
        assert before.NUMBER == 3 and sys.loaded == 1
        import heavy
        assert heavy is before is sys.modules["heavy"] and type(heavy) is types.ModuleType
        assert heavy.__spec__.loader is heavy.__loader__ and type(heavy.__loader__).__name__ == "SourceFileLoader"
        assert heavy.later == 7 and not hasattr(heavy, "nothing") and "NUMBER" in dir(heavy)
    """)


@pytest.mark.parametrize(
    "statement",
    ["from heavy import Thing", "import heavy.inner", "from heavy.inner import Thing", "import heavy; dir(heavy)",
     "from heavy import *", "from importlib.util import find_spec; find_spec('heavy.inner')"],
)  # fmt: skip
def test_every_form_of_import_loads_it_once_and_its_parts_once(run, statement):
    run(f"""
        {statement}
        import heavy
        assert sys.loaded == sys.inner == 1
        assert heavy.inner.Thing is heavy.Thing and heavy.inner is sys.modules["heavy.inner"]
        assert heavy.inner.__spec__.loader is heavy.inner.__loader__
    """)


def test_a_part_that_the_package_does_not_import_itself_is_its_attribute_afterwards(run):
    run("""
        import heavy.apart
        assert heavy.apart.Thing is heavy.Thing and sys.loaded == 1
    """)


def test_classes_are_the_real_ones(run):
    run("""
        import pickle, heavy
        thing = heavy.Thing()
        from heavy.inner import Thing
        assert isinstance(thing, Thing) and isinstance(pickle.loads(pickle.dumps(thing)), heavy.Thing)
    """)


def test_what_cannot_be_imported_fails_as_usual(run):
    run("""
        def refused(code):
            try:
                exec(code)
            except ModuleNotFoundError as error:
                return error.name
        assert refused("import missing") == "missing"
        import broken
        assert refused("broken.x") == refused("broken.x") == refused("from broken import x") == "nowhere_at_all"
        assert refused("import plain.part") == "plain.part"
    """)


def test_what_is_imported_already_is_left_alone(run):
    run("""
        import json
        kept = dict(vars(json))
        postpone("json")
        assert sys.modules["json"] is json and vars(json) == kept
        postpone("heavy")
        import heavy
        assert heavy.NUMBER == 3 and sys.loaded == 1
        postpone("heavy")
        assert sys.modules["heavy"] is heavy and sys.loaded == 1
    """)


def test_two_threads_that_use_it_at_once_import_it_once(run):
    run("""
        import heavy, plain, threading
        start, found = threading.Barrier(8), []
        def use():
            start.wait()
            found.append((heavy.NUMBER, plain.VALUE))
        threads = [threading.Thread(target=use) for _ in range(8)]
        [thread.start() for thread in threads]
        [thread.join() for thread in threads]
        assert found == [(3, 5)] * 8 and sys.loaded == 1
    """)


def test_the_libraries_of_protocols_are_the_real_ones_after_use(run):
    run("""
        postpone("brian2", "matplotlib", "numpy", "scipy", "sympy", "xarray")
        import brian2, matplotlib, numpy as np, scipy, xarray as xr
        assert not {"brian2.core", "numpy.linalg", "scipy.sparse", "xarray.core"} & set(sys.modules)
        from matplotlib.colors import Colormap
        assert isinstance(matplotlib.colormaps["viridis"], Colormap)
        from brian2.core.functions import Function
        assert Function is brian2.Function and float(2 * brian2.ms) == 2e-3
        import xarray.core.dataset
        assert xarray.core.dataset.Dataset is xr.Dataset
        assert (scipy.sparse.csr_array(np.eye(2)) @ np.ones(2)).sum() == 2
    """)
