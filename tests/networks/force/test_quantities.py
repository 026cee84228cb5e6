"""Brian2 quantities are taken wherever a number with a unit is meant; other values are refused by name."""

import brian2
import numpy as np
import pytest
import xarray as xr
from brian2 import ms, mV, pA, second
from scipy.sparse import csr_array

import snnlab
from snnlab.errors import UserError
from snnlab.networks.force import Phase, train_force
from snnlab.neurons.lif import LIF
from snnlab.synapses.exponential import EXPONENTIAL

SIZE = {"neuron": "lif", "n": 20, "dt": 0.5, "seconds": 0.2, "learn_start": 0.05, "learn_stop": 0.1}


@pytest.fixture(scope="module")
def dataset():
    with snnlab.Engine("numpy", 4) as engine:
        return train_force(snnlab.ForceConfig(**SIZE), lambda t: np.sin(30 * t), engine)


@pytest.fixture
def net(dataset):
    return snnlab.TrainedNetwork(dataset)


def test_a_config_in_units_is_the_plain_one():
    given = snnlab.ForceConfig(
        neuron="lif", dt=0.05 * ms, seconds=3 * second, learn_start=500 * ms, learn_stop=2.0, bias=-0.04 * brian2.volt,
        g=40 * brian2.uvolt * second, tau_rise=2 * ms, record_interval=brian2.Quantity(0.1),
    )  # fmt: skip
    plain = snnlab.ForceConfig(
        neuron="lif", dt=0.05, seconds=3.0, learn_start=0.5, learn_stop=2.0, bias=-40.0, g=0.04, tau_rise=2.0,
        record_interval=0.1,
    )  # fmt: skip
    assert given == plain and given.settle() == plain.settle()
    assert all(type(value) is not brian2.Quantity for value in vars(given).values())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"dt": 1 * mV}, "^dt: expected a value in ms, got 1"),
        ({"bias": 5 * pA}, "^bias: expected a value in mV, got 5"),
        ({"n": 5 * ms}, "^n: expected a plain number, got 5"),
        ({"g": "x"}, "^g: expected a number, got 'x'"),
        ({"n": True}, "^n: expected an integer, got True"),
        ({"n": 20.0}, "^n: expected an integer, got 20.0"),
        ({"learn_start": "a"}, "^learn_start: expected a number, got 'a'"),
        ({"parameters": "tau_m=20*ms"}, "^parameters: expected several values, each a text, got 'tau_m"),
        ({"parameters": (3,)}, "^parameters: expected several values, each a text, got .3,."),
        ({"neuron": 3}, "^neuron: expected a text, got 3"),
        ({"eigenvalues": 1}, "^eigenvalues: expected True or False, got 1"),
    ],
)
def test_a_config_of_other_types_is_refused_by_name(changes, message):
    with pytest.raises(UserError, match=message):
        snnlab.ForceConfig(**SIZE | changes).settle()


def test_a_network_takes_units():
    weights, none = csr_array(0.01 * np.eye(3)), np.zeros((3, 1))
    with snnlab.Engine("numpy"):
        one = snnlab.ForceNetwork(LIF, EXPONENTIAL, weights, none, bias=-30 * mV, dt=0.5 * ms)
        two = snnlab.ForceNetwork(LIF, EXPONENTIAL, weights, none, bias=-0.03, dt=0.5e-3)
        assert one.clock.dt == two.clock.dt == 0.5 * ms and one.neurons.bias == two.neurons.bias == -30 * mV
        with pytest.raises(UserError, match=r"^dt: expected a value in second"):
            snnlab.ForceNetwork(LIF, EXPONENTIAL, weights, none, dt=3 * mV)


def test_a_phase_takes_a_time():
    assert Phase(300 * ms) == Phase(0.3) and Phase(0.3) != Phase(0.3, silent=np.array([1]))
    for start in ("a", 3 * mV, float("nan")):
        with pytest.raises(UserError, match=r"^phases: start: expected"):
            Phase(start)


