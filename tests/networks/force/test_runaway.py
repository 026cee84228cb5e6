"""A network whose population runs away while it learns has diverged; large networks are warned of it."""

import logging

import numpy as np
import pytest

from snnlab import train_force
from snnlab.engine.brian import Engine
from snnlab.errors import Diverged, UserError
from snnlab.lab.protocol import find_protocol
from snnlab.networks.force.plan import Plan, Recording, refuse_runaway

PROTOCOL = find_protocol("force_sine")
SIZE = {"neuron": "lif", "n": 200, "dt": 0.1, "seconds": 0.8, "learn_start": 0.3, "learn_stop": 0.7, "target": "numpy"}


@pytest.mark.parametrize("checkpoint", [60.0, 0.35])
def test_too_large_first_steps_of_rls_end_the_run(checkpoint, tmp_path):
    """alpha r'r is 20 times that of 2000 neurons; also where learning begins before a checkpoint."""
    config = PROTOCOL.config(**SIZE, alpha=1e-3, checkpoint=checkpoint)
    with pytest.raises(Diverged, match=r"run away: \d+ Hz at t = 0\.\d+ s, 20\.7 Hz before .*--rls-gain exact"):
        PROTOCOL.execute(config, tmp_path)
    assert not list(tmp_path.glob("*.nc"))


def test_the_exact_gain_takes_the_same_alpha():
    with Engine("numpy") as engine:
        dataset = PROTOCOL.run(PROTOCOL.config(**SIZE, alpha=1e-3, rls_gain="exact"), engine)
    assert dataset.population_rate.values.max() < 60 and abs(dataset.output.values).max() < 2


def stretch(rates, output, start=0):
    """Counts of a run of 100 neurons whose bins of 20 ms have these rates (Hz), and its stretch from a bin on."""
    counts = np.cumsum(np.asarray(rates) * 100 * 0.02).astype(np.int64)
    outputs = np.full((4, 1), float(output))
    empty = np.zeros(0)
    part = Recording(outputs, empty, counts[start:], empty, empty, empty, np.ones((4, 1)))
    return counts, part


PLAN = Plan(dt=1e-3, n_steps=1000, record=range(0, 1000, 10), n_voltages=0, n_spikes=0, learn=range(200, 800))


@pytest.mark.parametrize(
    ("before", "after", "output", "start", "refused"),
    [
        (20, 160, 100, 0, True),
        (20, 160, 100, 12, True),  # a stretch that begins within learning
        (20, 140, 100, 0, False),  # a rate that a network may have
        (40, 160, 100, 0, False),  # four times that of before
        (20, 160, 5, 0, False),  # fast, but near its teacher
        (0, 160, 100, 0, True),
    ],
)
def test_rate_rise_and_output_together_decide(before, after, output, start, refused):
    counts, part = stretch([before] * 10 + [after] * 30, output, start)
    if refused:
        with pytest.raises(Diverged, match=rf"{after} Hz .*{before:.3g} Hz before learning"):
            refuse_runaway(counts, part, PLAN, 100)
    else:
        refuse_runaway(counts, part, PLAN, 100)


@pytest.mark.parametrize(
    ("n", "gain", "told"), [(5001, "undivided", True), (5001, "exact", False), (5000, "undivided", False)]
)
def test_large_networks_are_told_of_the_gain_that_learns_at_any_size(n, gain, told, monkeypatch):
    said = []
    monkeypatch.setattr(logging.getLogger("snnlab"), "warning", said.append)
    # A teacher that is refused, before anything is computed.
    with Engine("numpy") as engine, pytest.raises(UserError, match="teacher"):
        train_force(PROTOCOL.config(n=n, rls_gain=gain), lambda times: np.cumsum(times), engine)
    assert ["--rls-gain exact" in line and f"n = {n}" in line for line in said] == [True] * told
