"""Dynamic Boltzmann machines: STDP that spells."""
