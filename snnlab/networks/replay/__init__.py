"""Replay: movies and melodies that pulses call up."""

from ...lazy import public

__getattr__, __dir__, __all__ = public(
    __name__,
    {
        "moments": "moments",
        "synfire": "synfire",
        "CONTROLS": "train",
        "HdtsConfig": "train",
        "chain_signals": "train",
        "hdts_identity": "train",
        "train_with_hdts": "train",
    },
)
