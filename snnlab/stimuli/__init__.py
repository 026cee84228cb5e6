"""Signals that teach or drive networks. Plain arrays, no brian2."""
