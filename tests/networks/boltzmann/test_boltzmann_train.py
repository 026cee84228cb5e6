"""Which class a machine has, what loads Brian2, and the loop that trains and looks at a machine on the way."""

import dataclasses
import subprocess
import sys
import types

import numpy as np
import pytest

import snnlab
from snnlab.files.checkpoint import Checkpoints
from snnlab.networks.boltzmann import Boltzmann, Machine
from snnlab.networks.boltzmann.fit import train
from snnlab.networks.boltzmann.schedule import FOREVER, Progress


def test_a_user_who_begins_with_a_boltzmann_keeps_one(rng):
    machine = Boltzmann.random(3, rng)
    made = [machine, machine.with_parameters(bias=np.zeros(3)), dataclasses.replace(machine, v=machine.v + 1)]
    assert snnlab.Boltzmann is Boltzmann and {type(each) for each in made} == {Boltzmann}
    assert isinstance(machine, Machine) and repr(machine).startswith("Boltzmann(3 neurons")
    with pytest.raises(dataclasses.FrozenInstanceError):
        machine.other = 1
    plain = Machine(machine.delays, machine.bias, machine.u, machine.v, machine.rule)
    assert not hasattr(plain, "fit") and repr(plain).startswith("Machine(3 neurons")
    np.testing.assert_array_equal(plain.generate(9), machine.generate(9))


def test_a_machine_is_read_without_brian2():
    code = (
        "import sys; from snnlab.networks.boltzmann import Machine; Machine.random(3, 0).generate(5); "
        "print('brian2' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.stdout == "False\n", done.stderr


class Counting:
    """A trainer that counts periods; each three are a block, and all is learned after so many."""

    stretch = 1

    def __init__(self, learned_after=FOREVER):
        self.learned_after, self.calls = learned_after, []

    def advance(self, state, limits, show):
        self.calls.append(int(state["count"]))
        count = state["count"] + min(2, limits.periods_stop)
        show(int(count - state["count"]))
        done = np.array([0, 0, 0, count // 3])
        blocks = np.full(count // 3 - state["count"] // 3, 3)
        after = {"count": count, "control": done}
        return after, Progress(int(count - state["count"]), 0, blocks, bool(count >= self.learned_after))


def engine(checkpoints=None):
    """What the loop needs of an engine."""
    return types.SimpleNamespace(checkpoints=checkpoints, used="numpy", show=lambda *_, **__: None)


START = {"count": np.int64(0), "control": np.zeros(4, np.int64)}


def seen(reached):
    return {"count": reached.state["count"], "age": reached.periods}, False


def test_each_goal_is_looked_at_once_and_the_first_is_the_start():
    goals = [(0, FOREVER), (1, FOREVER), (7, FOREVER)]
    found, reached, ended = train(Counting(), START, goals, seen, engine())
    assert found["age"].tolist() == found["count"].tolist() == [0, 1, 7]
    assert found["block_periods"].tolist() == [3, 3] and (reached.periods, ended, reached.learned) == (7, False, False)
    found, _, _ = train(Counting(), START, [(50, 0), (50, 1), (50, 3)], seen, engine())
    # Parts of two periods end behind the ends of blocks.
    assert found["count"].tolist() == [0, 4, 10] and found["block_periods"].tolist() == [3, 3, 3]


def test_a_look_can_end_training_and_what_is_learned_is_looked_at():
    goals = [(number, FOREVER) for number in range(0, 90, 10)]
    found, reached, ended = train(Counting(), START, goals, lambda r: ({"age": r.periods}, r.periods >= 20), engine())
    assert found["age"].tolist() == [0, 10, 20] and ended and not reached.learned
    found, reached, ended = train(Counting(14), START, goals, lambda r: ({"age": r.periods}, r.learned), engine())
    assert found["age"].tolist() == [0, 10, 14] and ended and reached.learned


def test_training_that_is_cut_off_in_a_look_goes_on_with_that_look(tmp_path):
    goals = [(number, FOREVER) for number in (0, 4, 8, 12)]
    path = tmp_path / "some-run.nc"

    def cut(reached):
        if reached.periods == 8:
            raise KeyboardInterrupt
        return seen(reached)

    with pytest.raises(KeyboardInterrupt), Checkpoints(path) as checkpoints:
        train(Counting(), START, goals, cut, engine(checkpoints))
    again = Counting()
    with Checkpoints(path, resume=True) as checkpoints:
        found, reached, _ = train(again, START, goals, seen, engine(checkpoints))
    # Nothing is trained twice.
    assert again.calls == [8, 10] and reached.periods == 12
    assert found["age"].tolist() == [0, 4, 8, 12] and found["block_periods"].tolist() == [3, 3, 3, 3]
