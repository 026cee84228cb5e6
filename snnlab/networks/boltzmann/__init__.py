"""Dynamic Boltzmann machines: STDP that spells."""

from ...lazy import public

__getattr__, __dir__, __all__ = public(
    __name__,
    {
        "checked_delays": "arguments",
        "Fit": "fit",
        "Boltzmann": "machine",
        "LONGEST_DELAY": "machine",
        "TERMS": "machine",
        "Traces": "machine",
        "BoltzmannConfig": "memory",
        "CONTROLS": "memory",
        "load_machine": "memory",
        "load_state": "memory",
        "memorise": "memory",
        "shuffled": "memory",
        "stored_machine": "memory",
        "BoltzmannNetwork": "network",
        "DT": "network",
        "SequenceHopfield": "rivals",
        "WindowBoltzmann": "rivals",
        "predict": "rivals",
        "recall": "rivals",
        "DybmRule": "rule",
        "LONGEST": "rule",
        "MOST_PERIODS": "schedule",
        "State": "state",
        "fresh_state": "state",
        "PUBLISHED_BLOCKS": "turns",
        "TurnsConfig": "turns",
        "take_turns": "turns",
    },
)