def test_a_run_in_units_is_the_plain_one(net):
    one = net.run(50 * ms, record_interval=1 * ms, speed=brian2.Quantity(1.0), target="numpy")
    two = net.run(0.05, record_interval=1.0, target="numpy")
    xr.testing.assert_identical(one, two)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"seconds": 3 * mV}, "^seconds: expected a value in second"),
        ({"seconds": "2"}, "^seconds: expected a number > 0 in second, got '2'"),
        ({"seconds": None}, "^seconds: expected a number > 0 in second, got None"),
        ({"seconds": 1e-9}, "^seconds: expected 1 to 1,000,000,000 steps of 0.5 ms"),
        ({"speed": "x"}, r"^speed: expected a multiple of 1/16 other than 0, .* got 'x'"),
        ({"feedback": np.nan}, "^feedback: expected a finite number, got nan"),
        ({"record_interval": "x"}, "^record_interval: expected a number > 0 in ms"),
        ({"record_spikes": -3}, "^record_spikes: expected an integer"),
        ({"record_voltages": 2.5}, "^record_voltages: expected an integer"),
        ({"seed": "a"}, "^seed: expected an integer"),
        ({"silence": np.ones(3, bool)}, r"^silence: expected indices, or a mask of shape \(20,\), got shape \(3,\)"),
        ({"silence": [True] * 21}, r"^silence: expected indices, or a mask of shape \(20,\), got shape \(21,\)"),
        ({"silence": np.ones((20, 1), bool)}, r"^silence: expected indices, or a mask of shape \(20,\), got shape"),
        ({"silence": [[1], [2, 3]]}, "^silence: expected integers or a mask, got rows of different lengths"),
        ({"silence": [1.0]}, "^silence: expected integers or a mask, got 1.0"),
        ({"seconds": 1e300}, "^seconds: expected 1 to 1,000,000,000 steps of 0.5 ms, got 1e.300"),
        ({"drive": np.ones((30, 20))}, r"^drive: expected a brian2.TimedArray in volt, got array[^\n]*$"),
        ({"silence": "1"}, "^silence: expected neuron indices or a mask, got '1'"),
    ],
)
def test_a_run_with_other_values_is_refused_by_name(net, changes, message):
    with pytest.raises(UserError, match=message):
        net.run(**{"seconds": 0.05, "target": "numpy"} | changes)


def test_weights_are_checked_where_they_are_assigned(net):
    plain = net.run(0.05, target="numpy").output.values
    net.recurrent, net.decoder = net.recurrent.toarray(), net.decoder * second
    net.encoder = net.encoder * 1e3 * mV
    np.testing.assert_allclose(net.run(0.05, target="numpy").output.values, plain, rtol=1e-9)
    for name, value, message in (
        ("decoder", np.ones(3), r"decoder: expected finite numbers of shape \(20, 1\), got shape \(3,\)"),
        ("decoder", np.full((20, 1), np.nan), "decoder: expected finite numbers, got nan"),
        ("decoder", np.ones((20, 1)) * mV, "decoder: expected a value in second"),
        ("encoder", np.ones((20, 1)) * pA, "encoder: expected a value in volt"),
        ("recurrent", np.ones((3, 3)), r"recurrent: expected finite numbers of shape \(20, 20\)"),
        ("recurrent", "x", "recurrent: expected"),
        ("recurrent", csr_array(1j * np.eye(20)), "recurrent: expected finite numbers, got 1j"),
        ("recurrent", csr_array(np.eye(20, dtype=bool)), "recurrent: expected finite numbers, got True"),
        ("recurrent", np.ones((20, 20)) * mV, r"recurrent: expected a value in volt\*second, got [^\n]*$"),
    ):
        with pytest.raises(UserError, match=message):
            setattr(net, name, value)
    net.decoder[0] = np.inf
    with pytest.raises(UserError, match=r"^decoder: expected finite numbers, got inf"):
        net.run(0.05, target="numpy")


def test_a_network_runs_without_recurrent_weights(net):
    net.recurrent = np.zeros((20, 20))
    run = net.run(0.05, feedback=0.0, target="numpy")
    # Neurons that nothing reaches all fire at the rate of one alone.
    alone = net.run(0.05, feedback=0.0, silence=range(20), target="numpy")
    assert run.spike_time.size and np.array_equal(run.spike_time, alone.spike_time)


def test_a_lesion_is_stored_with_its_conditions(net, tmp_path):
    drive = brian2.TimedArray(np.full((5, 20), 20.0) * mV, dt=10 * ms)
    run = net.run(0.05, silence=[3, 1], drive=drive, feedback=0.5, seed=7, target="numpy")
    run.to_netcdf(tmp_path / "lesion.nc", engine="h5netcdf")
    stored = xr.load_dataset(tmp_path / "lesion.nc", engine="h5netcdf")
    conditions = {"silence": "[1, 3]", "feedback": 0.5, "speed": 1.0, "seconds": 0.05, "seed": 7, "target": "numpy"}
    assert {name: stored.attrs[name] for name in conditions} == conditions
    assert stored.drive.attrs["units"] == "V" and (stored.drive == 0.02).all()
    assert stored.attrs["drive"] == "every 0.01 s, shape (5, 20)"
    assert "lif" in stored.attrs["network"] and stored.attrs["file"] == ""
