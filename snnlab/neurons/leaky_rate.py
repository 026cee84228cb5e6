r"""Two leaky rate units: f is applied to the state (reservoir) or to the input (rate).

.. math::
    \text{reservoir:}\quad & \tau \dot h = -h + I, \quad r = f(h) \\
    \text{rate:}\quad & \tau \dot r = -r + f(I)

with I = W r + W_in u + b. Euler steps with a = dt/tau give the discrete forms of reservoir computing,
h(t) = (1 - a) h(t-1) + a (W_in x(t) + W f(h(t-1))), and of rate networks.

f is tanh. tau = 10 ms is our choice; the reservoirs of snnlab give a = dt/tau instead. In both models ``rate`` is the
output that a unit sends in a recurrent network.
"""

from brian2 import ms

from snnlab.models.neuron import NeuronModel

LEAKY_RATE = NeuronModel(
    name="leaky_rate",
    equations="""
    dr/dt = (tanh(current + b) - r)/tau : 1
    rate = r : 1
    b : 1 (constant)
    """,
    current="1",
    parameters=dict(tau=10 * ms),
    initial=dict(r="0"),
    source="Wilson & Cowan 1972, doi:10.1016/S0006-3495(72)86068-5; f outside the sum",
)
LEAKY_RESERVOIR = NeuronModel(
    name="leaky_reservoir",
    equations="""
    dh/dt = (current + b - h)/tau : 1
    rate = tanh(h) : 1
    b : 1 (constant)
    """,
    current="1",
    parameters=dict(tau=10 * ms),
    initial=dict(h="0"),
    source="Jaeger et al. 2007, doi:10.1016/j.neunet.2007.04.016, leaky integrator with f inside the sum",
)
