"""Dale's law as a protocol: the quick preset obeys it, learns, and is told apart from the unconstrained network."""

import numpy as np
import pytest

from snnlab.protocol import find_protocol
from snnlab.protocols import force_dale


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    protocol = find_protocol("force_dale")
    return protocol.execute(protocol.config(quick=True), tmp_path_factory.mktemp("dale"))[1]


def test_the_quick_preset_learns_and_no_weight_breaks_the_law(run):
    rows = {check.what: check for check in force_dale.checks(run)}
    assert all(check.holds for check in rows.values()), rows
    assert rows[force_dale.AGAINST].measured == 0


def test_the_check_sees_weights_against_the_law(run):
    one = run.assign(recurrent_weight=run.recurrent_weight.copy())
    weights = one.recurrent_weight.values.copy()
    weights[:7] *= -1
    count = force_dale.against_dale(run.assign(recurrent_weight=("synapse", weights)))
    # Learned weights may outweigh a few of them.
    assert 0 < count <= 7


def test_findings_compare_with_the_unconstrained_network(run):
    free = run.assign_attrs(config=run.attrs["config"].replace('"dale": true', '"dale": false'))
    rows = force_dale.findings([run, free] * 3)
    differences = [row for row in rows if "minus unconstrained" in row.what]
    assert len(differences) == 4
    assert np.allclose([row.value for row in differences], 0)
    assert force_dale.findings([run] * 3) == []
