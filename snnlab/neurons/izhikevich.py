"""Izhikevich neuron, parameter set A of Nicola & Clopath 2017 (sine and other oscillators).

C dv/dt = k (v - v_rest)(v - v_t) - u + I
du/dt = a (b (v - v_rest) - u)
When v >= v_peak, the neuron spikes: v = v_reset, u = u + d.

v_t = v_rest + 40 mV - b/k keeps the rheobase of the resting state at k (v_t + b/k - v_rest)^2 / 4 = 1000 pA for any b.
f-I curve: there is no closed form. With u held at its mean over a period it is a quadratic integrate-and-fire neuron,
whose firing rate solves one equation (:func:`snnlab.analysis.rate_laws.izhikevich_adiabatic`).
Sets B and C: :mod:`snnlab.neurons.izhikevich_b`, :mod:`snnlab.neurons.izhikevich_c`.
"""

from brian2 import ms, mV, nS, pA, pF

from snnlab.models.neuron import NeuronModel

IZHIKEVICH = NeuronModel(
    name="izhikevich",
    equations="""
    dv/dt = (k*(v - v_rest)*(v - v_t) - u + current)/C : volt
    du/dt = a*(b*(v - v_rest) - u) : amp
    """,
    current="amp",
    threshold="v >= v_peak",
    reset="v = v_reset; u += d",
    parameters=dict(
        C=250 * pF,
        k=2.5 * nS / mV,
        v_rest=-60 * mV,
        v_t=-19.2 * mV,
        a=0.01 / ms,
        b=-2 * nS,
        d=200 * pA,
        v_peak=30 * mV,
        v_reset=-65 * mV,
    ),
    initial=dict(v="v_rest + rand()*(v_peak - v_rest)", u="0*pA"),
    peak=30 * mV,
    source="Izhikevich 2003; Nicola & Clopath 2017, doi:10.1038/s41467-017-01827-3, set A; ModelDB 190565, sine",
)
