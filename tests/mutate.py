"""Make a mistake in a copy of the project and see what falls: `python tests/mutate.py [PROTOCOL ...]`.

For each mistake of the table, the reduced preset of its protocol runs in the copy, and then the test that should see
the mistake. Prints one row of docs/trust.md for each mistake; exit status 1 if anything did not fall that should.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from mistakes import MISTAKES, Mistake

ROOT = Path(__file__).resolve().parents[1]


_RUN = """
import json, sys
from snnlab.lab.protocol import find_protocol
protocol = find_protocol(sys.argv[1])
try:
    run = protocol.prepare(protocol.config(True, **json.loads(sys.argv[2]))).execute()
    print("\\nFELL", json.dumps([check.what for check in protocol.checks(run) if not check.holds]))
except Exception as error:
    print("\\nFELL", json.dumps([f"{type(error).__name__}: {error}"]))
"""


def copy_with(mistake: Mistake, folder: Path) -> None:
    """Copy the project into a folder and make the mistake there."""
    for name in ("snnlab", "protocols", "figures", "tests", "docs"):
        ignored = shutil.ignore_patterns("__pycache__", "gallery", "*.png")
        shutil.copytree(ROOT / name, folder / name, ignore=ignored)
    for path in [*ROOT.glob("*.md"), ROOT / "setup.cfg", ROOT / "pyproject.toml"]:
        shutil.copy(path, folder)
    file = folder / mistake.path
    file.write_text(file.read_text().replace(mistake.right, mistake.wrong))


def python(folder: Path, *arguments: str) -> subprocess.CompletedProcess:
    """Run Python in the copy, which it imports before the installed project."""
    environment = os.environ | {"PYTHONPATH": str(folder)}
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)


def fallen_checks(mistake: Mistake) -> list[str]:
    """Return the checks of the reduced preset that fall with the mistake; a run that ends with an error is one."""
    with tempfile.TemporaryDirectory() as name:
        copy_with(mistake, Path(name))
        done = python(Path(name), "-c", _RUN, mistake.protocol, json.dumps(mistake.overrides))
    return json.loads(done.stdout.rpartition("FELL ")[2])


def caught_by_test(mistake: Mistake) -> bool:
    """Tell whether the test fails with the mistake."""
    with tempfile.TemporaryDirectory() as name:
        copy_with(mistake, Path(name))
        done = python(Path(name), "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", mistake.test)
    if done.returncode not in (0, 1):
        raise RuntimeError(f"{mistake.test}: {done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done.returncode == 1


def main() -> int:
    wanted, missed = sys.argv[1:], 0
    for mistake in MISTAKES:
        if wanted and mistake.protocol not in wanted:
            continue
        fallen, caught = fallen_checks(mistake), caught_by_test(mistake)
        missed += bool(fallen) != mistake.seen or not caught
        checks = "; ".join(fallen) or "no check"
        test = f"`{mistake.test}`" if caught else f"NOT by `{mistake.test}`"
        print(f"| `{mistake.protocol}` | {mistake.what} | {checks} | {test} |", flush=True)
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())
