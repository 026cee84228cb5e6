"""snnlab: spiking neuroscience with Brian2. Models are equations; protocols reproduce published figures."""

import sys
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_file_location
from pathlib import Path

from .lazy import public

__version__ = "0.1.0"


class _Beside:
    """Finds snnlab.protocols and snnlab.figures in a checkout, where they stand beside this package.

    An installed wheel holds them inside it.
    """

    @staticmethod
    def find_spec(name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        if name not in ("snnlab.protocols", "snnlab.figures"):
            return None
        folder = Path(__file__).parents[1] / name.partition(".")[2]
        file = folder / "__init__.py"
        return spec_from_file_location(name, file, submodule_search_locations=[str(folder)]) if file.is_file() else None


# It is asked last.
sys.meta_path.append(_Beside)

__getattr__, __dir__, __all__ = public(
    __name__,
    {
        # Models: equations as data.
        "NeuronModel": "models.neuron",
        "SynapseModel": "models.synapse",
        "RateRule": "models.rate_rule",
        "SpikeRule": "models.spike_rule",
        # FORCE.
        "ForceConfig": "networks.force",
        "ForceNetwork": "networks.force",
        "settle_force": "networks.force",
        "force_models": "networks.force",
        "train_force": "networks.force",
        "Drive": "networks.force",
        "Phase": "networks.force",
        "TrainedNetwork": "networks.force",
        "load": "networks.force",
        # Dynamic Boltzmann machines.
        "Boltzmann": "networks.boltzmann",
        "DybmRule": "networks.boltzmann",
        "load_machine": "networks.boltzmann",
        "load_state": "networks.boltzmann",
        # Reservoirs of rate units.
        "RateReservoir": "networks.reservoir",
        "random_reservoir": "networks.reservoir",
        "Plasticity": "networks.reservoir",
        # Learning: arrays in, weights out.
        "RLS": "learning.rls",
        "Ridge": "learning.ridge",
        # Protocols: runs, and what they claim.
        "Engine": "engine.brian",
        "Cost": "engine.settings",
        "Check": "lab.claims",
        "Finding": "lab.claims",
        "Published": "lab.published",
        "UserError": "errors",
    },
)
__all__ += ["__version__"]
