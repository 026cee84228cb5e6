"""Settings with which neurons learn by FORCE: the published ones of each shipped neuron, and those of a user's file.

Source: Nicola & Clopath 2017, doi:10.1038/s41467-017-01827-3, the authors' scripts, ModelDB 190565. What is ours is
said beside it. A user's own file states the same in a dict ``FORCE`` beside its model.
"""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

from brian2 import ms, mV, pA, second

from ... import neurons

# Name of a file in snnlab/neurons -> gain G, size Q of the feedback, alpha, bias, time step, time between RLS updates,
# and whether each neuron's mean input weight is subtracted.
PUBLISHED = {
    # Ours, found on seed 1. The weights are larger than the leaky neuron's, which forgets less of its input, and with
    # this bias it fires at 19 Hz. With the leaky neuron's g and q it does not learn the sine.
    "if": dict(
        g=0.1 * mV * second,
        q=20 * mV,
        alpha=5e-6 * second**2,
        bias=5 * mV,
        dt=0.05 * ms,
        rls_interval=2.5 * ms,
        zero_row_mean=True,
    ),
    # Figure 2 of the paper: the scripts for a filter of 2 and 20 ms. The bias is the threshold.
    "lif": dict(
        g=0.04 * mV * second,
        q=10 * mV,
        alpha=5e-6 * second**2,
        bias=-40 * mV,
        dt=0.05 * ms,
        rls_interval=2.5 * ms,
        zero_row_mean=True,
    ),
    # The theta neuron's values times (pi tau_m / 1 s)^2, the factor between I and J.
    "qif": dict(
        g=0.01 * second,
        q=10.0,
        alpha=1e-5 * second**2,
        bias=0.0,
        dt=0.05 * ms,
        rls_interval=1 * ms,
        zero_row_mean=True,
    ),
    # Figure 2 of the paper: the script for a filter of 2 and 20 ms.
    "theta": dict(
        g=10 * second,
        q=1e4,
        alpha=1e-5 * second**2,
        bias=0.0,
        dt=0.01 * ms,
        rls_interval=0.5 * ms,
        zero_row_mean=True,
    ),
    # The script of the sine.
    "izhikevich": dict(
        g=5e3 * pA * ms,
        q=5e3 * pA,
        alpha=2 * ms**2,
        bias=1000 * pA,
        dt=0.04 * ms,
        rls_interval=0.8 * ms,
        zero_row_mean=False,
    ),
    # The script of the Ode to Joy.
    "izhikevich_b": dict(
        g=1e4 * pA * ms,
        q=4e3 * pA,
        alpha=2 * ms**2,
        bias=1000 * pA,
        dt=0.04 * ms,
        rls_interval=4 * ms,
        zero_row_mean=False,
    ),
    # The script of the songbird.
    "izhikevich_c": dict(
        g=1.3e4 * pA * ms,
        q=1e3 * pA,
        alpha=2 * ms**2,
        bias=1000 * pA,
        dt=0.04 * ms,
        rls_interval=4 * ms,
        zero_row_mean=False,
    ),
}


def stated_values(module: ModuleType) -> dict:
    """Return what a neuron's file states in its FORCE or, for a shipped neuron, what is published; else nothing."""
    file, folder = (Path(each.__file__ or "").resolve() for each in (module, neurons))
    shipped = PUBLISHED.get(file.stem, {}) if file.parent == folder.parent else {}
    return getattr(module, "FORCE", shipped)
