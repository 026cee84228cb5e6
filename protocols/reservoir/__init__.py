"""Reservoirs of rate units with plastic recurrent weights."""
