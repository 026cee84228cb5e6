"""The dynamic Boltzmann machine: what cannot be is refused by name."""

import numpy as np
import pytest

from snnlab.errors import UserError
from snnlab.networks.boltzmann.arguments import checked_sequence
from snnlab.networks.boltzmann.fit import Boltzmann
from snnlab.networks.boltzmann.rule import DybmRule
from snnlab.networks.boltzmann.schedule import Schedule
from snnlab.stimuli.pictures.bitmaps import word

WORD = word("SCIENCE")


def with_arrays(**changes):
    """A machine of three neurons, of arrays that a test changes."""
    weights = np.zeros((3, 3, 3))
    return Boltzmann(**{"delays": np.ones((3, 3)), "bias": np.zeros(3), "u": weights, "v": weights} | changes)


def stepped(x):
    machine = with_arrays()
    return machine.after(machine.silence(), x)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda rng: Boltzmann.random(2, rng, delays=0), "delays: expected integers from 1 to 29, got 0"),
        (lambda rng: Boltzmann.random(2, rng, delays=np.full((2, 2), 1.5)), "delays: expected integers"),
        (
            lambda rng: Boltzmann.random(2, rng, delays=np.ones((2, 3))),
            r"delays: expected integers of shape \(2, 2\), .* got shape \(2, 3\)",
        ),
        (lambda rng: Boltzmann.random(0, rng), "n: expected an integer from 1 to 100,000, got 0"),
        (lambda rng: DybmRule(lam=(0.5, 1.0)), "lam: expected decay rates between 0 and 1"),
        (lambda rng: DybmRule(lam=0.5), "lam: expected decay rates between 0 and 1"),
        (lambda rng: DybmRule(mu=(1e-40,)), r"mu: expected decay rates .*at least 1e-09, below 1\), got \(1e-40,\)"),
        (lambda rng: Boltzmann.random(2.5, rng), "n: expected an integer"),
        (lambda rng: Boltzmann.random(2, rng, size=-1), "size: expected a number >= 0, got -1"),
        (lambda rng: Boltzmann.random(2, rng, delays="x"), "delays: expected integers"),
        (
            lambda rng: Boltzmann.random(2, rng).nll([[0, 1], [1]]),
            "sequence: .* in rows of one length, got lengths 2, 1$",
        ),
        (lambda rng: Boltzmann.random(2, rng).generate(-1), "steps: expected an integer"),
        (lambda rng: Schedule.of([WORD, WORD], testing=False), "testing: expected True for several sequences"),
        (lambda rng: DybmRule(mu=()), "mu: expected decay rates"),
        (lambda rng: DybmRule(temperature=0), "temperature: expected a number > 0, got 0"),
        (lambda rng: DybmRule(optimizer="adam"), "optimizer: expected one of .*, got 'adam'"),
        (lambda rng: checked_sequence([[0, 2]]), "sequence: expected zeros and ones, got 2 at step 0, neuron 1$"),
        (
            lambda rng: checked_sequence([[0, 1], [1]]),
            "sequence: expected zeros and ones in rows of one length, got lengths",
        ),
        (lambda rng: checked_sequence("SUN"), "sequence: expected zeros and ones, got 'SUN'"),
        (lambda rng: checked_sequence(np.zeros((0, 3))), r"sequence: expected .* got shape \(0, 3\)"),
        (lambda rng: Schedule.of([]), "sequence: expected at least one"),
        (lambda rng: Schedule.of([WORD, WORD]), "cue: expected an integer >= 1 to tell several sequences apart, got 0"),
        (lambda rng: Schedule.of([WORD, WORD], cue=35), "cue: expected an integer from 0 to 34, got 35"),
        (lambda rng: Schedule.of([WORD, WORD[:, :5]], cue=2), "sequence: expected 7 neurons, got 5"),
        (lambda rng: Boltzmann.random(7, rng).generate(3, temperature=-1), "temperature: expected a number >= 0"),
        (lambda rng: Boltzmann.random(7, rng).generate(3, temperature=1.0), "rng: expected a random generator"),
        (lambda rng: Boltzmann.random(7, rng).with_parameters(bias=np.zeros(6)), r"bias: expected .* shape \(7,\)"),
        (
            lambda rng: Boltzmann.random(7, rng).with_parameters(w=0),
            "with_parameters: expected one of bias, u, v, got 'w'",
        ),
        (lambda rng: Boltzmann.random(3, "0"), "rng: expected a random generator of numpy or a seed >= 0, got '0'"),
        (lambda rng: Boltzmann.random(3, rng, {"lam": 0.5}), "rule: expected a DybmRule, got {'lam': 0.5}"),
        (lambda rng: Boltzmann.random(3, rng, delays="9"), "delays: expected integers, got '9'"),
        (lambda rng: Boltzmann.random(3, rng, delays=True), "delays: expected integers, got True"),
        (
            lambda rng: Boltzmann.random(3, rng, delays=[[1], [1, 2]]),
            "delays: .* in rows of one length, got lengths 1, 2$",
        ),
        (
            lambda rng: Boltzmann.random(3, rng, delays=np.ones((2, 2))),
            r"delays: .* shape \(3, 3\), .* got shape \(2, 2\)",
        ),
        (lambda rng: with_arrays(delays=np.ones((2, 2))), r"delays: .* shape \(3, 3\), .* got shape \(2, 2\)"),
        (lambda rng: with_arrays(bias=[np.nan] * 3), "bias: expected finite numbers, got nan$"),
        (lambda rng: with_arrays(bias=[1, 2, "3"]), "bias: expected finite numbers, got '"),
        (lambda rng: with_arrays(u=[[[1, 2, 3]], [[1, 2]], []]), "u: .* in rows of one length, got lengths 1, 1, 0$"),
        (lambda rng: with_arrays(v=None), "v: expected finite numbers, got None"),
        (lambda rng: with_arrays(rule=None), "rule: expected a DybmRule, got None"),
        (lambda rng: DybmRule(lam=(1,)), r"lam: expected decay rates .* \(at least 1e-09, below 1\), got \(1,\)"),
        (lambda rng: DybmRule(lam=("0.5",)), "lam: expected decay rates"),
        (lambda rng: DybmRule(temperature=None), "temperature: expected a number > 0, got None"),
        (lambda rng: DybmRule(rate="1"), "rate: expected a number > 0, got '1'"),
        (lambda rng: Boltzmann.random(7, rng).generate(3, temperature=None), "temperature: expected .*, got None"),
        (lambda rng: Boltzmann.random(7, rng).generate(3, temperature="1"), "temperature: expected .*, got '1'"),
        (
            lambda rng: Boltzmann.random(7, rng).generate(3, Boltzmann.random(6, rng).silence()),
            r"traces: expected history of shape \(7,\), got shape \(6,\)",
        ),
        (
            lambda rng: Boltzmann.random(7, rng).nll(WORD, Boltzmann.random(6, rng).silence()),
            r"traces: expected history of shape \(7,\), got shape \(6,\)",
        ),
        (lambda rng: Boltzmann.random(7, rng).nll(WORD, 3), "traces: expected Traces, such as Fit.traces, got 3"),
        (lambda rng: stepped([0, 1, 2]), "x: expected zeros and ones, got 2"),
        (lambda rng: stepped([0, 1]), r"x: expected zeros and ones of shape \(3,\), got shape \(2,\)"),
        (lambda rng: stepped("010"), "x: expected zeros and ones, got '010'"),
    ],
)
def test_what_cannot_be_is_refused_by_name(rng, make, message):
    with pytest.raises(UserError, match=message):
        make(rng)
