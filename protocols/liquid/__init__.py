"""Liquid state machines: spiking reservoirs."""
