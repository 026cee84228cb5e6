"""Single exponential filter: its response jumps, decays with tau_decay and has area 1.

ds/dt = -s/tau_decay; at a spike s += weight / tau_decay

Impulse response: weight exp(-t/tau_decay) / tau_decay.
"""

from brian2 import ms

from snnlab.models.synapse import SynapseModel

EXPONENTIAL = SynapseModel(
    name="exponential",
    equations="ds/dt = -s/tau_decay : unit",
    on_spike="s += weight/tau_decay",
    parameters=dict(tau_decay=20 * ms),
    source="Nicola & Clopath 2017, doi:10.1038/s41467-017-01827-3, the scripts' branch for a rise time of 0",
)
