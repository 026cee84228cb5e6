"""Every page of docs/extending, done as a reader would: save the files, type the commands, read the same answers."""

import glob
import re
import runpy
import shlex
import subprocess
import sys
from pathlib import Path

import matplotlib.pyplot as plt
import pytest

from places import ROOT
from snnlab.cli.main import main

PAGES = sorted((ROOT / "docs" / "extending").glob("*.md"))
# A file: a sentence with "Save this as `name`" and the block below it. A session: commands after "$ " with answers.
BLOCK = re.compile(r"(?:Save this as `([\w./-]+)`[^\n]*\n\n)?```(python|console)\n(.*?)```", re.DOTALL)


def execute(command, capsys):
    """Run one command of a page in this process where that is possible, and return what it prints."""
    # As in a shell, "*" stands for the files that fit.
    words = [sorted(glob.glob(word)) or [word] for word in shlex.split(command)]
    program, *arguments = [each for found in words for each in found]
    if program == "python" and arguments[0] == "-m":
        done = subprocess.run([sys.executable, *arguments], capture_output=True, text=True)
        status, printed = done.returncode, done.stdout + done.stderr
    elif program == "python":
        # Python looks for modules beside its script first.
        sys.path.insert(0, str(Path.cwd()))
        try:
            runpy.run_path(arguments[0], run_name="__main__")
        finally:
            sys.path.remove(str(Path.cwd()))
        status, printed = 0, capsys.readouterr().out
    else:
        assert program == "snnlab", command
        try:
            status = main(arguments)
        except SystemExit as stop:
            status = stop.code
        captured = capsys.readouterr()
        printed = captured.out + captured.err
    plt.close("all")
    return status, printed


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_page_does_what_it_says(page, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    # Pages may have files of one name, and each imports its own.
    for name in [k for k, m in sys.modules.items() if str(getattr(m, "__file__", "")).startswith(str(tmp_path.parent))]:
        del sys.modules[name]
    blocks = BLOCK.findall(page.read_text(encoding="utf-8"))
    assert page.stem == "README" or {kind for _, kind, _ in blocks} == {"python", "console"}
    for name, kind, text in blocks:
        if kind == "python":
            assert name, f"{page.name}: a block of Python without 'Save this as':\n{text}"
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(text, encoding="utf-8")
            continue
        for session in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
            command, _, answer = session.partition("\n")
            status, printed = execute(command, capsys)
            expected = re.search(r"^\(exit status (\d+)\)$", answer, re.MULTILINE)
            assert status == int(expected[1] if expected else 0), f"{command}\n{printed}"
            shown = [line for line in answer.splitlines() if line != (expected or [""])[0]]
            # "..." stands for lines, or for a part of a line, that are left out.
            parts = [part for line in shown for part in line.split("...")]
            flat = " ".join(printed.split())
            assert [part for part in parts if " ".join(part.split()) not in flat] == [], f"{command}\n{printed}"
