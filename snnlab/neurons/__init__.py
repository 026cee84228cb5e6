"""Neuron models, one file each. `--neuron NAME` finds the file of that name; there is no list to edit."""
