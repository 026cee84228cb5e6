"""Models as data: what is refused when one is written, and the way to JSON and back."""

import json
from dataclasses import fields, replace

import brian2
import numpy as np
import pytest
from brian2 import Hz, mV, nS, pF, second
from brian2 import ms as msecond

from snnlab.engine.brian import Engine
from snnlab.engine.population import population
from snnlab.errors import UserError
from snnlab.models.loading import find_model, shipped_models
from snnlab.models.neuron import NeuronModel
from snnlab.models.quantities import quantity, text_of, unit
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
        ({"threshold": "v > v_threshold + v_more"}, "threshold: .* got the name 'v_more'"),
        ({"reset": "v = v_rest"}, "reset: .* got the name 'v_rest'"),
        ({"initial": {"v": "v_start"}}, "initial v: .* got the name 'v_start'"),
        ({"initial": {"vv": "0*mV"}}, "initial: expected one of .*, got 'vv'; did you mean v"),
        (
            {"parameters": {"tau_m": 10 * msecond, "v_threshold": -40 * mV, "v_treshold": -40 * mV}},
            "parameter: expected one of .*, got 'v_treshold'; did you mean v_threshold",
        ),
        ({"parameters": {"tau_m": 0 * msecond, "v_threshold": -40 * mV}}, "parameter tau_m: expected a time > 0"),
        ({"parameters": {"tau_m": 10, "v_threshold": -40 * mV}}, "parameter tau_m: expected a time > 0, got 10"),
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


TABLE = brian2.TimedArray([1, 2] * mV, dt=1 * msecond)
# Values of a wrong kind, and how they are shown.
KINDS = [(None, "None"), (3, "3"), ([1], r"\[1\]"), (np.zeros(2), r"array\(\[0., 0.\]\)"), (TABLE, "TimedArray")]


@pytest.mark.parametrize("field", ["equations", "current", "threshold", "reset", "source"])
@pytest.mark.parametrize(("value", "shown"), KINDS, ids=[shown for _, shown in KINDS])
def test_a_text_of_a_neuron_must_be_one(field, value, shown):
    with pytest.raises(UserError, match=rf"^neuron 'mine': {field}: expected a text, got {shown}$"):
        leaky(**{field: value})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": None}, "neuron: name: expected a text such as 'mine', got None"),
        ({"name": " "}, "neuron: name: expected a text such as 'mine', got ' '"),
        ({"parameters": None}, "neuron 'mine': parameters: expected a dict of names and values, got None"),
        ({"parameters": {1: 2}}, "neuron 'mine': parameters: expected names of letters, digits and _, got 1"),
        ({"initial": ["v"]}, r"neuron 'mine': initial: expected a dict of names and values, got \['v'\]"),
        ({"initial": {"v": None}}, r"neuron 'mine': initial v: expected an expression or one value .*, got None"),
        ({"initial": {"v": [1, 2] * mV}}, r"neuron 'mine': initial v: expected an expression or one value"),
        ({"initial": {"v": float("nan") * mV}}, r"neuron 'mine': initial v: expected an expression or one value"),
        *(
            (
                {"refractory": value},
                f"neuron 'mine': refractory: expected one value >= 0 in s such as 2.ms, got {shown}",
            )
            for value, shown in [(-1 * msecond, "-1. ms"), (2, "2"), (2 * mV, "2. mV"), ([1], r"\[1\]"), (True, "True")]
        ),
        ({"refractory": [1, 2] * msecond}, r"neuron 'mine': refractory: expected one value >= 0 in s"),
        ({"refractory": ""}, "neuron 'mine': refractory: expected an expression such as v > -20.mV, got ''$"),
        ({"refractory": "v >"}, "neuron 'mine': refractory: expected an expression such as v > -20.mV, got 'v >'"),
        ({"threshold": "v >"}, "neuron 'mine': threshold: expected an expression such as v > -50.mV, got 'v >'"),
        ({"reset": "v ="}, "neuron 'mine': reset: expected statements such as v = -65.mV, got 'v ='"),
        ({"threshold": ""}, "neuron 'mine': reset: expected none without a threshold, got 'v = -65.mV'"),
        ({"threshold": "", "reset": "", "refractory": 2 * msecond}, "neuron 'mine': refractory: expected none without"),
        ({"refractory": "v > v_high"}, "neuron 'mine': refractory: .* got the name 'v_high'"),
        ({"peak": 20}, "neuron 'mine': peak: expected one value in V, got 20"),
        ({"peak": "20*mV"}, "neuron 'mine': peak: expected one value in V, got '20.mV'"),
        ({"peak": [1 * mV, 2 * msecond]}, "neuron 'mine': peak: expected one value in V, got"),
        ({"peak": 20 * msecond, "equations": "v = current*tau_m/ms : volt"}, "neuron 'mine': peak: expected one value"),
        ({"peak": 20 * msecond}, "neuron 'mine': peak: expected one value in V, got 20. ms"),
        *(
            (
                {"parameters": {"tau_m": value}},
                f"neuron 'mine': parameter tau_m: expected one finite number, got {shown}",
            )
            for value, shown in [
                (None, "None"),
                ("10*ms", "'10.ms'"),
                (TABLE, "TimedArray"),
                (True, "True"),
                (1j, "1j"),
                ([1 * mV, 2 * msecond], ""),
            ]
        ),
    ],
)
def test_every_field_of_a_neuron_has_its_kind(changes, message):
    with pytest.raises(UserError, match=f"^{message}"):
        leaky(**changes)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("equations", None, "equations: expected a text, got None"),
        ("on_spike", 3, "on_spike: expected a text, got 3"),
        (
            "equations",
            "ds/dt = -s/tau_rise + h : unit\ndh/dt = -h/tau_dekay : unit/second",
            "equations: name: expected one of .*, got 'tau_dekay'; did you mean tau_decay",
        ),
        ("source", ["x"], r"source: expected a text, got \['x'\]"),
        ("parameters", [2], r"parameters: expected a dict of names and values, got \[2\]"),
        ("parameters", {"tau_decay": "20*ms"}, "parameter tau_decay: expected one finite number, got '20.ms'"),
    ],
)
def test_every_field_of_a_filter_has_its_kind(field, value, message):
    with pytest.raises(UserError, match=f"^filter 'double_exponential': {message}"):
        replace(DOUBLE_EXPONENTIAL, **{field: value})


