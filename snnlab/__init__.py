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

# The public names, room by room: name -> module. Each is imported on first use.
__getattr__, __dir__, __all__ = public(
    __name__,
    {
        # models: equations as data
        "NeuronModel": "models.neuron",  # a point neuron or rate unit
        "SynapseModel": "models.synapse",  # a linear synaptic filter
        "RateRule": "models.rate_rule",  # plasticity between rate units
        "SpikeRule": "models.spike_rule",  # plasticity between spiking neurons
        # learning: arrays in, weights out
        "RLS": "learning.rls",  # recursive least squares, step by step
        "Ridge": "learning.ridge",  # ridge regression from a stream
        # engine: how a Brian2 network runs
        "Engine": "engine.brian",  # target, random streams, progress, checkpoints
        "Cost": "engine.settings",  # expected steps, memory and time of a run
        # networks/force: spiking networks that learn while they run
        "ForceConfig": "networks.force",  # the settings
        "settle_force": "networks.force",  # fills in the settings that are None
        "force_models": "networks.force",  # the equations that a Config names
        "train_force": "networks.force",  # trains a network on a teacher
        "ForceNetwork": "networks.force",  # its Brian2 objects
        "Drive": "networks.force",  # an external input with many components
        "Phase": "networks.force",  # lesions, speeds and controls in a part of a run
        "TrainedNetwork": "networks.force",  # a trained network, ready to continue
        "load": "networks.force",  # reads it from a run file
        # networks/boltzmann: dynamic Boltzmann machines store sequences by STDP
        "Boltzmann": "networks.boltzmann",  # a machine, its training and its recall
        "DybmRule": "networks.boltzmann",  # the learning rule
        "load_machine": "networks.boltzmann",  # reads a machine from a run file
        "load_state": "networks.boltzmann",  # reads the state from which its training continues
        # networks/reservoir: rate units with plastic weights
        "RateReservoir": "networks.reservoir",  # leaky units in numpy, many images at a time
        "random_reservoir": "networks.reservoir",  # draws one with a spectral radius
        "Plasticity": "networks.reservoir",  # changes its weights by a RateRule
        # lab: what a protocol claims
        "Check": "lab.claims",  # must hold for every seed
        "Finding": "lab.claims",  # a statistic over seeds with its interval
        "Published": "lab.published",  # the claim of a source
        # errors
        "UserError": "errors",  # one line: field, expected, got
    },
)
__all__ += ["__version__"]
