"""Synaptic filters: the C++ program gives what numpy gives, and both are near the closed form."""

import numpy as np
import pytest

from snnlab.lab.protocol import find_protocol

PROTOCOL = find_protocol("synaptic_filters")


@pytest.mark.standalone
def test_the_program_gives_what_numpy_gives(tmp_path):
    numpy, program = (
        PROTOCOL.execute(PROTOCOL.config(True, target=target), tmp_path)[1] for target in ("numpy", "cpp_standalone")
    )
    assert program.attrs["target"] == "cpp_standalone" and set(numpy.variables) == set(program.variables)
    for name in numpy.data_vars:
        np.testing.assert_allclose(program[name], numpy[name], rtol=1e-12, atol=1e-15, err_msg=str(name))
    checks = PROTOCOL.checks(program)
    assert len(checks) == 4 and all(check.holds for check in checks)
