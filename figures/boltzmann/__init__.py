"""Dynamic Boltzmann machines learn words, pictures and songs by STDP."""
