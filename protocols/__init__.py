"""Experiments, one file each: a Config, run, checks, findings and controls. `snnlab list` shows them."""
