"""Models as data: equations, parameters and sources."""

from ..lazy import public

__getattr__, __dir__, __all__ = public(
    __name__,
    {
        "NeuronModel": "neuron",
        "SynapseModel": "synapse",
        "RateRule": "rate_rule",
        "SpikeRule": "spike_rule",
    },
)
