"""Reservoirs of rate units that learn by themselves."""
