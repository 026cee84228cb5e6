"""The examples in docstrings are what the functions return, and every public name has one."""

import doctest
import tempfile
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

import snnlab

PACKAGE = Path(snnlab.__file__).parent
FINDER = doctest.DocTestFinder(exclude_empty=True)
# Every module whose text holds an example.
MODULES = [
    ".".join(["snnlab", *path.relative_to(PACKAGE).with_suffix("").parts])
    for path in sorted(PACKAGE.rglob("*.py"))
    if ">>> " in path.read_text(encoding="utf-8")
]


def examples(name):
    """Return the examples in the docstring of a public name itself; those of its methods do not count."""
    return doctest.DocTestParser().get_examples(getattr(snnlab, name).__doc__ or "")


def test_every_public_name_has_an_example():
    assert [name for name in snnlab.__all__ if name != "__version__" and not examples(name)] == []
    assert {getattr(snnlab, name).__module__ for name in snnlab.__all__ if name != "__version__"} <= set(MODULES)


@pytest.mark.parametrize("name", MODULES)
def test_examples_hold(name, tmp_path, monkeypatch):
    # Examples that write run files write them here.
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    runner = doctest.DocTestRunner()
    for test in FINDER.find(import_module(name), extraglobs={"np": np}):
        runner.run(test)
    tried, failed = runner.tries, runner.failures
    assert tried > 0 and failed == 0
