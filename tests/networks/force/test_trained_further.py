"""A trained network is trained further: it is one longer run if P is kept, and a fresh start if it is not."""

import numpy as np
import pytest
from brian2 import ms, mV, second
from scipy.sparse import csr_array

import snnlab
from places import DATA
from snnlab.errors import UserError
from snnlab.files.record import run_name
from snnlab.lab.protocol import find_protocol
from snnlab.networks.force import Drive, Phase, train_force

SIZE = {"neuron": "lif", "n": 40, "dt": 0.5, "rls_interval": 3.5, "learn_start": 0.05, "checkpoint": 0.15, "g": 0.06}
STOP, END = 0.15, 0.3
# The signal does not begin anew at STOP.
DRIVE = Drive(1e-3 * np.random.default_rng(0).standard_normal((40, 5)), csr_array(np.eye(5)), every=35)


def sine(t):
    return np.sin(2 * np.pi * 5 * t)


def waves(t):
    return np.stack([np.sin((m + 1) * 5 * t) for m in range(20)], 1)


def trained(stop, target="numpy", teacher=sine, **more):
    config = snnlab.ForceConfig(**SIZE, seconds=stop, learn_stop=stop, record_p=more.pop("record_p", True))
    with snnlab.Engine(target, 3) as engine:
        return train_force(config, teacher, engine, **more)


def equal(net, whole):
    """The network is that of the whole run, bit for bit, and so is the later part of its recordings."""
    for name in ("decoder", "p_lower", "p_columns", *(str(x) for x in whole if str(x).startswith("state_"))):
        np.testing.assert_array_equal(net.dataset[name], whole[name])
    late = whole.sel(time=slice(STOP + 1e-9, None))
    for name in ("output", "teacher", "voltage"):
        np.testing.assert_array_equal(net.dataset[name], late[name])
    bins = whole.population_rate.sel(bin=net.dataset.bin, method="nearest")
    assert abs(net.dataset.population_rate.values.mean() - bins.values.mean()) < 5


@pytest.mark.parametrize(
    ("target", "teacher", "more"),
    [
        ("numpy", sine, {}),
        ("numpy", sine, {"excitatory": 0.5, "drive": DRIVE}),
        pytest.param("numpy", waves, {}, marks=pytest.mark.programs),
        pytest.param("cython", sine, {"drive": DRIVE}, marks=pytest.mark.programs),
        pytest.param("cpp_standalone", sine, {}, marks=[pytest.mark.programs, pytest.mark.standalone]),
        pytest.param("cpp_standalone", waves, {"drive": DRIVE}, marks=[pytest.mark.programs, pytest.mark.standalone]),
    ],
)
def test_with_p_it_is_one_longer_run(target, teacher, more):
    net = snnlab.TrainedNetwork(trained(STOP, target, teacher, **more))
    further = net.train(teacher, END - STOP, target=target)
    assert further.dataset.p_columns.shape[1] > 0 and (further.decoder != net.decoder).any()
    equal(further, trained(END, target, teacher, **more))


def test_with_a_fresh_p_it_is_a_run_that_starts_rls_anew():
    run = trained(STOP, record_p=False)
    assert "p_lower" not in run
    fresh = snnlab.TrainedNetwork(run).train(sine, (END - STOP) * 1000 * ms, fresh=True, target="numpy")
    equal(fresh, trained(END, phases=[Phase(STOP, fresh_rls=True)]))
    with pytest.raises(UserError, match=r"^run file: expected P of RLS, which a run with --record-p .* fresh=True"):
        snnlab.TrainedNetwork(run).train(sine, 0.1, target="numpy")


@pytest.mark.programs
@pytest.mark.standalone
def test_p_of_a_program_goes_on_in_numpy():
    net = snnlab.TrainedNetwork(trained(STOP, "cpp_standalone"))
    one, other = (net.train(sine, 0.02, target=target) for target in ("cpp_standalone", "numpy"))
    assert net.dataset.p_columns.shape[1] > 16
    np.testing.assert_allclose(one.decoder, other.decoder, rtol=1e-6, atol=1e-12)


