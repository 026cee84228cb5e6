"""Models as data: what is refused when one is written, and the way to JSON and back."""

import json
from dataclasses import fields, replace

import brian2
import pytest
from brian2 import Hz, mV, nS, pF, second
from brian2 import ms as msecond

from snnlab.engine.brian import Engine
from snnlab.engine.population import population
from snnlab.errors import UserError
from snnlab.models.loading import find_model, shipped_models
from snnlab.models.neuron import NeuronModel
from snnlab.models.quantities import quantity, unit
from snnlab.models.synapse import SynapseModel
from snnlab.neurons.lif import LIF
from snnlab.synapses.double_exponential import DOUBLE_EXPONENTIAL

SHIPPED = [(kind, name) for kind in ("neuron", "filter") for name in shipped_models(kind)]


def leaky(**changes):
    """A small correct neuron with some fields changed."""
    return NeuronModel(
        **{
            "name": "mine",
            "equations": "dv/dt = (current - v)/tau_m : volt",
            "current": "volt",
            "parameters": {"tau_m": 10 * msecond, "v_threshold": -40 * mV},
            "threshold": "v > v_threshold",
            "reset": "v = -65*mV",
        }
        | changes
    )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"equations": "dv/dt = (current - v/tau_m : volt"}, "equations: expected Brian2 equations, got"),
        ({"equations": "v = current"}, "equations:"),
        ({"equations": "dv/dt = -v/tau_m : volt"}, "equations: expected 'current' for the input"),
        (
            {"equations": "dv/dt = (current - v_inf)/tau_m : volt"},
            "equations: expected parameters or states, got the name 'v_inf'",
        ),
        ({"threshold": "v > v_threshold + v_more"}, "equations: .* got the name 'v_more'"),
        ({"reset": "v = v_rest"}, "equations: .* got the name 'v_rest'"),
        ({"initial": {"v": "v_start"}}, "equations: .* got the name 'v_start'"),
        ({"initial": {"vv": "0*mV"}}, "initial: expected one of .*, got 'vv'; did you mean v"),
        (
            {"parameters": {"tau_m": 10 * msecond, "v_threshold": -40 * mV, "v_treshold": -40 * mV}},
            "parameter: expected one of .*, got 'v_treshold'; did you mean v_threshold",
        ),
        ({"parameters": {"tau_m": 0 * msecond, "v_threshold": -40 * mV}}, "parameter tau_m: expected a time > 0"),
        ({"parameters": {"tau_m": -1 * msecond, "v_threshold": -40 * mV}}, "parameter tau_m: expected a time > 0"),
        (
            {"parameters": {"tau_m": 10 * msecond, "v_threshold": float("nan") * mV}},
            "parameter v_threshold: expected one",
        ),
        (
            {"parameters": {"tau_m": [10, 20] * msecond, "v_threshold": -40 * mV}},
            "parameter tau_m: expected one finite",
        ),
    ],
    ids=str,
)
def test_a_wrong_neuron_is_refused_when_it_is_written(changes, message):
    assert leaky().states == ["v"]
    with pytest.raises(UserError, match=f"^neuron 'mine': {message}"):
        leaky(**changes)


@pytest.mark.parametrize("current", ["milliampere", "mV*", "__import__('os')"])
def test_the_unit_of_the_input_must_be_one(current):
    with pytest.raises(UserError, match=r"^unit: expected"):
        leaky(current=current)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"equations": "ds/dt = -s/tau_decay"}, "equations: expected Brian2 equations, got"),
        ({"equations": "dh/dt = -h/tau_decay : unit"}, "equations: expected a differential equation of 's'"),
        (
            {"parameters": {"tau_decay": 20 * msecond, "tau_rise": 2 * msecond, "tau": 1 * msecond}},
            "parameter: expected one of .*, got 'tau'",
        ),
        ({"parameters": {"tau_decay": 20 * msecond, "tau_rise": -2 * msecond}}, "parameter tau_rise: expected a time"),
        *(
            (
                {"parameters": {"tau_decay": 20 * msecond, "tau_rise": 2 * msecond, name: 1.0}},
                f"expected a name that Brian2 and the network do not use, got '{name}'",
            )
            for name in ("e", "dt", "weight", "unit")
        ),
        (
            {"equations": "ds/dt = -s/tau_rise + t : unit\ndt/dt = -t/tau_decay : unit/second"},
            "expected a name that Brian2 and the network do not use, got 't'",
        ),
    ],
    ids=str,
)
def test_a_wrong_filter_is_refused_when_it_is_written(changes, message):
    with pytest.raises(UserError, match=f"^filter 'double_exponential': {message}"):
        replace(DOUBLE_EXPONENTIAL, **changes)


