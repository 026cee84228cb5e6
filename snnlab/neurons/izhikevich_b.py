"""Izhikevich neuron, parameter set B of Nicola & Clopath 2017 (Ode to Joy, classifier): set A with b = 0.

Rheobase: k (v_t - v_rest)^2 / 4 = 1000 pA. Equations: :mod:`snnlab.neurons.izhikevich`.
"""

from dataclasses import replace

from brian2 import mV, nS

from snnlab.neurons.izhikevich import IZHIKEVICH

IZHIKEVICH_B = replace(
    IZHIKEVICH.with_parameters(b=0 * nS, v_t=-20 * mV),
    name="izhikevich_b",
    source="Nicola & Clopath 2017, doi:10.1038/s41467-017-01827-3, set B; ModelDB 190565, Ode to Joy",
)
