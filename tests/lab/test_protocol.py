"""Protocols: finding them, their own files, names of runs, presets and conditions."""

import ast
import dataclasses
import json
import shutil

import numpy as np
import pytest
from brian2 import ms

from places import DATA
from snnlab.cli.main import main
from snnlab.errors import UserError
from snnlab.files.record import attribute, load
from snnlab.lab.discovery import files
from snnlab.lab.figure import find_figure, stamp
from snnlab.lab.protocol import find_protocol
from snnlab.lab.study import plan, prepare, run_study
from snnlab.networks.force import PUBLISHED
from snnlab.neurons import lif

MINE = (DATA / "my_study.py").read_text()


@pytest.fixture
def mine(tmp_path):
    path = tmp_path / "my_study.py"
    path.write_text(MINE)
    return path


def test_every_protocol_and_figure_has_a_summary_and_can_be_read():
    for kind, find in (("protocols", find_protocol), ("figures", find_figure)):
        for name, file in files(kind).items():
            summary = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))).partition("\n")[0]
            assert summary.endswith((".", "?"))
            assert find(name).name == name


@pytest.mark.programs
def test_a_users_own_protocol_with_its_own_teacher_runs_from_any_folder(mine, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["run", "my_study.py", "--quick", "--target", "numpy", "--no-progress"]) == 0, capsys.readouterr()
    (path,) = (tmp_path / "runs").glob("my_study-*.nc")
    assert load(path).attrs["protocol"] == "my_study"
    # The claims outlive the protocol file.
    mine.unlink()
    assert main(["claims", str(path)]) == 0
    assert "is not here any more" in capsys.readouterr().out


@pytest.mark.programs
def test_the_readme_neuron_learns_the_sine_from_a_temporary_folder(tmp_path, monkeypatch, capsys):
    shutil.copy(DATA / "my_neuron.py", tmp_path)
    monkeypatch.chdir(tmp_path)
    arguments = ["run", "force_sine", "--quick", "--neuron", "my_neuron.py:ADEX", "--no-progress", "--seed", "1"]
    assert main(arguments) == 0, capsys.readouterr()
    (path,) = (tmp_path / "runs").glob("*.nc")
    assert attribute(load(path), "neuron_model")["name"] == "adex"
    assert path.with_suffix(".png").stat().st_size > 10_000


def test_a_fault_in_a_users_protocol_is_one_line_that_says_where(mine, tmp_path, capsys):
    for wrong, words in {
        "return {}": ["xarray.Dataset", "got dict"],
        "return config.heigth": ["line 27", "AttributeError", "heigth"],
    }.items():
        mine.write_text(MINE.replace("return train_force(config, triangle, engine)", wrong))
        assert main(["run", str(mine), "--quick", "--no-progress", "--target", "numpy", "--out", str(tmp_path)]) == 2
        lines = capsys.readouterr().err.strip().splitlines()
        assert len(lines) == 1 and all(word in lines[0] for word in ["my_study.py", *words])
        assert not list(tmp_path.glob("*.nc"))
    assert main(["--traceback", "run", str(mine), "--quick", "--target", "numpy", "--out", str(tmp_path)]) == 2
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.programs
def test_a_figure_of_an_own_protocol_says_so(mine, tmp_path):
    dataset = find_protocol(str(mine)).execute(find_protocol(str(mine)).config(True, target="numpy"), tmp_path)[1]
    assert "quick preset" in stamp([dataset])
    for preset in ("full", "custom"):
        whole = dataset.assign_attrs(preset=preset)
        assert "own protocol" in stamp([whole]) and "preset" not in stamp([whole])


def test_a_run_name_changes_with_every_field_and_with_user_files(mine, tmp_path):
    protocol = find_protocol("force_sine")
    names = {
        protocol.prepare(protocol.config(**o), tmp_path).path for o in ({}, {"seed": 1}, {"n": 100}, {"neuron": "lif"})
    }
    assert len(names) == 4
    own = find_protocol(str(mine))
    before = own.prepare(own.config(), tmp_path).path
    mine.write_text(MINE.replace("2 / np.pi", "3 / np.pi"))
    assert find_protocol(str(mine)).prepare(own.config(), tmp_path).path != before


def test_a_shipped_model_that_changes_makes_another_run(tmp_path, monkeypatch):
    protocol = find_protocol("force_sine")
    before = protocol.prepare(protocol.config(neuron="lif"), tmp_path).path
    monkeypatch.setitem(PUBLISHED["lif"], "g", "0.08*mV*second")
    between = protocol.prepare(protocol.config(neuron="lif"), tmp_path).path
    monkeypatch.setattr(lif, "LIF", lif.LIF.with_parameters(tau_m=20 * ms))
    assert len({before, between, protocol.prepare(protocol.config(neuron="lif"), tmp_path).path}) == 3


