"""Speed of a learning reservoir: ratio of two rules, ratio to Brian2, and the time of an epoch. Run alone."""

import time

import numpy as np
from threadpoolctl import threadpool_limits

from snnlab.engine.brian import Engine
from snnlab.networks.reservoir.network import ReservoirNetwork
from snnlab.networks.reservoir.plastic import Plasticity, calibrate
from snnlab.networks.reservoir.units import random_reservoir
from snnlab.plasticity.hebb import HEBB
from snnlab.plasticity.stlr import STLR

BATCH, STEPS, INPUTS, IMAGES = 64, 28, 28, 60_000


def images(rng, count):
    """Return random images as bright as the digits: a fifth of the pixels is on."""
    return rng.random((count, STEPS, INPUTS)) * (rng.random((count, STEPS, INPUTS)) < 0.2)


def per_image(rule, batch, rounds=30):
    """Return the CPU time (us) of an image in a batch that is learned, best of three; N = 200."""
    rng, best = np.random.default_rng(0), float("inf")
    shown = images(rng, batch)
    for _ in range(3):
        plastic = Plasticity(random_reservoir(200, INPUTS, rng), rule, 1e-6, rng)
        plastic.rule = calibrate(plastic, [shown])
        start = time.process_time()
        for _ in range(rounds):
            plastic.learn(shown)
        best = min(best, (time.process_time() - start) / (rounds * batch))
    return best * 1e6


def test_rules_and_epochs():
    with threadpool_limits(1):
        hebb, stlr = (per_image(rule, BATCH) for rule in (HEBB, STLR))
        alone = per_image(STLR, 1)
        frozen = random_reservoir(200, INPUTS, np.random.default_rng(0))
        shown = images(np.random.default_rng(1), 500)
        start = time.process_time()
        for _ in range(4):
            frozen.states(shown, (6, 13, 20, 27))
        read = (time.process_time() - start) / 2000 * 1e6
    print(f"\nan image, Hebb {hebb:.0f} us, STLR {stlr:.0f} us ({stlr / hebb:.2f} x), one by one {alone:.0f} us")
    print(f"an epoch of {IMAGES:,}: Hebb {IMAGES * hebb / 1e6:.1f} s, STLR {IMAGES * stlr / 1e6:.1f} s")
    print(f"without learning {read:.0f} us an image")
    assert stlr < 1.5 * hebb and IMAGES * stlr < 40e6


def test_brian2():
    rng = np.random.default_rng(0)
    reservoir, shown, times = random_reservoir(200, INPUTS, rng), images(rng, 60), {}
    with Engine("auto") as engine:
        for count in (10, 60, 10, 60):
            # The difference of two runs leaves out compilation and start.
            network = ReservoirNetwork(reservoir, shown[:count], STLR, 1e-6)
            start = time.process_time()
            network.run(engine)
            times.setdefault(count, []).append(time.process_time() - start)
    brian = (min(times[60]) - min(times[10])) / 50 * 1e6
    batch = per_image(STLR, BATCH)
    print(f"\nSTLR, an image: Brian2 {brian:.0f} us on its own, numpy {batch:.0f} us in a batch, {brian / batch:.0f} x")
    assert brian > batch
