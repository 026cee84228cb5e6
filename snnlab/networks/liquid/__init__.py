"""Liquid state machines: spiking reservoirs."""

from ...lazy import public

__getattr__, __dir__, __all__ = public(
    __name__,
    {
        "LiquidConfig": "config",
        "build_liquid": "config",
        "find_spike_rule": "config",
        "liquid_cost": "config",
        "liquid_models": "config",
        "plan_show": "config",
        "settle_liquid": "config",
        "Liquid": "network",
        "Show": "network",
        "calibrate_input": "liquid",
        "calibrate_rule": "liquid",
        "join_features": "liquid",
        "mean_rate": "liquid",
        "random_liquid": "liquid",
        "record_spikes": "liquid",
        "show_images": "liquid",
        "Progress": "train",
        "READOUTS": "train",
        "learn": "train",
        "read_out": "train",
        "train_liquid": "train",
    },
)
