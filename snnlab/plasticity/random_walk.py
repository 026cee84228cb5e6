"""Weights that drift at random: the null of every rule, a change of the same size that has learned nothing."""

from snnlab.models.rate_rule import RateRule

RANDOM_WALK = RateRule("random_walk", "0*x_pre", "randn()", source="none: a null")
