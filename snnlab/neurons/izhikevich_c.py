"""Izhikevich neuron, parameter set C of Nicola & Clopath 2017 (songbird, movie): slower, weaker adaptation.

Rheobase: k (v_t - v_rest)^2 / 4 = 250 pA, so the bias of 1000 pA is far above it.
Equations: :mod:`snnlab.neurons.izhikevich`.
"""

from dataclasses import replace

from brian2 import ms, mV, nS, pA

from snnlab.neurons.izhikevich import IZHIKEVICH

IZHIKEVICH_C = replace(
    IZHIKEVICH.with_parameters(b=0 * nS, v_t=-40 * mV, a=0.002 / ms, d=100 * pA),
    name="izhikevich_c",
    source="Nicola & Clopath 2017, doi:10.1038/s41467-017-01827-3, set C; ModelDB 190565, songbird",
)
