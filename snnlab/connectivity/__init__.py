"""Random weights and who is connected to whom."""
