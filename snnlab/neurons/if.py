"""Perfect (leakless) integrate-and-fire neuron with a floor.

tau_m dv/dt = I. When v > v_threshold, the neuron spikes and v stays at v_reset for the refractory period.

Without a leak v would fall without limit under a lasting negative input, so it stops falling at v_floor. The floor is
our choice: the sources do not use this neuron in a network. Time steps of 0.05 ms are our choice, too.

f-I curve: f = 1 / (t_ref + tau_m (v_threshold - v_reset) / I) for I > 0, else 0. Rheobase: I = 0.
"""

from brian2 import ms, mV

from snnlab.models.neuron import NeuronModel

IF = NeuronModel(
    name="if",
    equations="dv/dt = current/tau_m*(1 - int(current < 0*mV)*int(v < v_floor)) : volt (unless refractory)",
    current="volt",
    threshold="v > v_threshold",
    reset="v = v_reset",
    refractory=2 * ms,
    parameters=dict(tau_m=10 * ms, v_threshold=-40 * mV, v_reset=-65 * mV, v_floor=-65 * mV),
    initial=dict(v="v_reset + rand()*(v_threshold - v_reset)"),
    peak=30 * mV,
    source="Lapicque 1907 without leak; constants of the leaky neuron of Nicola & Clopath 2017",
)
