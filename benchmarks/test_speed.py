"""Speed and memory as ratios within one run: CPU time, one BLAS thread, best of several. Run alone: `make bench`."""

import resource
import subprocess
import sys
import time

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from references import fast_lif
from snnlab.connectivity import encoder, sparse_random
from snnlab.engine import Engine, Task
from snnlab.learning.rls import RLS
from snnlab.networks.force import ForceNetwork
from snnlab.networks.force_config import ForceConfig, resolve

N = 2000


@pytest.fixture(autouse=True)
def one_thread():
    with threadpool_limits(1):
        yield


def cpu(function, rounds):
    """CPU seconds of the best of several calls, after one that is not counted."""
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
        # A whole block, so that each of its updates carries its part of writing P.
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


def test_lif_sine_while_learning(benchmark):
    setup = resolve(ForceConfig(neuron="lif"))
    seconds, every = 2.0, setup.learn.step
    steps = round(seconds / setup.dt)
    with Engine("cython", 0) as engine:
        weights = sparse_random(N, 0.1, setup.g, engine.rng("recurrent"), True)
        feedback = encoder(N, 1, setup.q, engine.rng("encoder"))
        teacher = np.sin(2 * np.pi * 5 * (np.arange(steps) + 1) * setup.dt)
        net = ForceNetwork(setup.neuron, setup.synapse, weights, feedback, bias=setup.bias, dt=setup.dt)
        start = np.asarray(net.neurons.v).copy()
        rls = RLS(N, 1, setup.alpha, "undivided")

        def learn(step):
            rls.update(net.r, net.z - teacher[step])
            net.set_decoder(rls.weights)

        def ours():
            engine.run(net.network, seconds, net.clock, [Task(range(0, steps, every), learn)])

        benchmark._timer = time.process_time
        benchmark.pedantic(ours, rounds=3, warmup_rounds=1)
    mine = benchmark.stats.stats.min / seconds
    dense, arguments = weights.toarray(), (feedback[:, 0], setup.bias, setup.alpha)
    fastest = cpu(lambda: fast_lif.fastest(start, dense, *arguments, teacher, every, setup.dt), 2) / seconds
    published = cpu(lambda: fast_lif.published(start, dense, *arguments, teacher, every, setup.dt), 1) / seconds
    print(
        f"\nLIF sine while learning, N = {N}, CPU s per simulated s: {mine:.2f}; published loop {published:.2f} "
        f"({published / mine:.1f} x); fastest numpy loop {fastest:.2f} ({fastest / mine:.2f} x)"
    )
    assert published >= 5 * mine
    assert fastest >= 1.5 * mine


def test_memory_of_a_full_run(tmp_path):
    command = [
        sys.executable,
        "-m",
        "snnlab.cli",
        "run",
        "force_sine",
        "--neuron",
        "lif",
        "--no-progress",
        "--no-figure",
    ]
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    subprocess.run([*command, "--out", str(tmp_path)], check=True, stdout=subprocess.DEVNULL)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"\npeak memory of a 15 s run, N = {N}: {peak:.0f} MB")
    assert before / 1024 < peak < 600
