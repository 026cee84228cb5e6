"""Blocks that need fewer and fewer periods, and a sequence that was never shown: reduced runs, settings, picture."""

import numpy as np
import pytest

from snnlab.errors import UserError
from snnlab.lab.figure import find_figure, save_figure
from snnlab.lab.protocol import find_protocol
from snnlab.lab.run import controls_fail
from snnlab.protocols.boltzmann import dybm_relearning as relearning

PROTOCOL = find_protocol("dybm_relearning")
NEVER = {"sequence": "CI", "cue": 5, "novel": "IC", "periods": 4, "novel_periods": 2, "target": "numpy"}


@pytest.fixture(scope="module")
def quick_runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    return [PROTOCOL.execute(PROTOCOL.config(quick=True, seed=seed), folder)[1] for seed in (0, 1)]


@pytest.mark.programs
@pytest.mark.standalone
def test_in_the_reduced_preset_blocks_need_fewer_and_fewer_periods(quick_runs):
    for run in quick_runs:
        assert not controls_fail(PROTOCOL.checks(run))
        measured = PROTOCOL.measure(run)
        assert measured[relearning.SLOPE] < 0 and measured[relearning.AGAIN] < np.log10(0.5)
        assert measured["blocks"] == run.sizes["block"] >= 4
        # At each age a copy learned the novel one.
        assert run.novel_periods.dims == ("look",) and (run.novel_periods > 1).all()
        ratio = float(run.novel_periods[-1] / run.novel_periods[0])
        assert measured[relearning.NOVEL] == pytest.approx(np.log10(ratio)) and not measured[relearning.GIVEN_UP]


@pytest.mark.programs
@pytest.mark.standalone
def test_the_machine_that_goes_on_has_never_seen_the_novel_sequence(tmp_path):
    settings = relearning.QUICK | {"periods": 600, "seed": 3}
    _, one = PROTOCOL.execute(PROTOCOL.config(**settings), tmp_path)
    plain = find_protocol("dybm_two_sequences")
    _, two = plain.execute(plain.config(**{k: v for k, v in settings.items() if k != "novel"}), tmp_path)
    assert set(one) - set(two) == {"novel_periods"} and one.sizes["block"] > 3
    for name in two:
        if name not in ("cpu", "wall"):
            np.testing.assert_array_equal(one[name], two[name], name)
    # Given up sooner, training goes on as well.
    _, soon = PROTOCOL.execute(PROTOCOL.config(**settings, novel_periods=3), tmp_path)
    assert np.isnan(soon.novel_periods).all() and relearning.NOVEL not in PROTOCOL.measure(soon)
    np.testing.assert_array_equal(soon.block_periods, one.block_periods)
    np.testing.assert_array_equal(soon.v, one.v)


def test_what_is_measured_of_few_blocks(tmp_path):
    _, run = PROTOCOL.execute(PROTOCOL.config(**NEVER), tmp_path)
    assert PROTOCOL.measure(run) == {"blocks": 0, "periods of training": 4} and PROTOCOL.checks(run) == []
    arrays = {
        "block_periods": ("block", [800, 400, 200, 100]),
        "age": ("look", [0.0, 800.0, 1500.0]),
        "novel_periods": ("look", [500.0, 600.0, np.nan]),
    }
    made = type(run)(arrays, attrs={"config": '{"novel_periods": 2000}'})
    measured = PROTOCOL.measure(made)
    expected = np.polyfit(np.log([1, 2, 3, 4]), np.log([800, 400, 200, 100]), 1)[0]
    assert measured[relearning.SLOPE] == pytest.approx(expected)
    assert measured[relearning.AGAIN] == pytest.approx(np.log10(150 / 600))
    # What was given up took at least so long.
    assert measured[relearning.NOVEL] == pytest.approx(np.log10(4)) and measured[relearning.GIVEN_UP] == 1


@pytest.mark.programs
@pytest.mark.standalone
def test_the_figure_has_a_column_for_each_variant(quick_runs, tmp_path):
    figure = find_figure(relearning.FIGURE)
    _, never = PROTOCOL.execute(PROTOCOL.config(**NEVER), tmp_path)
    drawn = figure.draw([never, *quick_runs])
    titles = [ax.get_title() for ax in drawn.axes if ax.get_title()]
    assert titles == ["CI, AdaGrad\nmu 0.25, 0.5, 0.75", "evolution, AdaGrad\nmu 0.9"] and len(drawn.axes) == 4
    for index, runs in enumerate(([never], quick_runs[:1])):
        assert save_figure(figure, runs, tmp_path / f"drawn{index}", pdf=False)[0].stat().st_size > 10_000
    assert len(figure.needs) == 4 * 10


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"novel": "SUN"}, "novel: expected 20 rows as in sequence, got 7"),
        ({"sequence": "SUN", "cue": 9, "novel": "CI"}, "novel: expected more columns than the cue, 9, got 9"),
        ({"control": "shuffled_teacher"}, "control: expected none"),
        ({"novel": "SPIKE"}, "novel: expected the letters .*, got 'K'"),
        ({"novel_periods": 0}, "novel_periods: expected an integer from 1 to 1,000,000,000,000, got 0"),
        ({"periods": 0}, "periods: expected an integer from 1 to 1,000,000,000,000, got 0"),
        ({"cue": 41}, "novel: expected more columns than the cue, 41, got 41"),
        ({"optimizer": "adam"}, "optimizer: expected one of .*, got 'adam'"),
    ],
    ids=str,
)
def test_bad_settings_are_refused_by_name_and_nothing_is_written(tmp_path, changes, message):
    with pytest.raises(UserError, match=f"^{message}"):
        PROTOCOL.execute(PROTOCOL.config(quick=True, **{"target": "numpy"} | changes), tmp_path / "runs")
    assert not list(tmp_path.rglob("*.nc"))
