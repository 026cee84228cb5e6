"""Song: networks that learn to sing a bird's song."""

from ...lazy import public

__getattr__, __dir__, __all__ = public(
    __name__,
    {
        "SongConfig": "config",
        "settle_song": "config",
        "first_song": "config",
        "labelled_by": "config",
        "song_models": "config",
        "taught_song": "config",
        "lesions": "lesions",
        "synthetic_song": "organ",
        "scores": "scores",
        "SYNTHETIC_SECONDS": "song",
        "Song": "song",
        "loudness": "song",
        "song_from": "song",
        "decoded_songs": "train",
        "song_variable": "train",
        "stored_song": "train",
        "train_song": "train",
    },
)
