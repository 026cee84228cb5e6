"""The STDP window: closed form, an independent loop, what expectation does not do, the program's variant."""

import numpy as np
import pytest

from references import dybm
from snnlab.engine.brian import Engine
from snnlab.errors import UserError
from snnlab.lab.figure import collect, find_figure, needed_runs, save_figure
from snnlab.lab.protocol import find_protocol
from snnlab.lab.run import controls_fail
from snnlab.protocols.boltzmann.dybm_stdp_window import CLOSE, law

PROTOCOL = find_protocol("dybm_stdp_window")


def window(**changes):
    config = PROTOCOL.config(quick=True, **changes)
    with Engine(config.target) as engine:
        return PROTOCOL.run(config, engine)


@pytest.mark.parametrize("timing", ["consistent", "literal"])
@pytest.mark.parametrize("chance", [1e-12, 0.02, 0.5])
def test_simulated_windows_are_the_closed_form_whatever_a_neuron_expects(timing, chance):
    dataset = window(timing=timing, chance=chance)
    for part in ("ltp", "ltd"):
        for kind in ("", "_weight"):
            np.testing.assert_allclose(dataset[part + kind], dataset[f"{part}_law"], rtol=0, atol=1e-12)
        assert np.abs(dataset[f"{part}_law"]).max() > 0.2
    assert all(check.holds for check in PROTOCOL.checks(dataset)) and len(PROTOCOL.checks(dataset)) == 4


@pytest.mark.parametrize("timing", ["consistent", "literal"])
def test_the_closed_form_is_what_a_loop_over_the_past_finds(timing):
    dataset = window(timing=timing)
    lam, mu = dataset.lam.values, dataset.mu.values
    for delay in dataset.delay.values:
        delays = np.full((2, 2), delay)
        for lag in dataset.lag.values[dataset.lag.values != 0]:
            first = np.array([1.0, 0.0] if lag > 0 else [0.0, 1.0])
            past = [first] + [np.zeros(2)] * (abs(lag) - 1)
            alpha, beta, gamma = dybm.traces(delays, past, lam, mu, late=int(timing == "literal"))
            at = dataset.sel(delay=delay, lag=lag)
            np.testing.assert_allclose(at.ltp_law, alpha[0, 1] if lag > 0 else 0, atol=1e-15)
            np.testing.assert_allclose(at.ltd_law, -beta[0, 1] if lag > 0 else -gamma[1], atol=1e-12)


def test_about_the_arrival_all_delays_have_one_window():
    dataset = window(delays=(2, 4, 6), longest_lag=12)
    for delay in (2, 4, 6):
        chosen = dataset.sel(delay=delay)
        since = chosen.lag.values - delay
        for m, (lam, mu) in enumerate(zip(dataset.lam.values, dataset.mu.values, strict=True)):
            np.testing.assert_allclose(chosen.ltp[since >= 0, m], lam ** (since[since >= 0] + 1), atol=1e-12)
            late = (since < 0) & (chosen.lag.values != 0)
            scaled = chosen.ltd.values[late, m] * mu ** (delay - 1)
            np.testing.assert_allclose(scaled, -(mu ** -(since[late] + 1.0)), atol=1e-12)
    assert not dataset.sel(lag=0).ltp.any() and np.abs(dataset.sel(lag=0).ltd).max() < 1e-12


def test_the_program_s_variant_breaks_the_window_and_its_own_closed_form_holds():
    dataset = window(variant="jdybm")
    assert PROTOCOL.condition(PROTOCOL.config(quick=True, variant="jdybm")) == "jdybm"
    assert controls_fail(PROTOCOL.checks(dataset))
    for part in ("ltp", "ltd"):
        np.testing.assert_allclose(dataset[part], law(part, dataset, variant="jdybm"), rtol=0, atol=1e-12)
        assert np.abs(dataset[part] - dataset[f"{part}_law"]).max() > 0.5
    # The spike under way that has just left counts most: upside down.
    under_way = -dataset.ltd.sel(delay=4, lag=[1, 2, 3], mu=0.25)
    np.testing.assert_allclose(under_way, [64, 16, 4], rtol=1e-12)
    # A neuron's own trace is in its own energy, where it says nothing of the other one.
    assert not dataset.ltd_weight.sel(lag=slice(None, -1)).any()


def test_the_full_preset_needs_no_compiler_and_is_stored(tmp_path):
    _, dataset = PROTOCOL.execute(PROTOCOL.config(), tmp_path)
    assert dataset.attrs["preset"] == "full" and dataset.attrs["target"] == "numpy"
    assert dataset.ltd.shape == (4, 41, 3) and float(-dataset.ltd.min()) == pytest.approx(4.0**8)
    assert max(PROTOCOL.measure(dataset).values()) < CLOSE


def test_the_figure_is_drawn_from_the_run(tmp_path):
    figure = find_figure("dybm_stdp_window")
    png, _ = save_figure(
        figure, collect(figure, needed_runs(figure, True, tmp_path), progress=False), tmp_path / "drawn"
    )
    assert png.stat().st_size > 20_000


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"delays": ()}, "delays: expected at least one delay, got none"),
        ({"delays": (1, 0)}, "delays: expected integers from 1 to 29, got 0"),
        ({"delays": (30,)}, "delays: expected integers from 1 to 29, got 30"),
        ({"longest_lag": 0}, "longest_lag: expected an integer from 1 to 100, got 0"),
        ({"longest_lag": 2.5}, "longest_lag: expected an integer from 1 to 100, got 2.5"),
        ({"chance": 1.0}, "chance: expected a number between 0 and 1, got 1"),
        ({"chance": float("nan")}, "chance: expected a number between 0 and 1, got nan"),
        ({"mu": (0.5, 1.0)}, "mu: expected decay rates between 0 and 1"),
        ({"timing": "late"}, "timing: expected one of .*, got 'late'"),
        ({"variant": "java"}, "variant: expected one of .*, got 'java'"),
        ({"target": "cpp_standalone"}, "target: expected one of .*, got 'cpp_standalone'"),
    ],
    ids=str,
)
def test_bad_settings_are_refused_by_name_and_nothing_is_written(tmp_path, changes, message):
    with pytest.raises(UserError, match=message):
        PROTOCOL.execute(PROTOCOL.config(**changes), tmp_path / "runs")
    assert not list(tmp_path.rglob("*.nc"))
