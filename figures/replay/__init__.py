"""Replay: networks replay movies and melodies, driven by pulses."""
