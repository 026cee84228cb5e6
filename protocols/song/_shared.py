"""Settings, shared by the song protocols, of a network that makes its pulses itself."""

from __future__ import annotations

# Internal pulses are fewer and longer. They need more neurons, more time, and the paper's RLS gain.
INTERNAL = {"hdts": "internal", "neuron": "izhikevich_b", "n": 3000, "pulses": 50, "rls_gain": "exact"}
INTERNAL |= {"learn_stop": 150.0}
