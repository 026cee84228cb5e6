r"""Spatiotemporal learning rule: inputs that arrive together, whether or not the neuron fires (Tsukada & Pan 2005).

A synapse compares its own contribution with what all others bring at the same time,

.. math::
    c_{ij} = w_{ij} x_i, \quad I_{ij} = c_{ij} \sum_{k \ne i} c_{kj} = c_{ij} (u_j - c_{ij}), \quad
    S_{ij}(t) = I_{ij}(t) + e^{-\Delta t/\tau_S} S_{ij}(t - \Delta t)

    \Delta w_{ij} = \eta \, g(S_{ij} - \theta_1) \text{ if } S_{ij} \ge \theta_1, \quad
    \eta \, g(S_{ij} - \theta_2) \text{ if } S_{ij} \le \theta_2, \quad 0 \text{ between}

Where sources are silent. ``g`` must be odd, or the lower branch strengthens, too: here tanh(z/theta_1). The logistic
function, as the study says it, is STLR_LOGISTIC. No source has numbers for theta: here the 95th and 5th percentile of S
before learning. ``kept`` = exp(-dt/tau_S) is 0, the study's form; Tsukada & Pan sum over time, but how fast is not
known to us.

References: Tsukada & Pan 2005, doi:10.1007/s00422-004-0523-1 (the rule, by its abstract); the sums are those of a
reservoir study that has no public code.
"""

from dataclasses import replace

from snnlab.rules import RateRule

_THRESHOLDS = dict(theta1=0.01, theta2=-0.01)
_G = "(int(summed >= theta1)*{g1} + int(summed <= theta2)*{g2})"

STLR = RateRule(
    "stlr",
    "w*x_pre*(u_post - w*x_pre)",
    _G.format(g1="tanh((summed - theta1)/abs(theta1))", g2="tanh((summed - theta2)/abs(theta1))"),
    parameters=_THRESHOLDS | dict(kept=0.0),
    percentiles=dict(theta1=95, theta2=5),
    source="Tsukada & Pan 2005, doi:10.1007/s00422-004-0523-1; I of a reservoir study without public code",
)
STLR_LOGISTIC = replace(
    STLR,
    name="stlr_logistic",
    change=_G.format(
        g1="1/(1 + exp(-(summed - theta1)/abs(theta1)))", g2="1/(1 + exp(-(summed - theta2)/abs(theta1)))"
    ),
)
