"""Sound, and music as sound."""
