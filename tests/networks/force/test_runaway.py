"""A network whose population runs away while it learns has diverged; large networks are warned of it."""

import logging

import numpy as np
import pytest

from snnlab import train_force
from snnlab.engine.brian import Engine
from snnlab.errors import Diverged, UserError
from snnlab.lab.protocol import find_protocol
from snnlab.networks.force.plan import Plan, Recording, refuse_runaway, within
from snnlab.networks.force.runtime import RuntimeLoop

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


@pytest.mark.parametrize("changes", [{"record_start": 0.7}, {"learn_start": 0.0}])
def test_a_runaway_is_seen_without_a_recorded_output_and_without_a_rate_before(changes, tmp_path):
    with pytest.raises(Diverged, match="run away"):
        PROTOCOL.execute(PROTOCOL.config(**SIZE | changes, alpha=1e-3), tmp_path)


def test_a_run_that_is_resumed_into_a_runaway_has_diverged_as_well(tmp_path, monkeypatch):
    config = PROTOCOL.config(**SIZE, alpha=1e-3, checkpoint=0.35)
    advance, calls = RuntimeLoop.advance, []

    def cut(self, *arguments):
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return advance(self, *arguments)

    monkeypatch.setattr(RuntimeLoop, "advance", cut)
    with pytest.raises(KeyboardInterrupt):
        PROTOCOL.execute(config, tmp_path)
    with pytest.raises(Diverged, match=r"run away: \d+ Hz at t = 0\.\d+ s, 20\.7 Hz before"):
        PROTOCOL.execute(config, tmp_path, resume=True)


def plan(learn=range(200, 800), record=range(0, 1000, 10)):
    return Plan(1e-3, 1000, record, 0, 0, learn, lambda t: np.ones(len(t)))


def look(rates, outputs, plan, start=0):
    """Look for a runaway of 100 neurons whose bins of 20 ms have these rates (Hz), in the stretch from a bin on."""
    counts = np.cumsum(np.asarray(rates) * 100 * 0.02).astype(np.int64)
    steps = within(plan.record, start * 20, 20 * len(rates))
    values = np.asarray(outputs, float)[[step // 20 for step in steps]][:, None]
    empty = np.zeros(0)
    part = Recording(values, empty, counts[start:], empty, empty, empty)
    refuse_runaway(counts, part, start * 20, plan, 100)


def rates(before, after):
    return [before] * 10 + [after] * 30


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
    given = rates(before, after), [output] * 40, plan(), start
    if refused:
        with pytest.raises(Diverged, match=rf"{after} Hz .*{before:.3g} Hz before learning"):
            look(*given)
    else:
        look(*given)


def test_rate_and_output_must_be_too_large_at_the_same_time():
    burst = [20] * 10 + [160] * 8 + [20] * 22
    look(burst, [1] * 25 + [100] * 15, plan())
    with pytest.raises(Diverged, match=r"t = 0\.3 s"):
        look(burst, [1] * 14 + [100] * 26, plan())


def test_where_a_run_is_cut_does_not_matter():
    # Six bins are too fast; no part of a run holds five of them that it has recorded alone.
    burst = [20] * 12 + [200] * 6 + [20] * 22
    for start in (0, 14, 16):
        with pytest.raises(Diverged, match="run away"):
            look(burst, [100] * 40, plan(), start)


def test_what_follows_learning_is_no_runaway():
    look([20] * 40 + [400] * 10, [100] * 50, plan())


def test_of_what_is_not_known_the_other_decides():
    fast = [200] * 40
    with pytest.raises(Diverged, match=r"t = 0\.1 s, with an output of 100"):
        look(fast, [100] * 40, plan(learn=range(0, 800)))
    look(fast, [5] * 40, plan(learn=range(0, 800)))
    with pytest.raises(Diverged, match=r"160 Hz at t = 0\.3 s, 20 Hz before learning$"):
        look(rates(20, 160), [0] * 40, plan(record=range(900, 1000, 10)))
    look(fast, [0] * 40, plan(learn=range(0, 800), record=range(900, 1000, 10)))


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


@pytest.mark.parametrize("name", ["g", "q", "bias"])
def test_absurd_sizes_are_refused(name):
    with pytest.raises(UserError, match=rf"^{name}: expected a number >= (0|-1e\+09) and <= 1e\+09, got 1e\+300"):
        PROTOCOL.settled(PROTOCOL.config(**SIZE, **{name: 1e300}))


def test_a_silent_network_says_why_it_learns_nothing(tmp_path):
    size = SIZE | {"n": 30, "dt": 0.5}
    _, dataset = PROTOCOL.execute(PROTOCOL.config(**size, bias=-1000.0), tmp_path)
    assert dataset.attrs["note"].startswith(
        "no neuron fires while the network learns, so it learns nothing: raise bias"
    )
    _, dataset = PROTOCOL.execute(PROTOCOL.config(**size), tmp_path)
    assert "fires" not in dataset.attrs["note"]


@pytest.mark.parametrize("taken", ["r", "h_I_rec", "feedback", "tau_decay"])
def test_a_parameter_with_a_name_of_the_network_is_refused_before_anything_is_built(taken, tmp_path):
    text = "import re\nfrom dataclasses import replace\nfrom snnlab.neurons.lif import LIF\n"
    text += f"EQUATIONS = re.sub(r'\\btau_m\\b', '{taken}', LIF.equations)\n"
    text += f"P = {{'{taken}' if k == 'tau_m' else k: v for k, v in LIF.parameters.items()}}\n"
    (tmp_path / "mine.py").write_text(text + "MINE = replace(LIF, name='mine', equations=EQUATIONS, parameters=P)\n")
    config = PROTOCOL.config(**SIZE | {"neuron": f"{tmp_path / 'mine.py'}:MINE"})
    with pytest.raises(UserError, match=f"neuron 'mine': expected a name that the network does not use, got '{taken}'"):
        PROTOCOL.settled(config)
