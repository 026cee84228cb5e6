"""Networks of neurons and synapses, and their training."""
