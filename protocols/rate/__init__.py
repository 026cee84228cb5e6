"""Rate networks: the ancestors of FORCE."""
