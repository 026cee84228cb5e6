"""The tutorials run as scripts, and what they build learns."""

import runpy

import matplotlib.pyplot as plt
import numpy as np
import pytest

from places import ROOT
from snnlab.stimuli.pictures.bitmaps import word

SCRIPT = ROOT / "docs" / "tutorials" / "force.py"
SPELLING = SCRIPT.with_name("dybm.py")
RESERVOIR = SCRIPT.with_name("reservoir.py")


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


@pytest.fixture(scope="module")
def spelling():
    names = runpy.run_path(str(SPELLING))
    plt.close("all")
    return names


@pytest.mark.standalone
def test_hebb_fails_where_columns_are_equal_and_both_machines_spell_the_word(spelling):
    picture = spelling["picture"]
    np.testing.assert_array_equal(picture, word("SUN"))
    blank = spelling["blank"]
    assert len(blank) == 3 and len(np.unique(spelling["guess"][blank], axis=0)) == 1
    assert len(np.unique(picture[blank + 1], axis=0)) == 3 and spelling["wrong_of_hebb"] > 0
    np.testing.assert_array_equal(spelling["spelled"], np.tile(picture, (3, 1)))
    result = spelling["result"]
    np.testing.assert_array_equal(result.machine.generate(48, result.traces), np.tile(picture, (3, 1)))
    # What is upside down is surprising, what is right is not.
    assert spelling["surprise"][:16].max() < 5 < spelling["surprise"][17:21].max()


@pytest.mark.standalone
def test_the_loop_is_the_machine_and_the_pair_has_the_window(spelling):
    assert spelling["apart"] < 1e-9
    lags, rate = spelling["lags"], 0.6
    expected = np.where(lags >= 3, rate ** (lags - 2.0), np.where(lags == 0, 0, -(rate ** -lags.astype(float))))
    np.testing.assert_allclose(spelling["push"], expected, atol=1e-14)


def test_the_spelling_page_is_written_for_sphinx_gallery():
    text = SPELLING.read_text()
    assert text.startswith('"""\nFrom Hebb') and text.count("\n# %%\n") >= 8
    loop = text.partition("\nrng = np.random")[2].partition("\nprint(f")[0]
    code = [line.strip() for line in loop.splitlines() if line.strip() and not line.strip().startswith(("#", '"""'))]
    assert len(code) <= 36


@pytest.fixture(scope="module")
def reservoir():
    names = runpy.run_path(str(RESERVOIR))
    plt.close("all")
    return names


def test_hebb_ends_below_where_it_began_and_its_eigenvalues_run_away(reservoir):
    before, runs = reservoir["before"], {name: found for name, (found, _) in reservoir["runs"].items()}
    assert before > 0.8 and runs["Hebb"][0, 0] == runs["STLR"][0, 0] == before
    assert runs["Hebb"][-1, 0] < before < runs["STLR"][-1, 0] and runs["Hebb"][-1, 0] < runs["Hebb"][:, 0].max() - 0.05
    radius = {name: np.abs(np.linalg.eigvals(after)).max() for name, (_, after) in reservoir["runs"].items()}
    assert radius["Hebb"] > 2 * radius["STLR"] > 2 * 0.9
    # Both have changed the weights by as much as they are large.
    assert runs["Hebb"][-1, 1] > 1 and runs["STLR"][-1, 1] > 1


def test_the_loop_is_the_rule_of_the_toolkit(reservoir):
    assert reservoir["apart"] < 1e-12


def test_the_reservoir_page_is_written_for_sphinx_gallery():
    text = RESERVOIR.read_text()
    assert text.startswith('r"""\nA reservoir') and text.count("\n# %%\n") >= 7
