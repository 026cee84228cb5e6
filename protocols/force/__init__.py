"""FORCE: spiking networks that learn while they run."""
