"""Random connectivity and synaptic weights."""
