"""Replay: movies and melodies that a network replays when pulses drive it."""

from ...lazy import public

__getattr__, __dir__, __all__ = public(
    __name__,
    {
        "CONTROLS": "config",
        "HdtsConfig": "config",
        "LeverConfig": "levers",
        "levers": "levers",
        "moments": "moments",
        "CORRELATION": "movie",
        "IDENTIFIED": "movie",
        "MovieConfig": "movie",
        "Replay": "movie",
        "settle_movie": "movie",
        "settle_pulses": "config",
        "movie_of": "movie",
        "movie_variable": "movie",
        "replayed": "movie",
        "score_frames": "movie",
        "stored_movie": "movie",
        "synfire": "synfire",
        "chain_signals": "train",
        "train_with_hdts": "train",
    },
)
