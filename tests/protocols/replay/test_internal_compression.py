"""A network's own pulses at other speeds: lessons, what is measured of a replay, a reduced run, bad input."""

import json

import numpy as np
import pytest
import xarray as xr

from snnlab.errors import UserError
from snnlab.lab.figure import find_figure, save_figure
from snnlab.lab.protocol import find_protocol
from snnlab.lab.run import controls_fail
from snnlab.protocols.replay import internal_compression as module

PROTOCOL = find_protocol("internal_compression")


def made_up(seed, lever="cue", broken=False):
    config = vars(PROTOCOL.config(lever=lever, seed=seed))
    levels = np.array(module.LEVELS[lever])
    data = {"pace": levels if lever == "cue" else np.ones(len(levels)), "steady": np.full(len(levels), 0.95)}
    data |= {name: np.full(len(levels), 0.1 if broken else 0.95) for name in ("in_order", "correlation", "identified")}
    data |= {f"null_{name}": np.full(len(levels), 0.2) for name in ("steady", "correlation", "identified")}
    return xr.Dataset(
        {name: ("level", values) for name, values in data.items()},
        {"level": levels},
        {"config": json.dumps(config), "condition": "default"},
    )


def test_what_replays_at_the_speeds_taught_meets_the_criteria_and_what_has_no_order_does_not():
    assert len(module.checks(made_up(0))) == 15 and all(check.holds for check in module.checks(made_up(0)))
    assert controls_fail(module.checks(made_up(0, broken=True)))
    assert len(module.checks(made_up(0, "feedback"))) == len(module.checks(made_up(0, "input"))) == 3


def test_findings_state_what_each_lever_does():
    runs = [made_up(seed, lever) for lever in ("cue", "input") for seed in range(3)]
    found = {finding.what: finding for finding in PROTOCOL.comparisons(runs)}
    cue, flat = (f"{lever}, izhikevich_b, N = 3000" for lever in ("cue", "input"))
    asked = found[f"{cue}, level 2.5: speed of the replay, of 3 networks that do"]
    assert asked.value == 2.5 and asked.null == "2.5: asked for"
    assert found[f"{cue}, level 4: speed of the replay, of 3 networks that do"].null == "4: taught"
    assert found[f"{flat}, level 100: speed of the replay, of 3 networks that do"].null == "1: taught"
    assert found[f"{cue}, level 4: {module.IDENTIFIED}"].null == "0.20: the same frames in random order"
    ratio = "speed at the highest level with a replay over that at the lowest, of 3 networks"
    assert found[f"{cue}: {ratio}"].value == 12 and found[f"{flat}: {ratio}"].value == 1
    assert not PROTOCOL.comparisons(runs[:2])
    # Whose pulses have no order does not replay, at whatever speed fits best.
    lost = PROTOCOL.comparisons([made_up(seed, broken=True) for seed in range(3)])
    assert not any(module.PACE in finding.what or ratio[:9] in finding.what for finding in lost)


@pytest.mark.programs
@pytest.mark.standalone
def test_a_reduced_network_replays_at_both_speeds_taught_and_not_with_its_pulses_permuted(tmp_path):
    _, run = PROTOCOL.execute(PROTOCOL.config(quick=True, seed=100), tmp_path)
    assert all(check.holds for check in PROTOCOL.checks(run))
    assert run["replay"].shape == (2, 50, 144) and run.pulse.shape[0] == 2
    assert save_figure(find_figure("internal_compression"), [run], tmp_path / "drawn", pdf=False)[0].is_file()
    _, control = PROTOCOL.execute(PROTOCOL.config(quick=True, seed=100, pulse_order="permuted"), tmp_path)
    assert controls_fail(PROTOCOL.checks(control))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"hdts": "external"}, "hdts: expected one of .*, got 'external'"),
        ({"lever": "bias"}, "lever: expected one of .*, got 'bias'"),
        ({"learn_stop": 4.0}, "learn_stop: expected at least 6 s, so that each speed is taught, got 4"),
        ({"taught": ()}, "taught: expected numbers > 0"),
        ({"taught": (1.0, float("nan"))}, "taught: expected numbers > 0 and <= 32"),
        ({"movie_seconds": 11.0}, "movie_seconds: expected at most 10 s"),
        ({"levels": (0.0, 1.0)}, "levels: expected numbers > 0 for --lever cue"),
        ({"levels": (1.0, 1.0)}, "levels: expected distinct finite numbers"),
        ({"q_cue": -1.0}, "q_cue: expected a number > 0"),
        ({"neuron": "lif", "q_hdts": 80.0}, "q_cue: expected a number > 0, since neuron 'lif' states none, got None"),
        ({"seconds": 20.0}, "seconds: expected at least"),
    ],
    ids=str,
)
def test_bad_settings_are_refused_by_name_and_nothing_is_written(tmp_path, changes, message):
    with pytest.raises(UserError, match=message):
        PROTOCOL.execute(PROTOCOL.config(quick=True, **changes), tmp_path)
    assert not list(tmp_path.iterdir())