def test_a_parameter_is_not_changed_to_another_kind():
    for value in ("20*ms", None, TABLE):
        with pytest.raises(UserError, match=r"^neuron 'lif': parameter tau_m: expected one finite number, got"):
            LIF.with_parameters(tau_m=value)


def spiking_twice(**changes):
    """Return how often a neuron fires whose spike lasts from -20 mV up, by its condition of refractoriness."""
    model = leaky(threshold="v > -20*mV", reset="", **changes)
    clock = brian2.Clock(0.1 * msecond, name="clock")
    group = population(model, 1, "(-10*mV)*int(t%(20*ms) < 10*ms) + (-65*mV)*int(t%(20*ms) >= 10*ms)", clock=clock)
    monitor = brian2.SpikeMonitor(group, name="spikes")
    with Engine("numpy") as engine:
        engine.run(brian2.Network(group, monitor), 0.04, clock, namespace={})
    return int(monitor.num_spikes)


def test_a_condition_may_be_the_refractory_period_and_a_quantity_the_initial_value():
    fast = {"parameters": {"tau_m": 2 * msecond}, "equations": "dv/dt = (current - v)/tau_m : volt"}
    once = leaky(refractory="v > -20*mV", initial={"v": -65.5 * mV}, threshold="v > -20*mV", **fast)
    assert once.initial == {"v": "-0.0655*volt"} and leaky(initial={"v": "-65*mV"}).initial == {"v": "-65*mV"}
    again = NeuronModel.from_dict(json.loads(json.dumps(once.to_dict())))
    assert again == once and again.refractory == "v > -20*mV"
    # Without the condition it fires at every step above the threshold.
    assert spiking_twice(refractory=once.refractory, initial=once.initial, **fast) == 2
    assert spiking_twice(initial=once.initial, **fast) > 50


@pytest.mark.parametrize("value", [0.1 * mV, 3.0 * nS / mV, 2.5, 7 * Hz, 1 / (mV * second)], ids=str)
def test_a_quantity_is_kept_exactly_as_text(value):
    read = quantity(text_of(brian2.Quantity(value)))
    assert float(read) == float(value) and read.dim is brian2.Quantity(value).dim


@pytest.mark.parametrize("current", ["milliampere", "mV*", "__import__('os')"])
def test_the_unit_of_the_input_must_be_one(current):
    with pytest.raises(UserError, match=r"^neuron 'mine': current: expected a number with a unit"):
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
    for value in (True, None, "3", [1 * msecond, 2 * mV], [1, 2] * msecond):
        with pytest.raises(UserError, match=r"^neuron 'lif': parameter tau_m: expected one finite number, got"):
            LIF.with_parameters(tau_m=value)
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


def test_an_initial_value_is_an_expression():
    with pytest.raises(UserError, match=r"initial v: expected an expression such as -65\*mV, got '-65\*mV;'"):
        NeuronModel(
            "mine", "dv/dt = (current - v)/tau : volt", "volt", dict(tau=10 * msecond), initial=dict(v="-65*mV;")
        )
