"""Deliberate mistakes: one line of the project each, with the checks and the test that see it.

`python tests/mutate.py` makes them in a copy of the project; docs/trust.md lists them.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Mistake:
    """A text of a file that is replaced by another, and what must fall then."""

    protocol: str
    what: str
    """the mistake, as docs/trust.md says it"""
    path: str
    right: str
    """text that stands once in the file"""
    wrong: str
    test: str
    """a test that falls"""
    overrides: dict = field(default_factory=dict)
    """settings of the reduced preset"""
    seen: bool = True
    """whether a check of the reduced preset falls"""


# fmt: off
PUBLISHED = "tests/test_published_values.py"
ENCODER = "    return (2 * rng.random((n, k)) - 1) * q\n"
HALF_FEEDBACK = (
    "feedback weights are halved", "snnlab/connectivity/random.py", ENCODER, ENCODER.replace("* q", "* q / 2"),
    "tests/connectivity/test_connectivity.py::test_encoders_have_the_stated_range",
)
SLOW_LIF = (
    "LIF: tau_m is 13 ms, not 10", "snnlab/neurons/lif.py", "parameters=dict(tau_m=10 * ms,",
    "parameters=dict(tau_m=13 * ms,", PUBLISHED,
)
SMALL_SPIKES = (
    "a spike adds its weight over tau_decay^2", "snnlab/synapses/double_exponential.py", "weight/(tau_rise*tau_decay)",
    "weight/(tau_decay*tau_decay)", "tests/synapses/test_synapses.py",
)
SQUARE = (
    "pulses are square", "snnlab/networks/replay/pulses.py", "np.sin(np.pi * (turns - component))",
    "np.ones_like(turns)", "tests/networks/force/test_drive.py::test_pulses_follow_each_other_and_repeat",
)
LIF = {"neuron": "lif"}
REFRACTORY = (
    "LIF: the refractory period is 1 ms, not 2", "snnlab/neurons/lif.py", "refractory=2 * ms", "refractory=1 * ms",
    PUBLISHED,
)
RULE = "snnlab/networks/boltzmann/rule.py"
LOOP = "tests/networks/boltzmann/test_boltzmann.py::test_training_equals_a_loop_over_the_whole_past"
STEP = 'f"{name}{index} += rate*{gradient}/sqrt({squares} + {TINY})"'
WRONG_LTP = (
    "LTP has the other sign", RULE, 'f"alpha_{m}*surprise_here"', 'f"-alpha_{m}*surprise_here"', LOOP,
)
WRONG_SURPRISE = (
    "the surprise has the other sign", RULE, '(x - probability)/temperature"', '(probability - x)/temperature"', LOOP,
)
HALF_STEPS = ("learning steps are halved", RULE, STEP, STEP.replace("+= rate", "+= 0.5*rate"), LOOP)
UNITS = "snnlab/networks/reservoir/units.py"
RESERVOIR = "tests/networks/reservoir/test_reservoir.py"
WRONG_HEBB = (
    "Hebb's rule has the other sign", "snnlab/plasticity/hebb.py", 'RateRule("hebb", "x_pre*y_post"',
    'RateRule("hebb", "-x_pre*y_post"', RESERVOIR,
)
NO_LEAK = (
    "units do not leak", UNITS, "return step_rate_units(state, recurrent + drive, self.leak, self.form), recurrent",
    "return step_rate_units(state, recurrent + drive, 1.0, self.form), recurrent", RESERVOIR,
)
MISTAKES = [
    # FORCE
    Mistake("force_sine", *HALF_FEEDBACK, LIF),
    Mistake("force_sine", *SLOW_LIF, LIF),
    Mistake("force_sine", *REFRACTORY, LIF, seen=False),
    Mistake("force_dale", "split feedback is not doubled", "snnlab/connectivity/dale.py",
            "    return 2 * np.hstack([np.max", "    return np.hstack([np.max", "tests/networks/force/test_dale.py"),
    Mistake("force_oscillator", "the van der Pol oscillator is 1.5 times as fast",
            "snnlab/stimuli/signals/oscillators.py", "_VDP_SETTLE = 10.0, 20.0, 15.0", "_VDP_SETTLE = 10.0, 30.0, 15.0",
            "tests/stimuli/test_oscillators.py", {"task": "vdp_harmonic", "neuron": "lif"}),
    Mistake("force_lorenz", *SMALL_SPIKES),
    Mistake("force_gain_plane", *HALF_FEEDBACK, {"neuron": "lif", "g": 0.04, "q": 10.0}),
    Mistake("force_convergence", *SMALL_SPIKES),
    Mistake("force_scaling", *SLOW_LIF),
    Mistake("ode_to_joy", *SMALL_SPIKES),
    # Replay and song
    Mistake("movie_replay", *SQUARE),
    Mistake("songbird", *SQUARE),
    Mistake("ode_to_joy_hdts", "pulses are off", *SQUARE[1:3], "np.zeros_like(turns)", SQUARE[4]),
    Mistake("replay_compression", *SQUARE),
    Mistake("songbird_ablation", *SMALL_SPIKES, {"hdts": "external"}),
    Mistake("internal_compression", "lessons run at the inverse of their speed", "snnlab/networks/replay/levers.py",
            "(t - starts[which]) * speeds[which]", "(t - starts[which]) / speeds[which]",
            "tests/networks/replay/test_levers.py"),
    # Boltzmann machines
    Mistake("dybm_science", *HALF_STEPS),
    Mistake("dybm_science", *WRONG_LTP),
    Mistake("dybm_two_sequences", *WRONG_SURPRISE),
    Mistake("dybm_energy", "spikes under way raise the probability", RULE, '"+ v_{m}*beta_{m}"', '"- v_{m}*beta_{m}"',
            LOOP),
    Mistake("dybm_evolution", "traces of arrived spikes keep no past", RULE,
            "lambda_{m}*(alpha_{m} + arrived(", "lambda_{m}*(0*alpha_{m} + arrived(", LOOP),
    Mistake("dybm_music", *HALF_STEPS),
    Mistake("dybm_anomaly", *WRONG_SURPRISE),
    Mistake("dybm_queue", *WRONG_LTP),
    Mistake("dybm_relearning", "AdaGrad keeps the last square only", RULE, '{squares} += ({gradient})**2"',
            '{squares} = ({gradient})**2"', LOOP),
    Mistake("dybm_baselines", "the static machine reads the past backwards", "snnlab/networks/boltzmann/rivals.py",
            "np.ravel(before).astype", "np.ravel(before[::-1]).astype",
            "tests/protocols/boltzmann/test_dybm_baselines.py"),
    Mistake("dybm_stdp_window", "a neuron's own spikes raise its probability", RULE,
            "energy = -bias + E_in + E_own", "energy = -bias + E_in - E_own",
            "tests/protocols/boltzmann/test_dybm_stdp_window.py"),
    # Single neurons and synapses
    Mistake("brunel2000", "inhibition is half as strong", "protocols/single/brunel2000.py",
            'on_pre="v -= g*J"', 'on_pre="v -= 0.5*g*J"', "tests/protocols/single/test_brunel2000.py"),
    Mistake("neuron_models", "QIF: v^2 is halved", "snnlab/neurons/qif.py", "dv/dt = (v**2 + current)/tau_m",
            "dv/dt = (v**2/2 + current)/tau_m", "tests/neurons/test_neurons.py"),
    Mistake("synaptic_filters", *SMALL_SPIKES),
    Mistake("stdp_window", "depression is half as large as potentiation, not 1.05 times", "snnlab/plasticity/stdp.py",
            "ratio=1.05", "ratio=0.5", PUBLISHED),
    Mistake("stdp_window", "a presynaptic spike weakens nothing", "snnlab/plasticity/stdp.py",
            "w -= eta*ratio*w_max*x_post_spikes", "w -= 0*eta*ratio*w_max*x_post_spikes",
            "tests/protocols/single/test_stdp_window.py"),
    Mistake("stlr_window", "a synapse coincides with itself", "snnlab/plasticity/stlr.py",
            "w*(u_arriving_post - c_own)", "w*u_arriving_post", "tests/protocols/single/test_stlr_window.py"),
    # Rates
    Mistake("rate_force", "units saturate at half their rate", "snnlab/networks/rate/force.py",
            '"tanh": lambda x: np.tanh(x)', '"tanh": lambda x: 0.5 * np.tanh(x)', "tests/networks/rate/test_rate.py",
            {"task": "sine"}),
    Mistake("reservoir_mnist", *WRONG_HEBB, {"plasticity": "hebb"}),
    Mistake("reservoir_mnist", "the lower branch of STLR has the other sign", "snnlab/plasticity/stlr.py",
            'g2="tanh((summed - theta2)/abs(theta1))"', 'g2="-tanh((summed - theta2)/abs(theta1))"',
            "tests/models/test_rules.py", {"plasticity": "stlr"}),
    Mistake("reservoir_best", "units get no recurrent input", UNITS, "step_rate_units(state, recurrent + drive,",
            "step_rate_units(state, 0 * recurrent + drive,", RESERVOIR),
    Mistake("reservoir_remedies", *WRONG_HEBB),
    Mistake("reservoir_diagnostics", "the slope of tanh is left out of the exponent",
            "snnlab/networks/reservoir/exponents.py", "reservoir.recurrent((1 - rate**2) * difference)",
            "reservoir.recurrent(difference)", "tests/protocols/reservoir/test_reservoir_mnist.py"),
    Mistake("pattern_separation", *NO_LEAK),
    Mistake("pattern_completion", *NO_LEAK),
    Mistake("liquid_mnist", "inhibitory neurons excite", "snnlab/networks/liquid/liquid.py",
            "-inhibition * drawn", "inhibition * drawn", "tests/networks/liquid/test_liquid.py", seen=False),
]
# fmt: on
