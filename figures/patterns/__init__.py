"""Separation and completion of similar sequences by reservoirs that learn."""
