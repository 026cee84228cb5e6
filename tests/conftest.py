"""Fixtures shared by all tests."""

import atexit
import gc
import os
import shutil
import tempfile
from pathlib import Path

# Before anything imports matplotlib, and inherited by subprocesses.
os.environ["MPLBACKEND"] = "Agg"

# Programs that tests build are not the user's. They are named by their content and kept for the next session, unless
# SNNLAB_TEST_CACHE is "cold". The workers of a session share them.
if "SNNLAB_TESTS" not in os.environ:
    cache = Path(__file__).parents[1] / ".test-cache"
    if os.environ.get("SNNLAB_TEST_CACHE") == "cold":
        cache = Path(tempfile.mkdtemp(prefix="snnlab-tests-"))
        atexit.register(shutil.rmtree, cache, ignore_errors=True)
    # What was fetched by tests is not kept. Its folder is removed by the session that made it.
    atexit.register(shutil.rmtree, cache / "snnlab" / "data", ignore_errors=True)
    os.environ["SNNLAB_TESTS"] = str(cache)
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


@pytest.fixture(scope="module", autouse=True)
def what_stays_is_not_searched():
    """Brian2 collects garbage at every run. What was imported and cached before a file is taken out of that search."""
    gc.collect()
    gc.freeze()


@pytest.fixture
def runs(tmp_path):
    """An empty folder for run files."""
    folder = tmp_path / "runs"
    folder.mkdir()
    return folder
