"""Values with which neurons learn by FORCE: published for shipped neurons, stated by a user's file."""

from pathlib import Path

import pytest

import snnlab.neurons
from snnlab.errors import UserError
from snnlab.models.loading import find_model, shipped_models
from snnlab.networks.force import PUBLISHED, ForceConfig, settle_force
from snnlab.networks.force.setup import stated_values

LIF = Path(snnlab.neurons.__file__).with_name("lif.py")


def test_every_shipped_neuron_that_spikes_has_values_and_no_other_name_has():
    spiking = {name for name, model in shipped_models("neuron").items() if model.threshold}
    # A shipped neuron may state its values itself, in FORCE, as a user's file does.
    assert all(stated_values(find_model(name, "neuron")[1]) for name in spiking)
    assert spiking >= set(PUBLISHED)


@pytest.mark.parametrize("spec", ["lif", "snnlab.neurons.lif:LIF", str(LIF)])
def test_a_shipped_neuron_has_its_values_however_it_is_named(spec):
    setup = ForceConfig(neuron=spec).setup
    assert (setup.g, setup.q, setup.bias) == pytest.approx((4e-5, 0.01, -0.04))
    assert (setup.dt, setup.learn.step) == (pytest.approx(5e-5), 50)


def test_a_copy_of_a_shipped_file_has_what_it_states_itself(tmp_path):
    copy = tmp_path / "lif.py"
    copy.write_text(LIF.read_text())
    with pytest.raises(UserError, match=r"^g: expected --g .*, since neuron 'lif' has no value in FORCE"):
        settle_force(ForceConfig(neuron=str(copy)))
    copy.write_text(LIF.read_text() + "FORCE = dict(q=3*mV)\n")
    assert float(stated_values(find_model(str(copy), "neuron")[1])["q"]) == 3e-3
