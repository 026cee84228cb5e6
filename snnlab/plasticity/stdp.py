r"""Spike-timing-dependent plasticity: a weight grows if the postsynaptic spike follows the presynaptic one, else falls.

All pairs of spikes count (Song, Miller & Abbott 2000). With :math:`\Delta t = t_{post} - t_{pre}`,

.. math::
    \Delta w = \eta w_{max} e^{-\Delta t/\tau_+} \; (\Delta t \ge 0), \quad
    -1.05 \, \eta w_{max} e^{\Delta t/\tau_-} \; (\Delta t < 0)

Triplets (Pfister & Gerstner 2006): r are the fast and slow traces of presynaptic spikes, o those of postsynaptic
spikes. Each spike changes w by

.. math::
    \Delta w = -\eta o_{fast} (A_2^- + A_3^- r_{slow}) \; \text{(presynaptic)}, \quad
    \eta r_{fast} (A_2^+ + A_3^+ o_{slow}) \; \text{(postsynaptic)}

and then adds 1 to both traces of its neuron.

If both neurons spike in one time step, the presynaptic spike counts as the first.

The triplet parameters are the minimal set for visual cortex, all spikes with all (Table 3 of the paper). Its A_2^+ and
A_3^- are 0, so a pair alone at a low rate never strengthens a synapse. With A_3^- = 0, tau_x has no effect; 101 ms is
its value in the full set, whose other values are 5e-10, 6.2e-3, 7e-3, 2.3e-4 and tau_y = 125 ms.

References: Bi & Poo 1998, J. Neurosci. 18:10464; Song, Miller & Abbott 2000, doi:10.1038/78829; Pfister & Gerstner
2006, doi:10.1523/JNEUROSCI.1425-06.2006.
"""

from brian2 import ms

from snnlab.models.spike_rule import SpikeRule

STDP = SpikeRule(
    "stdp",
    equations="""
    dx_pre_spikes/dt = -x_pre_spikes/tau_plus    : 1 (event-driven)
    dx_post_spikes/dt = -x_post_spikes/tau_minus : 1 (event-driven)
    """,
    on_pre="x_pre_spikes += 1\nw -= eta*ratio*w_max*x_post_spikes",
    on_post="x_post_spikes += 1\nw += eta*w_max*x_pre_spikes",
    parameters=dict(eta=0.005, ratio=1.05, tau_plus=20 * ms, tau_minus=20 * ms, w_max=1.0),
    source="Song, Miller & Abbott 2000, doi:10.1038/78829; the window of Bi & Poo 1998",
)
TRIPLET = SpikeRule(
    "triplet",
    equations="""
    dr_fast/dt = -r_fast/tau_plus  : 1 (event-driven)
    dr_slow/dt = -r_slow/tau_x     : 1 (event-driven)
    do_fast/dt = -o_fast/tau_minus : 1 (event-driven)
    do_slow/dt = -o_slow/tau_y     : 1 (event-driven)
    """,
    on_pre="w -= eta*o_fast*(a2_minus + a3_minus*r_slow)\nr_fast += 1\nr_slow += 1",
    on_post="w += eta*r_fast*(a2_plus + a3_plus*o_slow)\no_fast += 1\no_slow += 1",
    parameters=dict(
        eta=1.0, a2_plus=0.0, a3_plus=6.5e-3, a2_minus=7.1e-3, a3_minus=0.0,
        tau_plus=16.8 * ms, tau_minus=33.7 * ms, tau_x=101 * ms, tau_y=114 * ms, w_max=1.0,
    ),
    source="Pfister & Gerstner 2006, doi:10.1523/JNEUROSCI.1425-06.2006, Table 3, all-to-all, minimal",
)  # fmt: skip
