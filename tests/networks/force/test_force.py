"""The FORCE network and its training against an independent loop, and the checks on its settings."""

import brian2
import numpy as np
import pytest
from scipy.sparse import csr_array

from references import loops
from snnlab.connectivity.random import encoder, sparse_random
from snnlab.engine.brian import Engine
from snnlab.engine.tasks import Task
from snnlab.errors import UserError
from snnlab.learning.rls import RLS
from snnlab.networks.force.config import ForceConfig, settle_force
from snnlab.networks.force.network import ForceNetwork
from snnlab.networks.force.train import train_force, weights
from snnlab.stimuli.signals.oscillators import sine


def loop_inputs(setup, scheme="euler"):
    """Parameters, filter factory and constants of the reference loop for a resolved setup, as plain floats."""
    p = {name: float(value) for name, value in setup.neuron.parameters.items()}
    if setup.neuron.refractory is not None:
        p["refractory_steps"] = round(float(setup.neuron.refractory) / setup.dt)
    taus = [float(setup.synapse.parameters[k]) for k in ("tau_rise", "tau_decay") if k in setup.synapse.parameters]
    kind = loops.DoubleExponential if len(taus) == 2 else loops.Exponential
    return p, lambda size: kind(size, setup.dt, *taus, scheme)


def targets(t, k):
    """Teachers of K components at times t."""
    return np.stack([np.sin(2 * np.pi * (5 + 3 * m) * t + m) for m in range(k)], axis=1)


def run_both(config, k, n_steps, rng, target="numpy", drive=0.0):
    """Train a ForceNetwork from the first step on, and the loop; returns both logs."""
    setup = config.setup
    every, n = setup.learn.step, config.n
    learn, teacher = range(0, n_steps, every), targets((np.arange(n_steps) + 1) * setup.dt, k)
    weights = sparse_random(n, config.p, setup.g, rng, setup.zero_row_mean)
    feedback = encoder(n, k, setup.q, rng)
    wave = drive * np.sin(2 * np.pi * 20 * np.arange(n_steps) * setup.dt)
    options = {}
    with Engine(target, seed=3) as engine:
        if drive:
            values = brian2.Quantity(wave, dim=brian2.Quantity(setup.neuron.parameters["v_reset"]).dim)
            options = {"drive": "wave(t)", "constants": {"wave": brian2.TimedArray(values, setup.dt * brian2.second)}}
        net = ForceNetwork(
            setup.neuron,
            setup.synapse,
            weights,
            feedback,
            bias=setup.bias,
            dt=setup.dt,
            scheme=config.filter_scheme,
            **options,
        )
        start = {x: net.neurons.variables[x].get_value().copy() for x in setup.neuron.states}
        rls = RLS(n, k, setup.alpha, config.rls_gain)
        v = net.neurons.variables["v"].get_value()
        log = {"spikes": np.zeros((n_steps, n), bool), "decoder": [], "mismatch": np.empty((n_steps, k))}
        log |= {"v": np.empty((n_steps, n)), "r": np.empty((n_steps, n)), "output": np.empty((n_steps, k))}

        def observe(step):
            log["spikes"][step, net.spikes()] = True
            log["v"][step], log["r"][step], log["output"][step] = v, net.r, net.z

        def update(step):
            rls.update(net.r, net.z - teacher[step])
            net.set_decoder(rls.weights)
            log["decoder"].append(rls.weights.copy())

        def compare(step):
            log["mismatch"][step] = net.z - rls.weights.T @ net.r

        every_step = range(n_steps)
        tasks = [Task(every_step, observe), Task(learn, update), Task(every_step, compare)]
        engine.run(net.network, n_steps * setup.dt, net.clock, tasks)
    p, make_filter = loop_inputs(setup, config.filter_scheme)
    expected = loops.force_loop(
        setup.neuron.name,
        start,
        p,
        dt=setup.dt,
        make_filter=make_filter,
        weights=weights.toarray(),
        encoder=feedback,
        bias=setup.bias,
        alpha=setup.alpha,
        teacher=teacher,
        learn=learn,
        gain=config.rls_gain,
        drive=np.tile(wave[:, None], n) if drive else None,
    )
    return log, expected


