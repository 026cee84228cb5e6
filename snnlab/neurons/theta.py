"""Theta neuron.

tau dv/dt = 1 - cos v + pi^2 (1 + cos v) J. When v >= pi, the neuron spikes and v is set to -pi. v is a phase, J has no
unit, tau = 1 s.

f-I curve: f = sqrt(J) / tau for J > 0, else 0. The rate unit r = F sqrt(s) (:mod:`snnlab.neurons.sqrt_rate`) with
F = 1/tau has exactly this curve. Rheobase: J = 0.
"""

from brian2 import second

from snnlab.models.neuron import NeuronModel

THETA = NeuronModel(
    name="theta",
    equations="dv/dt = (1 - cos(v) + pi**2*(1 + cos(v))*current)/tau : 1",
    current="1",
    threshold="v >= pi",
    reset="v = -pi",
    parameters=dict(tau=1 * second),
    initial=dict(v="-pi + 2*pi*rand()"),
    source="Ermentrout & Kopell 1986; Nicola & Clopath 2017, doi:10.1038/s41467-017-01827-3; ModelDB 190565",
)
