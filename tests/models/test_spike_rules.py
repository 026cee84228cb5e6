"""Rules between spiking neurons: their defining properties, an independent loop, mistakes by name."""

from dataclasses import replace

import numpy as np
import pytest
from brian2 import ms, mV

from references.spike_rules import RULES
from snnlab.engine.brian import Engine
from snnlab.errors import UserError
from snnlab.models.loading import find_rule
from snnlab.models.spike_rule import SpikeRule
from snnlab.networks.single.pairing import weight_changes

DT = 0.5e-3
SILENT = np.empty(0)
STDP, STLR = find_rule("stdp", SpikeRule), find_rule("stlr", SpikeRule)


def changes(rule, trials, w=0.5, target="numpy", order=None):
    with Engine(target) as engine:
        return weight_changes(rule, trials, w, DT, engine, order)


def times(spikes):
    return np.flatnonzero(spikes) * DT


@pytest.mark.parametrize("target", ["numpy", pytest.param("cython", marks=pytest.mark.programs)])
@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("stdp", {"eta": 0.05}),
        ("hebb", {"eta": 0.05}),
        ("triplet", {"eta": 2.0, "a2_plus": 1e-3, "a3_minus": 2e-3}),
        ("stlr", {"eta": 0.05, "theta1": 0.4, "theta2": 0.05, "summation": 1.0}),
    ],
)
def test_a_synapse_does_what_a_loop_over_time_steps_does(name, parameters, target, rng):
    rule = find_rule(name, SpikeRule).with_parameters(**parameters)
    # Many simultaneous spikes, weights that come to their bounds.
    pre, post = rng.random((400, 4)) < 0.08, rng.random(400) < 0.08
    post[0] = pre[0, 0] = True
    found = changes(rule, [([times(pre[:, k]) for k in range(4)], times(post))], 0.5, target)[0]
    p = {key: float(value) for key, value in rule.parameters.items()}
    wanted = RULES[name](pre, post, np.full(4, 0.5), DT, p) - 0.5
    np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-12)
    assert np.abs(wanted).min() > 1e-3


@pytest.mark.programs
def test_stlr_needs_no_postsynaptic_spike_and_the_others_do():
    together = [([np.array([0.01, 0.02])] * 2, SILENT)]
    assert (changes(STLR, together) > 1e-3).all()
    for name in ("stdp", "hebb", "triplet"):
        assert not changes(find_rule(name, SpikeRule), together).any()
        assert changes(find_rule(name, SpikeRule), [([np.array([0.01])] * 2, np.array([0.008, 0.015, 0.018]))]).all()


@pytest.mark.parametrize("summation", [0.0, 1.0])
def test_an_input_alone_never_changes_under_stlr_whatever_its_rhythm(summation, rng):
    rhythms = [np.arange(3) * 5e-3, np.arange(40) * DT, np.arange(10) * 0.037, times(rng.random(500) < 0.1)]
    trials = [([train], post) for train in rhythms for post in (SILENT, np.array([0.01]))]
    for theta1, theta2 in ((1e-9, -1e-9), (0.2, 0.1), (-0.1, -0.2)):
        rule = STLR.with_parameters(summation=summation, theta1=theta1, theta2=theta2, eta=0.1)
        assert not changes(rule, trials).any()
    rule = rule.with_parameters(theta1=1e-9, theta2=-1e-9)
    # If only the present spike were left out, the second of two would see the trace of the first.
    naive = replace(rule, on_pre=rule.on_pre.replace("u_arriving_post - c_own", "u_arriving_post - w"))
    assert changes(naive, trials[:1])[0, 0] > 0


def test_all_simultaneous_arrivals_count_before_any_synapse_reads_the_sum():
    rule = STLR.with_parameters(theta1=0.1, theta2=-0.1)
    trial = [([np.array([0.003, 0.010])] * 3, SILENT)]
    found = [changes(rule, trial, order=order)[0] for order in ([0, 1, 2], [2, 0, 1], [1, 2, 0])]
    np.testing.assert_array_equal(found[0], found[1])
    np.testing.assert_array_equal(found[0], found[2])
    np.testing.assert_allclose(found[0], found[0][0], rtol=1e-12)


def test_stlr_weakens_below_the_lower_threshold_and_g_is_odd():
    close = [([np.array([0.01])] * 2, SILENT)]
    up = changes(STLR.with_parameters(theta1=0.15, theta2=-0.15), close)
    # What arrives inhibits: 0.5 (-1 - 0.5) = -0.75.
    inhibited = replace(STLR, on_arrival="u_arriving_post -= w").with_parameters(theta1=0.15, theta2=-0.15)
    down = changes(inhibited, close)
    assert up[0, 0] == pytest.approx(0.005 * np.tanh(0.1 / 0.15)) and (down < 0).all()
    assert down[0, 0] == pytest.approx(0.005 * np.tanh((0.15 - 0.75) / 0.15))


