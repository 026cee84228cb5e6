"""Teachers and other signals over time."""
