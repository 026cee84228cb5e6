"""Runs are grouped by what they share: settings, conditions, names."""

import json
from dataclasses import asdict, dataclass

import pytest
import xarray as xr

from snnlab.lab.grouping import RECORDING, by_condition, by_name, settings, variant_name


def run(condition="default", **config):
    return xr.Dataset(attrs={"condition": condition, "config": json.dumps(config)})


@pytest.mark.parametrize("field", RECORDING)
def test_what_is_recorded_and_the_seed_are_no_setting(field):
    assert settings({"n": 3, field: 1}) == settings({field: 2, "n": 3}) == settings({"n": 3})


def test_other_fields_are_unless_they_are_left_out():
    assert settings({"n": 3, "q": 1}) != settings({"n": 3, "q": 2})
    assert settings({"n": 3, "q": 1}, ["q"]) == settings({"n": 3, "q": 2}, ["q"])


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


def test_runs_of_one_name_that_differ_are_told_apart():
    runs = [run(seed=seed, neuron=neuron, n=n) for neuron, n in (("lif", 3), ("lif", 4), ("qif", 3)) for seed in (1, 2)]
    assert by_name(runs, lambda config: config["neuron"]) == {
        "lif [1]": runs[:2],
        "lif [2]": runs[2:4],
        "qif": runs[4:],
    }
    assert set(by_name(runs, lambda config: config["neuron"], lambda config: "")) == {"lif", "qif"}


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
    ],
    ids=str,
)
def test_a_stored_config_is_called_as_its_variant_is(changes, name):
    variants = {"published": {}, "two speeds": {"speeds": (1.0, 2.0)}, "large": {"neuron": "qif", "n": 2000}}
    stored = json.loads(json.dumps(asdict(Config(**changes))))
    assert variant_name(stored, Config, variants, {"n": 50}, {"large": {"n": 80}}) == name
