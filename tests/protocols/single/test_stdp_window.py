"""Windows of STDP and Hebb's rule: closed form, published signs, figure, mistakes."""

import numpy as np
import pytest

from snnlab.engine.brian import Engine
from snnlab.errors import UserError
from snnlab.lab.figure import collect, find_figure, needed_runs, save_figure
from snnlab.lab.protocol import find_protocol

PROTOCOL = find_protocol("stdp_window")


@pytest.fixture(scope="module")
def dataset():
    config = PROTOCOL.config(quick=True, frequencies=(5.0, 40.0), pairings=20)
    with Engine(config.target) as engine:
        return PROTOCOL.run(config, engine)


def test_simulated_windows_are_the_closed_form(dataset):
    assert len(PROTOCOL.checks(dataset)) == 6 and all(check.holds for check in PROTOCOL.checks(dataset))
    window = dataset.window.sel(lag=[-20.0, 20.0])
    np.testing.assert_allclose(window.sel(rule="stdp"), 0.005 * np.exp(-1) * np.array([-1.05, 1]), rtol=1e-9)
    np.testing.assert_allclose(window.sel(rule="hebb"), 0.005 * np.exp(-1), rtol=1e-9)
    np.testing.assert_allclose(window.sel(rule="triplet"), [-7.1e-3 * np.exp(-20 / 33.7), 0], rtol=1e-8, atol=1e-12)


def test_triplets_alone_turn_to_potentiation_when_pairs_come_fast(dataset):
    trains = dataset.trains
    # Sjoestroem et al. 2001, as Pfister & Gerstner 2006 fit it: at 40 Hz both orders strengthen.
    triplet = trains.sel(rule="triplet")
    assert abs(triplet.sel(order="pre first", frequency=5.0)) < 0.2 * triplet.sel(order="pre first", frequency=40.0)
    assert triplet.sel(order="post first", frequency=5.0) < 0 < triplet.sel(order="post first", frequency=40.0)
    assert (trains.sel(rule="stdp", order="post first") < 0).all() and (trains.sel(rule="hebb") > 0).all()


@pytest.mark.programs
def test_a_thousand_pairings_reach_no_bound_and_lags_may_all_be_positive():
    config = PROTOCOL.config(lags=(5.0,), frequencies=(50.0,), pairings=1000)
    with Engine(config.target) as engine:
        assert all(check.holds for check in PROTOCOL.checks(PROTOCOL.run(config, engine)))


def test_the_figure_is_drawn_from_the_run(tmp_path):
    figure = find_figure("stdp_window")
    png, _ = save_figure(
        figure, collect(figure, needed_runs(figure, True, tmp_path), progress=False), tmp_path / "drawn"
    )
    assert png.stat().st_size > 20_000


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"lags": ()}, "lags: expected at least one finite number"),
        ({"lags": (0.0,)}, "lags: expected multiples of 0.5 ms with sizes from 0.5 to 1000 ms, got 0"),
        ({"lags": (1.3,)}, "lags: expected multiples of 0.5 ms"),
        ({"frequencies": (60.0,)}, "frequencies: expected numbers from 0.001 to 50 Hz"),
        ({"frequencies": (0.0,)}, "frequencies: expected numbers from 0.001"),
        ({"pairings": 0}, "pairings: expected an integer from 1 to 1,000, got 0"),
        ({"train_lag": -1.0}, "train_lag: expected a number > 0"),
    ],
    ids=str,
)
def test_bad_settings_are_refused_by_name(changes, message, tmp_path):
    with pytest.raises(UserError, match=message):
        PROTOCOL.execute(PROTOCOL.config(**changes), tmp_path / "runs")
