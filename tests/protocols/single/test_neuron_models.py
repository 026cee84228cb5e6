"""Settings of the f-I curves and traces that cannot be run."""

import dataclasses
from pathlib import Path

import pytest

from snnlab.errors import UserError
from snnlab.lab.protocol import find_protocol

PROTOCOL = find_protocol("neuron_models")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"lif_mean": float("nan")}, "lif_mean: expected a finite number, got nan"),
        ({"izhikevich_mean": float("-inf")}, "izhikevich_mean: expected a finite number, got -inf"),
        ({"lif_seconds": 1e-9}, "lif_seconds: expected a number >= 5e-05, got 1e-09"),
        ({"izhikevich_seconds": float("inf")}, "izhikevich_seconds: expected a number >= 4e-05, got inf"),
        ({"points": 2.5}, "points: expected an integer from 2 to 100,000, got 2.5"),
    ],
)
def test_settings_that_cannot_be_run_are_refused(settings, message):
    with pytest.raises(UserError) as refused:
        PROTOCOL.prepare(dataclasses.replace(PROTOCOL.config(), **settings), Path("runs"))
    assert str(refused.value) == message


def test_a_negative_mean_is_allowed():
    config = PROTOCOL.config(lif_mean=-60.0, izhikevich_mean=-5.0)
    assert PROTOCOL.prepare(config, Path("runs")).config == config
