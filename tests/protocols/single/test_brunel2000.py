"""Brunel's sparse network: theory as published, states kept apart, mistakes seen, figure, refusals."""

import json
from dataclasses import asdict

import matplotlib.pyplot as plt
import pytest

from places import ROOT
from snnlab.errors import UserError
from snnlab.lab.figure import find_figure, save_figure
from snnlab.lab.protocol import find_protocol
from snnlab.lab.statistics.tolerance import bands_file
from snnlab.protocols.single import brunel2000
from snnlab.protocols.single.brunel2000 import CV, FREQUENCY, RATE_E, RATE_I, RATIO, STATES, SYNCHRONY

PROTOCOL = find_protocol("brunel2000")
FILE = ROOT / "protocols" / "single" / "brunel2000.py"
TINY = {"n_e": 800, "c_e": 400, "j": 0.25, "seconds": 0.4, "recorded": 100, "target": "numpy"}


@pytest.mark.parametrize(("state", "published"), [("SI fast", 55.8), ("AI", 38.0), ("SI slow", 6.5)])
def test_the_theory_gives_the_published_rates(state, published):
    config = PROTOCOL.settled(PROTOCOL.config(state=state))
    rate, cv = brunel2000.theory(asdict(config), config.g)
    assert rate == pytest.approx(published, abs=0.06)
    assert 0.6 < cv < 0.8
    assert brunel2000.outside_rate(config) == pytest.approx(10 * STATES[state][1])


@pytest.fixture(scope="module")
def irregular(tmp_path_factory):
    return PROTOCOL.execute(PROTOCOL.config(**TINY), tmp_path_factory.mktemp("runs"))[1]


def test_a_small_network_fires_irregularly_at_the_rate_of_the_theory(irregular):
    measured = PROTOCOL.measure(irregular)
    assert all(check.holds for check in PROTOCOL.checks(irregular)) and PROTOCOL.checks(irregular)
    assert measured[RATE_E] == pytest.approx(measured[brunel2000.THEORY], rel=0.25)
    assert measured[RATE_I] == pytest.approx(measured[RATE_E], rel=0.1)
    assert measured[CV] > 0.3 and measured[SYNCHRONY] > 1
    assert len(irregular.time) == 4000
    # The population's counts are those of all neurons, the stored trains those of some.
    late = irregular.spike_time > 0.2
    assert late.sum() / 100 / 0.2 == pytest.approx(measured[RATE_E], rel=0.1)


def test_with_weak_inhibition_two_volleys_take_turns(tmp_path):
    changes = TINY | {"n_e": 400, "c_e": 200, "j": 0.5, "control": "other balance"}
    dataset = PROTOCOL.execute(PROTOCOL.config(**changes), tmp_path)[1]
    assert dataset.attrs["condition"] == "other balance"
    assert not all(check.holds for check in PROTOCOL.checks(dataset))
    measured = PROTOCOL.measure(dataset)
    assert measured[CV] < 0.1
    assert measured[RATE_E] == pytest.approx(312.5, rel=0.01)
    assert measured[RATIO] == pytest.approx(2, rel=0.02) and measured[FREQUENCY] == pytest.approx(625, abs=5)


def test_other_settings_than_those_of_a_state_have_no_checks(irregular):
    config = json.loads(irregular.attrs["config"]) | {"g": 5.5}
    assert PROTOCOL.checks(irregular.assign_attrs(config=json.dumps(config))) == []


def test_findings_stand_beside_what_was_published(irregular):
    rows = PROTOCOL.findings([irregular, irregular.assign_attrs(seed=1)])
    (rate,) = [row for row in rows if row.what == RATE_E]
    assert rate.published.value == 37.7 and rate.bar == pytest.approx((33.93, 41.47))
    assert [row.null for row in rows if row.what == SYNCHRONY] == ["1"]


