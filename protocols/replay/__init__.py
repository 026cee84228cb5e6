"""Replay: movies and melodies that a network replays when pulses drive it."""
