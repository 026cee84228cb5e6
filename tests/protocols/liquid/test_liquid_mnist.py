"""The liquid on images: reduced runs, the control that must fail, rates, figure, mistakes."""

import json

import numpy as np
import pytest

from places import DATA
from snnlab.engine.brian import Engine
from snnlab.errors import UserError
from snnlab.files.record import attribute, load
from snnlab.lab.claims import Finding
from snnlab.lab.figure import find_figure, save_figure
from snnlab.lab.protocol import find_protocol
from snnlab.lab.run import controls_fail
from snnlab.networks.liquid.config import build_liquid, find_spike_rule, plan_show
from snnlab.networks.liquid.liquid import join_features, show_images
from snnlab.networks.liquid.train import Progress, learn
from snnlab.protocols.liquid.liquid_mnist import GAINED
from snnlab.stimuli.pictures.images import load_images

PROTOCOL = find_protocol("liquid_mnist")
# Small enough for the numpy target.
SMALL = {
    "images": "digits", "n": 50, "density": 0.2, "train_images": 20, "test_images": 8, "held_out": 8,
    "learned_images": 4, "calibration_images": 3, "target": "numpy",
}  # fmt: skip


def small(tmp_path, **changes):
    return PROTOCOL.execute(PROTOCOL.config(**SMALL | changes), tmp_path / "runs")


@pytest.mark.programs
def test_a_small_run_is_stored_with_rates_that_were_asked_for(tmp_path):
    _, dataset = small(tmp_path, plasticity="stlr")
    assert list(dataset.readout.values) == ["pixels", "uncoupled", "liquid"] and dataset.sizes["chunk"] == 1
    assert dataset.rate.sel(readout="uncoupled") == pytest.approx(20, rel=0.3)
    assert 1 < float(dataset.rate.sel(readout="liquid")) < 50
    assert float(dataset.change) > 0 and float(dataset.weights.min()) >= 0 and float(dataset.weights.max()) <= 1
    assert "theta1" in dataset.attrs["thresholds"]
    times, when = dataset.spike_time.values, dataset.spike_when.values
    assert set(when) == {0, 1} and times.max() < 0.1


@pytest.mark.programs
@pytest.mark.parametrize("code", ["latency", "rate"])
def test_without_plasticity_nothing_changes(tmp_path, code):
    _, dataset = small(tmp_path, code=code)
    assert float(dataset.change) == 0 and dataset.sizes["chunk"] == 0
    np.testing.assert_array_equal(dataset.weights[0], dataset.weights[1])


@pytest.mark.programs
def test_a_user_s_rule_and_learning_rate_are_used(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(
        "from snnlab.models.spike_rule import SpikeRule\n"
        "FALL = SpikeRule('fall', on_pre='w -= eta*w', parameters={'eta': 0.1, 'w_max': 1.0})\n"
    )
    config = PROTOCOL.config(**SMALL | {"plasticity": f"{path}:FALL", "eta": 0.5})
    assert find_spike_rule(config).name == "fall" and find_spike_rule(config).numbers["eta"] == 0.5
    train, _ = load_images("digits")
    with Engine("numpy") as engine:
        show = plan_show(config, train)
        liquid = build_liquid(config, show, train.sequences(np.arange(5)), engine)
        after, rates = learn(liquid, show, find_spike_rule(config), train, np.arange(5), engine, Progress(engine, 5))
        assert after.synapses["ee"][2].mean() < 0.5 * liquid.synapses["ee"][2].mean() and rates[0] > 1
        states, counts, _ = show_images(after, show, train.sequences(np.arange(2)), engine)
        assert join_features(states, counts).shape == (2, 250)


@pytest.mark.programs
@pytest.mark.standalone
def test_the_reduced_preset_meets_its_checks_and_the_control_does_not(tmp_path):
    runs = [PROTOCOL.execute(PROTOCOL.config(quick=True, plasticity=rule), tmp_path)[1] for rule in ("none", "stlr")]
    for run in runs:
        assert run.attrs["preset"] == "quick" and all(check.holds for check in PROTOCOL.checks(run))
    control = PROTOCOL.execute(PROTOCOL.config(quick=True, control="shuffled_labels"), tmp_path)[1]
    assert control.attrs["condition"] == "shuffled_labels" and controls_fail(PROTOCOL.checks(control))
    assert next(check for check in PROTOCOL.checks(control) if check.what == GAINED).measured < -30
    png, _ = save_figure(find_figure("liquid_mnist"), runs, tmp_path / "drawn")
    assert png.stat().st_size > 15_000


def test_findings_compare_runs_of_the_same_seeds():
    one, runs = load(next((DATA / "first_edition").glob("liquid_mnist-*.nc"))), []
    for seed in (1, 2, 3):
        for rule, gain in (("none", 0.0), ("stlr", 0.01)):
            run = one.copy(deep=True)
            config = attribute(one, "config") | {"seed": seed, "plasticity": rule}
            run.attrs["config"] = json.dumps(config)
            run.accuracy[:] = [0.8, 0.85, 0.9 + gain + seed / 1000]
            runs.append(run)
    found = {finding.what.rpartition(", ")[2]: finding for finding in PROTOCOL.comparisons(runs)}
    assert isinstance(found["stlr: points over no plasticity"], Finding)
    assert found["stlr: points over no plasticity"].value == pytest.approx(1)
    assert found["none: points that recurrence adds"].value == pytest.approx(5.2)
    # Other learning rates are not other seeds.
    faster = [run.copy(deep=True) for run in runs if attribute(run, "config")["plasticity"] == "stlr"]
    for run in faster:
        run.attrs["config"] = json.dumps(attribute(run, "config") | {"eta": 0.5})
        run.accuracy[:] = [0.8, 0.85, 0.5]
    found = {finding.what.rpartition(", ")[2]: finding for finding in PROTOCOL.comparisons(runs + faster)}
    assert found["stlr [1]: points over no plasticity"].value == pytest.approx(1)
    assert found["stlr [2]: accuracy (%)"].value == pytest.approx(50) and found["stlr [2]: accuracy (%)"].n == 3
    assert PROTOCOL.comparisons(runs[:2]) == []


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"code": "phase"}, "code: expected one of .*, got 'phase'"),
        ({"plasticity": "stpd"}, "plasticity: expected one of .*, got 'stpd'; did you mean stdp"),
        ({"images": "/no/such"}, "images: expected .*, got no folder '/no/such'"),
        ({"n": 5}, "n: expected an integer from 10"),
        ({"density": 1.5}, "density: expected a number from 0 to 1, got 1.5"),
        ({"gain": -1.0}, "gain: expected a number >= 0, got -1"),
        ({"rate": 0.0}, "rate: expected a number > 0, got 0"),
        ({"row": 0.7}, "row: expected a multiple of 0.5 ms, got 0.7"),
        ({"gap": 62.0}, "gap: expected a multiple of 5.0 ms, got 62"),
        ({"read": 70.0}, "read: expected a number from 0 to 60.0, got 70"),
        ({"bias": float("nan")}, "bias: expected a finite number, got nan"),
        ({"held_out": 20}, "held_out: expected an integer from 1 to 19, got 20"),
        ({"eta": -1.0, "plasticity": "stdp"}, "eta: expected a number > 0"),
        ({"target": "fortran"}, "target: expected one of .*, got 'fortran'"),
    ],
    ids=str,
)
def test_bad_settings_are_refused_by_name_and_nothing_is_written(tmp_path, changes, message):
    with pytest.raises(UserError, match=message):
        small(tmp_path, **changes)
    assert not list(tmp_path.rglob("*.nc"))
