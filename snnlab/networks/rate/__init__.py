"""Rate networks: the networks for which FORCE was developed."""

from ...lazy import public

__getattr__, __dir__, __all__ = public(
    __name__,
    {
        "RATES": "force",
        "random_network": "force",
        "rate_cost": "force",
        "rate_models": "force",
        "train_rate": "force",
    },
)
