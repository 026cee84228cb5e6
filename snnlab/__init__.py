"""snnlab: spiking neuroscience with Brian2. Models are equations; protocols reproduce published figures."""

from importlib import import_module
from pathlib import Path

__version__ = "0.1.0"

# In a checkout protocols/ and figures/ stand beside this package; an installed wheel holds them inside it.
if (_root := Path(__file__).parents[1]).joinpath("setup.cfg").is_file():
    __path__.append(str(_root))

# Loaded on first use, so that `snnlab list` need not import brian2 or xarray.
_LAZY = {
    "NeuronModel": "snnlab.models",
    "SynapseModel": "snnlab.models",
    "ForceConfig": "snnlab.networks.force_config",
    "ForceNetwork": "snnlab.networks.force",
    "train_force": "snnlab.networks.force_training",
    "load": "snnlab.networks.trained",
    "Boltzmann": "snnlab.networks.boltzmann",
    "DybmRule": "snnlab.plasticity.dybm",
    "load_machine": "snnlab.networks.boltzmann_memory",
    "load_state": "snnlab.networks.boltzmann_memory",
    "RateReservoir": "snnlab.networks.reservoir",
    "random_reservoir": "snnlab.networks.reservoir",
    "Plasticity": "snnlab.networks.reservoir",
    "RateRule": "snnlab.rules",
    "RLS": "snnlab.learning.rls",
    "Ridge": "snnlab.learning.ridge",
    "Check": "snnlab.claims",
    "Finding": "snnlab.claims",
    "Engine": "snnlab.engine",
    "UserError": "snnlab.errors",
}
__all__ = [*_LAZY, "__version__"]


def __getattr__(name: str):
    if name in _LAZY:
        return getattr(import_module(_LAZY[name]), name)
    raise AttributeError(f"module 'snnlab' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
