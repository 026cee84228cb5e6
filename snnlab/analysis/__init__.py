"""Measures of signals and spike trains. Plain arrays in, numbers out; no brian2."""
