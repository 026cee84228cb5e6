"""The tutorial runs as a script, and both of its networks learn."""

import runpy
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest

SCRIPT = Path(__file__).parents[1] / "docs" / "tutorial_force.py"


@pytest.fixture(scope="module")
def page():
    names = runpy.run_path(str(SCRIPT))
    plt.close("all")
    return names


@pytest.mark.parametrize("which", ["loop", "run"])
def test_a_network_of_the_tutorial_learns_the_sine_and_keeps_it(page, which):
    time, output = (
        (page["time"], page["output"])
        if which == "loop"
        else (page["run"].time.values, page["run"].output.values[:, 0])
    )
    learned = (time > page["learn_stop"] - 0.4) & (time <= page["learn_stop"])
    assert np.sqrt(np.mean((output - page["teacher"](time))[learned] ** 2)) < 0.1
    free = output[time > page["learn_stop"]]
    assert np.sqrt(2) * free.std() == pytest.approx(1, abs=0.15)
    # A sine: two thirds of its power and more at 5 Hz.
    power = np.abs(np.fft.rfft(free - free.mean())) ** 2
    assert power[round(5 * len(free) * (time[1] - time[0]))] > 0.67 * power.sum()


def test_it_is_written_for_sphinx_gallery(page):
    text = SCRIPT.read_text()
    assert text.startswith('"""\nFORCE') and text.count("\n# %%\n") >= 6
    loop = text.partition("for step in range(steps):")[2].partition("# %%")[0]
    assert len([line for line in loop.splitlines() if line.strip() and not line.strip().startswith("#")]) < 25
