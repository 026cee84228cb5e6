"""Dale's law as a protocol: the quick preset obeys it, learns, and is told apart from the unconstrained network."""

import numpy as np
import pytest

from snnlab.lab.protocol import find_protocol
from snnlab.protocols.force import force_dale


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    protocol = find_protocol("force_dale")
    return protocol.execute(protocol.config(quick=True), tmp_path_factory.mktemp("dale"))[1]


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A run that learns little, in numpy."""
    size = {"neuron": "lif", "n": 60, "dt": 1.0, "rls_interval": 4.0, "seconds": 2.0, "target": "numpy"}
    protocol = find_protocol("force_dale")
    config = protocol.config(task="sine", learn_start=0.1, learn_stop=1.0, **size)
    return protocol.execute(config, tmp_path_factory.mktemp("small"))[1]


@pytest.mark.programs
def test_the_quick_preset_learns_and_no_weight_breaks_the_law(run):
    rows = {check.what: check for check in force_dale.checks(run)}
    assert all(check.holds for check in rows.values()), rows
    assert rows[force_dale.AGAINST].measured == 0


@pytest.mark.programs
def test_the_check_sees_weights_against_the_law(run):
    one = run.assign(recurrent_weight=run.recurrent_weight.copy())
    weights = one.recurrent_weight.values.copy()
    weights[:7] *= -1
    count = force_dale.dale_law(run.assign(recurrent_weight=("synapse", weights)))[force_dale.AGAINST]
    # Learned weights may outweigh a few of them.
    assert 0 < count <= 7
    parts = run.decoder_parts.values.copy()
    parts[:, [0, 1]] = parts[:, [1, 0]]
    assert force_dale.dale_law(run.assign(decoder_parts=(("neuron", "part"), parts)))[force_dale.AGAINST] > 1000


@pytest.mark.programs
@pytest.mark.parametrize("control", force_dale.CONTROLS)
def test_controls_run_and_fail(tmp_path, control):
    protocol = find_protocol("force_dale")
    _, dataset = protocol.execute(protocol.config(quick=True, **force_dale.CONTROLS[control]), tmp_path)
    rows = force_dale.checks(dataset)
    assert dataset.attrs["condition"] == control and not all(check.holds for check in rows)
    assert [row.what for row in rows if row.holds][-2:] == [force_dale.AGAINST, force_dale.KEPT]


@pytest.mark.programs
def test_without_the_law_it_is_the_network_of_force_oscillator(tmp_path):
    size = {"n": 60, "seconds": 0.6, "learn_start": 0.1, "learn_stop": 0.5, "target": "numpy", "task": "sine"}
    for neuron in ("lif", "izhikevich"):
        ours, theirs = (
            find_protocol(name).execute(find_protocol(name).config(neuron=neuron, **size, **free), tmp_path)[1]
            for name, free in (("force_dale", {"dale": False}), ("force_oscillator", {}))
        )
        np.testing.assert_array_equal(ours.output, theirs.output)
        assert not ours["sign"].any() and "decoder_parts" not in ours


def test_a_broken_network_without_a_free_run_states_no_check(small):
    short = small.assign_attrs(condition="no_feedback", seconds=small.attrs["learn_stop"])
    assert force_dale.checks(short) == []


def test_findings_compare_with_the_unconstrained_network(small):
    free = small.assign_attrs(config=small.attrs["config"].replace('"dale": true', '"dale": false'))
    free = free.assign(output=0.5 * free.output)
    rows = {row.what: row for row in force_dale.comparisons([small, free] * 3)}
    amplitude = next(row for what, row in rows.items() if "amplitude" in what and "minus unconstrained" in what)
    measured = force_dale.oscillator.measure(small)["free-run amplitude / the teacher's"]
    assert amplitude.value == pytest.approx(measured / 2)
    assert len(rows) == 8
    assert force_dale.comparisons([small] * 3) == []
    # Networks with another share of excitatory neurons are another group.
    other = free.assign_attrs(config=free.attrs["config"].replace('"excitatory": 0.5', '"excitatory": 0.8'))
    assert force_dale.comparisons([small, other] * 3) == []
