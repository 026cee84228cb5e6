"""Reservoirs of rate units that learn by themselves."""

from ...lazy import public

__getattr__, __dir__, __all__ = public(
    __name__,
    {
        "dynamics": "exponents",
        "leading": "exponents",
        "reservoir_of": "exponents",
        "ReservoirNetwork": "network",
        "Remedy": "remedies",
        "ReservoirConfig": "train",
        "build": "train",
        "check": "train",
        "of_pixels": "train",
        "score": "train",
        "shown_at": "train",
        "taught": "train",
        "train_epochs": "train",
        "Plasticity": "units",
        "RateReservoir": "units",
        "View": "units",
        "calibrate": "units",
        "random_reservoir": "units",
        "spectral_radius": "units",
    },
)
