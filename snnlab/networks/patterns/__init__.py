"""Patterns: do rules tell similar sequences apart?."""

from ...lazy import public

__getattr__, __dir__, __all__ = public(
    __name__,
    {
        "PatternConfig": "classes",
        "compare": "classes",
        "family": "classes",
    },
)
