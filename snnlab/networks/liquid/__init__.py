"""Liquid state machines: spiking reservoirs."""

from ...lazy import public

__getattr__, __dir__, __all__ = public(
    __name__,
    {
        "calibrated_input": "liquid",
        "calibrated_rule": "liquid",
        "random_liquid": "liquid",
        "show_images": "liquid",
        "spikes_of": "liquid",
        "Liquid": "network",
        "LiquidNetwork": "network",
        "Show": "network",
        "order_pathways": "network",
        "Progress": "train",
        "learn": "train",
        "read_out": "train",
        "scored": "train",
    },
)
