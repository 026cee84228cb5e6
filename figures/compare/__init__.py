"""Comparisons of families."""
