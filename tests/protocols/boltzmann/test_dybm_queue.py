"""Recall against delay, length and traces: what is counted, what is stated, reduced runs, the picture."""

import json

import numpy as np
import pytest
import xarray as xr

from snnlab.errors import UserError
from snnlab.files.record import load
from snnlab.lab.figure import find_figure, save_figure
from snnlab.lab.protocol import find_protocol
from snnlab.lab.run import controls_fail
from snnlab.networks.boltzmann.fit import Boltzmann
from snnlab.networks.boltzmann.rule import DybmRule
from snnlab.protocols.boltzmann import dybm_queue
from snnlab.protocols.boltzmann._shared import CONTEXT, carried, context, unrolled
from snnlab.stimuli.pictures.bitmaps import sequence_from, word

PROTOCOL = find_protocol("dybm_queue")


def test_the_variants_are_the_grid_and_hold_the_default_once():
    configs = [PROTOCOL.config(**overrides) for overrides in PROTOCOL.variants.values()]
    assert len(configs) == len(set(map(str, configs))) == 1 + 11 + 6 + 8
    assert sorted({c.longest_delay for c in configs}) == list(range(1, 13))
    assert sorted({len(sequence_from(c.sequence)) for c in configs}) == [5, 10, 14, 19, 25, 30, 35]
    assert sorted({len(c.lam) for c in configs}) == [1, 2, 3, 4, 5] == sorted({len(c.mu) for c in configs})
    assert dybm_queue.decay_rates(3) == DybmRule.lam and dybm_queue.decay_rates(1) == (0.5,)
    assert all(PROTOCOL.preset(config) == "full" for config in configs)


def test_memory_is_counted_by_hand():
    memory = carried(np.array([[1, 3], [2, 2]]), 1, 2)
    assert (memory.bits, memory.floats, memory.bytes) == (2 + 1, 4 + 4, 3 / 8 + 64)
    whole = unrolled(2, 1, 2, 10)
    assert (whole.bits, whole.floats) == (20, 80)


def test_a_machine_goes_on_from_no_more_than_is_counted(rng):
    machine = Boltzmann.random(4, rng, DybmRule(lam=(0.5, 0.75), mu=(0.25,)), delays=6)
    kept = 2 ** (machine.delays.max(1) - 1) - 1
    queue, alpha, gamma = np.zeros(4, np.int64), np.zeros((4, 4, 2)), np.zeros((4, 1))
    whole = machine.silence()
    for x in (rng.random((40, 4)) < 0.5).astype(np.int64):
        expected = machine.terms(whole)
        bits = np.stack([machine.rule.under_way(queue[:, None], machine.delays, 1)], 2)
        np.testing.assert_allclose(-np.einsum("ijk,ijk->j", machine.u, alpha), expected[1], atol=1e-12)
        np.testing.assert_allclose(np.einsum("ijl,ijl->j", machine.v, bits), expected[2], atol=1e-12)
        np.testing.assert_allclose(np.einsum("jil,il->j", machine.v, gamma), expected[3], atol=1e-12)
        queue = 2 * queue + x
        arrived = machine.rule.arrived(queue[:, None], machine.delays)
        alpha = np.array(machine.rule.lam) * (alpha + arrived[..., None])
        # What has arrived everywhere leaves.
        queue &= kept
        gamma, whole = np.array(machine.rule.mu) * (gamma + x[:, None]), machine.after(whole, x)
    counted = carried(machine.delays, 2, 1)
    assert counted.bits == sum(int(k).bit_length() for k in kept) and counted.floats == alpha.size + gamma.size


@pytest.mark.parametrize(
    ("sequence", "steps"),
    [
        (np.ones((5, 2)), 0),
        (np.eye(4), 1),
        (np.array([[0], [0], [1]]), 2),
        # The same C, blank column and stem of I and of E.
        (word("SCIENCE"), 7),
        (sequence_from("evolution"), 2),
    ],
    ids=["constant", "one after the other", "0 0 1", "SCIENCE", "evolution"],
)
def test_how_much_of_the_past_tells_the_next_step(sequence, steps):
    assert context(sequence) == steps


def run_of(seed=0, missed=(120, 6), wrong=(120, 0), condition="default", **overrides):
    """What the statistics of a run are made of."""
    config = PROTOCOL.config(seed=seed, **overrides)
    sequence = sequence_from(config.sequence)
    delays = np.full((7, 7), config.longest_delay, np.int32)
    return xr.Dataset(
        {
            "sequence": (("step", "neuron"), sequence),
            "nll": ("period", [120.0, 6.0]),
            "missed": ("period", list(missed)),
            "wrong": ("period", list(wrong)),
            "delay": (("pre", "post"), delays),
            "u": (("pre", "post", "k"), np.zeros((7, 7, len(config.lam)))),
            "v": (("pre", "post", "l"), np.zeros((7, 7, len(config.mu)))),
        },
        {"period": [0, 50]},
        {"config": json.dumps(vars(config)), "condition": condition},
    )


