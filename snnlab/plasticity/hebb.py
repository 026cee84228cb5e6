r"""Hebb's rule: a weight grows when both of its neurons are active.

.. math:: \Delta w_{ij} = \eta x_i y_j

The rule is unstable by itself: the more a weight grows, the more the target follows its source. Oja's form (Oja 1982,
doi:10.1007/BF00275687) subtracts a decay in proportion to the target's squared activity, and the covariance form
(Sejnowski 1977, doi:10.1007/BF00275079) multiplies deviations from running means. With the opposite sign (anti_hebb)
the rule makes the activities of units differ.

Between spiking neurons x and y are traces: each spike adds 1 to the trace of its neuron, and traces decay with tau. A
spike changes w by the other neuron's trace, so a pair gives :math:`\Delta w = \eta w_{max} e^{-|\Delta t|/\tau}`,
whichever spike came first. No source has numbers for spikes; their numbers are those of STDP, which is our choice.
"""

from brian2 import ms

from snnlab.models.rate_rule import RateRule
from snnlab.models.spike_rule import SpikeRule

HEBB = RateRule("hebb", "x_pre*y_post", source="Hebb 1949; dW = eta Y X of the reservoir study")
ANTI_HEBB = RateRule("anti_hebb", "-x_pre*y_post", source="Hebb's rule with the other sign")
OJA = RateRule("oja", "x_pre*y_post - y_post**2*w", source="Oja 1982, doi:10.1007/BF00275687")
COVARIANCE = RateRule(
    "covariance",
    "(x_pre - x_mean_pre)*(y_post - y_mean_post)",
    source="Sejnowski 1977, doi:10.1007/BF00275079",
)
HEBB_SPIKES = SpikeRule(
    "hebb",
    equations="""
    dx_trace/dt = -x_trace/tau : 1 (event-driven)
    dy_trace/dt = -y_trace/tau : 1 (event-driven)
    """,
    on_pre="x_trace += 1\nw += eta*w_max*y_trace",
    on_post="y_trace += 1\nw += eta*w_max*x_trace",
    parameters=dict(eta=0.005, tau=20 * ms, w_max=1.0),
    source="Hebb 1949; Gerstner & Kistler 2002, doi:10.1007/s00422-002-0353-y, the correlation term",
)
