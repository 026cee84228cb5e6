"""Learning rules in synapses, as Brian2 equations."""
