"""Dynamic Boltzmann machines: STDP stores sequences."""