def test_the_figure_shows_the_spikes_and_the_rate_of_the_end(irregular, tmp_path):
    figure = find_figure("brunel2000")
    png, _ = save_figure(figure, [irregular], tmp_path / "drawn")
    assert png.stat().st_size > 10_000
    drawn = figure.draw([irregular, irregular])
    above, beside, below, _ = drawn.axes
    assert above.get_title(loc="left") == beside.get_title(loc="left") == "asynchronous irregular"
    assert above.get_title(loc="right").startswith("g = 5, ") and above.get_title(loc="right").endswith(" = 2")
    shown = sum(len(line.get_positions()) for line in above.collections)
    assert shown == int(((irregular.spike_time >= 0.2) & (irregular.spike_neuron < 50)).sum())
    rate = below.lines[0].get_ydata().mean()
    counts = (irregular.count_e + irregular.count_i).values[2000:]
    assert rate == pytest.approx(counts.sum() / 1000 / 0.2)
    plt.close("all")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"state": "XY"}, "state: expected one of AI, SI fast, SI slow, SR"),
        ({"g": -1.0}, "g: expected a number >= 0, got -1.0"),
        ({"external": 0.0}, "external: expected a number > 0"),
        ({"external": 1000.0}, "external: expected at most 0.1 spikes of an outside synapse in a step"),
        ({"n_e": 1002}, "n_e: expected a multiple of 4, got 1002"),
        ({"c_e": 20_000}, "c_e: expected an integer from 4 to 10,000, got 20000"),
        ({"c_e": 102}, "c_e: expected a multiple of 4"),
        ({"dt": 0.4}, "dt: expected a whole number of steps in the delay .1.5 ms., got 0.4 ms"),
        ({"dt": 0.75}, "dt: expected a number from 0 to 0.5"),
        ({"seconds": 0.1}, "seconds: expected a number >= 0.25"),
        ({"recorded": 0}, "recorded: expected an integer from 1"),
        ({"j": float("nan")}, "j: expected a number > 0"),
    ],
    ids=str,
)
def test_bad_settings_are_refused_by_name(changes, message, tmp_path):
    with pytest.raises(UserError, match=message):
        PROTOCOL.execute(PROTOCOL.config(**changes), tmp_path / "runs")
    assert not (tmp_path / "runs").exists()


@pytest.mark.programs
@pytest.mark.parametrize("state", STATES)
def test_each_state_holds_in_the_reduced_preset_and_its_control_fails(state, tmp_path):
    for control in ("none", "other balance"):
        dataset = PROTOCOL.execute(PROTOCOL.config(quick=True, state=state, control=control, seed=100), tmp_path)[1]
        assert dataset.attrs["preset"] == "quick"
        names = [check.what for check in PROTOCOL.checks(dataset)]
        assert len(set(names)) == len(names) >= 1
        # What the source says of a state; of the bands about one in a hundred falls by chance.
        assert all(check.holds for check in brunel2000.checks(dataset)) == (control == "none")


@pytest.mark.programs
@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ('"v -= g*J"', '"v += g*J"'),
        ("delay=config.delay * ms", "delay=3 * config.delay * ms"),
        ("balance(config), c_e // 4", "balance(config), c_e // 8"),
        ("tau_rp = 20 * ms, 20 * mV, 10 * mV, 2 * ms", "tau_rp = 20 * ms, 20 * mV, 10 * mV, 0.1 * ms"),
        ("c_e, outside_rate(config)", "c_e // 2, outside_rate(config)"),
    ],
    ids=["sign", "delay", "inhibitory synapses", "refractory", "outside"],
)
def test_a_mistake_breaks_a_check(right, wrong, tmp_path):
    text = FILE.read_text()
    assert text.count(right) >= 1
    (tmp_path / "mistaken.py").write_text(text.replace(right, wrong))
    (tmp_path / "mistaken.bands.csv").write_text(bands_file(FILE).read_text())
    protocol = find_protocol(str(tmp_path / "mistaken.py"))
    dataset = protocol.execute(protocol.config(quick=True, state="SI fast"), tmp_path)[1]
    assert not all(check.holds for check in protocol.checks(dataset))
