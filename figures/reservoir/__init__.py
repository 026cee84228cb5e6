"""Reservoirs of rate units whose recurrent weights learn without a teacher."""
