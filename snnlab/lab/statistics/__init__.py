"""Intervals of means, differences and shares over seeds, and tolerance bands of single runs."""
