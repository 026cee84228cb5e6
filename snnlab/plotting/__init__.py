"""Drawing functions that figures share."""
