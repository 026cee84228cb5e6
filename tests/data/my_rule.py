"""BCM: synapses grow above a threshold of the target's activity and shrink below it (Bienenstock et al. 1982)."""

from snnlab import RateRule

BCM = RateRule(
    "bcm",
    signal="x_pre*y_post*(y_post - theta)",
    parameters={"theta": 0.1},
    source="Bienenstock, Cooper & Munro 1982, doi:10.1523/JNEUROSCI.02-01-00032.1982",
)
