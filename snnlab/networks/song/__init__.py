"""Song: networks that sing a bird's song."""

from ...lazy import public

__getattr__, __dir__, __all__ = public(
    __name__,
    {
        "OF_SONG": "lesions",
        "PARTS": "lesions",
        "SINGING": "lesions",
        "error": "lesions",
        "errors_by_part": "lesions",
        "fits_behind": "lesions",
        "place": "lesions",
        "synthetic_song": "organ",
        "roc_area": "scores",
        "scores": "scores",
        "SYNTHETIC_SECONDS": "song",
        "Song": "song",
        "loudness": "song",
        "song_from": "song",
    },
)
