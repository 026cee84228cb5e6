"""Building of C++ programs: what belongs to one, what is compiled again, and several processes that need one."""

import resource
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import brian2
import numpy as np
import pytest

import snnlab
from snnlab.engine.brian import preferences
from snnlab.engine.build import cache, digest, with_includes
from snnlab.engine.programs import run_folder, write_arrays
from snnlab.errors import MachineError
from snnlab.networks.force.network import Form
from snnlab.networks.force.program import build
from snnlab.neurons.lif import LIF
from snnlab.synapses.double_exponential import DOUBLE_EXPONENTIAL

PACKAGE = Path(snnlab.__file__).parent
FORCE = ("networks/force/cpp/program", "networks/force/cpp/folding", "learning/rls")


@pytest.mark.parametrize("named", [True, False])
def test_a_full_disk_is_told_with_the_folder_and_the_folder_is_removed(named, tmp_path):
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
        with pytest.raises(MachineError) as error, run_folder(tmp_path if named else None) as place:
            write_arrays(place, {"large": np.zeros(1000)})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert str(error.value) == f"{place}: cannot be written or run: File too large" and not place.exists()
    assert (place.parent == tmp_path) == named


def names(start):
    return {str(path.relative_to(PACKAGE)) for path in with_includes([PACKAGE / start])}


def test_headers_are_followed_to_the_last_one_and_bring_their_sources():
    engine = {f"engine/cpp/{name}.h" for name in ("files", "program")}
    own = {f"networks/boltzmann/cpp/program{suffix}" for suffix in (".h", ".cpp")}
    assert names("networks/boltzmann/cpp/program.h") == own | engine
    own = {f"{name}{suffix}" for name in FORCE for suffix in (".h", ".cpp")}
    alone = {"networks/force/cpp/drive.h", "engine/cpp/matrices.h"}
    assert names("networks/force/cpp/program.h") == own | engine | alone


def test_an_object_depends_on_its_own_headers_alone():
    assert names("learning/rls.cpp") == {
        "learning/rls.cpp", "learning/rls.h", "engine/cpp/matrices.h", "engine/cpp/files.h"
    }  # fmt: skip


def test_every_file_of_ours_belongs_to_a_program():
    own = {str(path.relative_to(PACKAGE)) for suffix in ("*.h", "*.cpp") for path in PACKAGE.rglob(suffix)}
    programs = [names(f"networks/{family}/cpp/program.h") for family in ("force", "boltzmann", "liquid")]
    assert set.union(*programs) == own


def test_the_name_depends_on_the_contents_and_on_the_texts(tmp_path):
    (tmp_path / "a.h").write_text("int a;")
    first = digest([1], [tmp_path / "a.h"])
    assert digest([1], [tmp_path / "a.h"]) == first
    assert digest([2], [tmp_path / "a.h"]) != first
    (tmp_path / "a.h").write_text("int b;")
    assert digest([1], [tmp_path / "a.h"]) != first


def test_the_name_does_not_depend_on_what_brian2_compiled_before():
    first = digest([1], [])
    # Brian2 adds these folders to its preference when it compiles a module.
    added = [str(Path(brian2.synapses.__file__).parent), np.get_include()]
    dirs = "codegen.cpp.include_dirs"
    with preferences({dirs: [*brian2.prefs[dirs], *added]}):
        assert digest([1], []) == first
    with preferences({dirs: [*brian2.prefs[dirs], "/own/headers"]}):
        assert digest([1], []) != first


BUILDS = """
import os, sys, time
from pathlib import Path
from snnlab.engine.programs import program

def make(folder):
    with open(sys.argv[1], "a") as file:
        file.write("built\\n")
    # Both processes have begun before this one ends.
    while len(list(Path(sys.argv[1]).parent.glob("started*"))) < 2:
        time.sleep(0.01)
    time.sleep(0.2)
    (folder / "main").write_text("")

Path(sys.argv[1]).with_name(f"started{os.getpid()}").touch()
print(program(["one for all"], [], make))
"""


@pytest.mark.programs
def test_several_processes_build_a_program_once(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    command = [sys.executable, "-c", BUILDS, str(tmp_path / "log")]
    with ThreadPoolExecutor(2) as pool:
        each = list(pool.map(lambda _: subprocess.run(command, capture_output=True, text=True, check=True), range(2)))
    assert (tmp_path / "log").read_text() == "built\n"
    assert each[0].stdout == each[1].stdout and Path(each[0].stdout.strip(), "main").is_file()


@pytest.mark.programs
@pytest.mark.standalone
def test_our_own_files_are_compiled_once_for_all_networks(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    folders = [build(LIF, DOUBLE_EXPONENTIAL, n, 1, 5e-5, Form()) for n in (3, 4)]
    compiled = [{path.stem for path in (folder / "own").glob("*.cpp")} for folder in folders]
    assert {name.split("_")[0] for name in compiled[0]} == {"program", "folding", "rls"} and not compiled[1]
    objects = list(cache("objects").glob("*.o"))
    assert len(objects) == 3
    # Objects that are damaged are made anew.
    sizes = [path.stat().st_size for path in objects]
    for path in objects:
        path.write_bytes(b"")
    assert (build(LIF, DOUBLE_EXPONENTIAL, 5, 1, 5e-5, Form()) / "main").is_file()
    assert [path.stat().st_size for path in objects] == sizes


@pytest.mark.standalone
def test_a_program_that_cannot_be_compiled_is_an_error_in_one_line_and_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("CXXFLAGS", "")
    monkeypatch.setenv("CXX", "false")
    with pytest.raises(MachineError, match=r"^the C\+\+ program cannot be built: .*make") as error:
        build(LIF, DOUBLE_EXPONENTIAL, 3, 1, 5e-5, Form())
    assert "\n" not in str(error.value)
    assert not [path for path in cache("programs").iterdir() if path.is_dir()]
