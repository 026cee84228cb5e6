"""Synaptic filters, one file each. `--filter NAME` finds the file of that name; there is no list to edit."""
