"""A preference file of Brian2 changes no number of a run."""

import brian2
import numpy as np
import pytest

from snnlab.engine.brian import Engine, preferences
from snnlab.engine.preferences import from_files
from snnlab.engine.tasks import Watch
from snnlab.errors import Diverged

SCHEDULE = ["start", "synapses", "groups", "thresholds", "resets", "end"]
TEXT = f"""# a comment
core.default_float_dtype = float32
[core.network]
default_schedule = {SCHEDULE}
[codegen]
target = 'numpy'
"""


def simulate():
    with Engine("numpy", seed=1) as engine:
        neurons = brian2.NeuronGroup(
            3, "dv/dt = (1.5 - v)/(10*ms) : 1", threshold="v > 1", reset="v = 0", method="exact", name="neurons"
        )
        links = brian2.Synapses(neurons, neurons, on_pre="v_post -= 0.3", name="links")
        links.connect()
        neurons.v = [0.1, 0.4, 0.8]
        engine.run(brian2.Network(neurons, links), 0.1)
        return np.array(neurons.v)


def test_a_preference_file_changes_no_number_and_a_program_that_sets_one_is_obeyed(tmp_path, monkeypatch):
    before = simulate()
    changes = {"core.default_float_dtype": np.float32, "core.network.default_schedule": SCHEDULE}
    with preferences(changes):
        assert simulate().dtype == np.float32
        monkeypatch.chdir(tmp_path)
        (tmp_path / "brian_preferences").write_text(TEXT)
        messages = []
        monkeypatch.setattr("snnlab.engine.preferences._log.warning", messages.append)
        np.testing.assert_array_equal(simulate(), before)
        assert brian2.prefs["core.default_float_dtype"] == np.float32
    (message,) = messages
    assert "core.default_float_dtype, core.network.default_schedule would change results" in message


@pytest.mark.parametrize(
    ("name", "value", "default"),
    [
        ("codegen.string_expression_target", "cython", "numpy"),
        ("devices.cpp_standalone.openmp_threads", 2, 0),
        ("legacy.refractory_timing", True, False),
    ],
)
def test_what_decides_numbers_is_set_back(tmp_path, monkeypatch, name, value, default):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "brian_preferences").write_text(f"{name} = {value!r}\n")
    with preferences({name: value}):
        assert from_files() == {name: default}
        with Engine("numpy") as engine:
            assert engine.target == "numpy" and brian2.prefs[name] == default
        assert brian2.prefs[name] == value


@pytest.mark.parametrize("size", [2e12, float("inf"), float("nan")])
def test_a_state_beyond_any_size_has_diverged(size):
    with Engine("numpy") as engine, pytest.raises(Diverged, match=r"v is (above 1e|not finite)"):
        neurons = brian2.NeuronGroup(2, "v : 1", name="neurons")
        values = neurons.variables["v"].get_value()
        values[1] = size
        engine.run(brian2.Network(neurons), 0.02, watch=Watch({"v": values}))
