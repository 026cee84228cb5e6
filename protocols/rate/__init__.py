"""Rate networks: the networks for which FORCE was developed."""