def assert_same(log, expected):
    assert expected["spikes"].sum() > 50
    np.testing.assert_array_equal(log["spikes"], expected["spikes"])
    for name in ("v", "r", "output", "decoder"):
        scale = np.abs(expected[name]).max()
        np.testing.assert_allclose(np.array(log[name]), expected[name], rtol=1e-9, atol=1e-9 * scale, err_msg=name)
    # z = phi' r holds at every step, also between updates and after each of them.
    assert np.abs(log["mismatch"]).max() < 1e-9 * np.abs(expected["output"]).max()


CASES = {
    "lif": (ForceConfig(neuron="lif", n=80), 1, 2000),
    "lif, two outputs": (ForceConfig(neuron="lif", n=60), 2, 2000),
    "lif, exact gain": (ForceConfig(neuron="lif", n=60, rls_gain="exact"), 1, 2000),
    "lif, exponential scheme": (ForceConfig(neuron="lif", n=60, filter_scheme="exponential"), 1, 2000),
    "lif, single exponential": (ForceConfig(neuron="lif", n=60, filter="exponential"), 1, 2000),
    "theta": (ForceConfig(neuron="theta", n=60, dt=0.02), 1, 5000),
    "izhikevich, two outputs": (ForceConfig(neuron="izhikevich", n=100), 2, 2500),
}


@pytest.mark.parametrize("case", CASES)
def test_network_and_learning_equal_the_independent_loop(case, rng):
    config, k, n_steps = CASES[case]
    assert_same(*run_both(config, k, n_steps, rng))


@pytest.mark.programs
def test_compiled_network_equals_the_independent_loop(rng):
    assert_same(*run_both(ForceConfig(neuron="lif", n=60), 1, 2000, rng, target="cython"))


def test_a_further_input_is_added_to_the_current(rng):
    assert_same(*run_both(ForceConfig(neuron="lif", n=60), 1, 1000, rng, drive=0.02))


