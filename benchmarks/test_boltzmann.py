"""Speed of the dynamic Boltzmann machine's training as a ratio to a plain numpy loop. Run alone: `make bench`."""

import time

import numpy as np
import pytest

from snnlab.engine.brian import Engine
from snnlab.files.record import cpu_time
from snnlab.networks.boltzmann.fit import Boltzmann
from snnlab.networks.boltzmann.program import ProgramTrainer
from snnlab.networks.boltzmann.rule import DybmRule
from snnlab.networks.boltzmann.schedule import Limits, Schedule
from snnlab.networks.boltzmann.state import fresh_state
from snnlab.stimuli.pictures.bitmaps import word


def plain_loop(machine, sequence, periods):
    """Train with arrays and einsum, as a first version in numpy would; return the bias."""
    bias, u, v = machine.bias.copy(), machine.u.copy(), machine.v.copy()
    sums = [np.zeros_like(each) for each in (bias, u, v)]
    rates, n, delays = np.array(machine.rule.mu), machine.n, machine.delays
    longest = delays.max()
    alpha, gamma, history = np.zeros_like(u), np.zeros((n, len(rates))), np.zeros((longest + 1, n))
    ages = np.arange(1, longest)[:, None, None, None]
    queue = np.where(ages[..., 0, None] < delays[None, :, :, None], rates**-ages, 0)
    neuron = np.arange(n)[:, None]
    for x in np.tile(sequence.astype(float), (periods, 1)):
        beta = np.einsum("qijl,qi->ijl", queue, history[: longest - 1])
        energy = -bias - np.einsum("ijk,ijk->j", u, alpha)
        energy += np.einsum("ijl,ijl->j", v, beta) + np.einsum("jil,il->j", v, gamma)
        surprise = x - 1 / (1 + np.exp(np.clip(energy, -700, 700)))
        gradients = (
            surprise,
            alpha * surprise[None, :, None],
            -beta * surprise[None, :, None] - gamma[None] * surprise[:, None, None],
        )
        for values, squares, gradient in zip((bias, u, v), sums, gradients, strict=True):
            squares += gradient**2
            values += gradient / np.sqrt(squares + 1e-300)
        history = np.concatenate([x[None], history[:-1]])
        alpha = rates * (alpha + history[delays - 1, neuron][..., None])
        gamma = rates * (gamma + x[:, None])
    return bias


def per_step(machine, sequence, periods):
    """Return the CPU time (us) of a program's step, including its start, best of three."""
    best = float("inf")
    with Engine("auto") as engine:
        assert engine.as_program()
        loop = ProgramTrainer(machine, Schedule.of([sequence]))
        for _ in range(3):
            start = cpu_time()
            _, progress = loop.advance(fresh_state(machine), Limits(periods_stop=periods))
            best = min(best, (cpu_time() - start) / progress.steps)
    return best * 1e6


def test_science():
    machine, sequence = Boltzmann.random(7, np.random.default_rng(0)), word("SCIENCE")
    ours = per_step(machine, sequence, 30_000)
    start = time.process_time()
    plain = plain_loop(machine, sequence, 100)
    numpy_way = (time.process_time() - start) / 3500 * 1e6
    with Engine("auto"):
        loop = ProgramTrainer(machine, Schedule.of([sequence], testing=False))
        state, _ = loop.advance(fresh_state(machine), Limits(periods_stop=1))
    np.testing.assert_allclose(state["bias"], plain_loop(machine, sequence, 1), atol=1e-10)
    assert plain.shape == (7,)
    print(f"\nSCIENCE, N = 7, K = L = 3: {ours:.2f} us a step; plain numpy {numpy_way:.0f}, {numpy_way / ours:.0f} x")
    assert numpy_way >= 25 * ours


@pytest.mark.parametrize("n", [7, 20, 50, 100, 200])
def test_growth_with_neurons(n):
    rng = np.random.default_rng(0)
    sequence = (rng.random((35, n)) < 0.4).astype(np.uint8)
    print(f"\nN = {n}: {per_step(Boltzmann.random(n, rng), sequence, max(20, 1_000_000 // (35 * n**2 // 10))):.2f} us")


@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_growth_with_traces(count):
    rates = tuple(np.arange(1, count + 1) / (count + 1))
    machine = Boltzmann.random(7, np.random.default_rng(0), DybmRule(lam=rates, mu=rates))
    print(f"\nK = L = {count}: {per_step(machine, word('SCIENCE'), 20_000):.2f} us")
