"""Replay: movies and melodies that pulses call up."""
