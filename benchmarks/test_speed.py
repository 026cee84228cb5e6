"""Speed and memory as ratios within one run: CPU time, one BLAS thread, best of several. Run alone: `make bench`."""

import os
import resource
import subprocess
import sys
import time

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from references import fast_lif
from snnlab.connectivity.random import encoder, sparse_random
from snnlab.engine.brian import Engine
from snnlab.files.record import cpu_time
from snnlab.learning.rls import RLS
from snnlab.networks.force.config import ForceConfig
from snnlab.networks.force.folding import worth_folding
from snnlab.networks.force.network import Form
from snnlab.networks.force.plan import Plan
from snnlab.networks.force.program import ProgramLoop, build
from snnlab.networks.force.runtime import RuntimeLoop

N = 2000


@pytest.fixture(autouse=True)
def one_thread():
    with threadpool_limits(1):
        yield


def cpu(function, rounds):
    """Return the CPU seconds of the fastest of several calls, after one that is not counted."""
    function()
    best = float("inf")
    for _ in range(rounds):
        start = time.process_time()
        function()
        best = min(best, time.process_time() - start)
    return best


def test_one_rls_update(benchmark):
    rng = np.random.default_rng(0)
    r, triangle = rng.random(N), np.ones(N * (N + 1) // 2)
    rls, plain = RLS(N, 1, 0.5), {"P": np.eye(N) * 0.5}

    def update():
        # A whole block is run, so that each update includes its part of writing P.
        for _ in range(rls.block):
            rls.update(r, [0.1])

    def outer():
        P = plain["P"]
        k = P @ r
        plain["P"] = P - np.outer(k, k) / (1 + r @ k)

    benchmark._timer = time.process_time
    benchmark.pedantic(update, rounds=15, warmup_rounds=2)
    ours = benchmark.stats.stats.min / rls.block
    reading, numpy_way = cpu(triangle.sum, 40), cpu(outer, 6)
    print(
        f"\nRLS update, N = {N}: {ours * 1e3:.2f} ms; {ours / reading:.2f} x one streaming read of the triangle "
        f"({reading * 1e3:.2f} ms); {numpy_way / ours:.1f} x faster than P - outer(k, k)/(1 + r'k), "
        f"{numpy_way * 1e3:.1f} ms"
    )
    assert ours <= 3 * reading
    assert numpy_way >= 10 * ours


class Sine:
    """A network that learns sines from its first step, or runs with a decoder of zeros; nothing is recorded."""

    def __init__(self, neuron, seconds, n=N, learning=True, precision="float64", outputs=1, size=1.0, **settings):
        setup = ForceConfig(neuron=neuron, n=n, **settings).setup
        steps = round(seconds / setup.dt)
        learn = range(0, steps, setup.learn.step) if learning else range(0)
        self.setup, self.seconds, self.steps = setup, seconds, steps
        self.teacher = np.sin(2 * np.pi * 5 * (np.arange(steps) + 1) * setup.dt)
        self.plan = Plan(
            dt=setup.dt,
            n_steps=steps,
            record=range(0),
            n_voltages=0,
            n_spikes=0,
            learn=learn,
            teacher=lambda t: size * np.stack([np.sin(2 * np.pi * 5 * t + m) for m in range(outputs)], axis=1),
            alpha=setup.alpha,
            gain="undivided",
            precision=precision,
        )
        rng = np.random.default_rng(0)
        self.weights = sparse_random(n, 0.1, setup.g, rng, setup.zero_row_mean)
        self.encoder = encoder(n, outputs, setup.q, rng)
        self.models = (setup.neuron, setup.synapse, self.weights, self.encoder)

    def runtime(self, rounds=4):
        """Return CPU s per simulated s on the Cython target; the first call compiles."""
        with Engine("cython", 0) as engine:
            loop = RuntimeLoop(*self.models, self.plan, engine, bias=self.setup.bias, form=Form())
            self.start = np.asarray(loop.net.neurons.v).copy()
            return cpu(lambda: loop.advance(0, self.steps), rounds) / self.seconds

    def program(self, rounds=8):
        """Return CPU s per simulated s of the C++ program, including its start; set the mean firing rate (Hz)."""
        folded = worth_folding(*self.encoder.shape, self.setup.learn.step)
        with Engine("auto", 0) as engine:
            assert engine.as_program()
            best = float("inf")
            for _ in range(rounds):
                loop = ProgramLoop(*self.models, self.plan, engine, bias=self.setup.bias, form=Form(folded=folded))
                start = _of_children()
                loop.advance(0, self.steps)
                best = min(best, _of_children() - start)
        self.rate = loop.memory()["spike_count"].mean() / self.seconds
        return best / self.seconds


def _of_children():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def test_lif_sine_while_learning():
    sine = Sine("lif", 3.0)
    runtime, program = sine.runtime(), sine.program()
    single = Sine("lif", 3.0, precision="float32").program()
    setup = sine.setup
    arguments = (
        sine.weights.toarray(),
        sine.encoder[:, 0],
        setup.bias,
        setup.alpha,
        sine.teacher,
        sine.plan.learn.step,
    )
    fastest = cpu(lambda: fast_lif.fastest(sine.start, *arguments, setup.dt), 3) / sine.seconds
    published = cpu(lambda: fast_lif.published(sine.start, *arguments, setup.dt), 1) / sine.seconds
    print(
        f"\nLIF sine while learning, N = {N}, CPU s per simulated s: fastest numpy loop {fastest:.2f}, "
        f"published loop {published:.2f}"
    )
    for name, mine in (("Cython", runtime), ("program", program), ("program, P in float32", single)):
        print(f"  {name}: {mine:.2f}; speedup over fastest {fastest / mine:.2f}, over published {published / mine:.1f}")
    assert published >= 5 * runtime and fastest >= 1.5 * runtime
    assert published >= 12 * program and fastest >= 4 * program
    assert published >= 15 * single


def test_theta_while_learning():
    sine = Sine("theta", 1.0)
    runtime, program = sine.runtime(1), sine.program()
    print(
        f"\ntheta sine while learning, N = {N}, CPU s per simulated s: Cython {runtime:.2f}, program {program:.2f} "
        f"({runtime / program:.2f} x faster)"
    )
    assert runtime >= 1.5 * program


def test_many_outputs():
    # Neurons and settings are from the movie in Nicola & Clopath 2017. The signals together have the power of one,
    # so that both networks have similar firing rates.
    settings = {"n": 1000, "g": 5e3, "q": 4e2, "alpha": 2.0, "bias": 1000.0, "dt": 0.04, "rls_interval": 4.0}
    one = Sine("izhikevich_c", 8.0, **settings)
    many = Sine("izhikevich_c", 8.0, outputs=576, size=576**-0.5, **settings)
    first, second = one.program(4), many.program(4)
    print(
        f"\nlearning, N = 1000, Izhikevich set C, RLS every 4 ms, CPU s per simulated s: 1 output {first:.3f} "
        f"({one.rate:.0f} Hz), 576 outputs {second:.3f} ({many.rate:.0f} Hz), {second / first:.2f} x (goal: 2)"
    )
    assert second <= 2.5 * first


def test_lif_without_learning():
    mine = Sine("lif", 5.0, learning=False).program()
    print(f"\nLIF without learning, N = {N}, dt 0.05 ms: {mine:.3f} CPU s per simulated s, {1 / mine:.1f} x real time")
    assert mine <= 1 / 3


def test_a_build(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    setup = ForceConfig(neuron="lif").setup
    for word in ("first", "second"):
        wall, start = time.perf_counter(), cpu_time()
        with Engine("auto"):
            build(setup.neuron, setup.synapse, N, 1, setup.dt, Form())
        used = cpu_time() - start
        print(f"\n{word} build of a program: {time.perf_counter() - wall:.1f} s, {used:.1f} CPU s")
        assert time.perf_counter() - wall < (30 if word == "first" else 0.1)


@pytest.mark.parametrize("target", ["cython", "cpp_standalone"])
def test_memory_of_a_full_run(target, tmp_path):
    command = [sys.executable, "-m", "snnlab.cli.main", "run", "force_sine", "--neuron", "lif", "--target", target]
    process = subprocess.Popen(
        [*command, "--no-progress", "--no-figure", "--out", str(tmp_path)], stdout=subprocess.DEVNULL
    )
    # The peak is the larger of the process and its children.
    _, status, usage = os.wait4(process.pid, 0)
    print(f"\npeak memory of a 15 s run, N = {N}, {target}: {usage.ru_maxrss / 1024:.0f} MB")
    assert status == 0 and usage.ru_maxrss / 1024 < 600