def test_presets_and_conditions_are_recognised():
    protocol = find_protocol("force_sine")
    assert protocol.preset(protocol.config(neuron="lif", seed=5)) == "full"
    assert protocol.preset(protocol.config(quick=True, neuron="theta")) == "quick"
    assert protocol.preset(protocol.config(n=500)) == "custom"
    assert protocol.preset(protocol.config(g=0.3)) == "custom"
    assert protocol.preset(protocol.config(rls_gain="exact")) == "custom"
    assert protocol.preset(protocol.config(g=0.0)) == "full"
    assert protocol.condition(protocol.config()) == "default"
    for name, overrides in protocol.controls.items():
        assert protocol.condition(protocol.config(**overrides)) == name


@pytest.mark.parametrize("name", list(files("protocols")))
def test_variants_and_controls_are_presets_and_their_mixtures_are_not(name):
    protocol = find_protocol(name)
    # One whose quick preset is the published scale.
    quick = "full" if protocol.config(True) == protocol.config() else "quick"
    assert protocol.preset(protocol.config(True)) == quick
    for overrides in protocol.variants.values():
        seed = {"seed": 7} if protocol.seeded else {}
        assert protocol.preset(protocol.config(**overrides, **seed)) == "full"
    for overrides in protocol.controls.values():
        assert protocol.preset(protocol.config(**overrides)) == "full"
        assert protocol.preset(protocol.config(True, **overrides)) == quick


def test_what_variants_set_is_a_choice_of_the_user_elsewhere():
    relearning, queue = find_protocol("dybm_relearning"), find_protocol("dybm_queue")
    assert relearning.preset(relearning.config(True, periods=600)) == "custom"
    # It mixes two variants.
    assert queue.preset(queue.config(longest_delay=4, sequence="SC")) == "custom"
    assert queue.preset(queue.config(longest_delay=4, control="shuffled_teacher")) == "full"


def test_a_stored_config_is_called_as_its_variant_is():
    for name in files("protocols"):
        protocol = find_protocol(name)
        for variant, overrides in protocol.variants.items():
            assert protocol.variant(protocol.config(**overrides)) == variant
    song = find_protocol("songbird_ablation")
    assert song.variant(song.config(**song.variants["external, LIF"], draws=2)) == "external, LIF, draws 2"


def test_a_config_that_was_settled_is_the_preset_and_the_variant_that_it_was(tmp_path):
    for name, variant in (("force_sine", "theta"), ("songbird", "external pulses"), ("replay_compression", "LIF")):
        protocol = find_protocol(name)
        for quick, preset in ((False, "full"), (True, "quick")):
            run = protocol.prepare(protocol.config(quick, **protocol.variants[variant]), tmp_path)
            assert run.config != run.given
            assert (protocol.preset(run.config), protocol.variant(run.config)) == (preset, variant)
            # Settled again it is the same, and has the same file.
            again = protocol.prepare(run.config, tmp_path)
            assert again.config == run.config and again.path == run.path
    assert protocol.preset(protocol.config(g=5e3, q_hdts=4e3)) == "full"
    assert protocol.preset(protocol.config(g=5.1e3)) == "custom"


@pytest.mark.parametrize("name", list(files("protocols")))
def test_every_variant_and_control_settles_once_and_for_all(name, tmp_path):
    protocol = find_protocol(name)
    for overrides in protocol.variants.values():
        groups = prepare(protocol, plan(protocol, protocol.config(True, **overrides), [3]), tmp_path).groups
        for run in (run for group in groups.values() for run in group):
            again = protocol.prepare(run.config, tmp_path)
            assert again.config == run.config and again.path == run.path
            assert protocol.condition(run.config) == protocol.condition(run.given)


def test_a_control_that_does_not_apply_to_a_variant_has_no_run_but_a_reason(tmp_path):
    protocol = find_protocol("ode_to_joy_hdts")
    groups = prepare(protocol, plan(protocol, protocol.config(hdts="none"), [0]), tmp_path).groups
    assert {condition: len([*group]) for (_, condition), group in groups.items()}.items() >= {
        ("shuffled_teacher", 1), ("permuted_pulses", 0)
    }  # fmt: skip
    assert [condition for (_, condition), group in groups.items() if group.refused] == ["permuted_pulses"]
    assert groups["default", "permuted_pulses"].refused.startswith("pulse_order: expected pulses")
    # What is refused without its control is refused.
    with pytest.raises(UserError, match="learn_stop"):
        run_study(prepare(protocol, plan(protocol, protocol.config(learn_stop=-1.0), [0]), tmp_path))
    assert not list(tmp_path.iterdir())


