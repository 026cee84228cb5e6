"""The syrinx of a songbird: a pair of lips that oscillate in the breath and are the source of sound.

dx/dt = y, dy/dt = gamma^2 (I + x^2 - x^3) - gamma (x + x^2) y, with I = alpha + beta x

x is the opening of the lips, and y is the flow, which is the sound. alpha is the pressure of the air sacs, and beta is
the tension of the muscles, so the input in a network is ``alpha + beta*x``. The lips oscillate for alpha < 0 (about
-0.1 and below) and beta < 0 or slightly above 0. They rest for alpha > 0. A lower beta gives a higher pitch: at alpha =
-0.15, 200 Hz at beta = 0.0016, 2.85 kHz at -1/3 and 7.5 kHz at -3.7.

Forward Euler is not accurate enough even with steps of 1 us. Fourth-order Runge-Kutta with steps of 1/88200 s gives the
pitch within 0.1 % up to 7 kHz.
"""

from brian2 import second

from snnlab.models.neuron import NeuronModel

SYRINX = NeuronModel(
    name="syrinx",
    equations="""
    dx/dt = y : 1
    dy/dt = gamma**2*(current + x**2 - x**3) - gamma*(x + x**2)*y : 1/second
    """,
    current="1",
    parameters=dict(gamma=24000 / second),
    initial=dict(x="0", y="0/second"),
    source="Sanz Perl et al. 2011, doi:10.1103/PhysRevE.84.051909; Amador et al. 2013, doi:10.1038/nature11967",
)
