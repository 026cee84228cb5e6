"""Learning of readouts: recursive least squares, ridge regression and logistic regression. Plain arrays, no brian2."""