def test_what_is_published_is_the_same_run_as_the_field_left_open(tmp_path):
    oscillator = find_protocol("force_oscillator")
    size = {"task": "sine", "neuron": "lif"}
    assert len({oscillator.prepare(oscillator.config(**size, **o), tmp_path).path for o in ({}, {"q": 10.0})}) == 1
    protocol = find_protocol("force_sine")
    names = {
        protocol.prepare(protocol.config(neuron="lif", **o), tmp_path).path for o in ({}, {"g": 0.04}, {"dt": 0.05})
    }
    assert len(names) == 1
    assert protocol.prepare(protocol.config(neuron="lif", g=0.05), tmp_path).path not in names


@pytest.mark.programs
def test_a_config_is_settled_once_and_a_network_built_once_a_run(tmp_path, monkeypatch):
    counts = dict.fromkeys(("settle", "resolve", "network"), 0)

    def counted(name, function):
        def call(*args, **kwargs):
            counts[name] += 1
            return function(*args, **kwargs)

        return call

    from snnlab.networks.force import setup
    from snnlab.networks.force.network import ForceNetwork

    protocol = find_protocol("force_oscillator")
    protocol = dataclasses.replace(protocol, settle=counted("settle", protocol.settle))
    monkeypatch.setattr(setup, "resolve", counted("resolve", setup.resolve))
    monkeypatch.setattr(ForceNetwork, "__init__", counted("network", ForceNetwork.__init__))
    size = {"n": 50, "seconds": 0.6, "learn_start": 0.1, "learn_stop": 0.3, "neuron": "lif", "task": "sine"}
    # A new program is compiled from a network of its own.
    protocol.prepare(protocol.config(**size), tmp_path).execute()
    counts |= dict.fromkeys(counts, 0)
    protocol.prepare(protocol.config(**size, seed=1), tmp_path).execute()
    assert counts == {"settle": 1, "resolve": 1, "network": 1}


def test_own_settle_fills_in_and_refuses_before_anything_runs(tmp_path):
    mine = tmp_path / "mine.py"
    mine.write_text(
        "from dataclasses import dataclass, replace\n"
        "import xarray as xr\n"
        "from snnlab import UserError\n"
        "@dataclass(frozen=True)\n"
        "class Config:\n"
        "    n: int | None = None\n"
        "    seed: int = 0\n"
        "def settle(config):\n"
        "    if config.n == 0:\n"
        "        raise UserError('n: expected more than 0, got 0')\n"
        "    if config.n == 1:\n"
        "        return config.size\n"
        "    return replace(config, n=10) if config.n is None else config\n"
        "def models(config):\n"
        "    return {'version': 1}\n"
        "def run(config, engine):\n"
        "    return xr.Dataset(attrs={'seen': config.n})\n"
    )
    protocol = find_protocol(str(mine))
    _, dataset = protocol.execute(protocol.config(), tmp_path / "runs")
    assert dataset.attrs["seen"] == 10 and json.loads(dataset.attrs["config"])["n"] == 10
    assert json.loads(dataset.attrs["given"]) == {}
    with pytest.raises(UserError, match=r"^n: expected more than 0, got 0$"):
        protocol.execute(protocol.config(n=0), tmp_path / "none")
    with pytest.raises(UserError, match="settle fails at line 12 with AttributeError"):
        protocol.execute(protocol.config(n=1), tmp_path / "none")
    assert not (tmp_path / "none").exists()
    changed = mine.read_text().replace("'version': 1", "'version': 2")
    before = protocol.prepare(protocol.config(), tmp_path).path
    mine.write_text(changed)
    assert find_protocol(str(mine)).prepare(protocol.config(), tmp_path).path != before


def test_files_that_are_no_protocol_are_refused(tmp_path):
    empty = tmp_path / "empty.py"
    empty.write_text("x = 1\n")
    with pytest.raises(UserError, match="Config and a function run"):
        find_protocol(str(empty))
    with pytest.raises(UserError, match="did you mean force_sine"):
        find_protocol("force_sines")
    with pytest.raises(UserError, match="ZeroDivisionError"):
        empty.write_text("1/0\n")
        find_protocol(str(empty))


def test_a_run_file_holds_configuration_versions_and_equations(mine, tmp_path):
    protocol = find_protocol(str(mine))
    config = protocol.config(target="numpy", n=50, seconds=0.3, learn_start=0.1, learn_stop=0.2)
    path, _ = protocol.execute(config, tmp_path)
    stored = load(path)
    assert attribute(stored, "config")["n"] == 50
    assert {"brian2", "numpy", "python", "snnlab"} <= set(attribute(stored, "versions"))
    assert "dv/dt" in stored.attrs["equations"]
    assert stored.attrs["cpu_seconds"] > 0
    assert stored.output.attrs["units"] == "1" and stored.decoder.attrs["units"] == "s"
    assert np.isfinite(stored.output).all()
    assert json.loads(stored.attrs["checks"])[0]["what"] == "RMSE at the end of learning"
