"""Liquid state machines: targets agree, images do not depend on each other, calibration, what is refused."""

from dataclasses import replace

import numpy as np
import pytest

from snnlab.engine.brian import Engine
from snnlab.errors import Diverged, UserError
from snnlab.models.loading import find_rule
from snnlab.models.spike_rule import SpikeRule
from snnlab.networks.liquid.liquid import (
    calibrate_input,
    calibrate_rule,
    join_features,
    mean_rate,
    random_liquid,
    record_spikes,
    show_images,
)
from snnlab.networks.liquid.network import DT, Show
from snnlab.stimuli.pictures.images import load_images

IMAGES = load_images("digits")[0].sequences(np.arange(20))
STLR = find_rule("stlr", SpikeRule)


def liquid_of(engine, **changes):
    return random_liquid(50, 8, engine, **{"input_gain": 100.0, "gain": 10.0, "density": 0.2} | changes)


def shown(target="numpy", images=IMAGES[:6], rule=None, code="rate", seed=0, **changes):
    with Engine(target, seed) as engine:
        return show_images(liquid_of(engine, **changes), Show(8, 8, code), images, engine, rule)


def loop(liquid, show, images):
    """Spikes per image and the last reading in a plain loop over time steps."""
    pre = {kind: liquid.synapses[kind] for kind in ("ee", "ei", "ia", "input")}
    w = {kind: np.zeros((liquid.n, liquid.n if kind != "input" else show.channels)) for kind in pre}
    for kind, (i, j, values) in pre.items():
        w[kind][j, i] = values
    counts, readings = [], []
    for image in images:
        v, ge, gi, r, drive, wait = (np.zeros(liquid.n) for _ in range(6))
        count = np.zeros(liquid.n, int)
        for step in range(show.steps):
            row, phase = divmod(step, show.row_steps)
            target = liquid.bias + ge + gi + drive
            free = wait == 0
            v = np.where(free, target + (v - target) * np.exp(-DT / 20e-3), v)
            ge, gi, r = ge * np.exp(-DT / 5e-3), gi * np.exp(-DT / 8e-3), r * np.exp(-DT / 30e-3)
            fired = free & (v > 15)
            wait = np.where(fired, 3, np.maximum(wait - 1, 0))
            pixels = image[row] if row < show.rows else np.zeros(show.channels)
            if show.code == "rate":
                drive = liquid.input_gain * w["input"] @ pixels if phase == 0 else drive
            else:
                now = (pixels > 0.5) & (((1 - pixels) * show.row_steps).astype(int) == phase)
                ge = ge + liquid.input_gain * w["input"] @ now
            ge = ge + liquid.gain * (w["ee"] + w["ei"]) @ fired
            gi = gi + liquid.gain * w["ia"] @ fired
            v, r, count = np.where(fired, 0, v), r + fired, count + fired
            if step == show.read_at[-1]:
                readings.append(r)
        counts.append(count)
    return np.array(counts), np.array(readings)


@pytest.mark.parametrize("code", ["rate", "latency"])
def test_a_liquid_does_what_a_loop_over_time_steps_does(code):
    with Engine("numpy", 3) as engine:
        liquid, show = liquid_of(engine, bias=-3.0), Show(8, 8, code, read=10e-3)
        states, counts, _ = show_images(liquid, show, IMAGES[:4], engine)
    wanted, readings = loop(liquid, show, IMAGES[:4])
    np.testing.assert_array_equal(counts, wanted)
    np.testing.assert_allclose(states[:, -1], readings, rtol=1e-9, atol=1e-12)
    assert counts.sum() > 300


@pytest.mark.programs
def test_numpy_and_cython_give_the_same_spikes():
    first, second = shown("numpy"), shown("cython")
    np.testing.assert_array_equal(first[1], second[1])
    np.testing.assert_allclose(first[0], second[0], rtol=1e-12)
    assert first[1].sum() > 300


@pytest.mark.standalone
@pytest.mark.parametrize("rule", ["stdp", *(pytest.param(each, marks=pytest.mark.programs) for each in (None, "stlr"))])
def test_the_program_gives_the_same_spikes_and_weights(rule):
    rule = rule and find_rule(rule, SpikeRule).with_parameters(eta=0.02)
    first, second = shown("numpy", rule=rule, code="latency"), shown("cpp_standalone", rule=rule, code="latency")
    np.testing.assert_array_equal(first[1], second[1])
    for a, b in zip(first, second, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12)
    # One program for all seeds and weights.
    again, other = (shown(target, rule=rule, seed=8, code="latency") for target in ("numpy", "cpp_standalone"))
    np.testing.assert_array_equal(again[1], other[1])
    assert (again[1] != first[1]).any()


