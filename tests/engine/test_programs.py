"""A C++ program belongs to the headers that it includes, and to no others."""

from pathlib import Path

import snnlab
from snnlab.engine.programs import with_headers

PACKAGE = Path(snnlab.__file__).parent


def names(family):
    return {
        str(path.relative_to(PACKAGE)) for path in with_headers([PACKAGE / "networks" / family / "cpp" / "program.h"])
    }


def test_headers_are_followed_to_the_last_one():
    engine = {f"engine/cpp/{name}.h" for name in ("files", "program")}
    assert names("boltzmann") == {"networks/boltzmann/cpp/program.h", *engine}
    own = {f"networks/force/cpp/{name}.h" for name in ("program", "folding", "drive")}
    assert names("force") == {*own, *engine, "engine/cpp/matrices.h", "learning/rls.h"}


def test_every_header_belongs_to_a_program():
    headers = {str(path.relative_to(PACKAGE)) for path in PACKAGE.rglob("*.h")}
    assert names("force") | names("boltzmann") | names("liquid") == headers