def test_what_is_measured_and_stated():
    measured = PROTOCOL.measure(run_of(longest_delay=5))
    assert measured[dybm_queue.LENGTH] == 7 and measured[CONTEXT] == 7
    assert measured[dybm_queue.CARRIED] == 7 * 4 / 8 + 8 * 168
    assert measured[dybm_queue.UNROLLED] == 35 * (7 / 8 + 8 * 168) and measured[dybm_queue.SPIKES_ONLY] == 35 * 7 / 8
    (check,) = PROTOCOL.checks(run_of())
    assert check.measured == 0.05 and check.holds
    assert not PROTOCOL.checks(run_of(missed=(120, 61)))[0].holds
    # Five columns in a queue of eight say nothing.
    assert PROTOCOL.checks(run_of(sequence="S")) == []


def test_findings_tell_settings_apart_and_count_over_all_that_recall():
    runs = [run_of(seed, wrong=(120, seed)) for seed in range(3)]
    runs += [run_of(seed, longest_delay=5) for seed in range(4)]
    runs += [run_of(seed, sequence="S") for seed in range(3)]
    runs += [run_of(seed, missed=(120, 98), wrong=(9, 9), condition="shuffled_teacher") for seed in range(3)]
    found = {finding.what: finding for finding in PROTOCOL.comparisons(runs)}
    share = found["SCIENCE, delays to 9, K = 3, L = 3: share of machines that recall all"]
    assert share.value == pytest.approx(1 / 3) and (share.n, share.null) == (3, "0.00: taught in another order")
    missed = found["SCIENCE, delays to 9, K = 3, L = 3: bits less likely than not, when shown (share)"]
    assert missed.value == pytest.approx(6 / 245) and missed.null == "0.40: taught in another order"
    assert found["SCIENCE, delays to 5, K = 3, L = 3: share of machines that recall all"].null == "0: untrained"
    longer, deep, memory = list(found.values())[-3:]
    assert (longer.value, longer.n) == (5 / 8, 8) and "(up to 7 times)" in longer.what
    # Seven steps are needed of SCIENCE: more than 5, no more than 9.
    assert deep.value == 4 / 8
    assert memory.value == pytest.approx((5 / 35 + 3 / 5) / 8, rel=0.01)
    assert PROTOCOL.comparisons(runs[:2]) == []


@pytest.mark.programs
def test_the_figure_holds_each_axis_of_the_grid(tmp_path):
    runs = []
    for overrides in ({}, {"longest_delay": 2}, {"sequence": "A"}, {"lam": (0.5,)}, {"mu": (0.5,)}):
        settings = {"sequence": "I", "periods": 3, "target": "numpy"} | overrides
        runs.append(load(PROTOCOL.execute(PROTOCOL.config(**settings), tmp_path)[0]))
    figure = find_figure("dybm_queue")
    drawn = figure.draw(runs)
    labels = ("longest delay (steps)", "length (steps)", "traces of a pair, K", "traces of a neuron, L")
    axes = [ax for ax in drawn.axes if ax.get_xlabel() in labels]
    assert [sorted(ax.lines[-1].get_xdata()) for ax in axes] == [[2, 9], [4, 5], [1, 3], [1, 3]]
    assert save_figure(figure, runs, tmp_path / "drawn", pdf=False)[0].stat().st_size > 10_000
    assert len(figure.needs) == 10 * len(PROTOCOL.variants)


@pytest.mark.programs
@pytest.mark.standalone
def test_the_reduced_preset_learns_and_its_control_does_not(tmp_path):
    for control, holds in (("none", True), ("shuffled_teacher", False)):
        _, dataset = PROTOCOL.execute(PROTOCOL.config(quick=True, seed=100, control=control), tmp_path)
        checks = PROTOCOL.checks(dataset)
        assert checks and controls_fail(checks) != holds
    assert dataset.sizes["checkpoint"] == 1


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"sequence": "SPIKE"}, "sequence: expected the letters .*, got 'K'"),
        ({"sequence": ""}, "sequence: expected a word, evolution, music, or a file, got nothing"),
        ({"periods": 0}, "periods: expected an integer from 1 to 1,000,000,000,000, got 0"),
        ({"longest_delay": 30}, "longest_delay: expected an integer from 1 to 29, got 30"),
        ({"lam": ()}, r"lam: expected decay rates between 0 and 1 \(at least 1e-09, below 1\), got \(\)"),
        ({"mu": (1.0,)}, "mu: expected decay rates between 0 and 1"),
    ],
    ids=str,
)
def test_bad_settings_are_refused_by_name_and_nothing_is_written(tmp_path, changes, message):
    with pytest.raises(UserError, match=f"^{message}"):
        PROTOCOL.execute(PROTOCOL.config(**{"target": "numpy"} | changes), tmp_path / "runs")
    assert not list(tmp_path.rglob("*.nc"))
