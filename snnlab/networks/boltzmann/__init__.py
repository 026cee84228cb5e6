"""Dynamic Boltzmann machines: STDP stores sequences."""

from ...lazy import public

__getattr__, __dir__, __all__ = public(
    __name__,
    {
        "checked_delays": "arguments",
        "BoltzmannConfig": "config",
        "PUBLISHED_BLOCKS": "config",
        "SHUFFLED_TEACHER": "config",
        "TurnsConfig": "config",
        "boltzmann_cost": "config",
        "boltzmann_models": "config",
        "settle_boltzmann": "config",
        "Boltzmann": "fit",
        "Fit": "fit",
        "LONGEST_DELAY": "machine",
        "Machine": "machine",
        "TERMS": "machine",
        "Traces": "machine",
        "memorise": "memory",
        "BoltzmannNetwork": "network",
        "DT": "network",
        "SequenceHopfield": "rivals",
        "WindowBoltzmann": "rivals",
        "predict": "rivals",
        "recall": "rivals",
        "DybmRule": "rule",
        "LONGEST_HISTORY": "rule",
        "MOST_PERIODS": "schedule",
        "State": "state",
        "fresh_state": "state",
        "load_machine": "stored",
        "load_state": "stored",
        "stored_machine": "stored",
        "take_turns": "turns",
    },
)
