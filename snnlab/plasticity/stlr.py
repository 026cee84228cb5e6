r"""Spatiotemporal learning rule: coincident inputs gain weight, with or without a postsynaptic spike.

A synapse compares its own contribution with the contributions of all others at the same time (Tsukada & Pan 2005),

.. math::
    c_{ij} = w_{ij} x_i, \quad I_{ij} = c_{ij} \sum_{k \ne i} c_{kj} = c_{ij} (u_j - c_{ij}), \quad
    S_{ij}(t) = I_{ij}(t) + e^{-\Delta t/\tau_S} S_{ij}(t - \Delta t)

    \Delta w_{ij} = \eta \, g(S_{ij} - \theta_1) \text{ if } S_{ij} \ge \theta_1, \quad
    \eta \, g(S_{ij} - \theta_2) \text{ if } S_{ij} \le \theta_2, \quad 0 \text{ between}

The sources leave the following open. ``g`` must be odd, or the lower branch strengthens, too; here it is
tanh(z/theta_1). STLR_LOGISTIC has the logistic function that the study names. No source has numbers for theta; here it
is the 95th and 5th percentile of S before learning. ``kept`` = exp(-dt/tau_S) is 0, as in the study. Tsukada & Pan sum
over time, but we do not know their time constant.

Between spiking neurons an input decays with tau_c. In every neuron u is the decaying sum of the weights of all
recurrent spikes that arrive; weights of inhibitory neurons count as negative. In every synapse c is the same sum over
its own spikes alone. When a spike arrives, u and c first take up all spikes of the time step; then

.. math::
    I_{ij} = w_{ij} (u_j - c_{ij}), \quad S_{ij} \leftarrow I_{ij} + e^{-\Delta t/\tau_S} S_{ij}, \quad
    \Delta w_{ij} = \eta w_{max} \, g(S_{ij})

with the thresholds above; no postsynaptic spike is needed. An input that fires alone, in whatever rhythm, has I = 0.
Its weight must not change, even if the percentiles give both thresholds the same sign. So the upper branch holds only
for S > ``rounding`` and the lower branch only for S < -``rounding``. tau_c is 5 ms, the decay of the currents.
``summation`` = 0 switches temporal summation off and 1 switches it on, because tau_S = 0 would divide by 0. The numbers
of STLR_SPIKES are our choice. In two variants for rate units, which are ours, STLR_SUMMED keeps half of S from step to
step, and STLR_RARE has the 99th and 1st percentile.

References: Tsukada & Pan 2005, doi:10.1007/s00422-004-0523-1 (the rule, by its abstract); the sums are from a
reservoir study that has no public code.
"""

from dataclasses import replace

from brian2 import ms

from snnlab.models.rate_rule import RateRule
from snnlab.models.spike_rule import SpikeRule

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
# This rule sums over about two steps; Tsukada & Pan also sum over time.
STLR_SUMMED = replace(STLR, name="stlr_summed", parameters=STLR.parameters | dict(kept=0.5))
# Only the strongest coincidences change weights.
STLR_RARE = replace(STLR, name="stlr_rare", percentiles=dict(theta1=99, theta2=1))
STLR_SPIKES = SpikeRule(
    "stlr",
    equations="""
    dc_own/dt = -c_own/tau_c : 1 (event-driven)
    ds_co/dt = -s_co/tau_s   : 1 (event-driven)
    """,
    on_arrival="u_arriving_post += w",
    on_pre="""
    c_own += w
    s_co = w*(u_arriving_post - c_own) + summation*s_co
    w += eta*w_max*int(s_co >= theta1 and s_co > rounding)*tanh((s_co - theta1)/abs(theta1))
    w += eta*w_max*int(s_co <= theta2 and s_co < -rounding)*tanh((s_co - theta2)/abs(theta1))
    """,
    neuron="du_arriving/dt = -u_arriving/tau_c : 1",
    parameters=_THRESHOLDS | dict(eta=0.005, summation=0.0, rounding=1e-12, tau_c=5 * ms, tau_s=20 * ms, w_max=1.0),
    percentiles=dict(theta1=95, theta2=5),
    calibrated="s_co",
    source="Tsukada & Pan 2005, doi:10.1007/s00422-004-0523-1; Kaneki et al. 2009, PMC2678199",
)
