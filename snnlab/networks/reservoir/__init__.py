"""Reservoirs of rate units with plastic recurrent weights."""

from ...lazy import public

__getattr__, __dir__, __all__ = public(
    __name__,
    {
        "ReservoirConfig": "config",
        "reservoir_cost": "config",
        "reservoir_models": "config",
        "settle_reservoir": "config",
        "RateReservoir": "units",
        "random_reservoir": "units",
        "spectral_radius": "units",
        "Plasticity": "plastic",
        "View": "plastic",
        "calibrate": "plastic",
        "Remedy": "remedies",
        "ReservoirNetwork": "network",
        "build_reservoir": "train",
        "choose_steps": "train",
        "train_epochs": "train",
        "leading_eigenvalues": "exponents",
        "measure_dynamics": "exponents",
        "rebuild_reservoir": "exponents",
    },
)
