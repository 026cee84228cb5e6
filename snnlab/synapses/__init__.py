"""Synaptic filters. `--filter NAME` finds the model of that name in any of these files; there is no list to edit."""