def test_training_equals_the_loop_with_the_learning_window_of_the_scripts():
    config = ForceConfig(
        neuron="lif",
        n=60,
        seconds=0.1,
        learn_start=0.021,
        learn_stop=0.06,
        record_interval=0.05,
        record_spikes=60,
        record_voltages=60,
        record_decoders=60,
        seed=5,
    )
    setup = config.setup
    with Engine("numpy", config.seed) as engine:
        run = train_force(config, sine, engine)
    weights = np.zeros((60, 60))
    weights[run.recurrent_post, run.recurrent_pre] = run.recurrent_weight
    with Engine("numpy", config.seed):
        # The same seed draws the same initial values.
        net = ForceNetwork(setup.neuron, setup.synapse, csr_array(weights), run.encoder.values, dt=setup.dt)
        start = {"v": net.neurons.variables["v"].get_value().copy()}
    # Steps i counted from 1: mod(i, 50) == 1, i > imin, i < icrit.
    learn = [i - 1 for i in range(1, 2001) if i % 50 == 1 and i > 0.021 / 5e-5 and i < 0.06 / 5e-5]
    assert learn == list(setup.learn)
    p, make_filter = loop_inputs(setup)
    expected = loops.force_loop(
        "lif",
        start,
        p,
        dt=5e-5,
        make_filter=make_filter,
        weights=weights,
        encoder=run.encoder.values,
        bias=-40e-3,
        alpha=5e-6,
        teacher=np.sin(2 * np.pi * 5 * (np.arange(2000) + 1) * 5e-5)[:, None],
        learn=learn,
    )
    spikes = np.zeros((2000, 60), bool)
    spikes[np.round(run.spike_time.values / 5e-5).astype(int), run.spike_neuron] = True
    np.testing.assert_array_equal(spikes, expected["spikes"])
    np.testing.assert_allclose(run.output, expected["output"], rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(run.decoder, expected["decoder"][-1], rtol=1e-9, atol=1e-15)
    # Stored in single precision.
    np.testing.assert_allclose(run.decoder_trace, expected["decoder"], rtol=1e-6, atol=1e-12)
    np.testing.assert_allclose(run.voltage, expected["v"], rtol=1e-6)
    rate = expected["spikes"].reshape(5, 400, 60).sum((1, 2)) / (60 * 0.02)
    np.testing.assert_allclose(run.population_rate, rate)


def test_feedback_of_zero_is_a_network_without_encoder(rng):
    setup = ForceConfig(neuron="izhikevich", n=60).setup
    weights = sparse_random(60, 0.1, setup.g, rng)
    feedback, decoder = encoder(60, 2, setup.q, rng), rng.standard_normal((60, 2))
    ends = {}
    for name, e, gain in [("cut", feedback, 0.0), ("none", 0 * feedback, 1.0), ("whole", feedback, 1.0)]:
        with Engine("numpy", seed=1) as engine:
            net = ForceNetwork(setup.neuron, setup.synapse, weights, e, bias=setup.bias, dt=setup.dt)
            net.set_decoder(decoder)
            net.set_feedback(gain)
            engine.run(net.network, 0.02, net.clock)
            ends[name] = net.state()["v"]
    np.testing.assert_array_equal(ends["cut"], ends["none"])
    assert (ends["whole"] != ends["none"]).any()


def test_same_seed_gives_identical_arrays_and_another_seed_different_ones():
    config = ForceConfig(neuron="izhikevich", n=50, seconds=0.03, learn_start=0.0, learn_stop=0.02)

    def run(seed):
        with Engine("numpy", seed) as engine:
            return train_force(config, sine, engine)

    first, again, other = run(7), run(7), run(8)
    assert first.identical(again)
    for name in ("recurrent_weight", "encoder", "output", "voltage", "decoder", "state_v"):
        assert first[name].shape != other[name].shape or (first[name] != other[name]).any(), name


def test_plain_numbers_are_in_the_published_units():
    for plain in (
        ForceConfig(neuron="lif", g=0.04, q=10, alpha=5e-6, bias=-40, dt=0.05, rls_interval=2.5),
        ForceConfig(neuron="theta", g=10, q=1e4, alpha=1e-5, bias=0, dt=0.01, rls_interval=0.5),
        ForceConfig(neuron="izhikevich", g=5e3, q=5e3, alpha=2, bias=1000, dt=0.04, rls_interval=0.8),
    ):
        given, stated = plain.setup, ForceConfig(neuron=plain.neuron).setup
        for name in ("g", "q", "alpha", "bias", "dt"):
            assert getattr(given, name) == pytest.approx(getattr(stated, name), rel=1e-12), name
        assert given.learn == stated.learn
    assert given.g == pytest.approx(5e-12)  # 5000 pA ms
    assert given.alpha == pytest.approx(2e-6)  # 2 ms^2
    assert ForceConfig(parameters=("b = -1*nS", "v_t=-20 mV")).setup.neuron.parameters["b"] == -1 * brian2.nS


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"n": 0}, "n: expected an integer >= 1, got 0"),
        ({"n": -5}, "n: expected"),
        ({"seed": -1}, "seed: expected an integer >= 0"),
        ({"record_spikes": -1}, "record_spikes: expected"),
        ({"dt": 0.0}, "dt: expected a number > 0, got 0.0"),
        ({"dt": float("nan")}, "dt: expected"),
        ({"dt": float("inf")}, "dt: expected"),
        ({"tau_rise": 0.0}, "tau_rise: expected"),
        ({"tau_decay": -20.0}, "tau_decay: expected"),
        ({"alpha": 0.0}, "alpha: expected"),
        ({"p": 0.0}, "p: expected"),
        ({"p": 1.5}, "p: expected a number > 0 and <= 1, got 1.5"),
        ({"record_interval": 0.0}, "record_interval: expected"),
        ({"g": float("nan")}, r"g: expected a number >= 0 and <= 1e\+09, got nan"),
        ({"bias": float("inf")}, r"bias: expected a number >= -1e\+09 and <= 1e\+09, got inf"),
        ({"q": -1.0}, r"q: expected a number >= 0 and <= 1e\+09, got -1.0"),
        ({"seconds": -1.0}, "seconds: expected"),
        ({"seconds": 1e-6, "learn_start": 0.0, "learn_stop": 1e-6}, "seconds: expected 1 to"),
        ({"learn_start": 5.0, "learn_stop": 5.0}, "learn_start, learn_stop: expected"),
        ({"learn_start": -1.0}, "learn_start, learn_stop: expected"),
        ({"learn_stop": 16.0}, "learn_start, learn_stop: expected"),
        ({"rls_interval": 0.05}, "rls_interval: expected a multiple of dt = 0.04 ms, got 0.05 ms"),
        ({"rls_interval": 0.01}, "rls_interval: expected a multiple"),
        ({"neuron": "izhikevic"}, "neuron: expected one of .*, got 'izhikevic'; did you mean izhikevich"),
        ({"neuron": "sqrt_rate"}, "neuron: expected a model with a threshold, got 'sqrt_rate'"),
        ({"filter": "double"}, "filter: expected one of .*, got 'double'"),
        (
            {"filter": "exponential", "tau_rise": 2.0},
            "filter 'exponential': parameter: expected one of .*, got 'tau_rise'",
        ),
        ({"parameters": ("v_rset=-65*mV",)}, "parameter: expected one of .*, got 'v_rset'; did you mean v_reset"),
        ({"parameters": ("C=250*mV",)}, "parameter C: expected a value in F such as 250"),
        ({"parameters": ("C",)}, r"parameters: expected name=value\*unit, got 'C'"),
        ({"parameters": ("C=big",)}, "parameters: C: expected a number with a unit"),
    ],
    ids=str,
)
def test_a_setting_that_cannot_be_used_is_named(settings, message):
    with pytest.raises(UserError, match=f"^(neuron 'izhikevich': )?{message}"):
        settle_force(ForceConfig(**settings))


