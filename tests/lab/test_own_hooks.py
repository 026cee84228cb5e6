"""What settle, models and cost of an own protocol may return, and what a seed decides in it."""

import json

import numpy as np
import pytest
import xarray as xr

from snnlab.cli.main import main

TEXT = """
from dataclasses import dataclass, replace

import numpy as np
import xarray as xr

from snnlab import Check, Finding

@dataclass(frozen=True)
class Config:
    a: float = 1.0
    seed: int = 0

{hooks}

def run(config, engine):
    return xr.Dataset({{"x": ("draw", np.random.rand(3) + config.a, {{"units": "1", "long_name": "draws"}})}})

def checks(dataset):
    return [Check("x", dataset.x.values.mean(), 0.0, 9.0, "mine")]

def findings(datasets):
    return [Finding.over_seeds("x", [float(d.x.mean()) for d in datasets], 0.0)]
"""


def own(folder, hooks=""):
    (folder / "own.py").write_text(TEXT.format(hooks=hooks))
    return str(folder / "own.py")


@pytest.mark.parametrize(
    "hooks, words",
    [
        ("def settle(c): return replace(c, seed=0)", "settle: expected it to keep seed 3, got 0"),
        ("def settle(c): return None", "settle: expected it to return a Config, got NoneType"),
        ("@dataclass\nclass Other:\n    a: float = 1.0\n    seed: int = 3\ndef settle(c): return Other()",
         "settle: expected it to return a Config, got Other"),
        ("def settle(c): return replace(c, a=np.zeros(2))", "settle: a: expected values that JSON can hold"),
        ("def settle(c): raise ValueError('no')", "settle fails at line 14 with ValueError: no"),
        ("def models(c): return {'f': np.sin}", "models: expected values that JSON can hold, got dict"),
        ("CONTROLS = {'c': {'a': 2.0}}\ndef settle(c):\n    if c.a == 2.0: raise ValueError('no')\n    return c", ""),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_one_line_and_writes_nothing(hooks, words, tmp_path, capsys):
    path = own(tmp_path, hooks)
    status = main(["run", path, "--seed", "3", "--out", str(tmp_path / "runs")])
    printed = capsys.readouterr().err.splitlines()
    if not words:
        # A control that cannot be settled stops no run that is none.
        assert status == 0
        return
    assert status == 2 and len(printed) == 1 and words in printed[0] and not (tmp_path / "runs").exists()


@pytest.mark.parametrize("seed", ["-1", "9223372036854775808"])
def test_a_seed_that_a_file_cannot_hold_is_refused(seed, tmp_path, capsys):
    assert main(["run", own(tmp_path), "--seed", seed, "--dry-run"]) == 2
    assert capsys.readouterr().err == f"snnlab: seed: expected an integer from 0 to 2^63 - 1, got {seed}\n"


@pytest.mark.parametrize(
    "returned, words, status",
    [
        ("{'steps': 3}", "expected it to return a Cost, got dict", 2),
        ("Cost(3, -1.0, 2.0)", "cost: memory: expected a finite number >= 0, got -1.0", 2),
        ("Cost(3, 2**21, 7200.0)", "2 MiB", 0),
    ],
)
def test_a_dry_run_shows_the_cost_or_what_is_wrong_with_it(returned, words, status, tmp_path, capsys):
    path = own(tmp_path, f"from snnlab import Cost\ndef cost(c): return {returned}")
    assert main(["run", path, "--dry-run"]) == status
    printed = capsys.readouterr()
    assert words in " ".join((printed.err if status else printed.out).split())


def test_the_global_stream_of_numpy_belongs_to_the_seed(tmp_path):
    runs = []
    for name, seed in (("one", 5), ("two", 5), ("other", 6)):
        assert main(["run", own(tmp_path), "--seed", str(seed), "--out", str(tmp_path / name)]) == 0
        (file,) = (tmp_path / name).glob("*.nc")
        runs.append(xr.load_dataset(file).x.values.tolist())
    assert runs[0] == runs[1] != runs[2]


NOISE = """
from dataclasses import dataclass
{first}
import numpy as np, xarray as xr

@dataclass(frozen=True)
class Config:
    seed: int = 5
    target: str = "numpy"

def run(config, engine):
    import brian2
    group = brian2.NeuronGroup(3, "dv/dt = xi*ms**-0.5 : 1", method="euler")
    group.v = "rand()"
    engine.run(brian2.Network(group), 0.001)
    return xr.Dataset({{"v": ("neuron", np.array(group.v), {{"units": "1", "long_name": "noise"}})}})
"""


def test_a_noisy_network_draws_the_same_however_brian2_was_imported_and_nothing_else_changes(tmp_path):
    values = []
    for name, first in (("early.py", "from brian2 import ms"), ("late.py", "")):
        (tmp_path / name).write_text(NOISE.format(first=first))
        before = np.random.get_state()[1].tolist()  # noqa: NPY002
        for place in ("one", "two"):
            assert main(["run", str(tmp_path / name), "--out", str(tmp_path / name[:3] / place)]) == 0
            (file,) = (tmp_path / name[:3] / place).glob("*.nc")
            values.append(xr.load_dataset(file).v.values.tolist())
        assert np.random.get_state()[1].tolist() == before  # noqa: NPY002
    assert all(each == values[0] for each in values)
    # This is the stream of the seed, in whatever order things are imported.
    assert values[0] == pytest.approx([0.3943001, 0.3383444, 0.3502227], abs=1e-6)


def test_a_point_of_the_grid_that_is_the_default_adds_no_second_finding(tmp_path, capsys):
    arguments = ["study", own(tmp_path), "--seeds", "0:3", "--vary", "a=1,2", "--out", str(tmp_path / "runs")]
    arguments += ["--jobs", "1"]
    assert main([*arguments, "--json", str(tmp_path / "study.json"), "--no-progress"]) == 0
    found = json.loads((tmp_path / "study.json").read_text())
    assert [row["variant"] for row in found["findings"]] == ["default", "a=2"] and found["comparisons"] == 2
    # A folder is no file for the table: this is said before anything runs.
    capsys.readouterr()
    assert main([*arguments, "--json", str(tmp_path)]) == 2
    assert capsys.readouterr().err.startswith("snnlab: json: expected a file, got the folder")


def test_a_finding_without_a_number_is_named(tmp_path, capsys):
    path = own(tmp_path, "")
    text = (tmp_path / "own.py").read_text().replace("[float(d.x.mean()) for d in datasets]", "[1.0, float('nan')]")
    (tmp_path / "own.py").write_text(text)
    assert main(["study", path, "--seeds", "0:2", "--jobs", "1", "--out", str(tmp_path / "runs"), "--no-progress"]) == 0
    assert "findings of own: the value of 'x' is not a finite number" in capsys.readouterr().err
