"""Networks of Brian2's tutorials and examples run in an engine as they are, or are refused in one line.

The table in docs/extending/brian2_network.md says which. Its rows are the cases.
"""

import re
import subprocess
import sys
from functools import cache

import brian2
import numpy as np
import pytest
from brian2.devices.device import runtime_device
from brian2_networks import NETWORKS

from places import ROOT
from snnlab.engine.brian import Engine
from snnlab.errors import SnnlabError

SEED = 5
PAGE = (ROOT / "docs" / "extending" / "brian2_network.md").read_text(encoding="utf-8")
ROWS = [[cell.strip() for cell in row.strip("|").split(" | ")] for row in re.findall(r"^\|.*\|$", PAGE, re.MULTILINE)]
START = next(k for k, row in enumerate(ROWS) if row[1:] == ["numpy", "cython", "cpp_standalone"])
TABLE = {row[0]: dict(zip(ROWS[START][1:], row[1:], strict=True)) for row in ROWS[START + 2 :] if len(row) == 4}
# Each compiles about ten modules. Together they have every kind of object.
COMPILED = (
    "CUBA: current-based network (Vogels & Abbott 2005)",
    "inhibitory plasticity (Vogels et al. 2011): several `run`, `run_regularly`",
    "`store` and `restore`",
)
# C++ standalone draws other numbers for these: normal numbers, and connections of some forms. They are compared with
# Brian2 alone in C++ standalone, which builds at the first `run`, so that the last one is compared by its spikes alone.
OTHER_NUMBERS = ("CUBA", "COBA-HH", "noise", "synfire", "Izhikevich 2003", "linked variables", "inhibitory plasticity")

PLAIN = """
import gc, sys, brian2, numpy as np
from brian2_networks import NETWORKS
target, seed, flags, folder, *names = sys.argv[1:]
brian2.BrianLogger.log_level_error()
gc.freeze()
brian2.prefs["codegen.target"] = target
brian2.prefs["codegen.cpp.extra_compile_args_gcc"] = flags.split()
for name in reversed(names):
    brian2.defaultclock.dt = 0.1 * brian2.ms
    brian2.seed(int(seed))
    np.savez(f"{folder}/{list(NETWORKS).index(name)}.npz", **NETWORKS[name]())
    gc.collect()
"""

# C++ programs differ in their folder alone.
PLAIN_CPP = PLAIN.replace(
    'brian2.prefs["codegen.target"] = target',
    'np.random.seed(int(seed)); brian2.set_device("cpp_standalone", directory=f"{folder}/program")',
)


def run(name, target, seed=SEED):
    with Engine(target, seed) as engine:
        found = NETWORKS[name]()
        assert engine.used == target
    return found


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    """Return what Brian2 alone, in a process of its own, gives for all networks that run on a target."""

    @cache
    def results(target):
        folder = tmp_path_factory.mktemp(target)
        names = [name for name in TABLE if TABLE[name][target] == "runs" and (target == "numpy" or name in COMPILED)]
        with Engine(target, SEED) as engine:
            assert engine.target == target
            flags = " ".join(brian2.prefs["codegen.cpp.extra_compile_args_gcc"])
            command = [sys.executable, "-c", PLAIN, target, str(engine.brian2_seed()), flags, str(folder), *names]
        done = subprocess.run(command, cwd=ROOT / "tests" / "engine", capture_output=True, text=True, timeout=900)
        assert done.returncode == 0, done.stderr
        return {name: dict(np.load(folder / f"{list(NETWORKS).index(name)}.npz")) for name in names}

    return results


def plain_program(name, folder):
    """Return what Brian2 alone, in a process of its own, gives for a network as a C++ program."""
    with Engine("cpp_standalone", SEED) as engine:
        assert engine.target == "cpp_standalone"
        flags = " ".join(brian2.prefs["codegen.cpp.extra_compile_args_gcc"])
        command = [sys.executable, "-c", PLAIN_CPP, "cpp_standalone", str(engine.brian2_seed()), flags, folder, name]
    done = subprocess.run(command, cwd=ROOT / "tests" / "engine", capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stderr
    return dict(np.load(folder / f"{list(NETWORKS).index(name)}.npz"))


def same(found, expected):
    assert found.keys() == expected.keys()
    for key, values in found.items():
        assert values.size and np.isfinite(values).all()
        np.testing.assert_array_equal(values, expected[key], err_msg=key)


def refusal(name, target):
    """Return the line by which a network is refused."""
    with pytest.raises((SnnlabError, NotImplementedError)) as refused:
        run(name, target)
    return " ".join(str(refused.value).split())


def test_the_table_has_every_network_and_nothing_else():
    assert list(TABLE) == list(NETWORKS) and len(TABLE) >= 20


@pytest.mark.parametrize("name", NETWORKS)
def test_on_numpy_a_network_gives_what_brian2_alone_gives(name, plain):
    assert TABLE[name]["numpy"] == "runs"
    same(run(name, "numpy"), plain("numpy")[name])


@pytest.mark.programs
@pytest.mark.parametrize("name", [COMPILED[0], COMPILED[-1]])
def test_a_network_run_again_gives_the_same_and_another_seed_something_else(name, plain):
    same(run(name, "numpy"), plain("numpy")[name])
    others = run(name, "numpy", SEED + 1)
    assert any(not np.array_equal(values, others[key]) for key, values in plain("numpy")[name].items())


READ = pytest.param("results read between two `run`", marks=[pytest.mark.programs, pytest.mark.standalone])
REFUSED = [name for name in TABLE if TABLE[name]["cpp_standalone"] != "runs" and name not in READ.values]


@pytest.mark.parametrize("name", [*REFUSED, READ])
def test_cpp_standalone_refuses_in_the_line_of_the_table(name):
    said = TABLE[name]["cpp_standalone"]
    assert said.strip("`") in refusal(name, "cpp_standalone")
    assert brian2.get_device() is runtime_device


@pytest.mark.programs
@pytest.mark.parametrize("name", [*COMPILED, *(name for name in TABLE if TABLE[name]["cython"] != "runs")])
def test_on_cython_a_network_gives_what_brian2_alone_gives_or_is_refused(name, plain):
    if (said := TABLE[name]["cython"]) == "runs":
        same(run(name, "cython"), plain("cython")[name])
    else:
        assert said.strip("`") in refusal(name, "cython")


@pytest.mark.programs
@pytest.mark.standalone
@pytest.mark.parametrize("name", [name for name in TABLE if TABLE[name]["cpp_standalone"] == "runs"])
def test_as_a_cpp_program_a_network_gives_what_numpy_gives_or_brian2_alone(name, plain, tmp_path):
    found = run(name, "cpp_standalone")
    if name.startswith(OTHER_NUMBERS[:-1]):
        same(found, plain_program(name, tmp_path))
        return
    expected = plain("numpy")[name]
    assert found.keys() == expected.keys()
    for key, values in found.items():
        assert values.size and np.isfinite(values).all()
        if not name.startswith(OTHER_NUMBERS):
            np.testing.assert_allclose(values, expected[key], rtol=1e-6, atol=1e-9, err_msg=key)
    if name.startswith(OTHER_NUMBERS) and "t" in found:
        assert 0.5 < len(found["t"]) / len(expected["t"]) < 2
