"""Help and refusals of options come without the libraries that runs need."""

import subprocess
import sys

import pytest

from places import ROOT

NAMES = sorted(path.stem for path in (ROOT / "protocols").rglob("[a-z]*.py"))
# A part of each: the library itself may stand in sys.modules without having been imported.
PARTS = ("brian2.core", "matplotlib.figure", "numpy.linalg", "pandas.core", "scipy.sparse", "sympy.core", "xarray.core")
PARTS += ("joblib.parallel", "tqdm.std")


def loaded_by(calls, tmp_path):
    """Exit status of each call of the command line, and what was imported, in one process."""
    code = f"""
import contextlib, io, sys
from snnlab.cli.main import main
status = []
for call in {calls!r}:
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        try:
            status.append(main(call))
        except SystemExit as end:
            status.append(end.code or 0)
    if found := [part for part in {PARTS!r} if part in sys.modules]:
        sys.exit(f"{{call}}: {{found}}")
print(*status)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    return [int(status) for status in done.stdout.split()]


@pytest.mark.parametrize("start", range(3))
def test_help_of_a_protocol_imports_none_of_them(start, tmp_path):
    calls = [["run", name, "--help"] for name in NAMES[start::3]]
    calls += [["study", NAMES[start], "--help"], ["run", NAMES[start], "--quick", "--help-all"]]
    assert loaded_by(calls, tmp_path) == [0] * len(calls)


def test_refusals_import_none_of_them(tmp_path):
    calls = [
        ["run", "force_sine", "--nonsense", "3"],
        ["run", "force_sine", "--n", "abc"],
        ["run", "force_sin"],
        ["run", "dybm_music", "--lam", "a"],
        ["run", "songbird", "--preset", "nothing"],
        ["study", "reservoir_mnist", "--jobs", "0"],
        ["rum"],
    ]
    assert loaded_by(calls, tmp_path) == [2] * len(calls)


def test_a_protocol_of_ones_own_may_import_them_at_the_top_and_costs_nothing_until_it_runs(tmp_path):
    text = "import brian2\nimport numpy as np\nimport xarray as xr\nfrom dataclasses import dataclass\n\n\n@dataclass\n"
    text += 'class Config:\n    rate: float = 1.0\n    """rate (Hz)"""\n\n\ndef run(config, engine):\n'
    text += '    return xr.Dataset({"x": ("n", np.zeros(2) * brian2.ms)})\n'
    (tmp_path / "own.py").write_text(text)
    assert loaded_by([["run", "own.py", "--help"], ["run", "own.py", "--rate", "x"]], tmp_path) == [0, 2]
