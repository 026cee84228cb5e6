"""Single neurons, filters and synapses."""
