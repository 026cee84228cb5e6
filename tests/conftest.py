"""Fixtures shared by all tests."""

import atexit
import os
import shutil
import tempfile

# Before anything imports matplotlib, and inherited by subprocesses.
os.environ["MPLBACKEND"] = "Agg"

# Programs that tests build are not the user's; the workers of one session share them.
if "SNNLAB_TESTS" not in os.environ:
    os.environ["SNNLAB_TESTS"] = tempfile.mkdtemp(prefix="snnlab-tests-")
    atexit.register(shutil.rmtree, os.environ["SNNLAB_TESTS"], ignore_errors=True)
os.environ["XDG_CACHE_HOME"] = os.environ["SNNLAB_TESTS"]

import numpy as np
import pytest
from threadpoolctl import threadpool_limits


@pytest.fixture
def rng():
    return np.random.default_rng(20171220)


@pytest.fixture(autouse=True)
def one_blas_thread():
    """More threads change the rounding and slow small products down."""
    with threadpool_limits(1):
        yield


@pytest.fixture
def runs(tmp_path):
    """An empty folder for run files."""
    folder = tmp_path / "runs"
    folder.mkdir()
    return folder
