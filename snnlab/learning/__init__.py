"""Learning on top of a network: recursive least squares and ridge regression. Plain arrays, no brian2."""
