"""Patterns: do plasticity rules separate similar sequences?"""

from ...lazy import public

__getattr__, __dir__, __all__ = public(
    __name__,
    {
        "PatternConfig": "config",
        "pattern_models": "config",
        "settle_patterns": "config",
        "average_changes": "compare",
        "compare_outputs": "compare",
        "measure_distances": "compare",
    },
)
