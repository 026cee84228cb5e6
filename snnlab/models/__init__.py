"""Equations as data."""
