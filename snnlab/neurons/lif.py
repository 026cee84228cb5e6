"""Leaky integrate-and-fire neuron.

tau_m dv/dt = -v + I. When v > v_threshold, the neuron spikes and v stays at v_reset for the refractory period.

f-I curve: f = 1 / (t_ref + tau_m ln((I - v_reset) / (I - v_threshold))) for I > v_threshold, else 0.
Rheobase: I = v_threshold. The input is in mV (membrane resistance times current).
"""

from brian2 import ms, mV

from snnlab.models.neuron import NeuronModel

LIF = NeuronModel(
    name="lif",
    equations="dv/dt = (current - v)/tau_m : volt (unless refractory)",
    current="volt",
    threshold="v > v_threshold",
    reset="v = v_reset",
    refractory=2 * ms,
    parameters=dict(tau_m=10 * ms, v_threshold=-40 * mV, v_reset=-65 * mV),
    initial=dict(v="v_reset + rand()*(30*mV - v_reset)"),
    peak=30 * mV,
    source="Nicola & Clopath 2017, doi:10.1038/s41467-017-01827-3; ModelDB 190565, LIF sine",
)
