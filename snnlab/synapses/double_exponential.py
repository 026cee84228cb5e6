"""Double exponential filter: its response rises with tau_rise, decays with tau_decay and has area 1.

ds/dt = -s/tau_rise + h, dh/dt = -h/tau_decay; at a spike h += weight / (tau_rise tau_decay)

Impulse response: weight (exp(-t/tau_decay) - exp(-t/tau_rise)) / (tau_decay - tau_rise). Its peak is at
t = tau_rise tau_decay ln(tau_decay/tau_rise) / (tau_decay - tau_rise). Equal time constants
give weight t exp(-t/tau)/tau^2.
"""

from brian2 import ms

from snnlab.models.synapse import SynapseModel

DOUBLE_EXPONENTIAL = SynapseModel(
    name="double_exponential",
    equations="""
    ds/dt = -s/tau_rise + h : unit
    dh/dt = -h/tau_decay : unit/second
    """,
    on_spike="h += weight/(tau_rise*tau_decay)",
    parameters=dict(tau_rise=2 * ms, tau_decay=20 * ms),
    source="Nicola & Clopath 2017, doi:10.1038/s41467-017-01827-3",
)