@pytest.fixture(scope="module")
def run():
    return trained(STOP)


def test_the_file_of_a_network_without_a_protocol_goes_on_alike(run, tmp_path):
    net = snnlab.TrainedNetwork(run)
    loaded = snnlab.load(net.save(tmp_path / "net.nc"))
    assert repr(loaded) == "<TrainedNetwork: 40 lif neurons, 1 output(s), from no protocol>"
    one, two = (each.train(sine, 0.03, target="numpy") for each in (net, loaded))
    np.testing.assert_array_equal(one.decoder, two.decoder)
    assert two.dataset.attrs["file"].endswith("net.nc")
    # What was changed by hand is stored.
    net.decoder, net.recurrent = 2 * net.decoder, np.eye(40) * 1e-5
    again = snnlab.load(net.save(tmp_path / "changed.nc"))
    np.testing.assert_array_equal(again.decoder, 2 * loaded.decoder)
    np.testing.assert_array_equal(again.recurrent.toarray(), net.recurrent.toarray())
    for path in (3, tmp_path, tmp_path / "none" / "x.nc"):
        with pytest.raises(UserError, match=r"^path: expected the name of a file in an existing folder"):
            net.save(path)


@pytest.mark.parametrize(
    ("teacher", "seconds", "changes", "message"),
    [
        (waves, 0.1, {}, "^teacher: expected 1 component, one for each output, got 20"),
        (3, 0.1, {}, "^teacher: expected a function of times"),
        (sine, 3 * mV, {}, "^seconds: expected a value in second, got 3"),
        (sine, "1", {}, "^seconds: expected a number > 0 in second, got '1'"),
        (sine, 1e-3, {}, "^seconds: expected at least one update of RLS, every 3.5 ms"),
        (sine, 0.1, {"record_decoders": -1}, "^record_decoders: expected an integer"),
        (sine, 0.1, {"record_interval": 1 * second}, "^record_interval: expected a number > 0 and <= 10 ms"),
        (sine, 0.1, {"seed": "a"}, "^seed: expected an integer"),
        (sine, 0.1, {"target": "gpu"}, "^target: expected one of"),
    ],
)
def test_what_cannot_be_trained_is_refused_by_name(run, teacher, seconds, changes, message):
    with pytest.raises(UserError, match=message):
        snnlab.TrainedNetwork(run).train(teacher, seconds, **{"target": "numpy"} | changes)


def test_a_run_that_ends_with_a_lesion_is_refused(run):
    config = snnlab.ForceConfig(**SIZE, seconds=STOP, learn_stop=0.1, record_p=True)
    with snnlab.Engine("numpy") as engine:
        lesioned = train_force(config, sine, engine, phases=[Phase(0.12, silent=np.arange(3))])
    with pytest.raises(UserError, match=r"^run file: expected a run that ends with its whole network, got .* silent"):
        snnlab.TrainedNetwork(lesioned).train(sine, 0.1, target="numpy")


def test_a_network_of_an_older_file_starts_anew():
    (path,) = (DATA / "first_edition").glob("force_sine-*.nc")
    net = snnlab.load(path)
    with pytest.raises(UserError, match=r"^run file: expected"):
        net.train(sine, 0.1, target="numpy")


def test_recording_p_changes_no_name_of_a_run_without_it():
    protocol = find_protocol("force_sine")
    plain, recorded = (protocol.prepare(protocol.config(neuron="lif", record_p=p)) for p in (False, True))
    values = {name: value for name, value in plain.values.items() if name != "record_p"}
    assert plain.path.name == run_name("force_sine", values, {"models": plain.config.models()})
    assert recorded.path.name != plain.path.name and protocol.preset(recorded.config) == "full"
