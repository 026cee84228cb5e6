"""Feedback folded into one matrix: the same network as with E z multiplied out."""

import numpy as np
import pytest

from snnlab.engine.brian import Engine
from snnlab.errors import UserError
from snnlab.models.synapse import SynapseModel
from snnlab.networks.force import train as force_training
from snnlab.networks.force import trained
from snnlab.networks.force.config import ForceConfig
from snnlab.networks.force.folding import worth_folding
from snnlab.networks.force.trained import TrainedNetwork
from snnlab.synapses.double_exponential import DOUBLE_EXPONENTIAL
from snnlab.synapses.exponential import EXPONENTIAL

SIZE = {"n": 150, "dt": 0.1, "seconds": 0.4, "learn_start": 0.1, "learn_stop": 0.3, "seed": 5, "target": "numpy"}


def teacher(t):
    return np.stack([np.sin(2 * np.pi * (4 + m) * t) for m in range(3)], axis=1)


def train(folded, monkeypatch, **changes):
    monkeypatch.setattr(force_training, "worth_folding", lambda *_: folded)
    config = ForceConfig(**SIZE | changes)
    with Engine(config.target, config.seed) as engine:
        return force_training.train_force(config, teacher, engine)


def assert_close(first, second):
    assert set(first.variables) == set(second.variables)
    for name in first.variables:
        a, b = first[name].values, second[name].values
        np.testing.assert_allclose(b, a, rtol=0, atol=1e-9 * max(np.abs(a).max(initial=0), 1e-300), err_msg=str(name))


@pytest.mark.parametrize(
    "changes",
    [
        {"neuron": "lif"},
        {"neuron": "lif", "filter": "exponential"},
        {"neuron": "izhikevich", "dt": 0.04, "filter_scheme": "exponential", "rls_gain": "exact"},
        {"neuron": "lif", "control": "permuted_decoder"},
        pytest.param({"neuron": "lif", "checkpoint": 0.07}, marks=pytest.mark.programs),
    ],
    ids=str,
)
def test_it_is_the_same_network(changes, monkeypatch):
    direct, folded = train(False, monkeypatch, **changes), train(True, monkeypatch, **changes)
    assert_close(direct, folded)
    assert np.ptp(direct.output.values, axis=0).min() > 0.1 and direct.sizes["spike"] > 50


def test_a_trained_network_runs_on_folded_as_direct(monkeypatch):
    dataset = train(True, monkeypatch, neuron="lif").assign_attrs(protocol="force_sine")
    runs = []
    for folded in (False, True):
        monkeypatch.setattr(trained, "worth_folding", lambda *_, folded=folded: folded)
        runs.append(TrainedNetwork(dataset).run(0.1, silence=range(20), target="numpy"))
    assert_close(*runs)
    assert np.ptp(runs[0].output.values) > 0.1


def test_few_outputs_and_frequent_learning_are_not_worth_it():
    assert worth_folding(1000, 576, 100) and worth_folding(1000, 13, None)
    assert not worth_folding(1000, 1, 100) and not worth_folding(2000, 2, 20)


def test_the_jump_of_a_spike():
    tau_rise, tau_decay = 2e-3, 20e-3
    np.testing.assert_allclose(DOUBLE_EXPONENTIAL.jump_vector(), [0, 1 / (tau_rise * tau_decay)], rtol=1e-12)
    np.testing.assert_allclose(EXPONENTIAL.jump_vector(), [1 / tau_decay], rtol=1e-12)


def filtered(statement):
    return SynapseModel("own", "ds/dt = -s/tau : unit", statement, {"tau": DOUBLE_EXPONENTIAL.parameters["tau_decay"]})


@pytest.mark.parametrize("statement", ["s += weight**2/tau", "s = weight/tau", "s += weight/tau; s *= clip(2, 0, 1)"])
def test_a_spike_that_does_anything_else_has_no_jump(statement):
    assert filtered(statement).jump_vector() is None


@pytest.mark.parametrize(
    ("statement", "word"),
    [
        ("banana split", "such as s \\+= weight/tau"),
        ("", "'weight'"),
        ("s = 0*s", "'weight'"),
        ("q += weight/tau", "expected one of .*, got 'q'"),
        ("s += weight/tau; weight.__class__", "expected one of .*, got '__class__'"),
        ("s += weight/tau; import os", "expected one of .*, got 'import'"),
    ],
)
def test_a_spike_statement_that_means_nothing_is_refused_by_name(statement, word):
    with pytest.raises(UserError, match=f"filter 'own': on_spike: .*{word}"):
        filtered(statement)


def test_a_name_of_the_feedback_is_refused_whatever_the_number_of_outputs(monkeypatch, tmp_path):
    (tmp_path / "own.py").write_text(
        "from brian2 import ms, mV, second\nfrom snnlab import NeuronModel\n"
        'OWN = NeuronModel(name="own", current="volt", threshold="v > -40*mV", reset="v = -65*mV",\n'
        '    equations="""dv/dt = (current - v)/tau_m : volt\ndI_fb/dt = -I_fb/tau_m : volt""",\n'
        "    parameters=dict(tau_m=10*ms))\n"
        "FORCE = dict(g=0.04*mV*second, q=10*mV, alpha=5e-6*second**2, bias=-39*mV, dt=0.5*ms)\n"
    )
    for folded in (False, True):
        with pytest.raises(UserError, match="expected a name that the network does not use, got 'I_fb'"):
            train(folded, monkeypatch, neuron=str(tmp_path / "own.py"))
