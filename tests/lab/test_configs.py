"""Any settings are refused in one line that names a field, or settle, have a cost, and are read back from a run."""

import dataclasses
import json
import math
from pathlib import Path
from types import NoneType
from typing import Literal, Union, get_args, get_origin, get_type_hints

import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from snnlab.errors import UserError
from snnlab.lab.discovery import files
from snnlab.lab.estimate import cost_of
from snnlab.lab.protocol import find_protocol
from snnlab.lab.run import stored_config

TEXTS = ["", "none", "nope", "lif", "theta", "hebb", "stdp", "sine", "SCIENCE", "digits", "no/such.py:X", "tau_m=10*ms"]
# One protocol of each family; the others have the same Configs in part.
FAMILIES = (
    "brunel2000 dybm_science dybm_stdp_window force_convergence force_sine force_scaling internal_compression "
    "liquid_mnist movie_replay neuron_models pattern_completion rate_force reservoir_mnist songbird stdp_window "
    "stlr_window synaptic_filters"
).split()


def near(default: object) -> st.SearchStrategy:
    """Return values of the size of a default."""
    if isinstance(default, bool) or not isinstance(default, int | float):
        return st.just(default)
    kind = type(default)
    return st.sampled_from([0.5, 0.9, 1.0, 1.1, 2.0]).map(lambda factor: kind(factor * default))


def of_hint(hint: object, default: object) -> st.SearchStrategy:
    """Return values of the type of a field."""
    if get_origin(hint) is Literal:
        return st.sampled_from(get_args(hint))
    if get_origin(hint) in (Union, type(int | str)):
        return st.one_of([of_hint(part, default) for part in get_args(hint)])
    if get_origin(hint) is tuple:
        inner = of_hint(get_args(hint)[0], default[0] if default else None)
        return st.lists(inner, max_size=3).map(tuple)
    wild = {
        NoneType: st.none(),
        bool: st.booleans(),
        int: st.one_of(st.integers(-2, 20), st.sampled_from([10**6, 2**40, 10**30])),
        float: st.one_of(
            st.floats(0.01, 100), st.floats(-1e15, 1e15), st.sampled_from([math.nan, math.inf, -math.inf])
        ),
        str: st.sampled_from(TEXTS),
    }[hint]
    return wild if default is None else st.one_of(near(default), wild)


@st.composite
def some_settings(draw, names):
    """Return a protocol and up to three settings that differ from its reduced preset."""
    protocol = find_protocol(draw(st.sampled_from(names)))
    preset = protocol.config(quick=True)
    hints = get_type_hints(protocol.Config)
    changed = draw(st.lists(st.sampled_from([f.name for f in dataclasses.fields(preset)]), max_size=3, unique=True))
    return protocol, {name: draw(of_hint(hints[name], getattr(preset, name))) for name in changed}


def assert_settles_or_is_refused(protocol, values):
    folder = Path("runs")
    try:
        run = protocol.prepare(protocol.config(quick=True, **values), folder)
    except UserError as refused:
        named, _, reason = str(refused).partition(": ")
        assert reason and "\n" not in reason
        assert {*named.split(", ")} <= {field.name for field in dataclasses.fields(protocol.Config)}
        return
    # A settled Config is settled, and its run has the same name.
    assert protocol.prepare(run.config, folder).path == run.path
    # The attributes of a run file hold JSON, of which the same Config is made.
    dataset = xr.Dataset(attrs={"protocol": protocol.name, "config": json.dumps(run.values, allow_nan=False)})
    stored = stored_config(protocol, dataset)
    assert stored == run.config and protocol.prepare(stored, folder).path == run.path
    cost = cost_of(run)
    assert cost.steps > 0 and 0 < cost.seconds < math.inf


@settings(max_examples=40, deadline=None, derandomize=True)
@given(some_settings(FAMILIES))
def test_settings_settle_or_are_refused(made):
    assert_settles_or_is_refused(*made)


@pytest.mark.programs
@settings(max_examples=1000, deadline=None, derandomize=True)
@given(some_settings(sorted(files("protocols"))))
def test_settings_of_every_protocol_settle_or_are_refused(made):
    assert_settles_or_is_refused(*made)
