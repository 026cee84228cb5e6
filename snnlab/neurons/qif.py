"""Quadratic integrate-and-fire neuron.

tau_m dv/dt = v^2 + I. When v > v_peak, the neuron spikes and v is reset to v_reset. v and I have no unit.

f-I curve: f = sqrt(I) / (tau_m (atan(v_peak / sqrt(I)) - atan(v_reset / sqrt(I)))) for I > 0, else 0. It
tends to sqrt(I) / (pi tau_m) for large v_peak and -v_reset. With v = tan(theta/2) and both infinite this is the theta
neuron with J = I / (pi tau_m)^2 s^2. Rheobase: I = 0.

The numbers are our choice: tau_m is that of the leaky neuron, v_peak and v_reset are far from 0, and time steps are
0.05 ms.
"""

from brian2 import ms

from snnlab.models.neuron import NeuronModel

QIF = NeuronModel(
    name="qif",
    equations="dv/dt = (v**2 + current)/tau_m : 1",
    current="1",
    threshold="v > v_peak",
    reset="v = v_reset",
    parameters=dict(tau_m=10 * ms, v_peak=30, v_reset=-30),
    initial=dict(v="-1 + 2*rand()"),
    source="Ermentrout & Kopell 1986; Latham et al. 2000",
)
