"""Weights that change by random steps: the null of every rule, a change of the same size without learning."""

from snnlab.models.rate_rule import RateRule

RANDOM_WALK = RateRule("random_walk", "0*x_pre", "randn()", source="none: a null")