@pytest.mark.parametrize("code", ["rate", "latency"])
def test_what_an_image_does_depends_neither_on_its_place_nor_on_the_chunk(code):
    states, counts, _ = shown(code=code)
    for order in ([3], [5, 3, 0], [3, 3]):
        found = shown(images=IMAGES[order], code=code)
        np.testing.assert_allclose(found[0], states[order], rtol=1e-12)
        np.testing.assert_array_equal(found[1], counts[order])


def test_weights_learned_in_two_chunks_are_those_of_one():
    rule = STLR.with_parameters(eta=0.05, theta1=0.2, theta2=-0.2)
    whole = shown(rule=rule)[2]
    with Engine("numpy") as engine:
        liquid, show = liquid_of(engine), Show(8, 8)
        for part in (IMAGES[:2], IMAGES[2:6]):
            liquid = liquid.with_weights(show_images(liquid, show, part, engine, rule)[2])
    np.testing.assert_allclose(liquid.synapses["ee"][2], whole, rtol=1e-12)
    with Engine("numpy") as engine:
        assert np.abs(whole - liquid_of(engine).synapses["ee"][2]).max() > 0.05


def test_dale_s_law_and_as_many_synapses_for_every_neuron():
    with Engine("numpy") as engine:
        liquid = random_liquid(100, 8, engine, density=0.1, inhibition=4.0)
    for kind, sources, targets in (("ee", 8, 80), ("ei", 8, 20), ("ia", 2, 100)):
        pre, post, w = liquid.synapses[kind]
        assert len(pre) == sources * targets and (np.unique(post, return_counts=True)[1] == sources).all()
        assert (w > 0).all() if kind != "ia" else (w < 0).all() and w.min() > -4
        assert ((pre < 80) == (kind != "ia")).all() and (pre != post).all()


@pytest.mark.programs
@pytest.mark.parametrize("rate", [20.0, 5.0])
def test_calibration_reaches_its_rate(rate):
    with Engine("numpy") as engine:
        liquid = calibrate_input(liquid_of(engine), Show(8, 8), IMAGES[:10], rate, engine, tolerance=0.05)
        counts = show_images(liquid, Show(8, 8), IMAGES[:10], engine)[1]
    assert mean_rate(counts, Show(8, 8)) == pytest.approx(rate, rel=0.05)


@pytest.mark.programs
def test_no_gain_gives_an_impossible_rate():
    with (
        Engine("numpy") as engine,
        pytest.raises(UserError, match="rate: expected a rate that some gain of the input gives, got"),
    ):
        calibrate_input(liquid_of(engine), Show(8, 8), IMAGES[:1], 900.0, engine)


def test_a_liquid_that_runs_away_is_stopped():
    with (
        pytest.raises(Diverged, match="neurons fire at 200 Hz or more in image 0"),
        Engine("numpy") as engine,
    ):
        liquid = random_liquid(20, 8, engine, input_gain=1.0)
        show_images(replace(liquid, bias=np.full(20, 1e9)), Show(8, 8), IMAGES[:1], engine)


def test_thresholds_are_percentiles_of_what_arriving_spikes_see():
    with Engine("numpy") as engine:
        liquid, show = liquid_of(engine), Show(8, 8)
        rule = calibrate_rule(STLR, liquid, show, IMAGES[:10])
        assert rule.numbers["theta1"] > 0 > rule.numbers["theta2"]
        assert rule.numbers["eta"] == STLR.numbers["eta"]
        w = show_images(liquid, show, IMAGES[:10], engine, rule)[2]
        # 5 % of arriving spikes at either side change a weight.
        assert 0 < np.mean(w != liquid.synapses["ee"][2]) < 1
        assert calibrate_rule(find_rule("stdp", SpikeRule), liquid, show, IMAGES) is find_rule("stdp", SpikeRule)
        silent = replace(liquid, input_gain=0.0)
        with pytest.raises(
            UserError, match="plasticity 'stlr': expected spikes from which to take percentiles, got none"
        ):
            calibrate_rule(STLR, silent, show, IMAGES[:1])


def test_spikes_of_an_image_are_those_that_are_counted():
    with Engine("numpy") as engine:
        liquid = liquid_of(engine)
        counts = show_images(liquid, Show(8, 8), IMAGES[:1], engine)[1]
    times, neurons = record_spikes(liquid, Show(8, 8), IMAGES[:1])
    np.testing.assert_array_equal(np.bincount(neurons, minlength=50), counts[0])
    assert (np.diff(times) >= 0).all() and times.max() < Show(8, 8).seconds


def test_features_are_readings_and_counts():
    states, counts, _ = shown(images=IMAGES[:2])
    assert states.shape == (2, 4, 50) and join_features(states, counts).shape == (2, 250)
    np.testing.assert_array_equal(Show(28, 28).read_at, np.array([35, 70, 105, 140]) * 2 - 1)
    assert Show(28, 28).seconds == pytest.approx(0.2)