def test_parameters_are_changed_by_name_and_unit():
    changed = LIF.with_parameters(tau_m=0.02 * second)
    assert changed.parameters["tau_m"] == 20 * msecond
    assert changed.parameters["v_reset"] == LIF.parameters["v_reset"]
    assert LIF.parameters["tau_m"] == 10 * msecond
    with pytest.raises(
        UserError, match=r"^neuron 'lif': parameter: expected one of .*, got 'tau_n'; did you mean tau_m"
    ):
        LIF.with_parameters(tau_n=1 * msecond)
    with pytest.raises(UserError, match=r"parameter tau_m: expected a value in s such as 10\*msecond, got 1"):
        LIF.with_parameters(tau_m=1 * mV)
    with pytest.raises(UserError, match=r"parameter tau_m: expected a value in s such as 10\*msecond, got 20"):
        LIF.with_parameters(tau_m=20)
    with pytest.raises(UserError, match=r"^neuron 'lif': parameter tau_m: expected a time > 0"):
        LIF.with_parameters(tau_m=-1 * msecond)
    with pytest.raises(UserError, match=r"^filter 'double_exponential': parameter tau_rise: expected a value in s"):
        DOUBLE_EXPONENTIAL.with_parameters(tau_rise=1 * mV)


def test_units_that_do_not_agree_are_said_when_the_network_runs():
    wrong = leaky(equations="dv/dt = current - v/tau_m : volt")
    with Engine("numpy") as engine, pytest.raises(UserError, match="units"):
        clock = brian2.Clock(1 * msecond, name="clock")
        engine.run(brian2.Network(population(wrong, 2, "0*mV", clock=clock)), 0.001, clock)


@pytest.mark.parametrize(("kind", "name"), SHIPPED)
def test_shipped_models_go_to_json_and_back_exactly(kind, name):
    model, _ = find_model(name, kind)
    again = type(model).from_dict(json.loads(json.dumps(model.to_dict(), allow_nan=False)))
    assert again.name == name
    assert again == model
    for key, value in model.parameters.items():
        value, copy = brian2.Quantity(value), brian2.Quantity(again.parameters[key])
        assert copy.dim is value.dim and float(copy) == float(value)
    assert [f.name for f in fields(again)] == [f.name for f in fields(model)]
    assert model.source


def test_a_model_from_json_is_checked_again():
    data = LIF.to_dict()
    data["parameters"]["tau_m"][0] = -1.0
    with pytest.raises(UserError, match="tau_m: expected a time > 0"):
        NeuronModel.from_dict(data)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("20*ms", 20 * msecond),
        ("-65 mV", -65 * mV),
        (" 1e-3 * second ", 1 * msecond),
        ("2.5 nS/mV", 2.5 * nS / mV),
        ("0.01/ms", 10 * Hz),
        ("(1 + 2)*pF", 3 * pF),
        ("ms**2", msecond**2),
        ("3", brian2.Quantity(3)),
    ],
)
def test_quantities_from_text(text, value):
    read = quantity(text)
    assert read.dim is value.dim
    assert float(read) == pytest.approx(float(value), rel=1e-15)


@pytest.mark.parametrize(
    "text",
    ["", "20ms", "fast", "20*parsec", "1/0", "ms + mV", "1, 2", "x = 1", "sin(1)", "(1).real", "[1][0]", "lambda: 1"]
    + ["__import__('os').getcwd()", "10**400*ms", "1 if ms else 2", "5 5"],
)
def test_text_that_is_no_quantity_is_refused(text):
    with pytest.raises(UserError, match=r"^tau: expected a number with a unit such as 20\*ms, got"):
        quantity(text, "tau")


def test_unit_of_numbers_without_one():
    assert unit("1").dim is brian2.Quantity(1).dim
    assert float(unit("mV*second")) == pytest.approx(1e-3)


def test_filters_with_a_suffixed_leak_leave_the_coupling_alone():
    text = " ".join(DOUBLE_EXPONENTIAL.named("z", "1", "_leak").split())
    assert text == "dz/dt = -z/tau_rise_leak + h_z : 1 dh_z/dt = -h_z/tau_decay_leak : 1/second"
    assert isinstance(DOUBLE_EXPONENTIAL, SynapseModel) and DOUBLE_EXPONENTIAL.states == ["s", "h"]
