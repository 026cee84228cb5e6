"""The examples in docstrings are what the functions return."""

import doctest
from importlib import import_module

import numpy as np
import pytest


@pytest.mark.parametrize("name", ["analysis.trains", "engine.session", "engine.rate_unit"])
def test_examples_hold(name):
    module = import_module(f"snnlab.{name}")
    failed, tried = doctest.testmod(module, extraglobs={"np": np})
    assert tried > 0 and failed == 0
