"""The numpy step of rate units is the Euler step of their equations in Brian2."""

import brian2
import numpy as np
import pytest
from brian2 import ms

from snnlab.engine.brian import Engine
from snnlab.engine.population import population
from snnlab.engine.rate_unit import step_rate_units
from snnlab.neurons.leaky_rate import LEAKY_RATE, LEAKY_RESERVOIR


@pytest.mark.parametrize(("form", "model", "state"), [("reservoir", LEAKY_RESERVOIR, "h"), ("rate", LEAKY_RATE, "r")])
def test_steps_are_those_of_the_equations(rng, form, model, state):
    given, start = rng.standard_normal((2, 5))
    clock = brian2.Clock(1 * ms, name="unit_clock")
    units = population(
        model.with_parameters(tau=ms / 0.3), 5, "given", clock=clock, equations="given : 1 (constant)", name="units"
    )
    units.given, units.b = given, 0.2
    setattr(units, state, start)
    with Engine("numpy") as engine:
        engine.run(brian2.Network(units), 3e-3, clock, namespace={})
    x = start
    for _ in range(3):
        x = step_rate_units(x, given + 0.2, 0.3, form)
    np.testing.assert_allclose(np.asarray(getattr(units, state)), x, rtol=1e-12)


def test_a_step_is_bit_for_bit_the_formula_and_leaves_the_state_alone(rng):
    state, current = rng.standard_normal((2, 40, 7))
    before = state.copy()
    wanted = state + 0.3 * (current - state)
    assert step_rate_units(state, current.copy(), 0.3).tobytes() == wanted.tobytes()
    wanted = state + 0.3 * (np.tanh(current) - state)
    assert step_rate_units(state, current.copy(), 0.3, "rate").tobytes() == wanted.tobytes()
    assert state.tobytes() == before.tobytes()