USER_MODEL = """
from brian2 import ms
from snnlab.models.neuron import NeuronModel
MINE = NeuronModel("mine", "dv/dt = (current - v)/tau : 1", "1", dict(tau=10*ms), threshold="v > 1", reset="v = 0")
"""


@pytest.mark.parametrize(
    ("force", "message"),
    [
        ("", r"^g: expected --g \(in second\), since neuron 'mine' has no value in FORCE"),
        (
            "FORCE = dict(g=1, q=1, alpha=1, bias=0, dt=1*ms)",
            "^g: expected a value in second in FORCE of neuron 'mine', got 1",
        ),
        ("FORCE = dict(gain=1)", "^FORCE: expected one of .*, got 'gain'"),
        ("FORCE = 3", "^neuron file 'mine.py': FORCE: expected a dict of names and values, got 3"),
        ("FORCE = dict(g=None)", "^g: expected a value in second in FORCE of neuron 'mine', got None"),
        ("FORCE = dict(g='1e300*second')", r"^g: expected a number >= 0 and <= 1e\+09, got 1e\+300"),
        (
            "FORCE = dict(g='1*second', q=1, alpha='1*second**2', bias=0, dt='0.1*ms', zero_row_mean=2)",
            "^zero_row_mean: expected True or False in FORCE, got 2",
        ),
    ],
)
def test_a_users_neuron_without_force_values_names_the_field(tmp_path, force, message):
    file = tmp_path / "mine.py"
    file.write_text(USER_MODEL + force)
    with pytest.raises(UserError, match=message):
        settle_force(ForceConfig(neuron=str(file)))
    complete = ForceConfig(neuron=str(file), g=1, q=1, alpha=1e-3, bias=2, dt=0.1, rls_interval=1)
    if not force:
        assert complete.setup.dt == pytest.approx(1e-4)


@pytest.mark.parametrize("excitatory", [None, 0.5])
def test_weights_are_those_with_which_a_run_begins(excitatory):
    config = ForceConfig(neuron="lif", n=40, dt=0.5, seconds=0.3, learn_start=0.05, learn_stop=0.2, target="numpy")
    with Engine("numpy", 4) as engine:
        run = train_force(config, lambda t: targets(t, 2), engine, excitatory)
        signs = None if excitatory is None else run["sign"].values.astype(float)
        for _ in range(2):
            recurrent, feedback = weights(config, config.setup, engine, 2, signs)
            entries = recurrent.tocoo()
            np.testing.assert_array_equal(entries.data, run.recurrent_weight)
            np.testing.assert_array_equal(entries.row, run.recurrent_post)
            np.testing.assert_array_equal(feedback, run.encoder)
