"""Adaptive exponential integrate-and-fire neuron (Brette & Gerstner 2005)."""

from brian2 import mV, ms, nS, pA, pF

from snnlab import NeuronModel

ADEX = NeuronModel(
    name="adex",
    equations="""
    dv/dt = (g_L*(E_L - v) + g_L*delta_T*exp((v - v_T)/delta_T) - w + current)/C : volt
    dw/dt = (a*(v - E_L) - w)/tau_w : amp
    """,
    current="amp",
    threshold="v > v_peak",
    reset="v = v_reset; w += b",
    parameters=dict(C=281*pF, g_L=30*nS, E_L=-70.6*mV, v_T=-50.4*mV, delta_T=2*mV, tau_w=144*ms,
                    a=4*nS, b=80.5*pA, v_peak=0*mV, v_reset=-70.6*mV),
    initial=dict(v="E_L + rand()*(v_T - E_L)"),
    peak=20*mV,
    source="Brette & Gerstner 2005, doi:10.1152/jn.00686.2005, table 1",
)
FORCE = dict(g=2e3*pA*ms, q=1e3*pA, alpha=2*ms**2, bias=800*pA, dt=0.05*ms)