def test_weights_stay_between_their_bounds():
    regular = np.arange(1, 100) * 0.01
    trains = [([regular], regular + lag) for lag in (0.005, -0.002)]
    up, down = changes(STDP.with_parameters(eta=1.0, ratio=3.0, w_max=0.7), trains, 0.5)[:, 0] + 0.5
    assert 0 <= down <= 0.7 and 0 <= up <= 0.7
    assert changes(find_rule("hebb", SpikeRule).with_parameters(eta=1.0, w_max=0.7), trains)[0, 0] + 0.5 == 0.7


def test_rules_are_found_by_name_and_by_file_and_make_a_round_trip(tmp_path):
    for name in ("hebb", "stdp", "triplet", "stlr"):
        rule = find_rule(name, SpikeRule)
        assert isinstance(rule, SpikeRule) and rule.name == name
        assert SpikeRule.from_dict(rule.to_dict()).to_dict() == rule.to_dict()
    path = tmp_path / "mine.py"
    path.write_text(
        "from snnlab.models.spike_rule import SpikeRule\n"
        "MINE = SpikeRule('mine', on_pre='w -= 0.5*eta; w -= 0.5*eta', parameters={'eta': 0.01, 'w_max': 1.0})\n"
    )
    mine = find_rule(f"{path}:MINE", SpikeRule)
    assert changes(mine, [([np.array([0.01, 0.02])], SILENT)])[0, 0] == pytest.approx(-0.02)
    with pytest.raises(UserError, match=r"plasticity: expected one of .*, got 'stpd'; did you mean stdp"):
        find_rule("stpd", SpikeRule)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"on_pre": "w += eta*x"}, "plasticity 'mine': on_pre: name: expected one of .*, got 'x'"),
        ({"on_pre": "v += eta"}, "plasticity 'mine': on_pre: variable to change: expected one of .*, got 'v'"),
        ({"on_pre": "w + "}, "plasticity 'mine': on_pre: expected statements such as"),
        ({"on_pre": "w"}, "plasticity 'mine': on_pre: expected statements such as"),
        ({"on_arrival": "w += eta"}, "plasticity 'mine': on_arrival: variable to change: expected one of .*, got 'w'"),
        ({"equations": "dx/dt = -x : 1 : 1"}, "plasticity 'mine': equations: expected Brian2 equations, got"),
        (
            {"equations": "dx/dt = -x/tau_x : 1 (event-driven)"},
            "plasticity 'mine': equations: name: expected one of .*, got 'tau_x'",
        ),
        ({"equations": "S : 1"}, "plasticity 'mine': expected a name that Brian2 and sympy do not use, got 'S'"),
        ({"parameters": {"eta": 0.1}}, "plasticity 'mine': parameters: expected w_max, a number > 0, got none"),
        ({"parameters": {"eta": "fast", "w_max": 1}}, "plasticity 'mine': parameter eta: expected one finite number"),
        ({"parameters": {"eta": np.inf, "w_max": 1}}, "plasticity 'mine': parameter eta: expected one finite number"),
        (
            {"parameters": {"eta": 1, "w_max": 1, "beta": 2}},
            "plasticity 'mine': parameter: expected one of .*, got 'beta'",
        ),
        (
            {"parameters": {"w": 1.0, "w_max": 1}},
            "plasticity 'mine': parameter w: expected a name that no variable has",
        ),
        (
            {"equations": "x : 1", "parameters": {"x": 1.0, "w_max": 1}},
            "plasticity 'mine': parameter x: expected a name that no variable has",
        ),
        (
            {"equations": "dx/dt = -x/tau : 1 (event-driven)", "parameters": {"tau": 20.0, "w_max": 1}},
            "plasticity 'mine': parameter tau: expected a time > 0, got 20.0",
        ),
        ({"percentiles": {"theta": 5}, "calibrated": ""}, "plasticity 'mine': percentiles: expected parameters"),
        ({"percentiles": {"eta": 5}, "calibrated": "x"}, "plasticity 'mine': calibrated: expected one of .*, got 'x'"),
    ],
    ids=str,
)
def test_mistakes_in_a_rule_are_refused_with_its_name(fields, message):
    with pytest.raises(UserError, match=message):
        SpikeRule("mine", **{"on_pre": "w += eta", "parameters": {"eta": 0.1, "w_max": 1.0}} | fields)


def test_parameters_of_other_names_or_units_are_refused():
    with pytest.raises(
        UserError, match=r"plasticity 'stdp': parameter: expected one of .*, got 'etta'; did you mean eta"
    ):
        STDP.with_parameters(etta=1)
    with pytest.raises(UserError, match="plasticity 'stdp': parameter tau_plus: expected a value in"):
        STDP.with_parameters(tau_plus=3 * mV)
    with pytest.raises(UserError, match="plasticity 'stdp': parameter tau_plus: expected a time > 0"):
        STDP.with_parameters(tau_plus=-3 * ms)
    with pytest.raises(UserError, match="plasticity 'stdp': parameter eta: expected one finite number"):
        STDP.with_parameters(eta="fast")
