"""Synaptic filters against their closed impulse responses, areas and means; as a C++ program as on numpy."""

from dataclasses import replace

import numpy as np
import pytest
from brian2 import ms
from scipy.sparse import csr_array

from references import loops
from snnlab.engine.brian import Engine
from snnlab.engine.tasks import Task
from snnlab.lab.protocol import find_protocol
from snnlab.models.neuron import NeuronModel
from snnlab.networks.force.network import ForceNetwork
from snnlab.synapses.double_exponential import DOUBLE_EXPONENTIAL
from snnlab.synapses.exponential import EXPONENTIAL

RISE, DECAY = 2e-3, 20e-3
# Fires at the first step and then each time its refractory period has passed.
PULSE = NeuronModel(
    name="pulse",
    equations="dv/dt = current/tau : 1",
    current="1",
    parameters={"tau": 1 * ms},
    initial={"v": "1"},
    threshold="v > 0.5",
    refractory=1e6 * ms,
)


def filtered(synapse, dt, n_steps, scheme="euler", neuron=PULSE):
    """Filtered spikes of one neuron at the end of each step, in Hz."""
    unconnected = csr_array(([0.0], ([0], [0])))
    with Engine("numpy") as engine:
        net = ForceNetwork(neuron, synapse, unconnected, np.zeros((1, 1)), dt=dt, scheme=scheme)
        r = np.empty(n_steps)

        def store(step):
            r[step] = net.r[0]

        engine.run(net.network, n_steps * dt, net.clock, [Task(range(n_steps), store)])
    return r


def test_double_exponential_has_the_closed_impulse_response():
    dt = 1e-5
    t = np.arange(3000) * dt
    expected = (np.exp(-t / DECAY) - np.exp(-t / RISE)) / (DECAY - RISE)
    measured = filtered(DOUBLE_EXPONENTIAL, dt, len(t))
    # Euler is off by at most dt / (2 tau_rise) of the fast part, whose size is 1.4 times the peak.
    np.testing.assert_allclose(measured, expected, rtol=0, atol=0.0035 * expected.max())
    peak = RISE * DECAY * np.log(DECAY / RISE) / (DECAY - RISE)
    # The top is flat, 0.1 ms wide within the error above.
    assert t[measured.argmax()] == pytest.approx(peak, abs=1e-4)


def test_double_exponential_with_equal_times_has_the_closed_impulse_response():
    dt = 5e-5
    t = np.arange(2000) * dt
    measured = filtered(DOUBLE_EXPONENTIAL.with_parameters(tau_rise=20 * ms), dt, len(t))
    expected = t * np.exp(-t / DECAY) / DECAY**2
    # dt / tau = 0.25 %
    np.testing.assert_allclose(measured, expected, rtol=0, atol=0.003 * expected.max())


def test_exponential_has_the_closed_impulse_response():
    dt = 5e-5
    t = np.arange(1000) * dt
    expected = np.exp(-t / DECAY) / DECAY
    # Euler's leak is stronger by dt / (2 tau) = 0.13 %, which after 2.5 tau is 0.3 % of what is left.
    np.testing.assert_allclose(filtered(EXPONENTIAL, dt, len(t)), expected, rtol=0.0035)
    # With the other scheme it is the closed form itself.
    np.testing.assert_allclose(filtered(EXPONENTIAL, dt, len(t), "exponential"), expected, rtol=1e-10)


@pytest.mark.parametrize("synapse", [DOUBLE_EXPONENTIAL, EXPONENTIAL], ids=lambda s: s.name)
@pytest.mark.parametrize("dt", [1e-3, 5e-4])
def test_area_of_a_spike_is_one_with_euler_at_any_step(synapse, dt):
    r = filtered(synapse, dt, round(0.5 / dt))  # 25 time constants: what is missing is below 1e-10
    assert r.sum() * dt == pytest.approx(1, rel=1e-9)


@pytest.mark.parametrize(("dt", "area"), [(5e-5, 1.014), (4e-5, 1.011), (1e-5, 1.003)])
def test_area_with_the_exponential_scheme_is_that_of_the_authors_scripts(dt, area):
    reference = loops.impulse_response(loops.DoubleExponential(1, dt, RISE, DECAY, "exponential"), round(0.5 / dt))
    # Two geometric series: h leaks by exp(-dt/decay), s takes dt h and leaks by exp(-dt/rise).
    formula = (dt / RISE) / -np.expm1(-dt / RISE) * (dt / DECAY) / -np.expm1(-dt / DECAY)
    assert reference.sum() * dt == pytest.approx(formula, rel=1e-9)
    assert formula == pytest.approx(area, abs=5e-4)
    measured = filtered(DOUBLE_EXPONENTIAL, dt, 1500, "exponential")
    np.testing.assert_allclose(measured, reference[:1500], rtol=1e-10)


@pytest.mark.parametrize("synapse", [DOUBLE_EXPONENTIAL, EXPONENTIAL], ids=lambda s: s.name)
def test_mean_of_filtered_regular_spikes_is_their_rate(synapse):
    dt = 5e-4
    r = filtered(synapse, dt, round(0.6 / dt), neuron=replace(PULSE, refractory=10 * ms))
    # Ten whole periods, after 25 time constants.
    assert r[-round(0.1 / dt) :].mean() == pytest.approx(100, rel=1e-9)


def test_names_of_a_filter_follow_its_output():
    assert DOUBLE_EXPONENTIAL.state_names("z") == {"s": "z", "h": "h_z"}
    assert DOUBLE_EXPONENTIAL.jump("z", "phi", "_post") == "h_z_post += phi/(tau_rise*tau_decay)"
    assert EXPONENTIAL.jump("r", "1") == "r += 1/tau_decay"


@pytest.mark.standalone
def test_the_program_gives_what_numpy_gives(tmp_path):
    protocol = find_protocol("synaptic_filters")
    numpy, program = (
        protocol.execute(protocol.config(True, target=target), tmp_path)[1] for target in ("numpy", "cpp_standalone")
    )
    assert program.attrs["target"] == "cpp_standalone" and set(numpy.variables) == set(program.variables)
    for name in numpy.data_vars:
        np.testing.assert_allclose(program[name], numpy[name], rtol=1e-12, atol=1e-15, err_msg=str(name))
    checks = protocol.checks(program)
    assert len(checks) == 4 and all(check.holds for check in checks)
