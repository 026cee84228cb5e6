"""FORCE: spiking networks that learn while they run."""

from ...lazy import public

__getattr__, __dir__, __all__ = public(
    __name__,
    {
        "AFTER_LEARNING": "config",
        "CONTROLS": "config",
        "ForceConfig": "config",
        "ForceSetup": "config",
        "completed": "config",
        "published_units": "config",
        "require_free_run": "config",
        "require_sampling": "config",
        "resolve": "config",
        "settled_identity": "config",
        "split_encoder": "dale",
        "Drive": "drive",
        "ticks": "drive",
        "ForceNetwork": "network",
        "moved_spike": "perturbation",
        "spike_jump": "perturbation",
        "Phase": "phases",
        "changed": "phases",
        "Plan": "plan",
        "Recording": "plan",
        "ProgramLoop": "program",
        "can_be_program": "program",
        "RuntimeLoop": "runtime",
        "FREE_RUN_SECONDS": "train",
        "make_loop": "train",
        "train_force": "train",
        "TrainedNetwork": "trained",
        "load": "trained",
    },
)
