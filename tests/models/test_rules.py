"""Plasticity between rate units as text: what may stand in it, and its mean over a batch as products."""

import numpy as np
import pytest
import sympy

from snnlab.errors import UserError
from snnlab.models.loading import find_rule
from snnlab.models.rate_rule import RateRule
from snnlab.plasticity.hebb import COVARIANCE, HEBB, OJA
from snnlab.plasticity.stlr import STLR, STLR_LOGISTIC


def test_built_in_rules_are_found_by_their_name():
    for rule in (HEBB, OJA, COVARIANCE, STLR, STLR_LOGISTIC):
        assert find_rule(rule.name, RateRule) is rule


def test_a_rule_of_the_users_own_is_one_file(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(
        "from snnlab.models.rate_rule import RateRule\nfrom snnlab.plasticity.hebb import HEBB\n"
        'BCM = RateRule("bcm", "x_pre*y_post*(y_post - theta)", parameters={"theta": 0.2})\n'
        'OTHER = RateRule("other", "x_pre")\n'
    )
    rule = find_rule(f"{path}:BCM", RateRule)
    assert rule.parameters == {"theta": 0.2} and len(rule.terms()) == 2
    with pytest.raises(UserError, match=r"^plasticity: expected one of BCM, OTHER, as in .*:BCM"):
        find_rule(str(path), RateRule)
    with pytest.raises(UserError, match=r"^plasticity: expected one of .*, got 'BMC'; did you mean BCM"):
        find_rule(f"{path}:BMC", RateRule)


def test_products_of_both_sides_are_told_apart():
    assert len(HEBB.terms()) == 1 and len(STLR.terms()) == 2 and len(COVARIANCE.terms()) == 4
    # What one synapse alone can know is no product.
    assert RateRule("a", "tanh(w*x_pre)").terms() is None
    (term,) = RateRule("b", "3*w**2*tanh(x_pre)*y_post").terms()
    values = {"x_pre": np.array([0.5]), "y_post": np.array([2.0]), "w": np.array([0.1])}
    product = term.pre(values) * term.post(values) * term.own(values)
    assert product == pytest.approx(3 * 0.01 * np.tanh(0.5) * 2)


def test_constants_numbers_and_functions_of_brian2_may_stand_in_a_rule(rng):
    rule = RateRule("a", "1e-3*x_pre*y_post*int(y_post > 0.1 and x_pre > 0)", "floor(summed)*pi + 0*rand()")
    signal = rule.signal_of({"x_pre": np.array([2.0, 2.0]), "y_post": np.array([0.5, 0.05])})
    np.testing.assert_allclose(signal, [1e-3, 0])
    np.testing.assert_allclose(rule.change_of(np.array([1.5]), np.zeros(1), rng), np.pi)


def test_stlr_is_its_closed_form():
    w, x, u = sympy.symbols("w x_pre u_post", real=True)
    assert sympy.expand(sympy.sympify(STLR.signal, {"w": w, "x_pre": x, "u_post": u}) - (w * x * u - w**2 * x**2)) == 0
    rule = STLR.with_parameters(theta1=0.02, theta2=-0.01)
    summed = np.array([-0.03, -0.01, -0.005, 0.0, 0.0199, 0.02, 0.04])
    expected = [np.tanh(-1), 0, 0, 0, 0, 0, np.tanh(1)]
    np.testing.assert_allclose(rule.change_of(summed, np.zeros(7)), expected, atol=1e-15)
    # As said literally, the lower branch strengthens, too.
    literal = STLR_LOGISTIC.with_parameters(theta1=0.02, theta2=-0.01).change_of(summed, np.zeros(7))
    assert (literal[[0, 1]] > 0).all() and literal[1] == 0.5


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"signal": "x_pre*"}, r"signal: expected a Brian2 expression such as x_pre\*y_post, got 'x_pre\*'"),
        ({"signal": "x_pre; y_post"}, "signal: expected a Brian2 expression"),
        ({"signal": "x_pre*y_pos"}, "signal: name: expected one of .*, got 'y_pos'; did you mean y_post"),
        ({"signal": "randn()*x_pre"}, "signal: name: expected one of .*, got 'randn'"),
        ({"change": "poisson(summed)"}, "change: name: expected one of .*, got 'poisson'"),
        ({"signal": "e*x_pre", "parameters": {"e": 1.0}}, "parameter e: expected a name that has no meaning yet"),
        *(
            ({"signal": f"{name}*x_pre", "parameters": {name: 1.0}}, f"parameter {name}: expected a name that has no")
            for name in ("eta", "x_pre", "summed", "w", "exp", "S", "dt")
        ),
        ({"change": "sumed"}, "change: name: expected one of .*, got 'sumed'; did you mean summed"),
        ({"parameters": {"theta": 1.0}}, "parameter: expected one of .*, got 'theta'"),
        ({"signal": "theta*x_pre", "parameters": {"theta": np.inf}}, "parameter theta: expected one finite number"),
        ({"signal": "theta*x_pre", "parameters": {"theta": "1"}}, "parameter theta: expected one finite number"),
        ({"parameters": {"kept": 1.0}}, "parameter kept: expected a number from 0 to less than 1, got 1.0"),
        ({"percentiles": {"theta": 5}}, "percentiles: expected parameters and numbers from 0 to 100, got theta=5"),
    ],
    ids=str,
)
def test_what_cannot_be_a_rule_is_refused_by_name(given, message):
    with pytest.raises(UserError, match=f"^plasticity 'mine': {message}"):
        RateRule(**{"name": "mine", "signal": "x_pre*y_post"} | given)


def test_unknown_parameters_and_names_are_refused():
    with pytest.raises(
        UserError, match=r"^plasticity 'stlr': parameter: expected one of .*, got 'theta3'; did you mean theta"
    ):
        STLR.with_parameters(theta3=1.0)
    with pytest.raises(UserError, match=r"^plasticity: expected one of .*, got 'heb'; did you mean hebb"):
        find_rule("heb", RateRule)
