"""Signals that networks are taught or driven with. Plain arrays, no brian2."""
