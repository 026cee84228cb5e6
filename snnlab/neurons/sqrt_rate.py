"""Rate unit r = F sqrt(s) for s >= 0, else 0: the rate counterpart of the theta neuron.

tau_s ds/dt = -s + I, r = F sqrt(s)

f-I curve: r = F sqrt(I) for I >= 0. With F = 1 Hz this is the f-I curve of the theta neuron, which spiking
networks use instead. tau_s is the decay time of the paper's filter. Time steps of 0.05 ms are our choice.
"""

from brian2 import Hz, ms

from snnlab.models.neuron import NeuronModel

SQRT_RATE = NeuronModel(
    name="sqrt_rate",
    equations="""
    ds/dt = (current - s)/tau_s : 1
    r = F*sqrt(clip(s, 0, inf)) : Hz
    """,
    current="1",
    parameters=dict(tau_s=20 * ms, F=1 * Hz),
    initial=dict(s="0"),
    source="Nicola & Clopath 2017, doi:10.1038/s41467-017-01827-3, rate counterpart of theta neurons",
)
