r"""Hebb's rule: what fires together wires together.

.. math:: \Delta w_{ij} = \eta x_i y_j

Unstable by itself: the more a weight grows, the more it makes its target follow. Oja's form (Oja 1982,
doi:10.1007/BF00275687) takes off what the target's activity squared allows, and the covariance form (Sejnowski 1977,
doi:10.1007/BF00275079) counts deviations from running means.
"""

from snnlab.rules import RateRule

HEBB = RateRule("hebb", "x_pre*y_post", source="Hebb 1949; dW = eta Y X of the reservoir study")
OJA = RateRule("oja", "x_pre*y_post - y_post**2*w", source="Oja 1982, doi:10.1007/BF00275687")
COVARIANCE = RateRule(
    "covariance",
    "(x_pre - x_mean_pre)*(y_post - y_mean_post)",
    source="Sejnowski 1977, doi:10.1007/BF00275079",
)
