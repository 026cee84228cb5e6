"""The window of STLR: closed form without postsynaptic spikes, inputs alone, temporal summation, figure, mistakes."""

import numpy as np
import pytest

from snnlab.engine.brian import Engine
from snnlab.errors import UserError
from snnlab.lab.figure import collect, find_figure, needed_runs, save_figure
from snnlab.lab.protocol import find_protocol

PROTOCOL = find_protocol("stlr_window")


@pytest.fixture(scope="module")
def dataset():
    config = PROTOCOL.config(quick=True)
    with Engine(config.target) as engine:
        return PROTOCOL.run(config, engine)


def test_the_window_is_the_closed_form_and_an_input_alone_changes_nothing(dataset):
    assert len(PROTOCOL.checks(dataset)) == 2 and all(check.holds for check in PROTOCOL.checks(dataset))
    assert not dataset.lone.values.any() and float(dataset.change.max()) > 1


def test_who_comes_together_or_after_others_gains_and_more_with_more_of_them(dataset):
    change = dataset.change.sel(summation=0)
    assert not change.sel(lag=[-10.0, 20.0]).any()
    # Three spikes, each of w^2 exp(-2/5) = 0.168 or twice that, above a threshold of 0.1.
    coincidence = 0.25 * np.exp(-2 / 5) * np.array([1, 2])
    np.testing.assert_allclose(change.sel(lag=2.0), 3 * np.tanh(coincidence / 0.1 - 1), rtol=1e-3)
    assert (change.sel(inputs=3) >= change.sel(inputs=2)).all()


def test_temporal_summation_adds_what_earlier_coincidences_brought(dataset):
    apart = dataset.change.sel(inputs=2, lag=2.0)
    assert float(apart.sel(summation=1)) > 1.1 * float(apart.sel(summation=0))


def test_the_figure_is_drawn_from_the_run(tmp_path):
    figure = find_figure("stlr_window")
    png, _ = save_figure(
        figure, collect(figure, needed_runs(figure, True, tmp_path), progress=False), tmp_path / "drawn"
    )
    assert png.stat().st_size > 15_000


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"lags": ()}, "lags: expected at least one number, got none"),
        ({"lags": (0.3,)}, "lags: expected a multiple of 0.5 ms"),
        ({"periods": (0.0,)}, "periods: expected a multiple of 0.5 ms from 0.5"),
        ({"period": -5.0}, "period: expected a multiple of 0.5 ms from 0.5"),
        ({"inputs": (1,)}, "inputs: expected an integer from 2 to 100, got 1"),
        ({"spikes": 0}, "spikes: expected an integer from 1 to 1,000, got 0"),
        ({"theta1": 0.0}, "theta1: expected a number > 0"),
        ({"target": "auto"}, "target: expected one of .*, got 'auto'"),
    ],
    ids=str,
)
def test_bad_settings_are_refused_by_name(changes, message, tmp_path):
    with pytest.raises(UserError, match=message):
        PROTOCOL.execute(PROTOCOL.config(**changes), tmp_path / "runs")
