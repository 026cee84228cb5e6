"""The names in help texts are those of the models that are found."""

import pytest

from snnlab.models.loading import _shipped, shipped_models
from snnlab.models.names import shipped_names, with_names
from snnlab.models.rate_rule import RateRule
from snnlab.models.spike_rule import SpikeRule


def test_names_are_those_of_all_shipped_models():
    assert shipped_names("neurons") == sorted(name for name, m in shipped_models("neuron").items() if m.threshold)
    assert shipped_names("filters") == sorted(shipped_models("filter"))


@pytest.mark.parametrize(("kind", "cls"), [("rate rules", RateRule), ("spike rules", SpikeRule)])
def test_names_are_those_of_all_shipped_rules(kind, cls):
    assert shipped_names(kind) == sorted(_shipped(cls))


def test_names_take_the_place_of_their_kind_in_a_text():
    assert with_names("one of {filters}, or {x}") == "one of double_exponential, exponential, or {x}"
