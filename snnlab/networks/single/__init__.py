"""Single neurons, filters and synapses."""

from ...lazy import public

__getattr__, __dir__, __all__ = public(
    __name__,
    {
        "FilterResponse": "neurons",
        "RESULTS_VERSION": "neurons",
        "RateCurve": "neurons",
        "Trace": "neurons",
        "pairing_cost": "pairing",
        "weight_changes": "pairing",
    },
)
