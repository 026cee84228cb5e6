"""Song: networks that sing a bird's song."""

from ...lazy import public

__getattr__, __dir__, __all__ = public(
    __name__,
    {
        "SongConfig": "config",
        "completed_song": "config",
        "first_song": "config",
        "song_identity": "config",
        "taught_song": "config",
        "lesions": "lesions",
        "synthetic_song": "organ",
        "scores": "scores",
        "SYNTHETIC_SECONDS": "song",
        "Song": "song",
        "loudness": "song",
        "song_from": "song",
        "decoded_songs": "train",
        "stored_song": "train",
        "train_song": "train",
    },
)
