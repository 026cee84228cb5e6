"""Runs are grouped by what they share: settings, conditions, names."""

import json
from dataclasses import asdict, dataclass

import pytest
import xarray as xr

from snnlab.engine.settings import BrianConfig
from snnlab.files.record import attribute
from snnlab.lab.grouping import by_condition, by_name, given, neutral, settings, variant_name
from snnlab.networks.force import ForceConfig


def run(condition="default", **config):
    return xr.Dataset(attrs={"condition": condition, "config": json.dumps(config)})


def stored(neutral, **config):
    return xr.Dataset(attrs={"config": json.dumps(config), "neutral": json.dumps(neutral)})


def test_what_a_run_calls_neutral_is_no_setting():
    names = ["seed", "record_spikes"]
    first, second = stored(names, n=3, seed=1, record_spikes=5), stored(names, seed=2, n=3)
    assert settings(first) == settings(second)
    assert settings(first) != settings(stored(["seed"], n=3, seed=1, record_spikes=5))


@pytest.mark.parametrize("field", ["seed", "target", "eigenvalues", "record_voltages", "record_start"])
def test_a_run_of_format_1_has_the_neutral_fields_of_then(field):
    assert settings(run(n=3, **{field: 1})) == settings(run(**{field: 2}, n=3)) == settings(run(n=3))


def test_other_fields_are_unless_they_are_left_out():
    assert settings(run(n=3, q=1)) != settings(run(n=3, q=2))
    assert settings(run(n=3, q=1), ["q"]) == settings(run(n=3, q=2), ["q"])


def test_seed_and_target_are_neutral_and_what_a_family_says():
    assert neutral(BrianConfig) == ("seed", "target")
    assert {"seed", "target", "record_spikes", "eigenvalues"} <= {*neutral(ForceConfig)}
    assert not {"n", "dt", "record_interval"} & {*neutral(ForceConfig)}


def test_what_was_given_is_told_from_what_was_settled():
    dataset = xr.Dataset(attrs={"config": json.dumps({"n": 3, "g": 0.04}), "given": json.dumps({"n": 3})})
    assert given(dataset) == {"n": 3}
    assert given(run(n=3, g=None)) == {"n": 3, "g": None}


def test_controls_stand_beside_the_runs_that_they_are_controls_of():
    runs = [
        run(seed=1, n=3, control="none"),
        run(seed=2, n=3, control="none"),
        run("cut", seed=1, n=3, control="cut"),
        run(seed=1, n=4, control="none"),
    ]
    small, large = by_condition(runs)
    assert small == {"default": runs[:2], "cut": runs[2:3]}
    assert large == {"default": runs[3:]}


def _neuron(run):
    return attribute(run, "config")["neuron"]


def test_runs_of_one_name_that_differ_are_told_apart():
    runs = [run(seed=seed, neuron=neuron, n=n) for neuron, n in (("lif", 3), ("lif", 4), ("qif", 3)) for seed in (1, 2)]
    assert by_name(runs, _neuron) == {
        "lif [1]": runs[:2],
        "lif [2]": runs[2:4],
        "qif": runs[4:],
    }
    assert set(by_name(runs, _neuron, lambda run: "")) == {"lif", "qif"}


@dataclass(frozen=True)
class Config:
    neuron: str = "lif"
    n: int = 1000
    speeds: tuple[float, ...] = (1.0,)
    seed: int = 0


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({}, "published"),
        ({"seed": 7}, "published"),
        ({"speeds": (1.0, 2.0)}, "two speeds"),
        ({"neuron": "qif", "n": 2000}, "large"),
        # The reduced preset and its variants.
        ({"n": 50}, "published"),
        ({"neuron": "qif", "n": 80}, "large"),
        # No variant: the nearest one, and what differs from it.
        ({"n": 3000}, "published, n 3000"),
        ({"neuron": "qif", "n": 3000}, "large, n 3000"),
        # Another neuron makes it no variant that names one.
        ({"neuron": "my_neuron.py:EIF", "n": 2000}, "published, neuron my_neuron.py:EIF, n 2000"),
    ],
    ids=str,
)
def test_a_stored_config_is_called_as_its_variant_is(changes, name):
    variants = {"published": {}, "two speeds": {"speeds": (1.0, 2.0)}, "large": {"neuron": "qif", "n": 2000}}
    stored = json.loads(json.dumps(asdict(Config(**changes))))
    assert variant_name(stored, Config, variants, {"n": 50}, {"large": {"n": 80}}) == name


def test_a_config_with_a_name_of_its_own_is_none_of_the_variants():
    stored = asdict(Config(neuron="my_neuron.py:EIF"))
    variants = {name: {"neuron": name} for name in ("lif", "theta")}
    assert variant_name(stored, Config, variants, {}, {}) == "neuron my_neuron.py:EIF"
